import * as fs from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { IsrError, toErrorMessage } from '../errors.ts'
import { renameOver, toErrorCode, writeFileAtomic, type FileSystem } from './atomic-write.ts'
import { decodeEntry, readHeader } from './codec.ts'
import { createDiskIndex, type DiskLimits } from './disk-index.ts'
import { scanDisk } from './disk-scan.ts'
import type { RepairableStore } from './guarded-store.ts'
import { createLimit } from './limit.ts'
import { readRecordFile, readRecordFileHeader } from './record-file.ts'
import { withRetry } from './retry.ts'
import { sha256 } from './sha256.ts'
import { createTempNames, createWriter } from './temp-name.ts'
import { inTurn } from './turn.ts'

export interface DiskStoreOptions extends DiskLimits {
  /** The folder; it is made with the first write. Several processes may share it. */
  readonly dir: string
  readonly log: { warn(line: string): void }
  /** For tests. */
  readonly io?: FileSystem
  readonly now?: () => number
  readonly random?: () => number
  readonly wait?: (ms: number) => Promise<void>
  /** When to look through the folder after the start, so that the first requests have the disk to themselves. Default 1000. */
  readonly scanDelayMs?: number
}

/** A store in a folder. */
export interface DiskStore extends RepairableStore {
  setAside(key: string): Promise<void>
  close(): Promise<void>
  /** Counts what is there, sweeps what dead writers left, and deletes what is too much. It runs by itself in the background. */
  scan(): Promise<void>
}

/** Threads of the system's pool are few, and a write holds one until the disk has its bytes. */
const WRITES_AT_A_TIME = 2
const READS_AT_A_TIME = 16
/** Damaged files that are kept for whoever wants to know what happened. */
const MAX_SET_ASIDE = 16
/** Larger ones are deleted: what is set aside is not counted. */
const MAX_SET_ASIDE_BYTES = 4 * 1024 * 1024
/** How long a folder that cannot be written is left alone. */
const READ_ONLY_MS = 60_000
/** Other processes add files too. */
const RESCAN_MS = 15 * 60_000
/** A disk that is busy, or has to wake up, is not dead: these are far above what one needs that works. */
const LIMITS = { readMs: 2000, writeMs: 10_000 }
/** A record from this far in the future was made by a wrong clock: it does not outrank ours. */
const FUTURE_MS = 60_000

/**
 * Keeps each entry in a file of its own, `<dir>/<aa>/<SHA-256 of the key>.isr`: a name of fixed length and alphabet whatever
 * the URL was. Files are replaced by renaming, never written in place.
 *
 * The folder and those in it are real folders, made here: nothing is written through a link that took the place of one. The
 * folder around it may be a link.
 *
 * A write is left out when the file is a whole record of a generation that started later, which another process may have put
 * there. Processes take turns at that look and the rename after it, so of two generations the later one stays, whichever was
 * written last; unless a process is stopped for a second in the middle of its turn, or the file system has no symbolic links.
 */
