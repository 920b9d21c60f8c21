import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeEntry } from './codec.ts'
import { createDiskStore } from './disk.ts'

const dist = new URL('../../dist/runtime/cache/', import.meta.url)
const KEYS = ['p:/a', 'p:/b', 'p:/c']

/** Writes entries of many sizes as fast as it can, and tells of each. */
const WRITER = `
import { createDiskStore } from ${JSON.stringify(new URL('disk.js', dist).href)}
import { encodeEntry } from ${JSON.stringify(new URL('codec.js', dist).href)}
const store = createDiskStore({ dir: process.argv[2], maxBytes: 1e9, maxEntries: 1e3, notFoundEntries: 1e3, log: console })
for (let round = 1; ; round++) {
  await Promise.all(${JSON.stringify(KEYS)}.map((key) => {
    const identity = Buffer.alloc(1 + (round * 7919) % 400_000, round % 256)
    const entry = { key, startedAt: round, generatedAt: round, revalidate: 60, expire: 3600, kind: 'page', status: 200,
      html: { identity, digest: String(round) }, data: undefined }
    return store.set(key, encodeEntry(entry), entry)
  }))
  process.send(round)
}
`

let root: string
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'isr-kill-'))))
afterEach(() => rm(root, { recursive: true }))

describe('a writer that is killed', () => {
  it('REL-17 leaves whole entries, and its temporary files are swept by the next process', async () => {
    const [dir, script] = [join(root, 'cache'), join(root, 'writer.mjs')]
    await writeFile(script, WRITER)
    let strays = 0
    for (let run = 0; run < 25; run++) {
      const writer = fork(script, [dir], { execArgv: [] })
      const rounds = 1 + ((run * 5) % 13)
      await new Promise<void>((resolve) => {
        writer.on('message', (round) => {
          if (round === rounds) setImmediate(resolve)
        })
      })
      const gone = once(writer, 'exit')
      writer.kill('SIGKILL')
      await gone
      const store = createDiskStore({
        dir,
        maxBytes: 1e9,
        maxEntries: 1e3,
        notFoundEntries: 1e3,
        log: { warn: () => {} },
        scanDelayMs: 1e9,
      })
      for (const key of KEYS) {
        const entry = decodeEntry((await store.get(key)) ?? Buffer.alloc(0), key)
        expect(entry?.startedAt).toBeGreaterThanOrEqual(rounds)
      }
      strays += (await listFiles(dir)).filter((name) => name.endsWith('.tmp')).length
      await store.scan()
      expect((await listFiles(dir)).filter((name) => !name.endsWith('.isr'))).toEqual([])
      await store.close()
      await rm(dir, { recursive: true })
    }
    expect(strays).toBeGreaterThan(0)
  })
})

async function listFiles(dir: string): Promise<string[]> {
  const found = await readdir(dir, { recursive: true, withFileTypes: true })
  return found.filter((entry) => entry.isFile()).map((entry) => entry.name)
}
