import * as fs from 'node:fs/promises'
import { mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Entry } from '../types.ts'
import type { FileSystem } from './files.ts'
import { decodeEntry, encodeEntry } from './codec.ts'
import { createDiskStore, type DiskStore, type DiskStoreOptions } from './disk.ts'
import { sha256 } from './sha256.ts'
import { toEntryOf, toNotFound } from './testing/entries.ts'

let root: string
let dir: string
const stores: DiskStore[] = []
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'isr-disk-'))
  dir = join(root, 'cache')
})
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  await rm(root, { recursive: true })
})

function createStore(options: Partial<DiskStoreOptions> = {}) {
  const warnings: string[] = []
  const store = createDiskStore({
    dir,
    maxBytes: 1e9,
    maxEntries: 1000,
    notFoundEntries: 1000,
    log: { warn: (line) => warnings.push(line) },
    wait: async () => {},
    scanDelayMs: 1e9,
    ...options,
  })
  stores.push(store)
  return { store, warnings }
}

const put = (store: DiskStore, entry: Entry) => store.set(entry.key, encodeEntry(entry), entry)
const get = async (store: DiskStore, key: string) => decodeEntry((await store.get(key)) ?? Buffer.alloc(0), key)

function toFile(key: string, extension = 'isr'): string {
  const hash = sha256(key).toString('hex')
  return join(dir, hash.slice(0, 2), `${hash}.${extension}`)
}

async function listFiles(): Promise<string[]> {
  const found = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => [])
  return found.filter((entry) => entry.isFile()).map((entry) => entry.name)
}

/** A file system whose operations fail as told. */
function createBrokenIo(failures: { [Name in keyof FileSystem]?: (path: string) => string | undefined }): FileSystem {
  const wrap =
    (name: keyof FileSystem) =>
    // oxlint-disable-next-line typescript/no-explicit-any -- One wrapper for all signatures.
    async (...parameters: any[]) => {
      const code = failures[name]?.(String(parameters[0]))
      if (code) throw Object.assign(new Error(`${code}: ${name}`), { code, syscall: name })
      // oxlint-disable-next-line typescript/no-explicit-any
      return (fs[name] as any)(...parameters)
    }
  const names = ['open', 'rename', 'rm', 'mkdir', 'opendir', 'lstat', 'symlink', 'readlink'] as const
  return Object.fromEntries(names.map((name) => [name, wrap(name)])) as unknown as FileSystem
}

