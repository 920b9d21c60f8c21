import zlib, { brotliDecompressSync, gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBody } from './body.ts'

const HTML = 'text/html; charset=utf-8'

/** Where Node has it. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (bytes: Uint8Array) => Buffer }

describe('createBody', () => {
  it('W17 compressed bodies read back to the plain one, and each owns exactly its bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (piece) => {
        const bytes = new TextEncoder().encode(`<p>${piece}</p>`.repeat(200))
        const body = await createBody(bytes, HTML, { compress: true })
        expect(brotliDecompressSync(body.br!).equals(bytes)).toBe(true)
        expect(gunzipSync(body.gzip!).equals(bytes)).toBe(true)
        expect(body.zstd !== undefined).toBe(zstdDecompressSync !== undefined)
        if (body.zstd) expect(zstdDecompressSync!(body.zstd).equals(bytes)).toBe(true)
        for (const view of [body.br!, body.zstd ?? body.br!, body.gzip!])
          expect(view.buffer.byteLength).toBe(view.byteLength)
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
    expect(await createBody(Buffer.from('small'), HTML, { compress: true })).not.toHaveProperty('br')
  })
})
