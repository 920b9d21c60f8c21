import { randomBytes } from 'node:crypto'
import zlib, { brotliDecompressSync, gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compressBody, compressBytes, createBody, decompressBody, OF_BROTLI, toPlainBytes } from './body.ts'

const HTML = 'text/html; charset=utf-8'

/** Where Node has it. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (bytes: Uint8Array) => Buffer }

describe('createBody', () => {
  it('W17 compressed forms read back to the plain one, and each owns exactly its bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), fc.nat(1000), async (piece, times) => {
        const bytes = new TextEncoder().encode(`<p>${piece}</p>`.repeat(200 + times))
        const { br, digest, makeable } = await createBody(bytes, HTML, { compress: true })
        const gzip = await compressBytes(bytes, 'gzip')
        const zstd = await compressBytes(bytes, 'zstd')
        expect(brotliDecompressSync(br!).equals(bytes)).toBe(true)
        expect(gunzipSync(gzip!).equals(bytes)).toBe(true)
        expect(zstd !== undefined).toBe(zstdDecompressSync !== undefined)
        expect(makeable).toEqual(zstd ? ['zstd', 'gzip'] : ['gzip'])
        if (zstd) expect(zstdDecompressSync!(zstd).equals(bytes)).toBe(true)
        const stored = compressBody({ identity: bytes, digest })
        expect(stored).toEqual({ br, size: bytes.byteLength, digest, makeable: OF_BROTLI })
        const plain = await decompressBody(stored)
        expect(Buffer.compare(plain, bytes)).toBe(0)
        for (const view of [br!, zstd ?? br!, gzip!, plain]) expect(view.buffer.byteLength).toBe(view.byteLength)
      }),
      { numRuns: 20 },
    )
  })
  it('SEC-41 the digest differs by content type and by content', async () => {
    const bytes = Buffer.from('{}')
    const digests = await Promise.all([
      createBody(bytes, HTML, { compress: false }),
      createBody(bytes, 'application/json', { compress: false }),
      createBody(Buffer.from('{ }'), HTML, { compress: false }),
    ])
    expect(new Set(digests.map(({ digest }) => digest)).size).toBe(3)
  })
  it('keeps small and incompressible bodies plain', async () => {
    for (const bytes of [Buffer.from('small'), randomBytes(5000)]) {
      const body = await createBody(bytes, HTML, { compress: true })
      expect(body).toEqual({ identity: bytes, digest: body.digest })
      expect(compressBody(body)).toEqual(body)
      expect(toPlainBytes(body)).toBe(bytes.byteLength)
      expect(await compressBytes(randomBytes(1000), 'gzip')).toBeUndefined()
    }
  })
})
