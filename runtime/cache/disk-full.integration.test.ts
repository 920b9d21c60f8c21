import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeEntry, encodeEntry } from './codec.ts'
import { createDiskStore, type DiskStore } from './disk.ts'
import { toEntryOf } from './testing/entries.ts'

let dir: string
beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'isr-full-'))))
afterEach(() => rmdir(dir).catch(() => {}))

function mount(options: string): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir]).status === 0
}

async function withDisk(options: string, run: (store: DiskStore) => Promise<void>): Promise<boolean> {
  if (!mount(options)) return false
  const log = { warn: () => {} }
  const store = createDiskStore({ dir, maxBytes: 1e9, maxEntries: 1e3, notFoundEntries: 10, log, scanDelayMs: 1e9 })
  try {
    await run(store)
  } finally {
    await store.close()
    spawnSync('umount', [dir])
  }
  return true
}

const put = (store: DiskStore, size: number, startedAt: number) => {
  const entry = toEntryOf('p:/a', size, { startedAt })
  return store.set(entry.key, encodeEntry(entry), entry)
}

async function readStart(store: DiskStore): Promise<number | undefined> {
  return decodeEntry((await store.get('p:/a')) ?? Buffer.alloc(0), 'p:/a')?.startedAt
}

async function listTemps(): Promise<string[]> {
  return (await readdir(dir, { recursive: true })).filter((name) => name.endsWith('.tmp'))
}

describe('a disk that is really full (needs root, for a small disk of its own)', () => {
  it('REL-18 REL-20 the old entry stays, nothing is left behind, the first write after space returns works', async ({
    skip,
  }) => {
    const isDone = await withDisk('size=1m', async (store) => {
      await put(store, 100_000, 1)
      const filler = join(dir, 'filler')
      for (const bytes of [880_000, 800_000, 600_000]) {
        await writeFile(filler, Buffer.alloc(bytes))
        await expect(put(store, 500_000, 2)).rejects.toThrow()
        expect(await readStart(store)).toBe(1)
        expect(await listTemps()).toEqual([])
      }
      await rm(filler)
      await put(store, 500_000, 3)
      expect(await readStart(store)).toBe(3)
    })
    skip(!isDone, 'no small disk could be mounted')
  })

  it('REL-19 the same without inodes', async ({ skip }) => {
    const isDone = await withDisk('size=1m,nr_inodes=4', async (store) => {
      await put(store, 100, 1)
      await writeFile(join(dir, 'filler'), '')
      await expect(put(store, 100, 2)).rejects.toMatchObject({ code: 'ENOSPC' })
      expect(await readStart(store)).toBe(1)
      await rm(join(dir, 'filler'))
      await put(store, 100, 3)
      expect(await readStart(store)).toBe(3)
    })
    skip(!isDone, 'no small disk could be mounted')
  })

  it('P1 a disk that is mounted read-only is read, and not written', async ({ skip }) => {
    const isDone = await withDisk('size=1m', async (store) => {
      await put(store, 100, 1)
      expect(spawnSync('mount', ['-o', 'remount,ro', dir]).status).toBe(0)
      await put(store, 100, 2)
      expect(await readStart(store)).toBe(1)
    })
    skip(!isDone, 'no small disk could be mounted')
  })
})
