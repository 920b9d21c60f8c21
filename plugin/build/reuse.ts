import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { constants, copyFile, link, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { renameOver, toTempPath, writeFileAtomic } from '../../runtime/cache/atomic-write.ts'
import { readFacts, type RecordFacts } from '../../runtime/cache/codec.ts'
import {
  INDEX_FILE,
  PACK_FILE,
  PACK_HEADER_BYTES,
  PACK_ID_BYTES,
  PACK_MAGIC,
  parseIndex,
  toRowHash,
  type RecordPlace,
} from '../../runtime/cache/pack-format.ts'
import { createRows, findRow, HASH_BYTES } from '../../runtime/cache/rows.ts'
import { sha256 } from '../../runtime/cache/sha256.ts'
import type { RouteManifest } from '../../runtime/types.ts'

/** Pages of the build before, and what the next build has to know of the pages of this one. */
export interface Reuse {
  /** Stands for all that pages are made from beside their data. */
  readonly inputs: string
  /** What is known of a page that can be had from the build before. */
  find(key: string): Known | undefined
  /** The record of that page, which is there until the next one is read; undefined when it is damaged. */
  read(key: string, hash: Buffer): EarlierPage | undefined
  /** Says what a page of this build was made from. @param hash as `toRowHash` makes it of the key */
  note(hash: Buffer, fingerprint: string): void
  /**
   * Keeps the entries of this build for the next one, in the place of those before.
   *
   * @param dir where `entries.pack` and `entries.index` are
   * @throws what the file system threw; the next build then makes all pages
   */
  keep(dir: string, entries: Pick<RouteManifest['entries'], 'id'>): Promise<void>
  close(): void
}

/** Who knows a page by its key knows it by this. */
export interface Known {
  /** `toRowHash` of its key: made once, as it takes longer than all else that is done to find a page. */
  readonly hash: Buffer
  readonly fingerprint: string
}

/** A page of the build before. */
export interface EarlierPage extends RecordFacts {
  readonly record: Uint8Array
}

/*
 * entries.fingerprints: a header, one row per page sorted by hash, and the SHA-256 of all before it.
 *
 *   header   0  magic "ISRF", version        row   0  first 16 bytes of the SHA-256 of the key
 *            8  the pack's random bytes           16  the fingerprint
 *           24  the inputs
 *           40  count, uint32
 */
const FINGERPRINTS_FILE = 'entries.fingerprints'
const MAGIC = Buffer.from('ISRF\x01\0\0\0', 'latin1')
const INPUTS_AT = MAGIC.length + PACK_ID_BYTES
const FINGERPRINT_BYTES = 16
const HEADER_BYTES = INPUTS_AT + FINGERPRINT_BYTES + 4
const ROW_BYTES = HASH_BYTES + FINGERPRINT_BYTES
const CHECKSUM_BYTES = 32

/** Records that lie side by side are read together; those of one batch of pages lie in any order. */
const WINDOW_BYTES = 256 * 1024
const SLACK_BYTES = WINDOW_BYTES / 8

type Earlier = Pick<Reuse, 'find' | 'read' | 'close'>

/**
 * Opens what the build before left for this one. Its files belong together by the random bytes of the pack: what is damaged,
 * of two builds, or made from other inputs is as good as nothing.
 *
 * @param dir a folder in Vite's `cacheDir`; it need not exist
 * @param inputs 32 hexadecimal digits
 * @param now milliseconds since the epoch
 */
export async function openReuse(dir: string, inputs: string, now: number): Promise<Reuse> {
  const earlier = await openEarlier(dir, inputs, now).catch(() => undefined)
  const rows = createRows(ROW_BYTES)
  /** Copied at once. */
  const noted = Buffer.alloc(FINGERPRINT_BYTES)
  let count = 0

  return {
    inputs,
    find: (key) => earlier?.find(key),
    read: (key, hash) => earlier?.read(key, hash),
    note(hash, fingerprint) {
      noted.write(fingerprint, 'hex')
      rows.add(hash, noted)
      count += 1
    },

    async keep(entriesDir, { id }) {
      await mkdir(dir, { recursive: true })
      // First of all, so that whatever ends this process leaves all of it or nothing that is used.
      await rm(join(dir, FINGERPRINTS_FILE), { force: true })
      await removeTemps(dir)
      for (const name of [PACK_FILE, INDEX_FILE]) await linkOver(join(entriesDir, name), join(dir, name))
      const header = Buffer.alloc(HEADER_BYTES)
      MAGIC.copy(header)
      header.write(id, MAGIC.length, 'hex')
      header.write(inputs, INPUTS_AT, 'hex')
      header.writeUInt32LE(count, HEADER_BYTES - 4)
      const table = Buffer.concat([header, rows.toSorted()])
      await writeFileAtomic(join(dir, FINGERPRINTS_FILE), Buffer.concat([table, sha256(table)]))
    },

    close: () => earlier?.close(),
  }
}

async function openEarlier(dir: string, inputs: string, now: number): Promise<Earlier | undefined> {
  const table = await readFile(join(dir, FINGERPRINTS_FILE))
  const end = table.length - CHECKSUM_BYTES
  if (end < HEADER_BYTES || !table.subarray(0, MAGIC.length).equals(MAGIC)) return undefined
  if (!sha256(table.subarray(0, end)).equals(table.subarray(end))) return undefined
  if (table.toString('hex', INPUTS_AT, INPUTS_AT + FINGERPRINT_BYTES) !== inputs) return undefined
  const count = table.readUInt32LE(HEADER_BYTES - 4)
  if (HEADER_BYTES + count * ROW_BYTES !== end) return undefined

  const id = table.subarray(MAGIC.length, INPUTS_AT)
  const index = parseIndex(await readFile(join(dir, INDEX_FILE)))
  // What a wrong clock made would be newer than all that comes after it.
  if (!index?.id.equals(id) || index.newestStartedAt > now) return undefined
  const file = openSync(join(dir, PACK_FILE), 'r')
  const header = Buffer.alloc(PACK_HEADER_BYTES)
  readSync(file, header, 0, PACK_HEADER_BYTES, 0)
  if (!header.equals(Buffer.concat([PACK_MAGIC, id])) || fstatSync(file).size !== index.bytes) {
    closeSync(file)
    return undefined
  }
  const readRecord = createWindow(file)
  const rowsOfTable = { start: HEADER_BYTES, count, rowBytes: ROW_BYTES }

  return {
    find(key) {
      const hash = toRowHash(key)
      const row = findRow(table, rowsOfTable, hash)
      return row === undefined
        ? undefined
        : { hash, fingerprint: table.toString('hex', row + HASH_BYTES, row + ROW_BYTES) }
    },
    read(key, hash) {
      const place = index.findHash(hash)
      if (!place) return undefined
      const record = readRecord(place)
      const facts = readFacts(record, key)
      return facts && { ...facts, record }
    },
    close: () => closeSync(file),
  }
}

/** Reads parts of a file that lie more or less in order. What is returned is as it is until the next one is read. */
function createWindow(file: number): (place: RecordPlace) => Buffer {
  const window = Buffer.allocUnsafeSlow(WINDOW_BYTES)
  let start = 0
  let end = 0

  function readInto(target: Buffer, position: number): number {
    let filled = 0
    while (filled < target.length) {
      const bytesRead = readSync(file, target, filled, target.length - filled, position + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return filled
  }

  return ({ offset, length }) => {
    if (length > WINDOW_BYTES - SLACK_BYTES) {
      const record = Buffer.alloc(length)
      readInto(record, offset)
      return record
    }
    if (offset < start || offset + length > end) {
      start = Math.max(0, offset - SLACK_BYTES)
      end = start + readInto(window, start)
    }
    return window.subarray(offset - start, offset - start + length)
  }
}

/** A second name for the same bytes, where the file system can do that. Nobody writes into either. */
async function linkOver(from: string, to: string): Promise<void> {
  const temp = toTempPath(to)
  try {
    await link(from, temp).catch(() => copyFile(from, temp, constants.COPYFILE_FICLONE))
    await renameOver(temp, to)
  } catch (error) {
    await rm(temp, { force: true })
    throw error
  }
}

/** What builds that were killed left. */
async function removeTemps(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (/^entries\..*\.tmp$/.test(name)) await rm(join(dir, name), { force: true })
  }
}
