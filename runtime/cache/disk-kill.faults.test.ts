import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isLong } from '../../scripts/flags.ts'
import type { Entry } from '../types.ts'
import { decodeEntry } from './codec.ts'
import { createDiskStore } from './disk.ts'
import { openPack } from './pack.ts'

const KILLS = isLong ? 1000 : 100
const TIME_MS = isLong ? 900_000 : 120_000
/** Writers that run, and die, at the same time in one folder. */
const TOGETHER = 6
const dist = new URL('../../dist/runtime/cache/', import.meta.url)
/** All writers write the first; each writes one of its own besides. */
const SHARED = 'p:/shared'

/** The entry that a writer makes in a round: the bytes tell which, so that a mixture of two would be seen. */
const MAKE_ENTRY = `(key, round) => {
  const identity = Buffer.alloc(1 + (round * 7919) % 300_000, round % 251)
  const times = { startedAt: round, generatedAt: round, revalidate: 60, expire: 3600 }
  return { key, ...times, kind: 'page', status: 200, html: { identity, digest: String(round) }, data: undefined }
}`

/** Writes entries of many sizes as fast as it can, and tells of each when it is stored. */
const WRITER = `
import { createDiskStore } from ${JSON.stringify(new URL('disk.js', dist).href)}
import { encodeEntry } from ${JSON.stringify(new URL('codec.js', dist).href)}
const [, , dir, own, first] = process.argv
const store = createDiskStore({ dir, maxBytes: 1e9, maxEntries: 1e3, notFoundEntries: 1e3, log: console })
const makeEntry = ${MAKE_ENTRY}
for (let round = Number(first); ; round++) {
  for (const key of [own, ${JSON.stringify(SHARED)}]) {
    void store.set(key, encodeEntry(makeEntry(key, round)), makeEntry(key, round)).then(() => process.send({ key, round }))
  }
  await new Promise((resolve) => setTimeout(resolve, 1))
}
`

const BUILDER = `
import { createPackWriter } from ${JSON.stringify(new URL('pack.js', dist).href)}
const makeEntry = ${MAKE_ENTRY}
for (let build = Number(process.argv[3]); ; build++) {
  const writer = await createPackWriter(process.argv[2])
  for (let page = 0; page < 30; page++) await writer.add(makeEntry('p:/' + page, build))
  process.send({ build, entries: await writer.finish() })
}
`

let root: string
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'isr-kill-'))))
afterEach(() => rm(root, { recursive: true }))

/** A sequence that is the same in each run, so that a failure can be had again. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** Whether every byte is the one that this round writes. */
function isOfOneRound(entry: Entry): boolean {
  if (entry.kind !== 'page') return false
  const { identity = Buffer.alloc(0) } = entry.html
  const { startedAt: round } = entry
  return (
    identity.byteLength === 1 + ((round * 7919) % 300_000) &&
    Buffer.alloc(identity.byteLength, round % 251).equals(identity)
  )
}

describe('a writer that is killed', () => {
  it(
    `REL-17 P2 ${KILLS} times at any moment: whole entries, and its temporary files are swept by the next process`,
    async () => {
      const [dir, script] = [join(root, 'cache'), join(root, 'writer.mjs')]
      await writeFile(script, WRITER)
      const random = createRandom(17)
      const figures = { kills: 0, written: 0, read: 0, torn: 0, strays: 0 }
      const acknowledged = new Map<string, number>()
      for (let first = 1; figures.kills < KILLS; first += 100_000) {
        const writers = Array.from({ length: TOGETHER }, async (_, number) => {
          const writer = fork(script, [dir, `p:/own/${number}`, String(first)], { execArgv: [] })
          let isRunning = () => {}
          const running = new Promise<void>((resolve) => (isRunning = resolve))
          writer.on('message', ({ key, round }: { key: string; round: number }) => {
            figures.written += 1
            acknowledged.set(key, Math.max(acknowledged.get(key) ?? 0, round))
            isRunning()
          })
          await running
          // Any moment, and all of them are in the middle of writes.
          await new Promise((resolve) => setTimeout(resolve, random() * 40))
          await kill(writer)
          figures.kills += 1
        })
        await Promise.all(writers)

        const options = { dir, maxBytes: 1e9, maxEntries: 1e3, notFoundEntries: 1e3, log: { warn() {} } }
        const store = createDiskStore({ ...options, scanDelayMs: 1e9 })
        for (const [key, round] of acknowledged) {
          const entry = decodeEntry((await store.get(key)) ?? Buffer.alloc(0), key)
          figures.read += 1
          if (!entry || !isOfOneRound(entry)) figures.torn += 1
          // What was acknowledged is there: this one, or one that was written after it.
          else if (key !== SHARED) expect(entry.startedAt).toBeGreaterThanOrEqual(round)
        }
        figures.strays += (await listFiles(dir)).filter((name) => /\.(?:tmp|turn)$/.test(name)).length
        await store.scan()
        expect((await listFiles(dir)).filter((name) => !/^[0-9a-f]{64}\.isr$/.test(name))).toEqual([])
        await store.close()
      }
      expect(figures.torn).toBe(0)
      // Else the writers were not killed in the middle of anything.
      expect(figures.strays).toBeGreaterThan(KILLS / 4)
      console.info(
        `REL-17: ${figures.kills} kills, ${figures.written} entries written, ${figures.read} read after a kill, ` +
          `${figures.torn} torn, ${figures.strays} temporary files left behind, all swept by the next start`,
      )
    },
    TIME_MS,
  )

  it(
    'REL-17 P2 the same for builds: the pack and its index fit together, or there is no build',
    async () => {
      const [dir, script] = [join(root, 'isr'), join(root, 'builder.mjs')]
      await writeFile(script, BUILDER)
      const random = createRandom(18)
      const kills = isLong ? 100 : 15
      let whole = 0
      for (let run = 0; run < kills; run++) {
        const builder = fork(script, [dir, String(1 + run * 1000)], { execArgv: [] })
        let last: { build: number; entries: Parameters<typeof openPack>[1] } | undefined
        await new Promise<void>((resolve) => {
          builder.on('message', (message) => {
            last = message as typeof last
            resolve()
          })
        })
        await new Promise((resolve) => setTimeout(resolve, random() * 60))
        await kill(builder)
        let pack
        try {
          pack = openPack(dir, last!.entries)
        } catch (error) {
          // Killed while it replaced the files; the manifest, which is older, does not fit them.
          expect(error).toMatchObject({ code: 'ISR_NO_BUILD' })
          continue
        }
        whole += 1
        for (let page = 0; page < 30; page++) {
          const entry = await pack.read(`p:/${page}`)
          expect(entry?.startedAt).toBe(last!.build)
          expect(isOfOneRound(entry!)).toBe(true)
        }
        await pack.close()
      }
      console.info(`REL-17: ${kills} builds killed, ${whole} found whole, ${kills - whole} refused, 0 mixed`)
    },
    TIME_MS,
  )
})

async function listFiles(dir: string): Promise<string[]> {
  const found = await readdir(dir, { recursive: true, withFileTypes: true })
  return found.filter((entry) => !entry.isDirectory()).map((entry) => entry.name)
}