describe('disk store', () => {
  it('what was set comes back, also in another process; what was not does not', async () => {
    const { store } = createStore()
    const entry = toEntryOf('p:/a', 5000)
    expect(await store.get('p:/a')).toBeUndefined()
    await put(store, entry)
    expect(await get(store, 'p:/a')).toEqual(entry)
    expect(await get(createStore().store, 'p:/a')).toEqual(entry)
    await store.delete('p:/a')
    await store.delete('p:/a')
    expect(await store.get('p:/a')).toBeUndefined()
  })

  it('W16 SEC-60 SEC-62 SEC-64 any key is a file of a fixed name', async () => {
    const { store } = createStore()
    const keys = [
      'p:/../../etc/passwd',
      'p:/con',
      'p:/..\\..\\x',
      'p:/\0',
      `p:/${'x'.repeat(5000)}`,
      'p:/PRE',
      'p:/pre',
      'p:/a',
      'p:/a/b',
    ]
    for (const key of keys) await put(store, toEntryOf(key, 10))
    for (const key of keys) expect((await get(store, key))?.key).toBe(key)
    const files = await listFiles()
    expect(files).toHaveLength(keys.length)
    for (const file of files) expect(file).toMatch(/^[0-9a-f]{64}\.isr$/)
    expect(await readdir(root)).toEqual(['cache'])
  })

  it('SEC-65 files are private to the user', async () => {
    const { store } = createStore()
    await put(store, toNotFound('p:/a'))
    expect((await fs.stat(toFile('p:/a'))).mode & 0o777).toBe(0o600)
  })

  it('SEC-65 a link in place of an entry is neither followed nor written through', async () => {
    const { store } = createStore()
    await put(store, toNotFound('p:/a'))
    const victim = join(root, 'victim')
    await writeFile(victim, encodeEntry(toNotFound('p:/b')))
    await fs.mkdir(dirname(toFile('p:/b')), { recursive: true })
    await symlink(victim, toFile('p:/b'))
    expect(await store.get('p:/b')).toEqual(Buffer.alloc(0))
    await store.setAside('p:/b')
    await symlink(victim, toFile('p:/b'))
    await put(store, toEntryOf('p:/b', 10))
    expect((await get(store, 'p:/b'))?.kind).toBe('page')
    expect(decodeEntry(await readFile(victim), 'p:/b')?.kind).toBe('notFound')
  })

  it('SEC-65 REL-25 nothing is written through a link in place of a folder, and nothing deleted behind it', async () => {
    const [elsewhere, mine] = [join(root, 'elsewhere'), join(root, 'mine')]
    await fs.mkdir(elsewhere)
    const shard = dirname(toFile('p:/a'))
    const stray = join(elsewhere, `${'a'.repeat(64)}.isr.00000000-1-00000000-0000000000000000.tmp`)
    await writeFile(stray, '')
    await utimes(stray, 1, 1)
    await fs.mkdir(dir)
    await symlink(elsewhere, shard)
    const { store } = createStore()
    await expect(put(store, toEntryOf('p:/a', 10))).rejects.toThrow(`${shard} is a link`)
    await store.scan()
    expect(await readdir(elsewhere)).toEqual([stray.slice(elsewhere.length + 1)])
    // The whole folder becomes a link while the server runs, to a place with a folder of the right name and to one without.
    for (const names of [[shard.slice(-2)], []]) {
      await rm(dir, { recursive: true })
      await rm(mine, { recursive: true, force: true })
      await fs.mkdir(mine)
      for (const name of names) await fs.mkdir(join(mine, name))
      await symlink(mine, dir)
      await expect(put(store, toEntryOf('p:/a', 10))).rejects.toThrow(`${dir} is a link`)
      expect(await readdir(mine, { recursive: true })).toEqual(names)
    }
    await rm(dir)
    await symlink(join(root, 'nowhere'), dir)
    await expect(put(store, toEntryOf('p:/a', 10))).rejects.toThrow(`${dir} is a link`)
    await rm(dir)
    await put(store, toEntryOf('p:/a', 10))
    expect((await get(store, 'p:/a'))?.key).toBe('p:/a')
  })

  it('the folder around it may be a link', async () => {
    await fs.mkdir(join(root, 'volume'))
    await symlink(join(root, 'volume'), join(root, 'link'))
    const { store } = createStore({ dir: join(root, 'link', 'cache') })
    await put(store, toEntryOf('p:/a', 10))
    expect((await get(store, 'p:/a'))?.key).toBe('p:/a')
    expect(await readdir(join(root, 'volume'))).toEqual(['cache'])
  })

  it('REL-28 REL-26 a damaged file that claims to be later gives way', async () => {
    const { store } = createStore({ now: () => 1000 })
    await put(store, toEntryOf('p:/a', 20, { startedAt: 900 }))
    const bytes = await readFile(toFile('p:/a'))
    bytes.writeDoubleLE(5000, 8)
    await writeFile(toFile('p:/a'), bytes)
    await put(store, toEntryOf('p:/a', 20, { startedAt: 1000 }))
    expect((await get(store, 'p:/a'))?.startedAt).toBe(1000)
  })

  it('REL-28 a generation that started earlier does not replace a later one', async () => {
    const { store } = createStore({ now: () => 1000 })
    await put(store, toEntryOf('p:/a', 20, { startedAt: 20 }))
    await put(createStore().store, toEntryOf('p:/a', 10, { startedAt: 10 }))
    expect((await get(store, 'p:/a'))?.startedAt).toBe(20)
    await put(store, toEntryOf('p:/a', 30, { startedAt: 20 }))
    await put(store, toEntryOf('p:/a', 30, { startedAt: 30 }))
    expect((await get(store, 'p:/a'))?.startedAt).toBe(30)
    expect(await listFiles()).toHaveLength(1)
  })

  it('REL-40 what a wrong clock dated far into the future is replaced', async () => {
    const { store } = createStore({ now: () => 1000 })
    await put(store, toEntryOf('p:/a', 20, { startedAt: 10_000_000 }))
    await put(store, toEntryOf('p:/a', 20, { startedAt: 900 }))
    expect((await get(store, 'p:/a'))?.startedAt).toBe(900)
  })

  it('REL-28 many writers in two stores: always a whole entry', async () => {
    const both = [createStore().store, createStore().store] as const
    const writes = Array.from({ length: 60 }, (_, round) =>
      put(both[(round % 2) as 0 | 1], toEntryOf('p:/a', 3000 + round, { startedAt: round })),
    )
    const reads = Array.from({ length: 60 }, async (_, round) => {
      const bytes = await both[(round % 2) as 0 | 1].get('p:/a')
      if (bytes) expect(decodeEntry(bytes, 'p:/a')).toBeDefined()
    })
    await Promise.all([...writes, ...reads])
    expect((await get(both[0], 'p:/a'))?.kind).toBe('page')
    expect(await listFiles()).toHaveLength(1)
  })
})

