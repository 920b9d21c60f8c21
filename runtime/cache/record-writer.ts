import { dirname } from 'node:path'
import { IsrError } from '../errors.ts'
import { renameOver, toErrorCode, writeFileAtomic } from './atomic-write.ts'
import { decodeEntry, readHeader } from './codec.ts'
import type { FileSystem } from './files.ts'
import { readRecordFile, readRecordFileHeader } from './record-file.ts'
import type { TempNames } from './temp-name.ts'
import { inTurn } from './turn.ts'

interface RecordWriterOptions {
  readonly dir: string
  readonly io: FileSystem
  readonly temps: TempNames
  /** No file is larger. */
  readonly maxBytes: number
  readonly now: () => number
  readonly wait: (ms: number) => Promise<void>
}

/**
 * Writes the record of a key to `<dir>/<aa>/<file>`; folders that are missing are made.
 *
 * @returns false when a later generation is there
 * @throws what the file system threw, or `IsrError` `ISR_STORE` where a link is in the way; the file then is as it was
 */
type WriteRecord = (key: string, path: string, value: Uint8Array) => Promise<boolean>

/** A record from this far in the future was made by a wrong clock: it does not outrank ours. */
const FUTURE_MS = 60_000

/**
 * The folder and those in it are real folders, made here: nothing is written through a link that took the place of one. The
 * folder around it may be a link.
 *
 * A write is left out when the file is a whole record of a generation that started later, which another process may have put
 * there. Processes take turns at that look and the rename after it, so of two generations the later one stays, whichever was
 * written last; unless a process is stopped for a second in the middle of its turn, or the file system has no symbolic links.
 */
export function createRecordWriter({ dir, io, temps, maxBytes, now, wait }: RecordWriterOptions): WriteRecord {
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

  /** Never through a link, as it would be with `recursive`. */
  async function makeFolder(folder: string): Promise<void> {
    try {
      await io.mkdir(folder, { mode: 0o700 })
    } catch (error) {
      if (toErrorCode(error) !== 'EEXIST') throw error
    }
    await requireFolder(folder)
  }

  return async (key, path, value) => {
    try {
      return await write(key, path, value)
    } catch (error) {
      // The folder may be new, or may have been deleted while the server runs.
      if (!['ENOENT', 'ENOTDIR'].includes(toErrorCode(error) ?? '')) throw error
      await io.mkdir(dirname(dir), { recursive: true, mode: 0o700 })
      for (const folder of [dir, dirname(path)]) await makeFolder(folder)
      return write(key, path, value)
    }
  }
}
