/**
 * What a hit costs the server, told by counting the work and not by the clock: a module that Node loads first notes each
 * compression, digest, escape and look into the file system, with the thread that did it.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import zlib from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isLong } from '../../scripts/flags.ts'
import type { ServerProcess } from '../process.ts'
import { toDataPath } from '../harness/cache-app.ts'
import { send, type Answer } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'

/** Its own notes are written by the functions as they were. */
const NOTES = `import crypto from 'node:crypto'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { isMainThread } from 'node:worker_threads'
import zlib from 'node:zlib'
const { appendFileSync } = fs
const file = process.env.NOTES_FILE
let isNoting = false
function note(text) {
  if (isNoting) return
  isNoting = true
  appendFileSync(file, (isMainThread ? 'main ' : 'worker ') + text + '\\n')
  isNoting = false
}
function watch(owner, name, what) {
  const original = owner[name]
  if (typeof original !== 'function') return
  owner[name] = function (...args) {
    const text = what(args)
    if (text !== undefined) note(text)
    return new.target ? Reflect.construct(original, args, new.target) : Reflect.apply(original, this, args)
  }
  Object.setPrototypeOf(owner[name], original)
  owner[name].prototype = original.prototype
}
const sizeOf = (value) => value?.byteLength ?? value?.length ?? 0
for (const name of ['brotliCompress', 'gzip', 'deflate', 'deflateRaw', 'zstdCompress'].flatMap((each) => [each, each + 'Sync'])) {
  watch(zlib, name, ([input]) => 'compress ' + name + ' ' + sizeOf(input))
}
for (const name of ['brotliDecompress', 'brotliDecompressSync']) watch(zlib, name, ([input]) => 'unpack ' + name + ' ' + sizeOf(input))
watch(crypto, 'createHash', ([name]) => 'digest ' + name)
for (const name of Object.keys(fs)) {
  if (name !== 'appendFileSync') watch(fs, name, ([path]) => 'fs ' + name + ' ' + String(path).slice(-80))
}
for (const name of Object.keys(fs.promises)) watch(fs.promises, name, ([path]) => 'fs promises.' + name + ' ' + String(path).slice(-80))
const { stringify } = JSON
JSON.stringify = function (...args) {
  const text = stringify(...args)
  if (text?.length > 100_000) note('stringify ' + text.length)
  return text
}
const { replace } = String.prototype
String.prototype.replace = function (...args) {
  if (this.length > 100_000) note('replace ' + this.length)
  return replace.apply(this, args)
}
syncBuiltinESMExports()
`

const FILES = {
  'notes.mjs': NOTES,
  'pages/big/[id].jsx': `import { ask } from '../../source.server.js'
export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = async ({ params }) => {
  const { value } = await ask(params.id)
  // What compresses badly and has much to escape.
  let seed = 1
  const noise = () => String.fromCharCode(97 + ((seed = (seed * 48271) % 2147483647) % 26))
  return { props: { value, text: Array.from({ length: 500_000 }, noise).join('') + '<'.repeat(100_000) }, revalidate: 3600 }
}
export default function Big({ value, text }) { return <main><p id="value">{value}</p><pre>{text}</pre></main> }`,
  'pages/small/[id].jsx': `export const getStaticPaths = () => ({ paths: ['/small/built'], fallback: 'blocking' })
export const getStaticProps = ({ params }) => ({ props: { id: params.id }, revalidate: 3600 })
export default function Small({ id }) { return <main>{id}{' words'.repeat(500)}</main> }`,
  'pages/api/loop.js': `import { monitorEventLoopDelay } from 'node:perf_hooks'
let histogram
export default (req, res) => {
  if (req.query.begin) {
    histogram = monitorEventLoopDelay({ resolution: 1 })
    histogram.enable()
    return res.json({})
  }
  histogram.disable()
  return res.json({ p99: histogram.percentile(99) / 1e6, max: histogram.max / 1e6 })
}`,
}

