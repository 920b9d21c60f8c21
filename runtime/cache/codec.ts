import type { Body, Entry, EntryTimes } from '../types.ts'
import { sha256 } from './sha256.ts'

/*
 * One entry is one record, so that no reader can ever see half of it, or halves of two:
 *
 *    0  magic "ISRE"
 *    4  version, kind, two zero bytes
 *    8  startedAt, float64: where stores find the order of two records without reading them
 *   16  length of the whole record, uint32
 *   20  length of the meta data, uint32
 *   24  lengths of the eight bodies, uint32 each; ABSENT for none
 *   56  meta data as JSON: clear key, status, times, lifetimes, digests, redirect
 *       bodies: HTML plain, brotli, zstd, gzip, navigation data plain, brotli, zstd, gzip
 *  -32  SHA-256 of all before it
 *
 * Numbers are little-endian.
 */
const MAGIC = Buffer.from('ISRE', 'latin1')
const VERSION = 1
const BODIES = 8
const HEADER_BYTES = 24 + 4 * BODIES
const DIGEST_BYTES = 32
const ABSENT = 0xffffffff
const KINDS = ['page', 'notFound', 'redirect'] as const
const REDIRECT_STATUSES = [301, 302, 303, 307, 308] as const

/** How much of a record `readHeader` needs. */
export const RECORD_HEADER_BYTES = HEADER_BYTES

/** What a record says of itself at its fixed offsets. */
export interface RecordHeader {
  readonly kind: Entry['kind']
  readonly startedAt: number
  /** Bytes of the whole record. */
  readonly length: number
}

interface Meta extends Omit<EntryTimes, 'startedAt'> {
  key: string
  status: number
  digests?: [html: string, data: string | null]
  destination?: string
  basePath?: boolean
}

type Part = Uint8Array | undefined
type Parts = readonly [identity: Part, br: Part, zstd: Part, gzip: Part]

/** Turns an entry into its record. */
export function encodeEntry(entry: Entry): Uint8Array {
  const bodies = entry.kind === 'page' ? [...toParts(entry.html), ...toParts(entry.data)] : [...NONE, ...NONE]
  const meta = Buffer.from(JSON.stringify(toMeta(entry)))
  const length = bodies.reduce((sum, body) => sum + (body?.byteLength ?? 0), HEADER_BYTES + meta.length + DIGEST_BYTES)
  if (length >= ABSENT) throw new RangeError(`The entry ${entry.key} has ${length} bytes, more than a record can hold`)
  const record = Buffer.allocUnsafeSlow(length)
  MAGIC.copy(record)
  record.writeUInt32LE(VERSION | (KINDS.indexOf(entry.kind) << 8), 4)
  record.writeDoubleLE(entry.startedAt, 8)
  record.writeUInt32LE(length, 16)
  record.writeUInt32LE(meta.length, 20)
  let offset = HEADER_BYTES + meta.copy(record, HEADER_BYTES)
  for (const [index, body] of bodies.entries()) {
    record.writeUInt32LE(body?.byteLength ?? ABSENT, 24 + 4 * index)
    if (!body) continue
    record.set(body, offset)
    offset += body.byteLength
  }
  sha256(record.subarray(0, offset)).copy(record, offset)
  return record
}

/**
 * Reads a record. Never throws: bytes that are damaged, cut off, of another version or another key are no entry.
 *
 * The bodies are views on one buffer of exactly the record's size: nothing else is kept alive by them.
 */
export function decodeEntry(bytes: Uint8Array, key: string): Entry | undefined {
  try {
    return parseRecord(toOwnBuffer(bytes), key)
  } catch {
    return undefined
  }
}

/** Reads the fixed offsets of a record, unchecked: good for ordering and counting, not for serving. Never throws. */
export function readHeader(bytes: Uint8Array): RecordHeader | undefined {
  if (bytes.byteLength < HEADER_BYTES) return undefined
  const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const kind = KINDS[record.readUInt8(5)]
  if (!record.subarray(0, 4).equals(MAGIC) || record.readUInt8(4) !== VERSION || !kind) return undefined
  return { kind, startedAt: record.readDoubleLE(8), length: record.readUInt32LE(16) }
}

/** What a build has to know of a record that it takes as it is. */
export interface RecordFacts extends Pick<EntryTimes, 'revalidate' | 'expire'> {
  /** Bytes of the plain HTML and navigation data; 0 for none. */
  readonly htmlBytes: number
  readonly dataBytes: number
}

