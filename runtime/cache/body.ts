import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { ESCAPES } from '../isr/props.ts'
import type { Body, Encoding, PlainBody } from '../types.ts'

type Compressed = Exclude<Encoding, 'identity'>

const brotli = promisify(zlib.brotliCompress)
const unbrotli = promisify(zlib.brotliDecompress)
const gzip = promisify(zlib.gzip)

const GZIP_OPTIONS: zlib.ZlibOptions = { level: 6 }

/** Node 22.15 and later have it; the published types of the oldest Node that we run on don't. */
const { zstdCompress } = zlib as {
  zstdCompress?: (bytes: Uint8Array, done: (error: Error | null, result: Buffer) => void) => void
}
const zstd = zstdCompress && promisify(zstdCompress)

const OTHERS: readonly Encoding[] = zstd ? ['zstd', 'gzip'] : ['gzip']
/** What can be made of a plain body. */
export const OF_PLAIN: readonly Encoding[] = ['br', ...OTHERS]
/** What can be made of one that is brotli only. */
export const OF_BROTLI: readonly Encoding[] = [...OTHERS, 'identity']
/** What can be made of one that is a part of another. */
const OF_OTHER: readonly Encoding[] = [...OF_PLAIN, 'identity']
const PLAIN: readonly Encoding[] = ['identity']

/** Below this a compressed body saves less than a network packet. */
const WORTH_COMPRESSING = 512

/**
 * Quality 5 is the knee for pages: 4 takes a fifth less time and makes them 5 % larger, 6 saves nothing, 9 and up cost many
 * times as long for a few percent. The mode for text changes no byte. A window no larger than the body finds the same
 * matches; the default of 4 MB costs more to set up and clear than a page costs to compress.
 */
function toBrotliOptions(size: number): zlib.BrotliOptions {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = zlib.constants
  // A window of 2 ** n holds 16 bytes less than that; 10 and 22 are Brotli's own bounds.
  const window = Math.min(22, Math.max(10, 32 - Math.clz32(size + 16)))
  return { params: { [BROTLI_PARAM_QUALITY]: 5, [BROTLI_PARAM_LGWIN]: window, [BROTLI_PARAM_SIZE_HINT]: size } }
}

/**
 * Makes a body: the plain bytes, brotli where that is asked for and smaller, and the digest that ETags are made of. The digest
 * covers the content type, so that a page and its data never share one.
 *
 * @example await createBody(Buffer.from(html), 'text/html; charset=utf-8', { compress: true })
 */
export async function createBody(
  bytes: Uint8Array,
  contentType: string,
  options: { compress: boolean },
): Promise<PlainBody> {
  const digest = toDigest(bytes, contentType)
  const br = options.compress && isWorthCompressing(bytes) ? await compressBytes(bytes, 'br') : undefined
  return { identity: bytes, ...(br && { br, makeable: OTHERS }), digest }
}

/** The digest of a plain body: what its ETags are made of. */
export function toDigest(bytes: Uint8Array, contentType: string): string {
  return createHash('sha256').update(contentType).update('\0').update(bytes).digest('base64url').slice(0, 27)
}

/** What navigation data begins with: the part of it that the HTML may hold too goes from the second byte to the last but one. */
export const DATA_BEGIN = '{"pageProps":'
const BRACES_BYTES = 2

/** What `escapeJson` wrote, by its escapes, which `JSON.stringify` never writes. */
const ESCAPED: ReadonlyMap<string, string> = new Map(
  Object.entries(ESCAPES).map(([character, escape]) => [escape, character]),
)
const ESCAPE_BYTES = 6
const BACKSLASH = 0x5c

/**
 * Where HTML holds the navigation data, if it does.
 *
 * @param data with the escapes that it has in HTML; begins as `DATA_BEGIN` does
 */
export function findData(html: Buffer, data: Uint8Array): number | undefined {
  // From the end: it stands behind all that is to be seen.
  const at = html.lastIndexOf(data.subarray(1, -1))
  return at === -1 ? undefined : at
}

/**
 * Navigation data of which the HTML holds all but the braces around it.
 *
 * @param compress whether it may be compressed, where that is worth it
 */
export function toBodyWithin(within: number, size: number, digest: string, compress: boolean): Body {
  return { size, within, digest, makeable: compress && size >= WORTH_COMPRESSING ? OF_OTHER : PLAIN }
}

/** A body of which compressed forms are made later, where that is worth it. */
export function toCompressible(body: Body): Body {
  if (toPlainBytes(body) < WORTH_COMPRESSING) return body
  return { ...body, makeable: body.within === undefined ? OF_PLAIN : OF_OTHER }
}

/** Whether a plain HTML of so many bytes can hold navigation data there, which takes no less room in it. */
export function canHold(htmlBytes: number, within: number, size: number): boolean {
  return within >= 0 && size >= DATA_BEGIN.length + 1 && within + size - BRACES_BYTES <= htmlBytes
}

/**
 * The plain form of navigation data that the HTML holds: without the escapes that it needs there.
 *
 * @param html the plain one
 * @throws when there is something else
 */
