// A program: the least that makes the pages of a build. A loop that reads the data, renders, and writes, in one thread or in
// several that share the pages. Prints how many milliseconds the loop took.
import { closeSync, mkdirSync, openSync, writeFileSync, writevSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { brotliCompressSync, constants } from 'node:zlib'
import { renderDocument } from '../../site/document.tsx'
import { loadPost } from '../../site/load.ts'
import { countPrerendered } from '../../site/settings.ts'

/** What becomes of a page: nothing, a file, a part of one file, the same as brotli. */
type Output = 'nothing' | 'files' | 'packed' | 'compressed'

interface Share {
  readonly output: Output
  readonly folder: string
  readonly first: number
  readonly step: number
}

const WRITE_BYTES = 1024 * 1024
const DATA_BEGIN = '"props":'
const DATA_END = ',"page":'

if (isMainThread) await runAll(process.argv[2] as Output, Number(process.argv[3]), process.argv[4] ?? '')
else makePages(workerData as Share)

async function runAll(output: Output, threads: number, folder: string): Promise<void> {
  mkdirSync(join(folder, 'posts'), { recursive: true })
  const begin = performance.now()
  if (threads === 1) makePages({ output, folder, first: 1, step: 1 })
  else
    await Promise.all(
      Array.from({ length: threads }, (_, index) => runThread({ output, folder, first: index + 1, step: threads })),
    )
  console.log(`loop ${performance.now() - begin}`)
}

function runThread(share: Share): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: share })
    worker.once('error', reject)
    worker.once('exit', () => resolve())
  })
}

function makePages({ output, folder, first, step }: Share): void {
  const file = openSync(join(folder, `pack-${first}`), 'w')
  let waiting: Buffer[] = []
  let bytes = 0

  function write(bodies: readonly Buffer[]): void {
    waiting.push(...bodies)
    for (const body of bodies) bytes += body.byteLength
    if (bytes >= WRITE_BYTES) flush()
  }

  function flush(): void {
    if (waiting.length > 0) writevSync(file, waiting)
    waiting = []
    bytes = 0
  }

  const pages = countPrerendered()
  for (let id = first; id <= pages; id += step) {
    const result = loadPost(String(id))
    if (!('props' in result)) throw new Error(`No post ${id}.`)
    const html = renderDocument(result.props)
    if (output === 'nothing') continue
    const document = Buffer.from(html)
    if (output === 'files') writeFileSync(join(folder, 'posts', `${id}.html`), document)
    else write([output === 'packed' ? document : compress(document), findData(document)])
  }
  flush()
  closeSync(file)
}

/** Where the page's data lies in the document: no more of it is stored beside that, as in ours. */
function findData(document: Buffer): Buffer {
  const place = Buffer.alloc(8)
  const begin = document.lastIndexOf(DATA_BEGIN)
  place.writeUInt32LE(begin)
  place.writeUInt32LE(document.indexOf(DATA_END, begin) - begin, 4)
  return place
}

/** In brotli only, of the quality that ours has. */
function compress(body: Buffer): Buffer {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants
  const window = Math.min(22, Math.max(10, 32 - Math.clz32(body.length + 16)))
  const params = {
    [BROTLI_PARAM_QUALITY]: 5,
    [BROTLI_PARAM_LGWIN]: window,
    [BROTLI_PARAM_SIZE_HINT]: body.length,
  }
  return brotliCompressSync(body, { params })
}