/** Checks a record without making an entry of it. @returns undefined when it is damaged or of another key */
export function readFacts(record: Buffer, key: string): RecordFacts | undefined {
  try {
    const parsed = parseParts(record, key)
    if (!parsed) return undefined
    const { revalidate, expire } = parsed.meta
    const [htmlBytes, dataBytes] = [0, BODIES / 2].map((body) => parsed.lengths[body]!)
    return { revalidate, expire, htmlBytes: toBytes(htmlBytes!), dataBytes: toBytes(dataBytes!) }
  } catch {
    return undefined
  }
}

function toBytes(length: number): number {
  return length === ABSENT ? 0 : length
}

const NONE: Parts = [undefined, undefined, undefined, undefined]

function toParts(body: Body | undefined): Parts {
  return body ? [body.identity, body.br, body.zstd, body.gzip] : NONE
}

function toMeta(entry: Entry): Meta {
  const { key, status, generatedAt, revalidate, expire } = entry
  const meta: Meta = { key, status, generatedAt, revalidate, expire }
  if (entry.kind === 'page') meta.digests = [entry.html.digest, entry.data?.digest ?? null]
  if (entry.kind === 'redirect') {
    meta.destination = entry.destination
    meta.basePath = entry.basePath
  }
  return meta
}

/** A view would keep all of the memory that it is a part of, such as a network client's read buffer. */
function toOwnBuffer(bytes: Uint8Array): Buffer {
  const { buffer, byteOffset, byteLength } = bytes
  return buffer.byteLength === byteLength
    ? Buffer.from(buffer, byteOffset, byteLength)
    : Buffer.from(new Uint8Array(bytes).buffer)
}

function parseRecord(record: Buffer, key: string): Entry | undefined {
  const parsed = parseParts(record, key)
  if (!parsed) return undefined
  const { header, meta, lengths } = parsed
  let offset = parsed.bodiesAt
  const parts = lengths.map((length) => (length === ABSENT ? undefined : record.subarray(offset, (offset += length))))
  return toEntry(header, meta, parts)
}

/** Finds the parts of a record, and checks that they are what was written. */
function parseParts(record: Buffer, key: string) {
  const header = readHeader(record)
  if (header?.length !== record.length || record.readUInt16LE(6) !== 0) return undefined
  const bodiesAt = HEADER_BYTES + record.readUInt32LE(20)
  const lengths = Array.from({ length: BODIES }, (_, index) => record.readUInt32LE(24 + 4 * index))
  const end = lengths.reduce((sum, length) => sum + (length === ABSENT ? 0 : length), bodiesAt)
  if (end + DIGEST_BYTES !== record.length) return undefined
  if (!sha256(record.subarray(0, end)).equals(record.subarray(end))) return undefined
  const meta = JSON.parse(record.toString('utf8', HEADER_BYTES, bodiesAt)) as Meta
  return meta.key === key ? { header, meta, lengths, bodiesAt, end } : undefined
}

/** The checksum says that the record is what was written; this says that it is something that can be served. */
function toEntry(header: RecordHeader, meta: Meta, parts: ReadonlyArray<Buffer | undefined>): Entry | undefined {
  const { key, generatedAt, revalidate, expire } = meta
  const { kind, startedAt } = header
  const times = { startedAt, generatedAt, revalidate, expire }
  if (!Number.isFinite(startedAt) || !Number.isFinite(generatedAt) || !isSeconds(expire)) return undefined
  if (revalidate !== false && !isSeconds(revalidate)) return undefined
  if (kind === 'notFound') return meta.status === 404 ? { key, ...times, kind, status: 404 } : undefined
  if (kind === 'redirect') {
    const status = REDIRECT_STATUSES.find((each) => each === meta.status)
    const { destination, basePath } = meta
    if (!status || typeof destination !== 'string' || typeof basePath !== 'boolean') return undefined
    return { key, ...times, kind, status, destination, basePath }
  }
  const [html, data] = meta.digests ?? []
  const htmlBody = toBody(parts.slice(0, BODIES / 2), html)
  const dataBody = toBody(parts.slice(BODIES / 2), data)
  if (meta.status !== 200 || !htmlBody || (!dataBody && data !== null)) return undefined
  return { key, ...times, kind, status: 200, html: htmlBody, data: dataBody }
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}

function toBody(parts: ReadonlyArray<Buffer | undefined>, digest: unknown): Body | undefined {
  const [identity, br, zstd, gzip] = parts
  // The digest goes into a header, which other characters would make an exception.
  if (!identity || typeof digest !== 'string' || !/^[ -~]*$/.test(digest)) return undefined
  return { identity, ...(br && { br }), ...(zstd && { zstd }), ...(gzip && { gzip }), digest }
}
