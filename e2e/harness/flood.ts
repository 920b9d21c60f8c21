/** A site that is flooded with requests, and what its server holds meanwhile. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { ServerProcess } from '../process.ts'
import type { Connections, Reply } from './connections.ts'
import { send } from './http.ts'
import { createSite, type Site } from './site.ts'

/** Prerendered pages of the site, which no flood may cost it. */
export const KEPT = Array.from({ length: 50 }, (_, index) => `/kept/page-${index}`)

/** What the server's process holds. Bytes. */
export interface Holding {
  readonly rss: number
  /** In use by JavaScript and its buffers. */
  readonly retained: number
  /** Requests that have come and are not answered. */
  readonly requests: number
  /** Bodies that the serving thread has compressed since its start. */
  readonly compressed: number
  /** File operations under way. */
  readonly fileOperations: number
  /** 99th percentile of the event loop's delay since the last look, in milliseconds. */
  readonly loopP99: number
}

export interface FloodSite {
  readonly site: Site
  readonly server: ServerProcess
  /** @param options.collect whether garbage is collected first */
  holding(options?: { collect?: boolean }): Promise<Holding>
  /** As `disk`, once nothing waits to be written. */
  settledDisk(): Promise<{ files: number; bytes: number }>
  /** Files of the cache and what they occupy, in blocks of 4096 bytes. */
  disk(): Promise<{ files: number; bytes: number }>
  dispose(): Promise<void>
}

const page = (body: string) => `${body.includes('ask(') ? "import { ask } from '../../source.server.js'" : ''}
export default function Page({ slug, text, value }) { return <main><p id="slug">{slug}</p><p id="value">{value}</p>{text}</main> }
${body}
`

const FILES = {
  // The one that must not suffer: built, never stale.
  'pages/kept/[slug].jsx': page(`
const paths = Array.from({ length: ${KEPT.length} }, (_, index) => ({ params: { slug: 'page-' + index } }))
export const getStaticPaths = () => ({ paths, fallback: false })
export const getStaticProps = ({ params: { slug } }) => ({ props: { slug, text: (slug + ' ').repeat(800) } })`),
  // Built too, but older than its files of the run time once it was made again.
  'pages/news/[slug].jsx': page(`
const paths = Array.from({ length: 10 }, (_, index) => ({ params: { slug: 'item-' + index } }))
export const getStaticPaths = () => ({ paths, fallback: false })
export const getStaticProps = async ({ params: { slug } }) => ({ props: { slug, ...(await ask('news', slug)) }, revalidate: 1 })`),
  // Any slug is a page, but those with these beginnings.
  'pages/made/[slug].jsx': page(`
export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = ({ params: { slug } }) =>
  slug.startsWith('no-') ? { notFound: true, revalidate: 3600 } : { props: { slug }, revalidate: 3600 }`),
  // As 'made', with a shell at once.
  'pages/shell/[slug].jsx': page(`
export const getStaticPaths = () => ({ paths: [], fallback: true })
export const getStaticProps = ({ params: { slug } }) => ({ props: { slug: slug ?? '' }, revalidate: 3600 })`),
  // All slugs ask the source for the same, which counts and holds them.
  'pages/slow/[slug].jsx': page(`
export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = async ({ params: { slug } }) => ({ props: { slug, ...(await ask('slow', slug)) }, revalidate: 3600 })`),
  // Two megabytes that compress badly.
  'pages/large.jsx': page(`
export const getStaticProps = () => {
  let seed = 1
  const word = () => (seed = (seed * 48271) % 2147483647).toString(36)
  return { props: { slug: 'large', text: Array.from({ length: 160_000 }, word).join(' ') } }
}`),
  // Asks the source, which counts, holds and fails.
  'pages/asked/[slug].jsx': page(`
export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = async ({ params: { slug } }) => ({ props: { slug, ...(await ask('asked/' + slug, slug)) }, revalidate: 3600 })`),
  'pages/api/revalidate.js': `export default async function handler(req, res) {
  await res.revalidate(req.query.path)
  res.json({})
}
`,
  // Looks at the process from within, on a port of its own.
  'probe.mjs': `import { subscribe } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread } from 'node:worker_threads'
import zlib from 'node:zlib'

if (isMainThread) {
  const loop = monitorEventLoopDelay({ resolution: 5 })
  loop.enable()
  let requests = 0
  let compressed = 0
  const count = (owner, name) => {
    const original = owner[name]
    owner[name] = function (...args) {
      compressed += 1
      return original.apply(this, args)
    }
  }
  // All that compresses without waiting is a stream of this kind.
  count(Object.getPrototypeOf(Object.getPrototypeOf(zlib.Gzip.prototype)), '_transform')
  for (const name of ['brotliCompressSync', 'gzipSync', 'deflateSync']) count(zlib, name)
  syncBuiltinESMExports()
  const server = createServer((req, res) => {
    if (req.url.includes('gc')) {
      setFlagsFromString('--expose-gc')
      runInNewContext('gc')()
    }
    const fileOperations = process.getActiveResourcesInfo().filter((name) => /^FS|^FileHandle/.test(name)).length
    const { rss, heapUsed, external } = process.memoryUsage()
    res.end(JSON.stringify({ rss, retained: heapUsed + external, requests, compressed, fileOperations, loopP99: loop.percentile(99) / 1e6 }))
    loop.reset()
  })
  const isOurs = (message) => message.server !== server
  subscribe('http.server.request.start', (message) => {
    if (!isOurs(message)) return
    requests += 1
    message.response.once('close', () => (requests -= 1))
  })
  server.listen(0, '127.0.0.1', () => console.log('probe:' + server.address().port + ';'))
  server.unref()
}
`,
}

