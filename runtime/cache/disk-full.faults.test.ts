import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isRoot } from '../../scripts/flags.ts'
import { decodeEntry, encodeEntry } from './codec.ts'
import { createDiskStore, type DiskStore } from './disk.ts'
import { sha256 } from './sha256.ts'
import { toEntryOf } from './testing/entries.ts'
import { runStore } from './testing/process.ts'

const KEY = 'p:/a'

let root: string
let dir: string
const mounted: string[] = []
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'isr-full-'))
  dir = join(root, 'cache')
  await mkdir(dir)
})
afterEach(async () => {
  for (const each of mounted.splice(0).reverse()) run('umount', each)
  await rm(root, { recursive: true })
})

function run(...[program = '', ...args]: string[]): void {
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status === 0) return
  throw new Error(`--root needs ${program} and the right to use it: ${error?.message ?? stderr}`, { cause: error })
}

function mount(at: string, ...args: string[]): void {
  run('mount', ...args, at)
  mounted.push(at)
}

async function withStore(run: (store: DiskStore) => Promise<void>): Promise<void> {
  const limits = { maxBytes: 1e9, maxEntries: 1e3, notFoundEntries: 10 }
  const store = createDiskStore({ dir, ...limits, log: { warn() {} }, scanDelayMs: 1e9 })
  await run(store).finally(() => store.close())
}

const put = (store: DiskStore, size: number, startedAt: number) => {
  const entry = toEntryOf(KEY, size, { startedAt })
  return store.set(entry.key, encodeEntry(entry), entry)
}

async function readStart(store: DiskStore): Promise<number | undefined> {
  return decodeEntry((await store.get(KEY)) ?? Buffer.alloc(0), KEY)?.startedAt
}

async function listTemps(): Promise<string[]> {
  return (await readdir(dir, { recursive: true })).filter((name) => name.endsWith('.tmp'))
}

function toFile(): string {
  const hash = sha256(KEY).toString('hex')
  return join(dir, hash.slice(0, 2), `${hash}.isr`)
}

describe('a limit that the system sets', () => {
  it.runIf(process.platform === 'linux')(
    'REL-18 REL-20 the system takes a part of the bytes, then no more: the old entry stays, and nothing else',
    async () => {
      // The largest file that this process may write is 64 kB: a write beyond it is short, the next one is refused.
      const limited = ['sh', '-c', 'trap "" XFSZ; ulimit -f 128; exec "$@"', 'sh']
      expect(await runStore(root, dir, ['set:1:1000', 'set:2:500000', 'get', 'set:3:1000', 'get'], limited)).toEqual([
        'stored',
        'EFBIG',
        1,
        'stored',
        3,
      ])
      expect(await listTemps()).toEqual([])
    },
  )
})

