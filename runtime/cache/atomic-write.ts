import { randomBytes } from 'node:crypto'
import { files, type FileSystem, type OpenFile } from './files.ts'

export interface AtomicWriteOptions {
  /** The temporary file; it has to be in the folder of `path`, or the rename crosses file systems. Default: a random name beside it. */
  readonly temp?: string
  /** Permissions of a new file. Default: what the process gives to all its files. */
  readonly mode?: number
  /** Called when the temporary file is there and nothing is in it yet: what it throws ends the write. */
  readonly check?: () => Promise<void>
  /** Puts the temporary file in place when the bytes are safe on disk, or says false and leaves both. Default: `renameOver`. */
  readonly install?: () => Promise<boolean>
  readonly io?: FileSystem
}

/**
 * Puts a whole file in place: whoever reads `path`, at any time and after any crash, finds all of the old bytes or all of the
 * new ones. The temporary file is gone when this has settled, unless the process died.
 *
 * @returns false when `install` gave up
 * @throws what the file system threw; `path` then is as it was
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  { temp = toTempPath(path), mode = 0o666, check, install, io = files }: AtomicWriteOptions = {},
): Promise<boolean> {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  // Exclusive, so that a link that somebody put there is never followed. What is not ours is not removed either.
  const file = await io.open(temp, 'wx', mode)
  let isInPlace = false
  try {
    try {
      await check?.()
      await writeWhole(file, bytes)
    } finally {
      await file.close()
    }
    if (install) isInPlace = await install()
    else {
      await renameOver(temp, path, io)
      isInPlace = true
    }
    return isInPlace
  } finally {
    if (!isInPlace) await io.rm(temp, { force: true }).catch(() => {})
  }
}

/** @example `entries.pack` → `entries.pack.5f0c….tmp` */
export function toTempPath(path: string): string {
  return `${path}.${randomBytes(8).toString('hex')}.tmp`
}

/** A nearly full disk takes a part of the bytes without an error, so what arrived is counted. */
async function writeWhole(file: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.byteLength;) {
    const { bytesWritten } = await file.write(bytes, offset, bytes.byteLength - offset, offset)
    if (bytesWritten === 0) throw new Error('The disk took no more bytes')
    offset += bytesWritten
  }
  await file.sync()
  const { size } = await file.stat()
  if (size !== bytes.byteLength) throw new Error(`The disk kept ${size} of ${bytes.byteLength} bytes`)
}

const RENAME_TRIES = 5

/** Windows refuses to replace a file for as long as somebody reads it. */
export async function renameOver(from: string, to: string, io: Pick<FileSystem, 'rename'> = files): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await io.rename(from, to)
    } catch (error) {
      const isBusy = ['EPERM', 'EACCES', 'EBUSY'].includes(toErrorCode(error) ?? '')
      if (!isBusy || process.platform !== 'win32' || tries === RENAME_TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, 10 * tries))
    }
  }
}

/** The `code` of a file system error. */
export function toErrorCode(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
}
