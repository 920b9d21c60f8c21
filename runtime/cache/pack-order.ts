import { createHash } from 'node:crypto'
import { readSync, writeSync } from 'node:fs'
import { PACK_HEADER_BYTES, PACK_ID_BYTES, PACK_MAGIC, ROW_BYTES } from './pack-format.ts'
import { HASH_BYTES } from './rows.ts'

const CHUNK_BYTES = 1024 * 1024

/**
 * Copies the records of a pack into a new one in the order of the index, so that the same entries are the same files in
 * whichever order they were made.
 *
 * @param rows of the index; they get the new places
 * @returns the id of the new pack, which is that of its content, and its length
 */
export function copyInOrder(from: number, to: number, rows: Buffer): { id: Buffer; bytes: number } {
  const digest = createHash('sha256')
  let chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  let filled = 0
  let bytes = PACK_HEADER_BYTES

  function flush(): void {
    const part = chunk.subarray(0, filled)
    digest.update(part)
    writeWhole(to, part, bytes - filled)
    filled = 0
  }

  for (let row = HASH_BYTES; row < rows.length; row += ROW_BYTES) {
    const offset = rows.readUIntLE(row, 6)
    const length = rows.readUInt32LE(row + 6)
    if (filled + length > chunk.length) {
      flush()
      if (length > chunk.length) chunk = Buffer.allocUnsafeSlow(length)
    }
    readWhole(from, chunk.subarray(filled, filled + length), offset)
    rows.writeUIntLE(bytes, row, 6)
    filled += length
    bytes += length
  }
  flush()
  const id = digest.digest().subarray(0, PACK_ID_BYTES)
  writeWhole(to, Buffer.concat([PACK_MAGIC, id]), 0)
  return { id, bytes }
}

function readWhole(file: number, target: Buffer, position: number): void {
  for (let filled = 0; filled < target.length;) {
    const bytesRead = readSync(file, target, filled, target.length - filled, position + filled)
    if (bytesRead === 0) throw new Error('A record that was written is not there')
    filled += bytesRead
  }
}

function writeWhole(file: number, source: Buffer, position: number): void {
  for (let written = 0; written < source.length;) {
    const bytesWritten = writeSync(file, source, written, source.length - written, position + written)
    if (bytesWritten === 0) throw new Error('The disk took no more bytes')
    written += bytesWritten
  }
}
