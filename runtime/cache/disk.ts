import { join } from 'node:path'
import { IsrError, toErrorMessage } from '../errors.ts'
import { toErrorCode } from './atomic-write.ts'
import { readHeader } from './codec.ts'
import { createDiskIndex, type DiskLimits } from './disk-index.ts'
import { scanDisk } from './disk-scan.ts'
import { files, type FileSystem } from './files.ts'
import type { RepairableStore } from './guarded-store.ts'
import { createLimit } from './limit.ts'
import { readRecordFile } from './record-file.ts'
import { createRecordWriter } from './record-writer.ts'
import { withRetry } from './retry.ts'
import { sha256Hex as toHash } from './sha256.ts'
import { createTempNames, createWriter } from './temp-name.ts'

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

/**
 * Keeps each entry in a file of its own, `<dir>/<aa>/<SHA-256 of the key>.isr`: a name of fixed length and alphabet whatever
 * the URL was. Files are replaced by renaming, never written in place.
 */
export function createDiskStore(options: DiskStoreOptions): DiskStore {
  const { dir, log, maxBytes } = options
  const { io = files, now = Date.now, random = Math.random, wait = sleep, scanDelayMs = 1000 } = options
  const index = createDiskIndex(options)
  const temps = createTempNames(createWriter())
  const writeRecord = createRecordWriter({ dir, io, temps, maxBytes, now, wait })
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

  const toPath = (hash: string, extension = 'isr') => join(dir, hash.slice(0, 2), `${hash}.${extension}`)
  const retried = <T>(work: () => Promise<T>) => withRetry(work, { random, wait })

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
        const isWritten = await limitWrites(() => retried(() => writeRecord(key, toPath(hash), value)))
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
