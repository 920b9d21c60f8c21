import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Body, Entry } from '../types.ts'
import { OF_BROTLI, toBodyWithin, toPlainBytes } from './body.ts'
import { decodeEntry, encodeEntry, readFacts, readHeader, RECORD_HEADER_BYTES } from './codec.ts'
import { sha256 } from './sha256.ts'
import { anyEntry, toEntryOf, toNotFound } from './testing/entries.ts'

type PageEntry = Extract<Entry, { kind: 'page' }>

/** Puts a right checksum on altered bytes: the attack that a checksum does not stop. */
function reseal(record: Uint8Array): Buffer {
  const bytes = Buffer.from(record)
  sha256(bytes.subarray(0, -32)).copy(bytes, bytes.length - 32)
  return bytes
}

/** A record whose meta data says something else, sealed as one of ours. `Infinity` is written as JSON can. */
function withMeta(entry: Entry, changes: object): Buffer {
  const record = Buffer.from(encodeEntry(entry))
  const end = RECORD_HEADER_BYTES + record.readUInt32LE(20)
  const meta = { ...(JSON.parse(record.toString('utf8', RECORD_HEADER_BYTES, end)) as object), ...changes }
  const text = JSON.stringify(meta, (_key, value: unknown) => (value === Infinity ? '<infinity>' : value))
  const json = Buffer.from(text.replace('"<infinity>"', '1e999'))
  const changed = Buffer.concat([record.subarray(0, RECORD_HEADER_BYTES), json, record.subarray(end)])
  changed.writeUInt32LE(changed.length, 16)
  changed.writeUInt32LE(json.length, 20)
  return reseal(changed)
}