describe('bounds', () => {
  it('P7 pages in number and bytes, least recently used first', async () => {
    const { store } = createStore({ maxEntries: 3 })
    for (const key of ['a', 'b', 'c']) await put(store, toEntryOf(key, 100))
    await store.get('a')
    await put(store, toEntryOf('d', 100))
    expect(await listFiles()).toHaveLength(3)
    expect(await store.get('b')).toBeUndefined()
    const small = createStore({ maxBytes: 20_000, dir: join(root, 'small') }).store
    for (let index = 0; index < 20; index++) await put(small, toEntryOf(`p:/${index}`, 5000))
    const kept = await Promise.all(Array.from({ length: 20 }, (_, index) => small.get(`p:/${index}`)))
    expect(kept.flatMap((bytes, index) => (bytes ? [index] : []))).toEqual([18, 19])
  })

  it('SEC-99 W9 notFound entries push out no page', async () => {
    const { store } = createStore({ maxEntries: 2, notFoundEntries: 3 })
    await put(store, toEntryOf('page', 100))
    for (let index = 0; index < 10; index++) await put(store, toNotFound(`p:/${index}`))
    expect(await listFiles()).toHaveLength(4)
    expect(await store.get('page')).toBeDefined()
  })

  it('P7 an entry larger than all of the store is refused', async () => {
    const { store } = createStore({ maxBytes: 1000 })
    await expect(put(store, toEntryOf('a', 2000))).rejects.toMatchObject({ code: 'ISR_STORE' })
    expect(await listFiles()).toEqual([])
  })

  it('REL-31 what an earlier process left is counted in the background, oldest out first', async () => {
    const first = createStore().store
    for (const [age, key] of ['new', 'old', 'oldest'].entries()) {
      await put(first, toEntryOf(key, 100))
      const time = new Date(Date.now() - 10_000 - age * 100_000)
      await utimes(toFile(key), time, time)
    }
    for (let index = 0; index < 4; index++) await put(first, toNotFound(`p:/${index}`))
    const { store } = createStore({ maxEntries: 2, notFoundEntries: 3 })
    await store.get('oldest')
    await store.scan()
    const kept: string[] = []
    for (const key of ['new', 'old', 'oldest']) if (await store.get(key)) kept.push(key)
    expect(kept).toEqual(['new', 'oldest'])
    expect(await listFiles()).toHaveLength(5)
    await put(store, toEntryOf('newest', 100))
    expect(await store.get('new')).toBeUndefined()
  })

  it('a folder that is not there is no trouble', async () => {
    const { store, warnings } = createStore()
    await store.scan()
    expect(await store.get('a')).toBeUndefined()
    await store.delete('a')
    expect(await readdir(root)).toEqual([])
    expect(warnings).toEqual([])
  })
})