describe.runIf(isRoot)('a disk of its own', () => {
  it('REL-18 REL-20 full: the old entry stays, nothing is left behind, the first write after space returns works', async () => {
    mount(dir, '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs')
    await withStore(async (store) => {
      await put(store, 100_000, 1)
      const filler = join(dir, 'filler')
      for (const bytes of [880_000, 800_000, 600_000]) {
        await writeFile(filler, Buffer.alloc(bytes))
        await expect(put(store, 500_000, 2)).rejects.toMatchObject({ code: 'ENOSPC' })
        expect(await readStart(store)).toBe(1)
        expect(await listTemps()).toEqual([])
      }
      await rm(filler)
      await put(store, 500_000, 3)
      expect(await readStart(store)).toBe(3)
    })
  })

  it('REL-19 the same without inodes', async () => {
    mount(dir, '-t', 'tmpfs', '-o', 'size=1m,nr_inodes=10', 'tmpfs')
    await withStore(async (store) => {
      await put(store, 100, 1)
      const fillers = Array.from({ length: 7 }, (_, index) => join(dir, `filler${index}`))
      for (const filler of fillers) await writeFile(filler, '')
      await expect(put(store, 100, 2)).rejects.toMatchObject({ code: 'ENOSPC' })
      expect(await readStart(store)).toBe(1)
      expect(await listTemps()).toEqual([])
      await rm(fillers[0]!)
      await put(store, 100, 3)
      expect(await readStart(store)).toBe(3)
    })
  })

  it('REL-21 P1 P9 mounted read-only while it is used: it is read, not written, and written again afterwards', async () => {
    mount(dir, '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs')
    await withStore(async (store) => {
      await put(store, 100, 1)
      run('mount', '-o', 'remount,ro', dir)
      await put(store, 100, 2)
      expect(await readStart(store)).toBe(1)
      await expect(store.delete(KEY)).rejects.toMatchObject({ code: 'EROFS' })
      run('mount', '-o', 'remount,rw', dir)
    })
    await withStore(async (store) => {
      await put(store, 100, 3)
      expect(await readStart(store)).toBe(3)
    })
  })

  it('REL-30 folders on other file systems: the temporary file is in the folder of the entry, so a rename never crosses', async () => {
    const [other, shard] = [join(root, 'other'), dirname(toFile())]
    await mkdir(other)
    await mkdir(shard)
    mount(shard, '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs')
    mount(join(root, 'other'), '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs')
    await withStore(async (store) => {
      await put(store, 100, 1)
      expect(await readStart(store)).toBe(1)
    })
    run('umount', mounted.splice(0, 1)[0]!)
    // The cache folder itself is bound to a folder of another disk.
    mount(dir, '--bind', other)
    await withStore(async (store) => {
      await put(store, 100, 2)
      expect(await readStart(store)).toBe(2)
    })
    expect(await readdir(other)).toHaveLength(1)
  })
})

describe.runIf(isRoot)('system calls that fail (strace -e inject)', () => {
  const before = async () => expect(await runStore(root, dir, ['set:1:1000'])).toEqual(['stored'])
  const trace = (calls: string, error: string, ...more: string[]) => [
    'strace',
    '-f',
    '-qq',
    '-o',
    join(root, 'trace'),
    `--trace=${calls}`,
    `--inject=${calls}:error=${error}`,
    ...more,
  ]

  it.each([
    ['fsync,fdatasync', 'EIO'],
    ['fsync,fdatasync', 'ENOSPC'],
    ['pwrite64', 'EIO'],
    ['pwrite64', 'ENOSPC'],
    ['rename,renameat,renameat2', 'EIO'],
    ['rename,renameat,renameat2', 'EXDEV'],
  ])(
    'REL-21 REL-18 %s fails with %s: the error is told, the old entry stays, no temporary file',
    async (calls, error) => {
      await before()
      expect(await runStore(root, dir, ['set:2:100000', 'get'], trace(calls, error))).toEqual([error, 1])
      expect(await listTemps()).toEqual([])
      expect(await runStore(root, dir, ['set:3:1000', 'get'])).toEqual(['stored', 3])
    },
  )

  it('REL-20 a write that takes nothing, and says so, ends', async () => {
    await before()
    const short = ['strace', '-f', '-qq', '-o', join(root, 'trace'), '--inject=pwrite64:retval=0', '--trace=pwrite64']
    expect(await runStore(root, dir, ['set:2:1000', 'get'], short)).toEqual(['The disk took no more bytes', 1])
    expect(await listTemps()).toEqual([])
  })

  it.each([
    ['pread64', 'EIO'],
    ['openat', 'EIO'],
    ['openat', 'EACCES'],
  ])('REL-21 %s of the entry fails with %s: an error that the layers take for a miss', async (calls, error) => {
    await before()
    expect(await runStore(root, dir, ['get'], trace(calls, error, '-P', toFile()))).toEqual([error])
    // What cannot be read is replaced: its generation cannot be compared.
    expect(await runStore(root, dir, ['set:2:1000'], trace(calls, error, '-P', toFile()))).toEqual(['stored'])
    expect(await runStore(root, dir, ['get'])).toEqual([2])
  })

  it('REL-24 open fails with EMFILE for a while: tried again', async () => {
    await before()
    const some = trace('openat', 'EMFILE:when=1', '-P', toFile())
    expect(await runStore(root, dir, ['get'], some)).toEqual([1])
    expect(await runStore(root, dir, ['get'], trace('openat', 'EMFILE', '-P', toFile()))).toEqual(['EMFILE'])
  })
})