/**
 * Builds the site and serves it.
 *
 * @param options what is between the parentheses of `isr(…)`, as source
 */
export async function createFloodSite(options: string): Promise<FloodSite> {
  const site = await createSite({ files: FILES, options })
  // In memory where the system has that: a disk that syncs a hundred files a second would never get near a bound.
  const cacheDir = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'isr-flood-'))
  const dispose = async () => {
    await site.dispose()
    await rm(cacheDir, { recursive: true, force: true })
  }
  try {
    await site.build()
    const server = await site.serve('start', {
      ISR_CACHE_DIR: cacheDir,
      NODE_OPTIONS: `--import ${pathToFileURL(join(site.root, 'probe.mjs')).href}`,
    })
    const disk = () => measureFolder(cacheDir)
    const holding: FloodSite['holding'] = async ({ collect = false } = {}) =>
      (await send({ port }, collect ? '/gc' : '/')).json() as Holding
    const port = Number(/probe:(\d+);/.exec(server.output())?.[1])
    return {
      site,
      server,
      holding,
      disk,
      async settledDisk() {
        // Between two operations of one write there is a moment with none.
        for (let quiet = 0; quiet < 20;) {
          quiet = (await holding()).fileOperations === 0 ? quiet + 1 : 0
          await delay(5)
        }
        return disk()
      },
      dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

async function measureFolder(folder: string): Promise<{ files: number; bytes: number }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  let files = 0
  let bytes = 0
  for (const entry of entries) {
    if (!entry.isFile()) continue
    // It may be evicted while we look.
    const size = await stat(join(entry.parentPath, entry.name)).then(
      (found) => found.size,
      () => undefined,
    )
    if (size === undefined) continue
    files += 1
    bytes += Math.ceil(size / 4096) * 4096
  }
  return { files, bytes }
}

/** Paths that nobody asked for before: half of them pages, a quarter of them not found, a quarter with a shell first. */
export function toSlugs(): (index: number) => string {
  const kinds = ['/made/', '/made/no-', '/made/', '/shell/'] as const
  return (index) => kinds[index % kinds.length]! + randomBytes(6).toString('hex')
}

export interface Flood {
  readonly requests: number
  /** How many answers had which status and state: `200 MISS`. */
  readonly answers: Readonly<Record<string, number>>
  readonly seconds: number
}

/** Asks for a path after the other, as many at a time as there are connections. Every request has to be answered. */
export async function flood(
  connections: Connections,
  options: {
    requests: number
    atATime: number
    toPath: (index: number) => string
    /** Requests that are begun in a second. Default: as many as there are answers. */
    perSecond?: number | undefined
    onReply?: (reply: Reply, path: string) => void
  },
): Promise<Flood> {
  const { requests, atATime, toPath, perSecond = Infinity, onReply } = options
  const answers: Record<string, number> = {}
  const begin = performance.now()
  let next = 0

  async function work(): Promise<void> {
    while (next < requests) {
      const path = toPath(next)
      const due = begin + (next / perSecond) * 1000
      next += 1
      if (due > performance.now()) await delay(due - performance.now())
      const reply = await connections.get(path)
      const kind = reply.cache === undefined ? String(reply.status) : `${reply.status} ${reply.cache}`
      answers[kind] = (answers[kind] ?? 0) + 1
      onReply?.(reply, path)
    }
  }

  await Promise.all(Array.from({ length: atATime }, work))
  return { requests, answers, seconds: (performance.now() - begin) / 1000 }
}

export interface Watched {
  /** Milliseconds. */
  readonly hits: { readonly count: number; readonly p50: number; readonly p99: number; readonly max: number }
  /** What was not the page that it was before. */
  readonly wrong: readonly string[]
  readonly peakRss: number
  readonly worstLoopP99: number
}

/**
 * While the work runs: asks for prerendered pages again and again and compares them with what they were, and looks at the
 * server's memory.
 */
export async function watchWhile(
  floodSite: FloodSite,
  connections: Connections,
  bodies: ReadonlyMap<string, string>,
  work: () => Promise<unknown>,
): Promise<Watched> {
  const paths = [...bodies.keys()]
  const times: number[] = []
  const wrong: string[] = []
  let peakRss = 0
  let worstLoopP99 = 0
  const over = new AbortController()

  async function askForHits(): Promise<void> {
    for (let index = 0; !over.signal.aborted || index < paths.length; index += 1) {
      const path = paths[index % paths.length]!
      const reply = await connections.get(path)
      times.push(reply.tookMs)
      if (reply.status !== 200 || reply.body.toString() !== bodies.get(path)) wrong.push(`${path}: ${reply.status}`)
      await delay(2)
    }
  }

  async function lookAtMemory(): Promise<void> {
    while (!over.signal.aborted) {
      const { rss, loopP99 } = await floodSite.holding()
      peakRss = Math.max(peakRss, rss)
      worstLoopP99 = Math.max(worstLoopP99, loopP99)
      await delay(200)
    }
  }

  const watching = Promise.all([askForHits(), lookAtMemory()])
  try {
    await work()
  } finally {
    over.abort()
    await watching
  }
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
  return { hits: { count: times.length, p50: at(0.5), p99: at(0.99), max: at(1) }, wrong, peakRss, worstLoopP99 }
}

/** The bodies of pages, by path. */
export async function readBodies(connections: Connections, paths: readonly string[]): Promise<Map<string, string>> {
  const bodies = new Map<string, string>()
  for (const path of paths) {
    const reply = await connections.get(path)
    if (reply.status !== 200) throw new Error(`${path} is ${reply.status}`)
    bodies.set(path, reply.body.toString())
  }
  return bodies
}
