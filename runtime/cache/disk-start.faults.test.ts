import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isLong } from '../../scripts/flags.ts'
import { createTestBuild } from '../http/testing/build.ts'
import { ask } from '../http/testing/client.ts'
import { SETTINGS } from '../http/testing/manifest.ts'
import { encodeEntry } from './codec.ts'
import { sha256 } from './sha256.ts'
import { toEntryOf, toNotFound } from './testing/entries.ts'

const ENTRIES = isLong ? 1_000_000 : 100_000

/** Looking through a folder gives way to visitors and takes its time. */
const COUNTED = isLong ? ENTRIES : 20_000
/** With few entries the tables that hold them are half empty. */
const MAX_INDEX_BYTES = isLong ? 200 : 250

const TIME_MS = isLong ? 900_000 : 120_000

const SERVER = `
import { createServer } from 'node:http'
import { createIsrHandler } from ${JSON.stringify(new URL('../../dist/runtime/index.js', import.meta.url).href)}
const [, , dist, cacheDir] = process.argv
const begin = performance.now()
const handler = createIsrHandler({ dist, cacheDir })
const server = createServer((req, res) => void handler(req, res))
process.on('message', () => {
  gc()
  process.send(process.memoryUsage())
})
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port, readyMs: performance.now() - begin }))
`

const SCANNER = `
import { createDiskStore } from ${JSON.stringify(new URL('../../dist/runtime/cache/disk.js', import.meta.url).href)}
const [, , dir, entries] = process.argv
const [maxEntries, notFoundEntries] = [Number(entries), Number(entries)]
const store = createDiskStore({ dir, maxBytes: 1e12, maxEntries, notFoundEntries, log: console, scanDelayMs: 1e9 })
const measure = () => {
  gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
// What the code itself takes is there already.
await createDiskStore({ dir: dir + '.none', maxBytes: 1e12, maxEntries, notFoundEntries, log: console, scanDelayMs: 1e9 }).scan()
const before = measure()
const begin = performance.now()
await store.scan()
const scanMs = performance.now() - begin
process.send({ scanMs, indexBytes: measure() - before, rss: process.memoryUsage().rss })
process.on('message', () => store)
`

let root: string
beforeEach(async () => {
  // In memory where that is to be had: a disk takes minutes to make so many files.
  root = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'isr-start-'))
})
afterEach(() => rm(root, { recursive: true }))

/** Nine pages, then one that was not found, and so on, all as servers write them. */
function fill(dir: string, count: number): void {
  for (let shard = 0; shard < 256; shard++)
    mkdirSync(join(dir, shard.toString(16).padStart(2, '0')), { recursive: true })
  const now = Date.now()
  // A page without any has no cache state in its answers.
  const data = { identity: Buffer.from('{"pageProps":{}}'), digest: 'digest' }
  for (let number = 0; number < count; number++) {
    const key = `p:/p/${number}`
    // They must not grow stale while the others are written.
    const lasting = { startedAt: now, generatedAt: now, revalidate: false as const }
    const entry = { ...(number % 10 === 9 ? toNotFound(key) : { ...toEntryOf(key, 100), data }), ...lasting }
    const hash = sha256(key).toString('hex')
    writeFileSync(join(dir, hash.slice(0, 2), `${hash}.isr`), encodeEntry(entry))
  }
}

interface Run {
  readonly readyMs: number
  readonly firstMs: number
  readonly rss: number
}

async function withChild<T>(
  script: string,
  args: string[],
  run: (first: unknown, tell: () => Promise<unknown>) => Promise<T>,
) {
  const file = join(root, 'child.mjs')
  await writeFile(file, script)
  const child = fork(file, args, { execArgv: ['--expose-gc'] })
  const hear = async () => ((await once(child, 'message')) as [unknown])[0]
  try {
    return await run(await hear(), async () => {
      const answer = hear()
      child.send('measure')
      return answer
    })
  } finally {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
}

/** @param askMs how long visitors ask for pages, which is when the folder is looked through */
function runServer(dist: string, cacheDir: string, askMs: number): Promise<Run> {
  return withChild(SERVER, [dist, cacheDir], async (first, tell) => {
    const { port, readyMs } = first as { port: number; readyMs: number }
    const begin = performance.now()
    expect((await ask(port, '/')).headers['x-isr-cache']).toBe('HIT')
    const firstMs = performance.now() - begin
    const { rss } = (await tell()) as { rss: number }
    for (const end = performance.now() + askMs; performance.now() < end;) {
      // What an earlier process stored is found long before it has been counted.
      expect((await ask(port, `/p/${10 * Math.floor(1000 * Math.random())}`)).headers['x-isr-cache']).toBe('HIT')
      expect((await ask(port, '/p/9')).status).toBe(404)
    }
    return { readyMs, firstMs, rss }
  })
}

const isReadyAtOnce = (run: Run, empty: Run) => run.readyMs < 2 * empty.readyMs + 500 && run.firstMs < 1000

describe('a start', () => {
  it(
    `REL-31 ${ENTRIES} entries on disk: ready at once, whatever there is; they are counted behind it`,
    async () => {
      const build = await createTestBuild()
      try {
        const settings = { ...SETTINGS, cache: { ...SETTINGS.cache, diskEntries: ENTRIES, notFoundEntries: ENTRIES } }
        await writeFile(join(build.dist, 'isr/route-manifest.json'), JSON.stringify({ ...build.manifest, settings }))
        const [empty, full] = [join(root, 'empty'), join(root, 'full')]
        fill(join(full, 'build1'), ENTRIES)
        const counted = isLong ? join(full, 'build1') : join(root, 'counted')
        if (!isLong) fill(counted, COUNTED)
        const first = await runServer(build.dist, empty, 0)
        let second = await runServer(build.dist, full, 2000)
        // A busy machine may hold one of them up.
        for (let tries = 1; tries < 4 && !isReadyAtOnce(second, first); tries++) {
          const again = await runServer(build.dist, full, 0)
          second = { ...second, readyMs: again.readyMs, firstMs: again.firstMs }
        }
        const { scanMs, indexBytes, rss } = await withChild(SCANNER, [counted, String(COUNTED)], async (result) => {
          return result as { scanMs: number; indexBytes: number; rss: number }
        })
        const toMb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
        console.info(
          `REL-31: ready after ${second.readyMs.toFixed(0)} ms with ${ENTRIES} entries (${first.readyMs.toFixed(0)} ms with none), ` +
            `first page after ${second.firstMs.toFixed(0)} ms (${first.firstMs.toFixed(0)} ms), rss ${toMb(second.rss)}; ${COUNTED} counted in the ` +
            `background in ${(scanMs / 1000).toFixed(1)} s, then ${(indexBytes / COUNTED).toFixed(0)} B of memory per entry, rss ${toMb(rss)}`,
        )
        expect(isReadyAtOnce(second, first)).toBe(true)
        expect(second.rss - first.rss).toBeLessThan(30e6)
        expect(indexBytes / COUNTED).toBeLessThan(MAX_INDEX_BYTES)
      } finally {
        await build.remove()
      }
    },
    TIME_MS,
  )
})
