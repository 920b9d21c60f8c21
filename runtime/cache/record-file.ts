import { constants } from 'node:fs'
import { toErrorCode } from './atomic-write.ts'
import { readHeader, RECORD_HEADER_BYTES, type RecordHeader } from './codec.ts'
import type { FileSystem, OpenFile } from './files.ts'

/** Neither through a link nor waiting for a pipe's other end. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
/** Up to this size a file is read at once; a larger one has to look like a record first. */
const TRUSTED_BYTES = 64 * 1024

/**
 * Reads the file of a record, unchecked but for its size.
 *
 * @returns undefined when there is no file; no bytes at all for what can be no record: a link, a folder, a file that is larger
 *   than `maxBytes` or whose header says another length. So what is damaged costs no more memory than it says itself.
 * @throws what the file system threw
 */
export function readRecordFile(
  path: string,
  { io, maxBytes }: { readonly io: FileSystem; readonly maxBytes: number },
): Promise<Buffer | undefined> {
  return withFile(path, io, NOTHING, async (file) => {
    const stats = await file.stat()
    if (!stats.isFile() || stats.size > maxBytes) return NOTHING
    if (stats.size <= TRUSTED_BYTES) return readBytes(file, stats.size)
    const header = readHeader(await readBytes(file, RECORD_HEADER_BYTES))
    return header?.length === stats.size ? readBytes(file, stats.size) : NOTHING
  })
}

/** What the file of a record says of itself, unchecked; undefined when there is none or nothing can be read from it. */
export function readRecordFileHeader(path: string, io: FileSystem): Promise<RecordHeader | undefined> {
  return withFile(path, io, undefined, async (file) => readHeader(await readBytes(file, RECORD_HEADER_BYTES)))
}

const NOTHING = Buffer.alloc(0)

async function withFile<T, L>(
  path: string,
  io: FileSystem,
  atLink: L,
  read: (file: OpenFile) => Promise<T>,
): Promise<T | L | undefined> {
  let file: OpenFile
  try {
    file = await io.open(path, READ_FLAGS)
  } catch (error) {
    const code = toErrorCode(error) ?? ''
    if (['ENOENT', 'ENOTDIR'].includes(code)) return undefined
    // The first is Linux's and macOS's word for it, the second FreeBSD's.
    if (['ELOOP', 'EMLINK'].includes(code)) return atLink
    throw error
  }
  try {
    return await read(file)
  } finally {
    await file.close()
  }
}

/** A buffer of exactly the size: a view may keep more alive than is looked at. */
async function readBytes(file: OpenFile, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}
