import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isLong } from '../../scripts/flags.ts'
import { decodeEntry } from './codec.ts'
import { createDiskStore } from './disk.ts'

const WRITES = isLong ? 100_000 : 10_000
const TIME_MS = isLong ? 900_000 : 120_000
/** Keys that are read all the time while they are written. */
const READ_KEYS = 3
const dist = new URL('../../dist/runtime/cache/', import.meta.url)

/**
 * Both processes begin a round at the same time and write one generation each to the same key; which of the two is the later one changes.
 * Meanwhile they read as fast as they can.
 */
const PEER = `
import { createDiskStore } from ${JSON.stringify(new URL('disk.js', dist).href)}
import { decodeEntry, encodeEntry } from ${JSON.stringify(new URL('codec.js', dist).href)}
const [, , dir] = process.argv
const store = createDiskStore({ dir, maxBytes: 1e9, maxEntries: 1e3, notFoundEntries: 1e3, log: console, scanDelayMs: 1e9 })
const figures = { reads: 0, torn: 0, missing: 0 }
const toSize = (startedAt) => 1 + (startedAt * 7919) % 20_000
async function write(key, startedAt) {
  const html = { identity: Buffer.alloc(toSize(startedAt), startedAt % 251), digest: String(startedAt) }
  const times = { startedAt, generatedAt: startedAt, revalidate: 60, expire: 3600 }
  const entry = { key, ...times, kind: 'page', status: 200, html, data: undefined }
  await store.set(key, encodeEntry(entry), entry)
}
async function read(key) {
  const bytes = await store.get(key)
  figures.reads += 1
  if (!bytes) return void (figures.missing += 1)
  const entry = decodeEntry(bytes, key)
  const at = entry?.startedAt
  const isWhole = entry && entry.html.identity.equals(Buffer.alloc(toSize(at), at % 251)) && entry.html.digest === String(at)
  if (!isWhole) figures.torn += 1
  return isWhole ? at : undefined
}
process.on('message', async ({ writes, keys }) => {
  let isWriting = true
  const reading = Promise.all(keys.slice(0, ${READ_KEYS}).map(async (key) => {
    while (isWriting) await read(key)
  }))
  await Promise.all(writes.map(({ key, startedAt }) => write(key, startedAt)))
  isWriting = false
  await reading
  process.send({ ...figures })
})
process.send({})
`

let root: string
beforeEach(async () => {
  // In memory where that is to be had: what is tested is the order of steps, not how long a disk takes for each.
  root = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'isr-peers-'))
})
afterEach(() => rm(root, { recursive: true }))

type Figures = Record<'reads' | 'torn' | 'missing', number>

async function ask(peer: ChildProcess, message: object): Promise<Figures> {
  const answer = once(peer, 'message')
  peer.send(message)
  const [figures] = (await answer) as [Figures]
  return figures
}

describe('two processes and one folder', () => {
  it(
    `REL-28 REL-27 P2 ${WRITES} writes of the same keys: whole entries only, and of each pair the later generation`,
    async () => {
      const [dir, script] = [join(root, 'cache'), join(root, 'peer.mjs')]
      await writeFile(script, PEER)
      const peers = [0, 1].map(() => fork(script, [dir], { execArgv: [] }))
      await Promise.all(peers.map((peer) => once(peer, 'message')))
      const keys = Array.from({ length: 10 }, (_, key) => `p:/${key}`)
      const perRound = 2 * keys.length
      let [older, rounds] = [0, 0]
      let totals: Figures[] = []
      const limits = { maxBytes: 1e9, maxEntries: 1e3, notFoundEntries: 10 }
      const store = createDiskStore({ dir, ...limits, log: { warn() {} }, scanDelayMs: 1e9 })
      for (; rounds * perRound < WRITES; rounds++) {
        const times = [2 * rounds + 1, 2 * rounds + 2]
        if (rounds % 2 === 1) times.reverse()
        totals = await Promise.all(
          peers.map((peer, number) =>
            ask(peer, { keys, writes: keys.map((key) => ({ key, startedAt: times[number]! })) }),
          ),
        )
        for (const key of keys) {
          const entry = decodeEntry((await store.get(key)) ?? Buffer.alloc(0), key)
          if (entry?.startedAt !== 2 * rounds + 2) older += 1
        }
      }
      // One after the other, the later generation first, as from a process that was stopped for a while.
      const last = 2 * rounds + 10
      await ask(peers[0]!, { keys, writes: keys.map((key) => ({ key, startedAt: last + 1 })) })
      await ask(peers[1]!, { keys, writes: keys.map((key) => ({ key, startedAt: last })) })
      for (const key of keys) {
        expect(decodeEntry((await store.get(key)) ?? Buffer.alloc(0), key)?.startedAt).toBe(last + 1)
      }
      await store.close()
      for (const peer of peers) {
        const gone = once(peer, 'exit')
        peer.kill()
        await gone
      }
      const sum = (name: keyof Figures) => totals.reduce((total, figures) => total + figures[name], 0)
      expect(sum('torn')).toBe(0)
      expect(older).toBe(0)
      expect((await readdir(dir, { recursive: true })).filter((name) => /\.(?:tmp|turn)$/.test(name))).toEqual([])
      console.info(
        `REL-28: ${rounds * perRound} writes by two processes, ${sum('reads')} reads, ${sum('torn')} torn; ` +
          `of ${rounds * keys.length} pairs that overlapped ${older} ended with the older generation`,
      )
    },
    TIME_MS,
  )
})
