import { findRow, HASH_BYTES } from './rows.ts'
import { sha256 } from './sha256.ts'

/*
 * entries.pack: "ISRP", version, 16 random bytes, then the records of the entries one after the other.
 *
 * entries.index: a header, one row per entry sorted by hash, and the SHA-256 of all before it.
 *
 *   header   0  magic "ISRI"        row   0  first 16 bytes of the SHA-256 of the key
 *            4  version, uint32          16  offset of the record in the pack, uint48
 *            8  count, uint32            22  length of the record, uint32
 *           12  the pack's random bytes
 *           28  length of the pack, float64
 *           36  the latest startedAt, float64
 *           44  when the build began to look at its pages, float64: entries are at least as new
 *
 * Numbers are little-endian. The random bytes are in the manifest too: the three files are put in place one after the other, and
 * two builds into one folder may take turns.
 */
export const PACK_FILE = 'entries.pack'
export const INDEX_FILE = 'entries.index'
export const PACK_MAGIC = Buffer.from('ISRP\x01\0\0\0', 'latin1')
export const PACK_ID_BYTES = 16
export const PACK_HEADER_BYTES = PACK_MAGIC.length + PACK_ID_BYTES
export const ROW_BYTES = HASH_BYTES + 6 + 4

const INDEX_MAGIC = Buffer.from('ISRI\x02\0\0\0', 'latin1')
const INDEX_HEADER_BYTES = 52
const CHECKSUM_BYTES = 32

/** What the index says of the pack as a whole. */
export interface PackFacts {
  readonly id: Buffer
  readonly bytes: number
  readonly newestStartedAt: number
  /** Pages that an earlier build made were found to be up to date then, in milliseconds since the epoch; 0 where there are none. */
  readonly checkedAt: number
}

/** Where a record is. */
export interface RecordPlace {
  readonly offset: number
  readonly length: number
}

/** The sorted rows of an index. */
export interface PackIndex extends PackFacts {
  readonly count: number
  find(key: string): RecordPlace | undefined
  /** The same for who has the hash of the key. */
  findHash(hash: Buffer): RecordPlace | undefined
}

/** What rows are sorted by. */
export function toRowHash(key: string): Buffer {
  return sha256(key).subarray(0, HASH_BYTES)
}

/** @param rows sorted, without gaps */
export function encodeIndex(rows: Buffer, facts: PackFacts): Buffer {
  const index = Buffer.allocUnsafeSlow(INDEX_HEADER_BYTES + rows.length + CHECKSUM_BYTES)
  INDEX_MAGIC.copy(index)
  index.writeUInt32LE(rows.length / ROW_BYTES, 8)
  facts.id.copy(index, 12)
  index.writeDoubleLE(facts.bytes, 28)
  index.writeDoubleLE(facts.newestStartedAt, 36)
  index.writeDoubleLE(facts.checkedAt, 44)
  rows.copy(index, INDEX_HEADER_BYTES)
  const end = INDEX_HEADER_BYTES + rows.length
  sha256(index.subarray(0, end)).copy(index, end)
  return index
}

/**
 * Reads an index without making anything per row: a million rows are one buffer of 26 MB and open in the time that its
 * checksum takes.
 *
 * @returns undefined when it is damaged
 */
export function parseIndex(index: Buffer): PackIndex | undefined {
  if (index.length < INDEX_HEADER_BYTES + CHECKSUM_BYTES) return undefined
  const count = index.readUInt32LE(8)
  const end = INDEX_HEADER_BYTES + count * ROW_BYTES
  if (!index.subarray(0, INDEX_MAGIC.length).equals(INDEX_MAGIC) || end + CHECKSUM_BYTES !== index.length)
    return undefined
  if (!sha256(index.subarray(0, end)).equals(index.subarray(end))) return undefined
  const bytes = index.readDoubleLE(28)

  function findHash(hash: Buffer): RecordPlace | undefined {
    const row = findRow(index, { start: INDEX_HEADER_BYTES, count, rowBytes: ROW_BYTES }, hash)
    if (row === undefined) return undefined
    const offset = index.readUIntLE(row + HASH_BYTES, 6)
    const length = index.readUInt32LE(row + HASH_BYTES + 6)
    // Its buffer is made before there are bytes to check.
    return { offset, length: Math.max(0, Math.min(length, bytes - offset)) }
  }

  return {
    id: index.subarray(12, 12 + PACK_ID_BYTES),
    bytes,
    newestStartedAt: index.readDoubleLE(36),
    checkedAt: index.readDoubleLE(44),
    count,
    find: (key) => findHash(toRowHash(key)),
    findHash,
  }
}
