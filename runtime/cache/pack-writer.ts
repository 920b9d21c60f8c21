import { randomBytes } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Entry, RouteManifest } from '../types.ts'
import { renameOver, toErrorCode, toTempPath, writeFileAtomic } from './atomic-write.ts'
import { encodeEntry } from './codec.ts'
import { encodeIndex, INDEX_FILE, PACK_FILE, PACK_ID_BYTES, PACK_MAGIC, ROW_BYTES, toRowHash } from './pack-format.ts'
import { copyInOrder } from './pack-order.ts'
import { createRows, HASH_BYTES } from './rows.ts'

/** What the index has to know of an entry. */
export interface PackedEntry extends Pick<Entry, 'key' | 'startedAt'> {
  /** `toRowHash` of the key, for who has made it already. */
  readonly hash?: Buffer
}

/** Writes the prerendered entries of a build. */
export interface PackWriter {
  /** Appends an entry. Wait for it before the next ones are made, and what waits to be written stays small. */
  add(entry: Entry): Promise<void>
  /** Appends the record of an entry, of which nothing is kept. Wait for it likewise. */
  append(record: Uint8Array, entry: PackedEntry): Promise<void>
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

/** The disk works on so many at a time. */
const SYNC_BYTES = 8 * CHUNK_BYTES

export interface PackWriterOptions {
  /**
   * Makes the same files of the same entries, in whichever order they come. They are copied once more for that. Default:
   * false.
   */
  readonly reproducible?: boolean
  /**
   * Entries that are older are those of an earlier build, and were found to be up to date at this time: it is theirs from now
   * on. Milliseconds since the epoch. Default: all keep their own.
   */
  readonly checkedAt?: number
}

/**
 * @param dir the folder of `route-manifest.json`; it is made when it is not there
 * @example
 * const pack = await createPackWriter('dist/isr')
 * await pack.add(entry)
 * const entries = await pack.finish()
 */
export async function createPackWriter(
  dir: string,
  { reproducible = false, checkedAt = 0 }: PackWriterOptions = {},
): Promise<PackWriter> {
  await mkdir(dir, { recursive: true })
  const path = join(dir, PACK_FILE)
  let temp = toTempPath(path)
  let file = await open(temp, 'wx+')
  let id: Buffer = randomBytes(PACK_ID_BYTES)
  const rows = createRows(ROW_BYTES)
  /** Written ones, to be filled again: a new one for each million bytes would be garbage that is costly to collect. */
  const spares: Uint8Array[] = []
  let chunk: Uint8Array = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  let filled = 0
  let bytes = 0
  let newestStartedAt = checkedAt
  let written = Promise.resolve()
  /** All writes but the last: who waits for it lets one chunk be filled while another one is written. */
  let before = written
  let isOpen = true
  let unsynced = 0
  let isSyncing = false
  let synced = Promise.resolve()

  /** Sends a chunk behind those before it. A failure is everybody's from then on. */
  function send(): void {
    const full = chunk.subarray(0, filled)
    chunk = spares.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES)
    filled = 0
    before = written
    written = written.then(async () => {
      await writeAll(full)
      spares.push(new Uint8Array(full.buffer))
      // Of what is copied once more nothing has to be kept.
      if (!reproducible) syncInPassing(full.byteLength)
    })
    // Heard by whoever adds or finishes next.
    written.catch(() => {})
  }

  /** Brings bytes to the disk while others are made, so that little is left to wait for at the end. */
  function syncInPassing(size: number): void {
    unsynced += size
    if (unsynced < SYNC_BYTES || isSyncing) return
    unsynced = 0
    isSyncing = true
    synced = file.datasync().then(() => void (isSyncing = false))
    // Heard at the end: the system tells of a failure once, so nothing may come after it.
    synced.catch(() => {})
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

  async function append(record: Uint8Array, { key, startedAt, hash = toRowHash(key) }: PackedEntry): Promise<void> {
    if (!isOpen) throw new Error('The pack is finished')
    rows.add(hash, toPlace(bytes, record.byteLength))
    newestStartedAt = Math.max(newestStartedAt, startedAt)
    put(record)
    await before
  }

  async function reorder(sorted: Buffer): Promise<void> {
    const unordered = { temp, file }
    const ordered = toTempPath(path)
    file = await open(ordered, 'wx')
    temp = ordered
    try {
      const made = copyInOrder(unordered.file.fd, file.fd, sorted)
      id = made.id
      bytes = made.bytes
    } finally {
      await unordered.file.close()
      await rm(unordered.temp, { force: true })
    }
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
      await synced
      if (reproducible) await reorder(sorted)
      await file.sync()
      const { size } = await file.stat()
      if (size !== bytes) throw new Error(`The disk kept ${size} of ${bytes} bytes of ${PACK_FILE}`)
      await close()
      const index = encodeIndex(sorted, { id, bytes, newestStartedAt, checkedAt })
      await install()
      await writeFileAtomic(join(dir, INDEX_FILE), index)
      return { id: id.toString('hex'), pack: PACK_FILE, index: INDEX_FILE, count: sorted.length / ROW_BYTES, bytes }
    },

    async abort() {
      await written.catch(() => {})
      await synced.catch(() => {})
      await close()
      await rm(temp, { force: true })
    },
  }
}

function toPlace(offset: number, length: number): Buffer {
  const place = Buffer.allocUnsafe(ROW_BYTES - HASH_BYTES)
  place.writeUIntLE(offset, 0, 6)
  place.writeUInt32LE(length, 6)
  return place
}