describe('faults', () => {
  it('REL-17 temporary files of dead writers are swept, those of living ones are not', async () => {
    const { store } = createStore()
    await put(store, toNotFound('p:/a'))
    const folder = dirname(toFile('p:/a'))
    const temps = { dead: '00000000-1-00000000-0000000000000000', foreign: 'ffffffff-1-00000000-0000000000000000' }
    const old = new Date(Date.now() - 3_600_000)
    await writeFile(join(folder, `x.isr.${temps.dead}.tmp`), '')
    await utimes(join(folder, `x.isr.${temps.dead}.tmp`), old, old)
    await writeFile(join(folder, `x.isr.${temps.foreign}.tmp`), '')
    await store.scan()
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([`x.isr.${temps.foreign}.tmp`])
  })

  it('REL-18 REL-19 REL-21 a failed write leaves the old entry and no temporary file', async () => {
    for (const name of ['rename', 'open'] as const) {
      const { store } = createStore()
      await put(store, toEntryOf('p:/a', 10, { startedAt: 1 }))
      const io = createBrokenIo({ [name]: (path: string) => (path.endsWith('.tmp') ? 'ENOSPC' : undefined) })
      const broken = createStore({ io }).store
      await expect(put(broken, toEntryOf('p:/a', 20, { startedAt: 2 }))).rejects.toMatchObject({ code: 'ENOSPC' })
      expect((await get(store, 'p:/a'))?.startedAt).toBe(1)
      expect(await listFiles()).toHaveLength(1)
    }
  })

  it('REL-20 a disk that keeps less than it was given is found out before the rename', async () => {
    const io = {
      ...createBrokenIo({}),
      async open(path: string, ...rest: [number, number]) {
        const file = await fs.open(path, ...rest)
        return path.endsWith('.tmp')
          ? Object.assign(Object.create(file) as fs.FileHandle, {
              write: (bytes: Uint8Array, offset: number, length: number) =>
                file.write(bytes, offset, length).then(async (written) => {
                  await file.truncate(10)
                  return written
                }),
              sync: () => file.sync(),
              stat: () => file.stat(),
              close: () => file.close(),
            })
          : file
      },
    } as unknown as FileSystem
    const { store } = createStore({ io })
    await expect(put(store, toEntryOf('p:/a', 1000))).rejects.toThrow('kept 10 of')
    expect(await listFiles()).toEqual([])
  })

  it('REL-24 without file handles it tries again', async () => {
    let failures = 5
    const io = createBrokenIo({ open: () => (failures-- > 0 ? 'EMFILE' : undefined) })
    const { store } = createStore({ io })
    await put(store, toEntryOf('p:/a', 10))
    failures = 5
    expect((await get(store, 'p:/a'))?.key).toBe('p:/a')
  })

  it('REL-25 the folder is made again when it was deleted; a file in its place is an error until it is gone', async () => {
    const { store } = createStore()
    await put(store, toEntryOf('p:/a', 10))
    await rm(dir, { recursive: true })
    expect(await store.get('p:/a')).toBeUndefined()
    await put(store, toEntryOf('p:/a', 10))
    expect((await get(store, 'p:/a'))?.key).toBe('p:/a')
    await rm(dir, { recursive: true })
    await writeFile(dir, '')
    expect(await store.get('p:/a')).toBeUndefined()
    await expect(put(store, toEntryOf('p:/a', 10))).rejects.toThrow()
    await store.scan()
    await rm(dir)
    await put(store, toEntryOf('p:/a', 10))
    expect((await get(store, 'p:/a'))?.key).toBe('p:/a')
  })

  it('REL-26 REL-30 what is damaged is set aside, a folder in place of a file too; a bounded number is kept', async () => {
    const { store } = createStore()
    await put(store, toEntryOf('p:/a', 1000))
    await fs.truncate(toFile('p:/a'), 100)
    expect(await get(store, 'p:/a')).toBeUndefined()
    await store.setAside('p:/a')
    expect(await listFiles()).toEqual([`${sha256('p:/a').toString('hex')}.bad`])
    await put(store, toEntryOf('p:/a', 1000))
    expect((await get(store, 'p:/a'))?.key).toBe('p:/a')
    await fs.mkdir(toFile('p:/folder'), { recursive: true })
    expect(await get(store, 'p:/folder')).toBeUndefined()
    await store.setAside('p:/folder')
    await put(store, toEntryOf('p:/folder', 10))
    for (let index = 0; index < 40; index++) {
      await put(store, toNotFound(`p:/${index}`))
      await store.setAside(`p:/${index}`)
    }
    expect((await listFiles()).filter((name) => name.endsWith('.bad')).length).toBeLessThanOrEqual(16)
    const next = createStore().store
    await next.scan()
    await put(next, toNotFound('p:/more'))
    await next.setAside('p:/more')
    expect((await listFiles()).filter((name) => name.endsWith('.bad')).length).toBeLessThanOrEqual(16)
  })

  it('REL-26 a huge file in place of an entry is not read, nor kept', async () => {
    const { store } = createStore()
    await put(store, toEntryOf('p:/a', 100_000))
    await fs.truncate(toFile('p:/a'), 900_000_000)
    const before = process.memoryUsage().rss
    expect(await get(store, 'p:/a')).toBeUndefined()
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000)
    await store.setAside('p:/a')
    expect(await listFiles()).toEqual([])
  })

  it('REL-26 set aside by two processes at once, and where the name is taken', async () => {
    const both = [createStore().store, createStore().store]
    await put(both[0]!, toNotFound('p:/a'))
    await Promise.all(both.map((store) => store.setAside('p:/a')))
    expect(await listFiles()).toEqual([`${sha256('p:/a').toString('hex')}.bad`])
    await fs.mkdir(join(toFile('p:/b', 'bad'), 'full'), { recursive: true })
    await put(both[0]!, toNotFound('p:/b'))
    await both[0]!.setAside('p:/b')
    expect(await both[0]!.get('p:/b')).toBeUndefined()
  })

  it('P1 P9 a read-only disk: one warning, then silence, and all is well again when it can be written', async () => {
    let isReadOnly = true
    let time = 0
    const io = createBrokenIo({ mkdir: () => (isReadOnly ? 'EROFS' : undefined) })
    const { store, warnings } = createStore({ io, now: () => time })
    for (let index = 0; index < 5; index++) await put(store, toEntryOf(`p:/${index}`, 10))
    time = 120_000
    await put(store, toEntryOf('p:/a', 10))
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('ISR_CACHE_DIR')
    isReadOnly = false
    time = 240_000
    await put(store, toEntryOf('p:/a', 10))
    expect((await get(store, 'p:/a'))?.key).toBe('p:/a')
  })
})
