import type { Body, Entry, EntryTimes } from '../types.ts'
import { canHold, OF_BROTLI, toBodyWithin, toBuffer, toOwnBuffer, toPlainBytes } from './body.ts'
import { sha256 } from './sha256.ts'

/*
 * One entry is one record, so that no reader can ever see half of it, or halves of two:
 *
 *    0  magic "ISRE"
 *    4  version, kind, two zero bytes
 *    8  startedAt, float64: where stores find the order of two records without reading them
 *   16  length of the whole record, uint32
 *   20  length of the meta data, uint32
 *   24  of the HTML: length as it is stored, plain length, uint32 each; ABSENT for none
 *   32  of the navigation data: the same; of what the HTML holds no length as it is stored
 *   40  where in the plain HTML the navigation data lies, without the braces around it, uint32; ABSENT where it does not
 *   44  meta data as JSON: clear key, status, times, lifetimes, digests, redirect
 *       HTML, navigation data: brotli where that is shorter than the plain form, else plain
 *  -32  SHA-256 of all before it
 *
 * Numbers are little-endian.
 */
const MAGIC = Buffer.from('ISRE', 'latin1')
const VERSION = 3
const HTML_AT = 24
const DATA_AT = 32
const WITHIN_AT = 40
const HEADER_BYTES = 44
const DIGEST_BYTES = 32
const ABSENT = 0xffffffff
/** As lengths are read: with a sign, which they don't have, since Node makes an object of a number that might be larger. */
const NONE = -1
const MAX_RECORD_BYTES = 0x7fffffff
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

/** A body of a record: brotli where that is shorter than the plain form, nothing of what the HTML holds. */
interface Part<Bytes extends Uint8Array = Uint8Array> {
  readonly bytes: Bytes | undefined
  readonly plainBytes: number
  readonly within: number | undefined
}

type Parts<Bytes extends Uint8Array = Uint8Array> = readonly [
  html: Part<Bytes> | undefined,
  data: Part<Bytes> | undefined,
]

/** Turns an entry into its record. Of each body it has the brotli form, where there is one. */
export function encodeEntry(entry: Entry): Uint8Array {
  const parts: Parts =
    entry.kind === 'page' ? [toPart(entry.html), entry.data && toPart(entry.data)] : [undefined, undefined]
  const meta = Buffer.from(JSON.stringify(toMeta(entry)))
  const length = parts.reduce(
    (sum, part) => sum + (part?.bytes?.byteLength ?? 0),
    HEADER_BYTES + meta.length + DIGEST_BYTES,
  )
  if (length > MAX_RECORD_BYTES)
    throw new RangeError(`The entry ${entry.key} has ${length} bytes, more than a record can hold`)
  const record = Buffer.allocUnsafeSlow(length)
  MAGIC.copy(record)
  record.writeUInt32LE(VERSION | (KINDS.indexOf(entry.kind) << 8), 4)
  record.writeDoubleLE(entry.startedAt, 8)
  record.writeUInt32LE(length, 16)
  record.writeUInt32LE(meta.length, 20)
  let offset = HEADER_BYTES + meta.copy(record, HEADER_BYTES)
  for (const [index, part] of parts.entries()) {
    const at = index === 0 ? HTML_AT : DATA_AT
    record.writeUInt32LE(part?.bytes?.byteLength ?? ABSENT, at)
    record.writeUInt32LE(part?.plainBytes ?? ABSENT, at + 4)
    if (!part?.bytes) continue
    record.set(part.bytes, offset)
    offset += part.bytes.byteLength
  }
  record.writeUInt32LE(parts[1]?.within ?? ABSENT, WITHIN_AT)
  sha256(record.subarray(0, offset)).copy(record, offset)
  return record
}

/**
 * Reads a record. Never throws: bytes that are damaged, cut off, of another version or another key are no entry.
 *
 * The bodies are in memory of their own, of exactly their size: what else there is in a record would cost a page in memory as
 * much as the objects that it is made of.
 */
export function decodeEntry(bytes: Uint8Array, key: string): Entry | undefined {
  try {
    return parseRecord(toBuffer(bytes), key)
  } catch {
    return undefined
  }
}