describe('records', () => {
  it('what is encoded comes back the same', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        expect(decodeEntry(encodeEntry(entry), entry.key)).toEqual(entry)
      }),
      { numRuns: 500 },
    )
  })

  it('of each body the smallest form that is asked for most is kept, and the others can be made', () => {
    const digest = 'x'
    const form = (bytes: number) => Buffer.alloc(bytes)
    const html = { identity: form(900), br: form(300), zstd: form(200), gzip: form(310), digest, makeable: [] }
    const data = { identity: form(600), gzip: form(500), digest }
    const entry: Entry = { ...toNotFound('p:/a'), kind: 'page', status: 200, html, data }
    expect(decodeEntry(encodeEntry(entry), entry.key)).toEqual({
      ...entry,
      html: { br: form(300), size: 900, digest, makeable: OF_BROTLI },
      data: { identity: form(600), digest },
    })
  })

  it('REL-26 a record of another key is no entry', () => {
    fc.assert(
      fc.property(anyEntry, fc.string(), (entry, other) => {
        fc.pre(other !== entry.key)
        expect(decodeEntry(encodeEntry(entry), other)).toBeUndefined()
      }),
    )
  })

  it('REL-26 REL-20 a record that is cut off or has something behind it is no entry', () => {
    fc.assert(
      fc.property(anyEntry, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 40 }), (entry, at, more) => {
        const record = encodeEntry(entry)
        expect(decodeEntry(record.subarray(0, at % record.length), entry.key)).toBeUndefined()
        expect(decodeEntry(Buffer.concat([record, more]), entry.key)).toBeUndefined()
      }),
    )
  })

  it('REL-26 a flipped bit anywhere is found', () => {
    fc.assert(
      fc.property(anyEntry, fc.nat(), fc.integer({ min: 0, max: 7 }), (entry, at, bit) => {
        const record = Buffer.from(encodeEntry(entry))
        const position = at % record.length
        record.writeUInt8(record.readUInt8(position) ^ (1 << bit), position)
        expect(decodeEntry(record, entry.key)).toBeUndefined()
      }),
    )
  })

  it('REL-26 every single bit of one record is covered', () => {
    const entry = toEntryOf('p:/a', 20)
    const whole = encodeEntry(entry)
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const record = Buffer.from(whole)
      record.writeUInt8(record.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(decodeEntry(record, entry.key)).toBeUndefined()
    }
  })

  it('P8 anything may be handed in, even with a right checksum', () => {
    fc.assert(
      fc.property(anyEntry, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), (entry, changes) => {
        const record = Buffer.from(encodeEntry(entry))
        for (const [at, byte] of changes) record.writeUInt8(byte, at % record.length)
        const decoded = decodeEntry(reseal(record), entry.key)
        if (decoded?.kind === 'page') expect(decoded.html.identity ?? decoded.html.br).toBeInstanceOf(Buffer)
      }),
      { numRuns: 1000 },
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), fc.string(), (bytes, key) => !decodeEntry(bytes, key)))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        readHeader(bytes)
      }),
    )
  })

  it.each([1, 2, 4])('REL-26 a record of version %i is no entry', (version) => {
    const record = Buffer.from(encodeEntry(toNotFound('p:/a')))
    record.writeUInt8(version, 4)
    expect(decodeEntry(reseal(record), 'p:/a')).toBeUndefined()
    expect(readHeader(record)).toBeUndefined()
  })

  it('REL-26 meta data that no version wrote is no entry', () => {
    const entry = { ...toNotFound('p:/a'), revalidate: -1 }
    expect(decodeEntry(encodeEntry(entry), 'p:/a')).toBeUndefined()
    expect(decodeEntry(encodeEntry({ ...entry, revalidate: 1, expire: NaN }), 'p:/a')).toBeUndefined()
    expect(decodeEntry(encodeEntry({ ...entry, revalidate: 1, status: 200 as 404 }), 'p:/a')).toBeUndefined()
  })

  const html: Body = { identity: Buffer.from('twenty bytes of html'), digest: 'x' }
  const page: PageEntry = { ...toNotFound('p:/a'), kind: 'page', status: 200, html, data: undefined }
  const redirect: Entry = { ...toNotFound('p:/a'), kind: 'redirect', status: 308, destination: '/b', basePath: true }

  it.each<[what: string, offset: number, value: number]>([
    ['a magic that is not ours', 0, 0x46],
    ['a kind that there is not', 5, 3],
    ['something in the reserved bytes', 6, 1],
    ['a length that is not its own', 16, encodeEntry(page).length + 1],
    ['one byte less of meta data', 20, Buffer.from(encodeEntry(page)).readUInt32LE(20) - 1],
    ['a body that ends too early', 24, 19],
    ['a body that is longer than its plain form', 28, 19],
    ['a body that it does not have', 32, 0],
    ['the plain form of a body that it does not have', 36, 0],
    ['the place of a body that it does not have', 40, 0],
  ])('REL-26 a record with %s is no entry, though its checksum fits', (_what, offset, value) => {
    const record = Buffer.from(encodeEntry(page))
    record.writeUInt8(value, offset)
    expect(decodeEntry(reseal(record), page.key)).toBeUndefined()
    if (offset < 6) expect(readHeader(record)).toBeUndefined()
  })

  it.each<[what: string, entry: Entry, wrong: object]>([
    ['another status', page, { status: 201 }],
    ['no digests', page, { digests: undefined }],
    ['a digest that is no text', page, { digests: [5, null] }],
    ['a digest that would end the header it goes into', page, { digests: ['x\n', null] }],
    ['a digest that begins with a line of its own', page, { digests: ['\nx', null] }],
    ['a digest of navigation data that it has not', page, { digests: ['x', 'y'] }],
    ['no digest of its navigation data', { ...page, data: html }, { digests: ['x'] }],
    ['another status', toNotFound('p:/a'), { status: 200 }],
    ['a status that sends nobody elsewhere', redirect, { status: 304 }],
    ['no destination', redirect, { destination: undefined }],
    ['a destination that is no text', redirect, { destination: 7 }],
    ['a base path that is neither yes nor no', redirect, { basePath: 'yes' }],
    ['no time', page, { generatedAt: null }],
    ['a time that is text', page, { generatedAt: '5' }],
    ['a lifetime of nothing', page, { revalidate: 0 }],
    ['a lifetime below nothing', page, { revalidate: -1 }],
    ['a lifetime that is text', page, { revalidate: '60' }],
    ['a lifetime of `true`', page, { revalidate: true }],
    ['no expiry', page, { expire: null }],
    ['an expiry of nothing', page, { expire: 0 }],
    ['an expiry of `false`', page, { expire: false }],
    ['an expiry without an end', page, { expire: Infinity }],
    ['a lifetime without an end', page, { revalidate: Infinity }],
  ])('REL-26 P8 %s in the meta data is no entry, whoever sealed it', (_what, entry, wrong) => {
    expect(decodeEntry(withMeta(entry, {}), entry.key)).toEqual(entry)
    expect(decodeEntry(withMeta(entry, wrong), entry.key)).toBeUndefined()
  })

  /** HTML of 100 bytes that holds 50 of navigation data, without the braces, from the 30th on. */
  const holder: PageEntry = {
    ...page,
    html: { br: Buffer.alloc(20), size: 100, digest: 'x', makeable: OF_BROTLI },
    data: toBodyWithin(30, 52, 'y', true),
  }

  it('P3 of navigation data that the HTML holds a record says where, whatever forms it has', () => {
    expect(decodeEntry(encodeEntry(holder), page.key)).toEqual(holder)
    const grown = {
      ...holder.data!,
      identity: Buffer.alloc(52),
      br: Buffer.alloc(9),
      gzip: Buffer.alloc(9),
      makeable: [],
    }
    expect(encodeEntry({ ...holder, data: grown })).toEqual(encodeEntry(holder))
    expect(readFacts(Buffer.from(encodeEntry(holder)), page.key)).toMatchObject({ htmlBytes: 100, dataBytes: 52 })
    for (const last of [
      toBodyWithin(50, 52, 'y', true),
      toBodyWithin(0, 102, 'y', true),
      toBodyWithin(88, 14, '', true),
    ]) {
      expect(decodeEntry(encodeEntry({ ...holder, data: last }), page.key)).toEqual({ ...holder, data: last })
    }
  })

  it.each<[what: string, at: number, size: number]>([
    ['goes on behind the HTML', 51, 52],
    ['begins behind the HTML', 100, 52],
    ['begins far behind the HTML', 0xfffffffe, 52],
    ['begins before the HTML', -30 >>> 0, 52],
    ['is larger than the HTML', 0, 103],
    ['is as large as numbers go', 0, 0xfffffffe],
    ['has no size', 30, 0xffffffff],
    ['is nothing', 30, 0],
    ['is no more than what it begins with', 30, 13],
  ])('REL-26 P2 navigation data within the HTML that %s makes no entry, whoever sealed it', (_what, at, size) => {
    const record = Buffer.from(encodeEntry(holder))
    record.writeUInt32LE(size, 36)
    record.writeUInt32LE(at, 40)
    expect(decodeEntry(reseal(record), page.key)).toBeUndefined()
    expect(readFacts(reseal(record), page.key)).toBeUndefined()
  })

  it('REL-26 navigation data is either within the HTML or a body, and only a page has any', () => {
    const record = Buffer.from(encodeEntry(holder))
    record.writeUInt32LE(0, 32)
    expect(decodeEntry(reseal(record), page.key)).toBeUndefined()
    const own = Buffer.from(encodeEntry({ ...holder, data: { identity: Buffer.alloc(52), digest: 'y' } }))
    own.writeUInt32LE(30, 40)
    expect(decodeEntry(reseal(own), page.key)).toBeUndefined()
    const none = Buffer.from(encodeEntry(toNotFound('p:/a')))
    none.writeUInt32LE(52, 36)
    none.writeUInt32LE(0, 40)
    expect(decodeEntry(reseal(none), 'p:/a')).toBeUndefined()
  })

  it('REL-26 a record without a time of its start, or without its page, is no entry', () => {
    expect(decodeEntry(encodeEntry({ ...page, startedAt: NaN }), page.key)).toBeUndefined()
    expect(decodeEntry(encodeEntry({ ...page, startedAt: Infinity }), page.key)).toBeUndefined()
    const bodiless = { ...page, html: { digest: 'x' } } as unknown as Entry
    expect(decodeEntry(encodeEntry(bodiless), page.key)).toBeUndefined()
  })

  it('an entry that is too large for a record is refused by name', () => {
    const identity = Object.defineProperty(new Uint8Array(), 'byteLength', { value: 2 ** 40 })
    const large = { ...page, html: { identity, digest: 'x' } }
    expect(() => encodeEntry(large)).toThrow(/^The entry p:\/a has 1099511\d+ bytes/)
  })

  it('an empty page and empty navigation data are told from none', () => {
    const empty = { identity: Buffer.alloc(0), digest: '' }
    const entry: Entry = { ...toNotFound('p:/a'), kind: 'page', status: 200, html: empty, data: empty }
    expect(decodeEntry(encodeEntry(entry), 'p:/a')).toEqual(entry)
  })

  it('SEC-70 P7 bodies have memory of exactly their size, whatever they were read into', () => {
    const data = { identity: Buffer.from('{"pageProps":{}}'), digest: 'd' }
    for (const [entry, bytes] of [
      [toEntryOf('p:/a', 100), 100],
      [{ ...page, html: { identity: Buffer.alloc(100, 4), digest: 'h' }, data }, 100 + data.identity.length],
    ] as const) {
      const record = encodeEntry(entry)
      const pool = Buffer.alloc(64 * 1024)
      pool.set(record, 1000)
      const decoded = decodeEntry(pool.subarray(1000, 1000 + record.length), entry.key)
      if (decoded?.kind !== 'page') throw new Error('no page')
      const bodies = [decoded.html.identity, decoded.data?.identity].filter((body) => body !== undefined)
      expect(new Set(bodies.map((body) => body.buffer)).size).toBe(1)
      expect(bodies[0]!.buffer.byteLength).toBe(bytes)
      pool.fill(0)
      expect(decoded).toEqual(entry)
    }
  })

  it('the header alone tells kind, order and length', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        const record = encodeEntry(entry)
        expect(readHeader(record.subarray(0, RECORD_HEADER_BYTES))).toEqual({
          kind: entry.kind,
          startedAt: entry.startedAt,
          length: record.length,
        })
      }),
    )
  })
})

describe('readFacts', () => {
  it('says what the entry says', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        const { revalidate, expire } = entry
        const htmlBytes = entry.kind === 'page' ? toPlainBytes(entry.html) : 0
        const dataBytes = entry.kind === 'page' && entry.data ? toPlainBytes(entry.data) : 0
        const facts = readFacts(Buffer.from(encodeEntry(entry)), entry.key)
        expect(facts).toEqual({ revalidate, expire, htmlBytes, dataBytes })
      }),
    )
  })
  it('a record with any damaged byte, cut off or of another key has none', () => {
    fc.assert(
      fc.property(anyEntry, fc.nat(), fc.integer({ min: 1, max: 255 }), (entry, at, bits) => {
        const record = Buffer.from(encodeEntry(entry))
        expect(readFacts(record, `${entry.key}x`)).toBeUndefined()
        expect(readFacts(record.subarray(0, at % record.length), entry.key)).toBeUndefined()
        record[at % record.length]! ^= bits
        expect(readFacts(record, entry.key)).toBeUndefined()
      }),
    )
  })
})