let site: Site
let server: ServerProcess
let buildId: string
let notesFile: string
let notesTaken = 0

beforeAll(async () => {
  site = await createSite({ files: FILES })
  await site.build()
  buildId = (JSON.parse(await site.read('dist/isr/route-manifest.json')) as { buildId: string }).buildId
  notesFile = join(site.root, 'notes.txt')
  await writeFile(notesFile, '')
  server = await site.serve('start', {
    NODE_OPTIONS: `--import ${pathToFileURL(join(site.root, 'notes.mjs')).href}`,
    NOTES_FILE: notesFile,
  })
})

afterAll(async () => {
  await site?.dispose()
})

/** What was done since the last call, by all threads. */
async function takeNotes(): Promise<string[]> {
  const text = await readFile(notesFile, 'utf8')
  const taken = text.slice(notesTaken, text.lastIndexOf('\n') + 1)
  notesTaken += taken.length
  return taken.split('\n').filter(Boolean)
}

/** What was done until nothing is for a moment. */
async function takeUntilQuiet(): Promise<string[]> {
  const taken: string[] = []
  for (let quiet = 0; quiet < 4;) {
    await new Promise((resolve) => setTimeout(resolve, 25))
    const notes = await takeNotes()
    taken.push(...notes)
    quiet = notes.length === 0 ? quiet + 1 : 0
  }
  return taken
}

/** Ten at a time. */
async function getMany(path: string, count: number, headers: Record<string, string>): Promise<Answer[]> {
  const answers: Answer[] = []
  for (let done = 0; done < count; done += 10) {
    answers.push(...(await Promise.all(Array.from({ length: 10 }, () => send(server, path, { headers })))))
  }
  return answers
}

const encodings = [
  'br',
  'gzip',
  'identity',
  'br, gzip',
  'gzip;q=1, br;q=0.1',
  'deflate',
  '*',
  'zstd',
  'br;q=0',
  'x, y, z',
]