/** Reads the fixed offsets of a record, unchecked: good for ordering and counting, not for serving. Never throws. */
export function readHeader(bytes: Uint8Array): RecordHeader | undefined {
  if (bytes.byteLength < HEADER_BYTES) return undefined
  const record = toBuffer(bytes)
  const kind = KINDS[record.readUInt8(5)]
  if (record.compare(MAGIC, 0, MAGIC.length, 0, MAGIC.length) !== 0 || record.readUInt8(4) !== VERSION || !kind)
    return undefined
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
    const [htmlBytes, dataBytes] = parsed.parts.map((part) => part?.plainBytes ?? 0)
    return { revalidate, expire, htmlBytes: htmlBytes!, dataBytes: dataBytes! }
  } catch {
    return undefined
  }
}

function toPart(body: Body): Part | undefined {
  const { within } = body
  const plainBytes = toPlainBytes(body)
  // Whatever forms of it were made meanwhile.
  if (within !== undefined) return { bytes: undefined, plainBytes, within }
  const bytes = body.br ?? body.identity
  return bytes && { bytes, plainBytes, within }
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

function parseRecord(record: Buffer, key: string): Entry | undefined {
  const parsed = parseParts(record, key)
  if (!parsed) return undefined
  return toEntry(parsed.header, parsed.meta, toOwnParts(parsed.parts))
}

function toOwnParts([html, data]: Parts<Buffer>): Parts<Buffer> {
  if (!html?.bytes || !data?.bytes) return [html?.bytes ? { ...html, bytes: toOwnBuffer(html.bytes) } : html, data]
  // A block costs half a kilobyte beside its bytes, so they share one.
  const block = Buffer.allocUnsafeSlow(html.bytes.length + data.bytes.length)
  const end = html.bytes.copy(block)
  data.bytes.copy(block, end)
  return [
    { ...html, bytes: block.subarray(0, end) },
    { ...data, bytes: block.subarray(end) },
  ]
}

/** Finds the parts of a record, and checks that they are what was written. */
function parseParts(record: Buffer, key: string) {
  const header = readHeader(record)
  if (header?.length !== record.length || record.readUInt16LE(6) !== 0) return undefined
  const bodiesAt = HEADER_BYTES + record.readUInt32LE(20)
  let end = bodiesAt
  function takePart(at: number): Part<Buffer> | undefined | 'damaged' {
    const [length, plainBytes] = [record.readInt32LE(at), record.readInt32LE(at + 4)]
    if (length === NONE && plainBytes === NONE) return undefined
    if (length < 0 || length > plainBytes) return 'damaged'
    return { bytes: record.subarray(end, (end += length)), plainBytes, within: undefined }
  }
  function takeData(holder: ReturnType<typeof takePart>): ReturnType<typeof takePart> {
    const [length, plainBytes, within] = [DATA_AT, DATA_AT + 4, WITHIN_AT].map((at) => record.readInt32LE(at))
    if (within === NONE) return takePart(DATA_AT)
    if (typeof holder !== 'object' || length !== NONE || within! < 0 || plainBytes! < 0) return 'damaged'
    return canHold(holder.plainBytes, within!, plainBytes!)
      ? { bytes: undefined, plainBytes: plainBytes!, within }
      : 'damaged'
  }
  const html = takePart(HTML_AT)
  const data = takeData(html)
  if (html === 'damaged' || data === 'damaged' || end + DIGEST_BYTES !== record.length) return undefined
  if (!sha256(record.subarray(0, end)).equals(record.subarray(end))) return undefined
  const meta = JSON.parse(record.toString('utf8', HEADER_BYTES, bodiesAt)) as Meta
  return meta.key === key ? { header, meta, parts: [html, data] as const } : undefined
}

/** The checksum says that the record is what was written; this says that it is something that can be served. */
function toEntry(header: RecordHeader, meta: Meta, [htmlPart, dataPart]: Parts<Buffer>): Entry | undefined {
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
  const htmlBody = toBody(htmlPart, html)
  const dataBody = toBody(dataPart, data)
  if (meta.status !== 200 || !htmlBody || (!dataBody && data !== null)) return undefined
  // Each field by name: what is spread lies outside of the object, in a block of its own for each page.
  return { key, startedAt, generatedAt, revalidate, expire, kind, status: 200, html: htmlBody, data: dataBody }
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}

function toBody(part: Part<Buffer> | undefined, digest: unknown): Body | undefined {
  // The digest goes into a header, which other characters would make an exception.
  if (!part || typeof digest !== 'string' || !/^[ -~]*$/.test(digest)) return undefined
  const { bytes, plainBytes, within } = part
  if (within !== undefined) return toBodyWithin(within, plainBytes, digest, true)
  if (!bytes) return undefined
  if (bytes.byteLength === plainBytes) return { identity: bytes, digest }
  return { br: bytes, size: plainBytes, digest, makeable: OF_BROTLI }
}