export function createDiskStore(options: DiskStoreOptions): DiskStore {
  const { dir, log, maxBytes } = options
  const { io = fs, now = Date.now, random = Math.random, wait = sleep, scanDelayMs = 1000 } = options
  const index = createDiskIndex(options)
  const temps = createTempNames(createWriter())
  const limitReads = createLimit(READS_AT_A_TIME)
  const limitWrites = createLimit(WRITES_AT_A_TIME)
  let readOnlySince: number | undefined
  let hasWarned = false
  let setAsideCount = 0
  let scanning: Promise<void> | undefined
  let lastScan = now()
  let isClosed = false
  const firstScan = setTimeout(() => void scan(), scanDelayMs)
  firstScan.unref()

  const toHash = (key: string) => sha256(key).toString('hex')
  const toPath = (hash: string, extension = 'isr') => join(dir, hash.slice(0, 2), `${hash}.${extension}`)
  const retried = <T>(work: () => Promise<T>) => withRetry(work, { random, wait })

  async function write(key: string, path: string, value: Uint8Array): Promise<boolean> {
    const temp = temps.create(path)
    const startedAt = readHeader(value)?.startedAt
    return writeFileAtomic(path, value, {
      temp,
      mode: 0o600,
      io,
      async check() {
        await requireFolder(dir)
        await requireFolder(dirname(path))
      },
      install: () =>
        inTurn(path, { temp, temps, io, now, wait }, async () => {
          if (await hasLater(key, path, startedAt).catch(() => false)) return false
          await renameOver(temp, path, io)
          return true
        }),
    })
  }

  async function hasLater(key: string, path: string, startedAt = Infinity): Promise<boolean> {
    const there = await readRecordFileHeader(path, io)
    if (!there || there.startedAt <= startedAt || there.startedAt > now() + FUTURE_MS) return false
    // A damaged file must not keep a good one out. It seldom comes to this, so all of it may be read.
    const bytes = await readRecordFile(path, { io, maxBytes })
    return bytes !== undefined && decodeEntry(bytes, key) !== undefined
  }

  async function requireFolder(folder: string): Promise<void> {
    if ((await io.lstat(folder)).isDirectory()) return
    throw new IsrError(
      'ISR_STORE',
      `${folder} is a link or a file where a folder of the cache should be. Nothing is written there until it is removed`,
    )
  }

  /** The folder may be new, or may have been deleted while the server runs. */
  async function writeInFolder(key: string, path: string, value: Uint8Array): Promise<boolean> {
    try {
      return await write(key, path, value)
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR'].includes(toErrorCode(error) ?? '')) throw error
      await io.mkdir(dirname(dir), { recursive: true, mode: 0o700 })
      for (const folder of [dir, dirname(path)]) await makeFolder(folder)
      return write(key, path, value)
    }
  }

  /** Never through a link, as it would be with `recursive`. */
  async function makeFolder(folder: string): Promise<void> {
    try {
      await io.mkdir(folder, { mode: 0o700 })
    } catch (error) {
      if (toErrorCode(error) !== 'EEXIST') throw error
    }
    await requireFolder(folder)
  }

  function isReadOnly(): boolean {
    if (readOnlySince === undefined) return false
    const age = now() - readOnlySince
    return age >= 0 && age < READ_ONLY_MS
  }

  function settleReadOnly(error: unknown): void {
    readOnlySince = now()
    if (hasWarned) return
    hasWarned = true
    log.warn(
      `[vite-plugin-isr] code=ISR_CACHE_DIR: the cache folder ${dir} cannot be written (${toErrorMessage(error)}). ` +
        'Pages are kept in memory only and are made anew after a restart. ' +
        'Set ISR_CACHE_DIR or the option cache.dir to a folder that can be written.',
    )
  }

  async function removeExcess(): Promise<void> {
    for (const hash of index.takeExcess()) {
      if (!index.has(hash)) await io.rm(toPath(hash), { force: true }).catch(() => {})
    }
  }

  function scan(): Promise<void> {
    return (scanning ??= scanOnce().finally(() => {
      scanning = undefined
      lastScan = now()
    }))
  }

  async function scanOnce(): Promise<void> {
    const isStopped = () => isClosed
    setAsideCount = await scanDisk({ dir, io, index, temps, now, isStopped, maxSetAside: MAX_SET_ASIDE })
    await removeExcess()
  }

  return {
    limits: LIMITS,

    async get(key) {
      const hash = toHash(key)
      const bytes = await limitReads(() => retried(() => readRecordFile(toPath(hash), { io, maxBytes })))
      if (bytes) index.touch(hash, bytes.byteLength, readHeader(bytes)?.kind === 'page')
      else index.remove(hash)
      return bytes
    },

    async set(key, value, meta) {
      if (isReadOnly()) return
      if (value.byteLength > maxBytes) {
        throw new IsrError('ISR_STORE', `${key} has ${value.byteLength} bytes, more than all of cache.diskBytes`)
      }
      const hash = toHash(key)
      try {
        const isWritten = await limitWrites(() => retried(() => writeInFolder(key, toPath(hash), value)))
        readOnlySince = undefined
        hasWarned = false
        if (!isWritten) return
      } catch (error) {
        if (!isForbidden(error)) throw error
        settleReadOnly(error)
        return
      }
      index.touch(hash, value.byteLength, meta.kind === 'page')
      await removeExcess()
      if (now() - lastScan > RESCAN_MS && !isClosed) void scan()
    },

    async delete(key) {
      const hash = toHash(key)
      index.remove(hash)
      await io.rm(toPath(hash), { force: true })
    },

    async setAside(key) {
      const hash = toHash(key)
      index.remove(hash)
      const path = toPath(hash)
      try {
        const { size } = await io.lstat(path)
        const isKept = setAsideCount < MAX_SET_ASIDE && size <= MAX_SET_ASIDE_BYTES
        if (!isKept) return await io.rm(path, { force: true, recursive: true })
        setAsideCount += 1
        await io.rename(path, toPath(hash, 'bad'))
      } catch (error) {
        // Another process was first. Or there is something that has the new name and is in the way.
        if (toErrorCode(error) !== 'ENOENT') await io.rm(path, { force: true, recursive: true })
      }
    },

    scan,

    async close() {
      isClosed = true
      clearTimeout(firstScan)
      await scanning
    },
  }
}

/** Opening or creating is what a folder forbids; a rename that is refused is another process in the way. */
function isForbidden(error: unknown): boolean {
  const { syscall } = error as NodeJS.ErrnoException
  const code = toErrorCode(error) ?? ''
  return code === 'EROFS' || (['EACCES', 'EPERM'].includes(code) && (syscall === 'open' || syscall === 'mkdir'))
}

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
