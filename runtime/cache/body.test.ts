import { randomBytes } from 'node:crypto'
import zlib, { brotliDecompressSync, gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toInlineJson } from '../isr/props.ts'
import {
  compressBody,
  compressBytes,
  createBody,
  decompressBody,
  findData,
  OF_BROTLI,
  OF_PLAIN,
  readPlain,
  toBodyWithin,
  toCompressible,
  toDigest,
  toPlainBytes,
} from './body.ts'

const HTML = 'text/html; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'

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

describe('navigation data that the HTML holds', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom(
      '</script>',
      '"pageProps":',
      '{}',
      '\u2028',
      '\u2029',
      '&amp;',
      '\\',
      '\\u003c',
      '\\\\u0026',
      '\\u2028>',
    ),
  )

  it('P3 HD02 is found, and comes out as it was without the escapes of HTML, of plain HTML and of brotli, with a memory of its own', async () => {
    const anyProps = fc.dictionary(anyText, fc.oneof(anyText, fc.jsonValue()))
    await fc.assert(
      fc.asyncProperty(anyText, anyProps, anyText, async (before, pageProps, after) => {
        const data = Buffer.from(JSON.stringify({ pageProps }))
        const json = toInlineJson({ page: before, pageProps, buildId: 'b' })
        const html = Buffer.from(`<p>${before}</p>${'<i>'.repeat(300)}<script>${json}</script>${after}`)
        const within = findData(html, Buffer.from(toInlineJson({ pageProps })))!
        const body = toBodyWithin(within, data.length, toDigest(data, JSON_TYPE), true)
        for (const holder of [{ identity: html, digest: '' }, compressBody({ identity: html, digest: '' })]) {
          const plain = await readPlain(body, holder)
          expect(Buffer.from(plain).equals(data)).toBe(true)
          expect(plain.buffer.byteLength).toBe(data.length)
        }
        expect(body.digest).toBe((await createBody(data, JSON_TYPE, { compress: false })).digest)
        expect(toPlainBytes(body)).toBe(data.length)
      }),
      { numRuns: 300 },
    )
  })

  it('is not found where it is changed or left out', () => {
    const data = Buffer.from('{"pageProps":{"a":1}}')
    for (const html of ['', '<p>', '"pageProps":{"a": 1}', '"pageProps":{"a":2}', '&quot;pageProps&quot;:{}']) {
      expect(findData(Buffer.from(html), data)).toBeUndefined()
    }
  })

  it.each<[what: string, html: string, within: number, size: number]>([
    ['begins elsewhere', 'x"pageProps":{}', 0, 16],
    ['begins one byte later', 'x"pageProps":{}', 2, 16],
    ['goes on behind the HTML', 'x"pageProps":{}', 1, 17],
    ['lies behind the HTML', 'x"pageProps":{}', 400, 16],
    ['lies before the HTML', 'x"pageProps":{}', -1, 17],
    ['is nowhere', 'x"pageProps":{}', NaN, 16],
    ['is nothing', 'x"pageProps":{}', 1, 0],
    ['is less than nothing', 'x"pageProps":{}', 1, -16],
  ])('P2 data that %s is none', async (_what, html, within, size) => {
    const holder = { identity: Buffer.from(html), digest: '' }
    expect(Buffer.from(await readPlain(toBodyWithin(1, 16, '', true), holder)).toString()).toBe('{"pageProps":{}}')
    await expect(readPlain(toBodyWithin(within, size, '', true), holder)).rejects.toThrow('no navigation data')
  })

  it('what can be made of it says its size, and whether anybody is to compress it', () => {
    const all = [...OF_PLAIN, 'identity']
    expect([512, 511].map((size) => toBodyWithin(0, size, '', true).makeable)).toEqual([all, ['identity']])
    expect(toBodyWithin(0, 512, '', false).makeable).toEqual(['identity'])
    expect(toCompressible(toBodyWithin(0, 512, '', false)).makeable).toEqual(all)
    expect(toCompressible(toBodyWithin(0, 511, '', false)).makeable).toEqual(['identity'])
    const plain = { identity: Buffer.alloc(512), digest: '' }
    expect(toCompressible(plain)).toEqual({ ...plain, makeable: OF_PLAIN })
    const small = { identity: Buffer.alloc(511), digest: '' }
    expect(toCompressible(small)).toBe(small)
  })
})