describe('a page that is there', () => {
  it('SEC-112 SEC-113 is compressed and digested when it is made, in each other form when it is first taken, and never again', async () => {
    const path = '/big/once'
    await takeNotes()
    const first = await send(server, path)
    expect(first.cache).toBe('MISS')
    // This visitor takes it as it is, and waits for no compression.
    const made = await takeUntilQuiet()
    const compressions = made.filter((line) => line.includes(' compress '))
    // The HTML, which holds the data.
    expect(compressions.map((line) => line.split(' ')[2]!.replace('Sync', ''))).toEqual(['brotliCompress'])
    // None of it on the thread that serves.
    expect(compressions.filter((line) => line.startsWith('main '))).toEqual([])
    expect(made.filter((line) => /^main (?:stringify|replace)/.test(line))).toEqual([])

    const serveAll = async () => {
      for (const target of [path, toDataPath(buildId, path)]) {
        for (const encoding of encodings) {
          const answers = await getMany(target, 10, { 'accept-encoding': encoding })
          expect(new Set(answers.map(({ status, cache }) => `${status} ${cache}`))).toEqual(new Set(['200 HIT']))
          expect(new Set(answers.map(({ headers }) => headers['etag'])).size).toBe(1)
        }
      }
      return (await takeNotes()).filter((line) => /compress|unpack|digest|stringify|replace/.test(line))
    }
    const forms = 'zstdCompress' in zlib ? ['gzip', 'zstdCompress'] : ['gzip']
    const madeNow = await serveAll()
    const names = madeNow.map((line) => line.split(' ').slice(0, 3).join(' ')).sort()
    // Each in Node's thread pool; the plain form too is unpacked once. The HTML's brotli is there already.
    const expected = [...forms, ...forms, 'brotliCompress'].map((name) => `main compress ${name}`)
    expect(names.filter((line) => line.includes(' compress '))).toEqual(expected.sort())
    expect(new Set(names.filter((line) => !line.includes(' compress ')))).toEqual(
      new Set(['main unpack brotliDecompress']),
    )
    expect(await serveAll()).toEqual([])
  })

  it('SEC-112 has three or four representations, however encodings are asked for', async () => {
    await send(server, '/big/variants')
    const etags = new Set<string | undefined>()
    for (let index = 0; index < 300; index++) {
      const encoding = `${encodings[index % encodings.length]!}, x-${index};q=0.${index % 10}`
      const answer = await send(server, '/big/variants', { method: 'HEAD', headers: { 'accept-encoding': encoding } })
      etags.add(answer.headers['etag'])
    }
    expect(etags.size).toBeLessThanOrEqual(4)
  })

  it('SEC-113 304 costs no digest', async () => {
    const { headers } = await send(server, '/big/validated')
    const again = await send(server, '/big/validated')
    expect(again.headers['etag']).toBe(headers['etag'])
    // What is made of the page when there is time, compressed bodies and its record, is no visitor's cost.
    for (const target of ['/big/validated', toDataPath(buildId, '/big/validated')]) {
      await send(server, target, { headers: { 'accept-encoding': 'br' } })
    }
    // The first who takes it plain after that has it unpacked for all others.
    await send(server, '/big/validated')
    await takeUntilQuiet()
    const answers = await getMany('/big/validated', 100, { 'if-none-match': again.headers['etag']! })
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([304]))
    expect((await takeNotes()).filter((line) => /compress|digest/.test(line))).toEqual([])
  })

  it.each(['/small/built', '/small/made'])(
    'SEC-116 P10 %s is served from memory: no look into the file system, by no call, waiting or not',
    async (path) => {
      // From the packed file or from a render, and what is written behind it.
      for (let round = 0; round < 3; round++) await send(server, path)
      await takeUntilQuiet()
      for (const target of [path, toDataPath(buildId, path), `${path}?utm=1`]) {
        await send(server, target)
        await takeUntilQuiet()
        const answers = await getMany(target, 200, { 'accept-encoding': 'br' })
        expect(new Set(answers.map(({ cache }) => cache))).toEqual(new Set(['HIT']))
        expect((await takeNotes()).filter((line) => line.startsWith('main '))).toEqual([])
      }
    },
  )
})

describe('many at once', () => {
  it('SEC-112 SEC-101 500 who ask for one cold page of a megabyte get one render and one set of bodies', async () => {
    await takeNotes()
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, index) =>
        send(server, '/big/herd', { headers: { 'accept-encoding': encodings[index % 3]! }, method: 'HEAD' }),
      ),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(site.source.count('herd')).toBe(1)
    expect((await takeNotes()).filter((line) => line.includes(' compress ')).length).toBeLessThanOrEqual(6)
  })

  it.runIf(isLong)('SEC-116 P10 the event loop is free while thousands are served and pages are rendered', async () => {
    const [busy, idle] = [await site.serve('start'), await site.serve('start')]
    for (let round = 0; round < 2000; round++) await send(busy, '/small/built')
    for (const each of [busy, idle]) await send(each, '/api/loop?begin=1')
    const end = performance.now() + 10_000
    await Promise.all([
      ...Array.from({ length: 20 }, async () => {
        while (performance.now() < end) await send(busy, '/small/built', { headers: { 'accept-encoding': 'br' } })
      }),
      (async () => {
        for (let index = 0; performance.now() < end; index++) await send(busy, `/big/loop-${index % 50}`)
      })(),
    ])
    const [delay, noise] = (await Promise.all(
      [busy, idle].map(async (each) => ((await send(each, '/api/loop')).json() as { p99: number }).p99),
    )) as [number, number]
    // What the machine does to a process that has nothing to do is not the server's fault.
    expect(delay).toBeLessThan(20 + 3 * noise)
  })
})
