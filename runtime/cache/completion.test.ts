import { brotliCompressSync, brotliDecompressSync, gunzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { toPageEntry } from '../isr/testing/engine-kit.ts'
import type { Body, Entry } from '../types.ts'
import { OF_BROTLI, OF_PLAIN, toBodyWithin } from './body.ts'
import { createCompletion, toSettled, type CompletionOptions } from './completion.ts'

const TEXT = Buffer.from('text '.repeat(400))
const BR = brotliCompressSync(TEXT)

type PageEntry = Extract<Entry, { kind: 'page' }>

function toEntry(html: Partial<Body>): PageEntry {
  return { ...(toPageEntry('/a', 'text') as PageEntry), html: { digest: 'digest', ...html } }
}

const toPlain = () => toEntry({ identity: TEXT, makeable: OF_PLAIN })
const toStored = (more: Partial<Body> = {}) => toEntry({ br: BR, size: TEXT.length, makeable: OF_BROTLI, ...more })

function createKit(options: Partial<CompletionOptions> = {}) {
  const compress = vi.fn(async (): Promise<Uint8Array | undefined> => Uint8Array.from(BR))
  const [onGrown, onDamaged] = [vi.fn(), vi.fn()]
  const complete = createCompletion({ compress, onGrown, onDamaged, ...options })
  return { complete, compress, onGrown, onDamaged }
}

describe('createCompletion', () => {
  it('W17 SEC-112 a form is made once, whoever asks, and is there from then on', async () => {
    const { complete, compress, onGrown } = createKit()
    const entry = toPlain()
    const asked = Array.from({ length: 20 }, () => complete(entry, 'html', 'br'))
    expect(new Set(await Promise.all(asked))).toEqual(new Set([true]))
    expect(await complete(entry, 'html', 'br')).toBe(true)
    expect(entry.html.br).toEqual(BR)
    expect(entry.html.makeable).toEqual(OF_PLAIN.filter((each) => each !== 'br'))
    expect(compress).toHaveBeenCalledTimes(1)
    expect(onGrown.mock.calls).toEqual([[entry, entry.html, 'br']])
  })

  it('W17 forms that are made at the same time all stay', async () => {
    const { complete } = createKit()
    const entry = toStored()
    await Promise.all([complete(entry, 'html', 'gzip'), complete(entry, 'html', 'identity')])
    expect(TEXT.equals(entry.html.identity!)).toBe(true)
    expect(gunzipSync(entry.html.gzip!).equals(TEXT)).toBe(true)
    expect(entry.html.makeable).toEqual(OF_BROTLI.filter((each) => each === 'zstd'))
    for (const part of [entry.html.identity!, entry.html.gzip!]) expect(part.buffer.byteLength).toBe(part.byteLength)
  })

  it('W17 who takes brotli waits for no other form, and not for the other body', async () => {
    const { complete, compress } = createKit()
    const entry = { ...toPlain(), data: { ...toPlain().html } }
    await complete(entry, 'html', 'br')
    expect([compress.mock.calls.length, entry.html.gzip, entry.data.br]).toEqual([1, undefined, undefined])
  })

  it('SEC-112 a form that is no smaller is not tried again; where brotli is not, nothing is', async () => {
    const { complete, compress } = createKit({ compress: vi.fn(async () => undefined) })
    const entry = toPlain()
    expect(await complete(entry, 'html', 'br')).toBe(true)
    expect([entry.html.makeable, entry.html.br]).toEqual([[], undefined])
    expect(await complete(entry, 'html', 'gzip')).toBe(true)
    expect(entry.html.gzip).toBeUndefined()
    expect(compress).not.toHaveBeenCalled()

    const short = toEntry({ br: brotliCompressSync('x'), size: 1, makeable: OF_BROTLI })
    expect(await complete(short, 'html', 'gzip')).toBe(true)
    expect([short.html.gzip, short.html.makeable?.includes('gzip')]).toEqual([undefined, false])
    expect(short.html.makeable).toContain('identity')
  })

  it('what has the form, or is no page, is left as it is', async () => {
    const { complete, compress, onGrown } = createKit()
    const { key, startedAt, generatedAt, revalidate, expire } = toPageEntry('/a', 'text')
    const missing: Entry = { key, startedAt, generatedAt, revalidate, expire, kind: 'notFound', status: 404 }
    expect(await complete(toStored(), 'html', 'br')).toBe(true)
    expect(await complete(toPageEntry('/a', 'small'), 'html', 'br')).toBe(true)
    expect(await complete(missing, 'html', 'br')).toBe(true)
    expect([compress.mock.calls.length, onGrown.mock.calls.length]).toEqual([0, 0])
  })

  it('P1 a page that cannot be compressed is served as it is, and not tried again and again', async () => {
    const compress = vi.fn(async () => Promise.reject(new Error('the worker is gone')))
    const { complete, onDamaged } = createKit({ compress })
    const entry = toPlain()
    expect(await complete(entry, 'html', 'br')).toBe(true)
    expect(entry.html).toEqual({ identity: TEXT, digest: 'digest', makeable: [] })
    await complete(entry, 'html', 'br')
    expect([compress.mock.calls.length, onDamaged.mock.calls.length]).toEqual([1, 0])
  })

  it.each<[what: string, wrong: Partial<Body>]>([
    ['what is no brotli', { br: TEXT }],
    ['brotli that is cut off', { br: BR.subarray(0, -1) }],
    ['one byte more', { size: TEXT.length - 1 }],
    ['one byte less', { size: TEXT.length + 1 }],
    ['nothing', { br: Buffer.alloc(0) }],
    ['a large body that is none', { br: TEXT, size: 500_000 }],
    ['a large body that is cut off', { br: brotliCompressSync(Buffer.alloc(500_000)).subarray(0, -1), size: 500_000 }],
    ['far more than it says', { br: brotliCompressSync(Buffer.alloc(50_000_000)), size: 500_000 }],
  ])('P2 P8 %s is told of as damaged, and nobody gets it', async (_what, wrong) => {
    for (const encoding of ['identity', 'gzip'] as const) {
      const { complete, onDamaged, onGrown } = createKit()
      const entry = toStored(wrong)
      expect(await Promise.all([1, 2].map(() => complete(entry, 'html', encoding)))).toEqual([false, false])
      expect(onDamaged.mock.calls).toEqual([[entry, expect.any(Error)]])
      expect([entry.html.identity, entry.html.gzip, onGrown.mock.calls.length]).toEqual([undefined, undefined, 0])
    }
  })
})

describe('navigation data that the HTML holds', () => {
  const DATA = Buffer.from(JSON.stringify({ pageProps: { text: 'text '.repeat(200) } }))
  const HTML = Buffer.concat([Buffer.from('<html>{'), DATA.subarray(1)])
  const HTML_BR = brotliCompressSync(HTML)
  const toHeld = (html: Partial<Body>, at = 7): PageEntry => ({
    ...toEntry(html),
    data: toBodyWithin(at, DATA.length, 'digest', true),
  })
  const FRESH: Partial<Body> = { identity: HTML, makeable: OF_PLAIN }
  const STORED: Partial<Body> = { br: HTML_BR, size: HTML.length, makeable: OF_BROTLI }
  it.each([FRESH, STORED])('P3 W17 each form is made of the HTML, and nothing of the HTML is for it', async (from) => {
    const { complete, compress, onGrown } = createKit()
    const entry = toHeld(from)
    const data = entry.data!
    expect(
      await Promise.all((['br', 'gzip', 'identity'] as const).map((each) => complete(entry, 'data', each))),
    ).toEqual([true, true, true])
    expect([data.identity!, brotliDecompressSync(data.br!), gunzipSync(data.gzip!)].map(String)).toEqual(
      Array.from({ length: 3 }, () => DATA.toString()),
    )
    for (const part of [data.identity!, data.br!, data.gzip!]) expect(part.buffer.byteLength).toBe(part.byteLength)
    expect(data.makeable).toEqual(OF_PLAIN.filter((each) => each === 'zstd'))
    expect(entry.html).toEqual(toHeld(from).html)
    // That may wait for a render.
    expect(compress).not.toHaveBeenCalled()
    expect(onGrown.mock.calls.map(([, body, encoding]) => [body === data, encoding])).toEqual(
      expect.arrayContaining([
        [true, 'br'],
        [true, 'gzip'],
        [true, 'identity'],
      ]),
    )
  })

  it('data that brotli does not make smaller can still be had plain', async () => {
    const { complete } = createKit()
    const data: Body = { ...toBodyWithin(1, 16, 'digest', true), makeable: [...OF_PLAIN, 'identity'] }
    const entry = { ...toEntry({ identity: Buffer.from('<"pageProps":{}>') }), data }
    expect(await complete(entry, 'data', 'br')).toBe(true)
    expect([data.br, data.makeable]).toEqual([undefined, ['identity']])
    expect(await complete(entry, 'data', 'identity')).toBe(true)
    expect([String(data.identity), data.makeable]).toEqual(['{"pageProps":{}}', []])
  })

  it.each<[what: string, entry: PageEntry]>([
    ['elsewhere in the HTML', toHeld(FRESH, 6)],
    ['elsewhere in the HTML as it was stored', toHeld(STORED, 8)],
    ['behind the HTML', toHeld(FRESH, HTML.length)],
    ['in HTML that is cut off', toHeld({ ...STORED, br: HTML_BR.subarray(0, -4) })],
    ['in HTML of another size', toHeld({ ...STORED, size: HTML.length - 1 })],
  ])('P2 P8 an entry whose data is %s is told of as damaged, and nobody gets it', async (_what, entry) => {
    const { complete, onDamaged, onGrown } = createKit()
    expect(await complete(entry, 'data', 'br')).toBe(false)
    expect(onDamaged.mock.calls).toEqual([[entry, expect.any(Error)]])
    expect([entry.data!.br, onGrown.mock.calls.length]).toEqual([undefined, 0])
  })

  it('P7 brotli takes the place of plain HTML whatever is made of the data; what is made of that stays, but the plain form', () => {
    const settle = (data: Partial<Body>) =>
      toSettled({ ...toHeld({ ...FRESH, br: HTML_BR, makeable: [] }), data: { ...DATA_BODY, ...data } })!
    const DATA_BODY = toBodyWithin(7, DATA.length, 'digest', true)
    const none = settle({})
    expect(none.html.identity).toBeUndefined()
    expect(none.data).toEqual(DATA_BODY)
    expect(none.html.br!.buffer.byteLength).toBe(HTML_BR.length)
    const gzip = Buffer.from('gz')
    const some = settle({ identity: DATA, gzip, makeable: ['br'] })
    expect(some.data).toEqual({ ...DATA_BODY, gzip, makeable: ['br', 'identity'] })
    expect(some.html.br!.buffer.byteLength).toBe(HTML_BR.length + 2)
  })
})

describe('toSettled', () => {
  it('P7 brotli takes the place of the plain form it was made of, in one block of memory with all there is', () => {
    const html: Body = { identity: TEXT, br: BR, gzip: Buffer.from('gz'), digest: 'a', makeable: [] }
    const entry = { ...toEntry(html), data: { identity: Buffer.from('{}'), digest: 'b' } }
    const settled = toSettled(entry)!
    expect(settled).toEqual({
      ...entry,
      html: { br: BR, gzip: Buffer.from('gz'), digest: 'a', size: TEXT.length, makeable: ['identity'] },
    })
    const block = settled.html.br!.buffer
    expect([settled.html.gzip!.buffer, settled.data!.identity!.buffer]).toEqual([block, block])
    expect(block.byteLength).toBe(BR.length + 2 + 2)
    expect(entry.html.identity).toBe(TEXT)
  })

  it('what may still become brotli, or is as a reader of its record has it, is left alone', () => {
    const br = { br: BR, digest: '' }
    expect(toSettled(toPlain())).toBeUndefined()
    expect(toSettled({ ...toPlain(), html: { ...br, identity: TEXT }, data: toPlain().html })).toBeUndefined()
    expect(toSettled(toStored())).toBeUndefined()
    expect(toSettled(toPageEntry('/a', 'small') as PageEntry)).toBeUndefined()
  })
})
