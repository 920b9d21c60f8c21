import { randomBytes } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Entry, RouteManifest } from '../types.ts'
import { renameOver, toErrorCode, toTempPath, writeFileAtomic } from './atomic-write.ts'
import { encodeEntry } from './codec.ts'
import {
  encodeIndex,
  HASH_BYTES,
  INDEX_FILE,
  PACK_FILE,
  PACK_ID_BYTES,
  PACK_MAGIC,
  ROW_BYTES,
  toRowHash,
} from './pack-format.ts'

/** Writes the prerendered entries of a build. */
export interface PackWriter {
  /** Appends an entry. Wait for it before the next ones are made, and what waits to be written stays small. */
  add(entry: Entry): Promise<void>
  /** Appends the record of an entry, of which nothing is kept. Wait for it likewise. */
  append(record: Uint8Array, entry: Pick<Entry, 'key' | 'startedAt'>): Promise<void>
  /**
   * Puts the pack and then its index in place.
   *
   * @throws when two entries have the same key
   */
  finish(): Promise<RouteManifest['entries']>
  /** Removes what was written. The files of an earlier build stay. */
  abort(): Promise<void>
}

/** Records are written together: a call into the system for each would cost more than making it. */
const CHUNK_BYTES = 1024 * 1024
const FIRST_ROWS = 1024
const MAX_ROWS = 2 ** 24
const ROW_MASK = BigInt(MAX_ROWS - 1)

/**
 * @param dir the folder of `route-manifest.json`; it is made when it is not there
 * @example
 * const pack = await createPackWriter('dist/isr')
 * await pack.add(entry)
 * const entries = await pack.finish()
 */
export async function createPackWriter(dir: string): Promise<PackWriter> {
  await mkdir(dir, { recursive: true })
  const path = join(dir, PACK_FILE)
  const temp = toTempPath(path)
  const file = await open(temp, 'wx')
  const id = randomBytes(PACK_ID_BYTES)
  const rows = createRows()
  /** Written ones, to be filled again: a new one for each million bytes would be garbage that is costly to collect. */
  const spares: Uint8Array[] = []
  let chunk: Uint8Array = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  let filled = 0
  let bytes = 0
  let newestStartedAt = 0
  let written = Promise.resolve()
  /** All writes but the last: who waits for it lets one chunk be filled while another one is written. */
  let before = written
  let isOpen = true

  /** Sends a chunk behind those before it. A failure is everybody's from then on. */
  function send(): void {
    const full = chunk.subarray(0, filled)
    chunk = spares.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES)
    filled = 0
    before = written
    written = written.then(async () => {
      await writeAll(full)
      spares.push(new Uint8Array(full.buffer))
    })
    // Heard by whoever adds or finishes next.
    written.catch(() => {})
  }

  function put(part: Uint8Array): void {
    for (let offset = 0; offset < part.byteLength;) {
      const piece = part.subarray(offset, offset + CHUNK_BYTES - filled)
      chunk.set(piece, filled)
      filled += piece.byteLength
      offset += piece.byteLength
      if (filled === CHUNK_BYTES) send()
    }
    bytes += part.byteLength
  }

  async function writeAll(records: Uint8Array): Promise<void> {
    for (let offset = 0; offset < records.length;) {
      const { bytesWritten } = await file.write(records, offset)
      if (bytesWritten === 0) throw new Error('The disk took no more bytes')
      offset += bytesWritten
    }
  }

  async function append(record: Uint8Array, { key, startedAt }: Pick<Entry, 'key' | 'startedAt'>): Promise<void> {
    if (!isOpen) throw new Error('The pack is finished')
    rows.add(toRowHash(key), bytes, record.byteLength)
    newestStartedAt = Math.max(newestStartedAt, startedAt)
    put(record)
    await before
  }

  async function install(): Promise<void> {
    try {
      await renameOver(temp, path)
    } catch (error) {
      if (toErrorCode(error) !== 'ENOENT') throw error
      // A build begins with removing the files of the one before.
      throw new Error(`${temp} is gone: does another build write into ${dir} at the same time?`, { cause: error })
    }
  }

  async function close(): Promise<void> {
    if (!isOpen) return
    isOpen = false
    await file.close()
  }

  put(PACK_MAGIC)
  put(id)

  return {
    add: (entry) => append(encodeEntry(entry), entry),
    append,

    async finish() {
      const sorted = rows.toSorted()
      send()
      await written
      await file.sync()
      const { size } = await file.stat()
      if (size !== bytes) throw new Error(`The disk kept ${size} of ${bytes} bytes of ${PACK_FILE}`)
      await close()
      const index = encodeIndex(sorted, { id, bytes, newestStartedAt })
      await install()
      await writeFileAtomic(join(dir, INDEX_FILE), index)
      return { id: id.toString('hex'), pack: PACK_FILE, index: INDEX_FILE, count: sorted.length / ROW_BYTES, bytes }
    },

    async abort() {
      await written.catch(() => {})
      await close()
      await rm(temp, { force: true })
    },
  }
}

/** Rows in one growing buffer: an object for each of a million pages would be the largest thing in the build. */
function createRows() {
  let rows = Buffer.allocUnsafeSlow(FIRST_ROWS * ROW_BYTES)
  let count = 0

  return {
    add(hash: Buffer, offset: number, length: number): void {
      if (rows.length === count * ROW_BYTES) {
        const larger = Buffer.allocUnsafeSlow(2 * rows.length)
        rows.copy(larger)
        rows = larger
      }
      const row = count * ROW_BYTES
      hash.copy(rows, row)
      rows.writeUIntLE(offset, row + HASH_BYTES, 6)
      rows.writeUInt32LE(length, row + HASH_BYTES + 6)
      count += 1
    },

    toSorted(): Buffer {
      const order = toRoughOrder(rows, count)
      const sorted = Buffer.allocUnsafeSlow(count * ROW_BYTES)
      for (const [position, index] of order.entries()) {
        let target = position * ROW_BYTES
        // Few rows share the bytes that they were ordered by: those take a step back.
        while (target > 0 && compareHashes(rows, index * ROW_BYTES, sorted, target - ROW_BYTES) < 0) {
          sorted.copy(sorted, target, target - ROW_BYTES, target)
          target -= ROW_BYTES
        }
        rows.copy(sorted, target, index * ROW_BYTES, (index + 1) * ROW_BYTES)
        if (target > 0 && compareHashes(sorted, target, sorted, target - ROW_BYTES) === 0) {
          throw new Error('Two prerendered entries have the same key')
        }
      }
      return sorted
    },
  }
}

/** Row numbers by the first 40 bits of their hashes: numbers in a typed array are sorted natively. */
function toRoughOrder(rows: Buffer, count: number): Uint32Array {
  if (count > MAX_ROWS) throw new RangeError(`A build has at most ${MAX_ROWS} prerendered pages, not ${count}`)
  const keys = new BigUint64Array(count)
  for (let index = 0; index < count; index++) {
    keys[index] = (rows.readBigUInt64BE(index * ROW_BYTES) & ~ROW_MASK) | BigInt(index)
  }
  return Uint32Array.from(keys.sort(), (key) => Number(key & ROW_MASK))
}

function compareHashes(first: Buffer, firstRow: number, second: Buffer, secondRow: number): number {
  return first.compare(second, secondRow, secondRow + HASH_BYTES, firstRow, firstRow + HASH_BYTES)
}