function cutData(html: Buffer, within: number, size: number): Buffer {
  const error = () => new Error(`The HTML holds no navigation data at byte ${within}`)
  if (!canHold(html.length, within, size)) throw error()
  const data = Buffer.allocUnsafeSlow(size)
  const end = size - 1
  let from = within
  let to = data.write('{')
  while (to < end && from < html.length) {
    const backslash = html.indexOf(BACKSLASH, from)
    const plain = html.copy(data, to, from, backslash === -1 ? html.length : backslash)
    from += plain
    to += plain
    if (from !== backslash || to >= end) continue
    const character = ESCAPED.get(html.toString('latin1', from, from + ESCAPE_BYTES))
    // Another escape stays, and what comes after its backslash is none.
    to += character ? data.write(character, to) : html.copy(data, to, from, from + 2)
    from += character ? ESCAPE_BYTES : 2
  }
  data.write('}', end)
  if (to < end || data.toString('latin1', 0, DATA_BEGIN.length) !== DATA_BEGIN) throw error()
  return data
}

/** Whether a body is large enough for the compressed forms to save something. */
function isWorthCompressing(bytes: Uint8Array): boolean {
  return bytes.byteLength >= WORTH_COMPRESSING
}

/** Makes a compressed form in Node's thread pool. Undefined where it is no smaller. */
export async function compressBytes(bytes: Uint8Array, encoding: Compressed): Promise<Buffer | undefined> {
  const compressed = await {
    br: () => brotli(bytes, toBrotliOptions(bytes.byteLength)),
    zstd: () => zstd?.(bytes),
    gzip: () => gzip(bytes, GZIP_OPTIONS),
  }[encoding]()
  return compressed && toSmaller(compressed, bytes)
}

/**
 * Makes the brotli form in this thread. It takes half as much of a processor as handing it to Node's thread pool: right where
 * throughput counts and nobody waits for this thread.
 */
export function compressBytesHere(bytes: Uint8Array): Buffer | undefined {
  return toSmaller(zlib.brotliCompressSync(bytes, toBrotliOptions(bytes.byteLength)), bytes)
}

/** The body as it is stored: brotli in place of the plain form, where that is worth it. */
export function compressBody(body: Body): Body {
  const { identity, digest } = body
  if (!identity) return body
  const br = isWorthCompressing(identity) ? compressBytesHere(identity) : undefined
  return br ? { br, size: identity.byteLength, digest, makeable: OF_BROTLI } : { identity, digest }
}

/** Up to here decompressing takes less of this thread than handing it to another one. */
const QUICK_BYTES = 64 * 1024

/**
 * The plain form of a body, made where it is not there.
 *
 * @param html the one that holds it, if it is a part of that
 * @throws when it is not what it should be
 */
export async function readPlain(body: Body, html: Body): Promise<Uint8Array> {
  const { identity, within, size = 0 } = body
  if (identity) return identity
  if (within === undefined) return decompressBody(body)
  return cutData(toBuffer(html.identity ?? (await decompressBody(html))), within, size)
}

/**
 * The plain form of a body that has brotli.
 *
 * @throws when it is not what `size` says
 */
export async function decompressBody({ br, size }: Body): Promise<Uint8Array> {
  if (!br || size === undefined) throw new Error('There is nothing to make the plain form of')
  // Not a byte more: what is stored might become any number of them.
  const options = { maxOutputLength: size, chunkSize: Math.max(64, Math.min(size + 1, QUICK_BYTES)) }
  const bytes = size <= QUICK_BYTES ? zlib.brotliDecompressSync(br, options) : await unbrotli(br, options)
  if (bytes.byteLength !== size) throw new Error(`It has ${bytes.byteLength} bytes and not ${size}`)
  return toOwnBuffer(bytes)
}

/** Plain bytes of a body, whichever forms it has. */
export function toPlainBytes({ identity, size = 0 }: Body): number {
  return identity?.byteLength ?? size
}

function toSmaller(compressed: Buffer, { byteLength }: Uint8Array): Buffer | undefined {
  return compressed.byteLength < byteLength ? toOwnBuffer(compressed) : undefined
}

/** The same bytes with a Buffer's methods. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * The bytes in memory of exactly their size. A view would keep all alive that it is a part of: of zlib's answers a chunk of
 * 16 kB, of a network client's a read buffer.
 */
export function toOwnBuffer(bytes: Uint8Array): Buffer {
  const { buffer, byteOffset, byteLength } = bytes
  return buffer.byteLength === byteLength
    ? Buffer.from(buffer, byteOffset, byteLength)
    : Buffer.from(new Uint8Array(bytes).buffer)
}

/**
 * The bodies of a page as a reader of its record has them, and the forms that were made besides, in one block of memory: each
 * block costs half a kilobyte beside its bytes, which is more than some bodies have.
 */
export function joinBodies(html: Body, data: Body | undefined): { html: Body; data: Body | undefined } {
  const bodies = [toStored(html), data && toStored(data)] as const
  const parts = bodies.flatMap((body) => FORMS.map((form) => body?.[form] ?? NO_BYTES))
  const block = Buffer.allocUnsafeSlow(parts.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  function move(body: Body): Body {
    const moved: { -readonly [Key in keyof Body]: Body[Key] } = { ...body }
    for (const form of FORMS) {
      const bytes = body[form]
      if (!bytes) continue
      block.set(bytes, at)
      moved[form] = block.subarray(at, (at += bytes.byteLength))
    }
    return moved
  }
  return { html: move(bodies[0]), data: bodies[1] && move(bodies[1]) }
}

/** Without the plain form, where it can be made again. */
function toStored(body: Body): Body {
  const { identity, ...others } = body
  if (!identity || (!body.br && body.within === undefined)) return body
  const makeable = [...new Set([...(body.makeable ?? []), 'identity' as const])]
  return { ...others, size: identity.byteLength, makeable }
}

const FORMS = ['identity', 'br', 'zstd', 'gzip'] as const
const NO_BYTES = new Uint8Array(0)
