import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import type { Body, Compressed } from '../types.ts'

const brotli = promisify(zlib.brotliCompress)
const gzip = promisify(zlib.gzip)

const GZIP_OPTIONS: zlib.ZlibOptions = { level: 6 }

/** Node 22.15 and later have it; the published types of the oldest Node that we run on don't. */
const { zstdCompress, zstdCompressSync } = zlib as {
  zstdCompress?: (bytes: Uint8Array, done: (error: Error | null, result: Buffer) => void) => void
  zstdCompressSync?: (bytes: Uint8Array) => Buffer
}
const zstd = zstdCompress && promisify(zstdCompress)

/** Below this a compressed body saves less than a network packet. */
const WORTH_COMPRESSING = 512

/**
 * Quality 5 is the knee for pages: higher ones cost many times as long for a few percent. A window no larger than the body
 * finds the same matches; the default of 4 MB costs more to set up and clear than a page costs to compress.
 */
function toBrotliOptions(size: number): zlib.BrotliOptions {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = zlib.constants
  // A window of 2 ** n holds 16 bytes less than that; 10 and 22 are Brotli's own bounds.
  const window = Math.min(22, Math.max(10, 32 - Math.clz32(size + 16)))
  return { params: { [BROTLI_PARAM_QUALITY]: 5, [BROTLI_PARAM_LGWIN]: window, [BROTLI_PARAM_SIZE_HINT]: size } }
}

/**
 * Makes the representations of a body, once per generation: plain, brotli, Zstandard where Node has it, and gzip (those only
 * where they are smaller), and the digest that ETags are made of. The digest covers the content type, so that a page and its data never share one.
 *
 * @example await createBody(Buffer.from(html), 'text/html; charset=utf-8', { compress: true })
 */
export async function createBody(
  bytes: Uint8Array,
  contentType: string,
  options: { compress: boolean },
): Promise<Body> {
  const digest = createHash('sha256').update(contentType).update('\0').update(bytes).digest('base64url').slice(0, 27)
  return { identity: bytes, ...(options.compress && (await compressBytes(bytes))), digest }
}

/** Whether a body is large enough for the compressed forms to save something. */
export function isWorthCompressing({ identity }: Body): boolean {
  return identity.byteLength >= WORTH_COMPRESSING
}

/** Makes the compressed forms of a body, those that are smaller, in Node's thread pool. */
export async function compressBytes(bytes: Uint8Array): Promise<Compressed> {
  if (bytes.byteLength < WORTH_COMPRESSING) return {}
  const [br, zs, gz] = await Promise.all([
    brotli(bytes, toBrotliOptions(bytes.byteLength)),
    zstd?.(bytes),
    gzip(bytes, GZIP_OPTIONS),
  ])
  return toCompressed(bytes, { br, zstd: zs, gzip: gz })
}

/** Adds the compressed representations to a plain body in this thread. */
export function compressBody(body: Body): Body {
  const { identity, digest } = body
  return { identity, ...compressBytesHere(identity), digest }
}

/**
 * Makes the compressed forms of a body in this thread. It takes half as much of a processor as handing each to Node's thread
 * pool: right where throughput counts and nobody waits for this thread.
 */
export function compressBytesHere(bytes: Uint8Array): Compressed {
  if (bytes.byteLength < WORTH_COMPRESSING) return {}
  return toCompressed(bytes, {
    br: zlib.brotliCompressSync(bytes, toBrotliOptions(bytes.byteLength)),
    zstd: zstdCompressSync?.(bytes),
    gzip: zlib.gzipSync(bytes, GZIP_OPTIONS),
  })
}

function toCompressed(
  identity: Uint8Array,
  { br, zstd, gzip }: { br: Buffer; zstd: Buffer | undefined; gzip: Buffer },
): Compressed {
  const isSmaller = (bytes: Buffer) => bytes.byteLength < identity.byteLength
  return {
    ...(isSmaller(br) && { br: toOwned(br) }),
    ...(zstd && isSmaller(zstd) && { zstd: toOwned(zstd) }),
    ...(isSmaller(gzip) && { gzip: toOwned(gzip) }),
  }
}

/** zlib answers with a view on a chunk of 16 kB: kept as it is, a body of 3 kB would hold all of that. */
function toOwned(view: Buffer): Buffer {
  return view.buffer.byteLength === view.byteLength ? view : Buffer.from(new Uint8Array(view).buffer)
}

/**
 * Moves the bodies of a page into one block of memory: each block costs half a kilobyte beside its bytes, which is more than
 * some bodies have.
 */
export function joinBodies(html: Body, data: Body | undefined): { html: Body; data: Body | undefined } {
  const parts = [html, data].flatMap((body) => FORMS.map((form) => body?.[form] ?? NO_BYTES))
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
  return { html: move(html), data: data && move(data) }
}

const FORMS = ['identity', 'br', 'zstd', 'gzip'] as const
const NO_BYTES = new Uint8Array(0)
