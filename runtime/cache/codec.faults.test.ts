import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { isLong } from '../../scripts/flags.ts'
import type { Body, Entry } from '../types.ts'
import { compressBody, createBody, decompressBody, readPlain, toBodyWithin, toPlainBytes } from './body.ts'
import { decodeEntry, encodeEntry, readHeader } from './codec.ts'
import { sha256 } from './sha256.ts'
import { anyEntry, toNotFound } from './testing/entries.ts'
import { processorMs } from './testing/processor.ts'

const KEY = 'p:/posts/1'
const HEADER_BYTES = 44
const DIGEST_BYTES = 32
const ABSENT = 0xffffffff

/** As a reader of its record has it: text that compresses, and navigation data, which the HTML may hold. */
async function createPage(seed: string, revalidate = 60, isHeld = false): Promise<Entry> {
  const words = Array.from({ length: isLong ? 1200 : 150 }, (_, index) =>
    sha256(`${seed} ${index}`).toString('hex', 0, 4),
  )
  const data = JSON.stringify({ pageProps: { words } })
  const held = isHeld ? `<script type="application/json">${data}</script>` : ''
  const html = `<!DOCTYPE html><html><body><p>${words.join('</p><p>')}</p>${held}</body></html>`
  const [htmlBody, dataBody] = await Promise.all([
    createBody(Buffer.from(html), 'text/html; charset=utf-8', { compress: false }),
    createBody(Buffer.from(data), 'application/json; charset=utf-8', { compress: false }),
  ])
  const lifetime = { startedAt: 1_700_000_000_000, generatedAt: 1_700_000_000_050, revalidate, expire: 31_536_000 }
  return {
    key: KEY,
    ...lifetime,
    kind: 'page',
    status: 200,
    html: compressBody(htmlBody),
    data: isHeld ? toBodyWithin(html.indexOf(data) + 1, data.length, dataBody.digest, true) : compressBody(dataBody),
  }
}

const FORMATS = [
  { where: 'with its data beside it', isHeld: false },
  { where: 'with its data within', isHeld: true },
]

/** Puts a right checksum on altered bytes: damage that happened before the record was made, or that somebody made on purpose. */
function reseal(record: Buffer): Buffer {
  const end = record.length - DIGEST_BYTES
  if (end >= 0) sha256(record.subarray(0, end)).copy(record, end)
  return record
}

/** Where each part of the record begins and ends. */
function toRegions(record: Buffer): Array<{ name: string; start: number; end: number }> {
  const regions = [
    { name: 'magic', start: 0, end: 4 },
    { name: 'version', start: 4, end: 5 },
    { name: 'kind', start: 5, end: 6 },
    { name: 'reserved', start: 6, end: 8 },
    { name: 'startedAt', start: 8, end: 16 },
    { name: 'length', start: 16, end: 20 },
    { name: 'meta length', start: 20, end: 24 },
    ...Array.from({ length: 4 }, (_, index) => ({
      name: `${index % 2 === 0 ? 'length' : 'plain length'} of body ${index >> 1}`,
      start: 24 + 4 * index,
      end: 28 + 4 * index,
    })),
    { name: 'place of the navigation data', start: 40, end: 44 },
  ]
  let offset = HEADER_BYTES + record.readUInt32LE(20)
  regions.push({ name: 'meta', start: HEADER_BYTES, end: offset })
  for (let index = 0; index < 2; index++) {
    const length = record.readUInt32LE(24 + 8 * index)
    if (length === ABSENT) continue
    regions.push({ name: `body ${index}`, start: offset, end: offset + length })
    offset += length
  }
  regions.push({ name: 'checksum', start: offset, end: record.length })
  expect(offset + DIGEST_BYTES).toBe(record.length)
  return regions
}

/** Whatever is decoded can be served: nothing of it is missing or lies outside the record. */
function expectServable(entry: Entry | undefined, record: Buffer): void {
  if (entry?.kind !== 'page') return
  for (const body of [entry.html, entry.data]) {
    if (!body) continue
    const { identity, br, zstd, gzip, digest, within } = body
    expect(digest).toMatch(/^[ -~]*$/)
    for (const part of [identity, br, zstd, gzip]) if (part) expect(part.byteLength).toBeLessThan(record.length)
    expect(identity ?? br ?? within).toBeDefined()
    if (within !== undefined) expect(within + toPlainBytes(body) - 2).toBeLessThanOrEqual(toPlainBytes(entry.html))
  }
}

describe.each(FORMATS)('a real page $where, damaged', ({ isHeld }) => {
  let page: Entry
  let whole: Buffer
  beforeAll(async () => {
    page = await createPage('one', 60, isHeld)
    whole = Buffer.from(encodeEntry(page))
  })

  it('REL-26 P2 each single bit that flips is found', () => {
    const copy = Buffer.from(whole)
    let found = 0
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const at = bit >> 3
      copy[at] = whole[at]! ^ (1 << (bit & 7))
      if (decodeEntry(copy, KEY) === undefined) found += 1
      copy[at] = whole[at]!
    }
    expect(found).toBe(whole.length * 8)
    expect(decodeEntry(copy, KEY)).toEqual(page)
    console.info(`REL-26: ${found} of ${whole.length * 8} single-bit flips found in a record of ${whole.length} bytes`)
  })

  it('REL-26 REL-20 cut off at each length, also with a length and a checksum that fit', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(decodeEntry(whole.subarray(0, length), KEY)).toBeUndefined()
    }
    for (let length = HEADER_BYTES; length < whole.length; length++) {
      const cut = Buffer.from(whole.subarray(0, length))
      cut.writeUInt32LE(length, 16)
      if (decodeEntry(reseal(cut), KEY)) expect.fail(`cut to ${length} of ${whole.length} bytes it is still an entry`)
    }
  })

  it('REL-26 with something behind it, before it, or missing in between', () => {
    fc.assert(
      fc.property(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 5000 }), (at, more) => {
        const position = at % whole.length
        const [before, after] = [whole.subarray(0, position), whole.subarray(position)]
        expect(decodeEntry(Buffer.concat([before, more, after]), KEY)).toBeUndefined()
        expect(decodeEntry(Buffer.concat([before, after.subarray(more.length)]), KEY)).toBeUndefined()
        // Blocks of a disk that were never written, in the middle of a file of the right size.
        const zeros = Buffer.from(whole)
        zeros.fill(0, position, Math.min(position + more.length, whole.length))
        if (!zeros.equals(whole)) expect(decodeEntry(zeros, KEY)).toBeUndefined()
      }),
      { numRuns: 1000 },
    )
  })

  it('REL-26 each part of it on its own: set to extremes, to noise, or to that of another record', async () => {
    const other = Buffer.from(encodeEntry(await createPage('two', 3600, isHeld)))
    for (const { name, start, end } of toRegions(whole)) {
      const size = end - start
      const noise = fc.sample(fc.uint8Array({ minLength: size, maxLength: size }), { numRuns: 20, seed: 1 })
      const values = [
        Buffer.alloc(size),
        Buffer.alloc(size, 0xff),
        Buffer.alloc(size, 0x7f),
        Buffer.alloc(size, 0x01),
        other.subarray(start, end),
        ...noise,
      ]
      for (const value of values) {
        const record = Buffer.from(whole)
        record.set(value, start)
        if (record.equals(whole)) continue
        if (decodeEntry(record, KEY)) expect.fail(`${name} as ${record.toString('hex', start, end)} was not found`)
        const sealed = reseal(record)
        expectServable(decodeEntry(sealed, KEY), sealed)
      }
    }
  })

  it('REL-26 any damage at all: several places, any bytes', () => {
    const change = fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 64 }))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const record = Buffer.from(whole)
        for (const [at, bytes] of changes)
          record.set(bytes.subarray(0, record.length - (at % record.length)), at % record.length)
        if (!record.equals(whole)) expect(decodeEntry(record, KEY)).toBeUndefined()
        const sealed = reseal(record)
        expectServable(decodeEntry(sealed, KEY), sealed)
        readHeader(sealed)
      }),
      { numRuns: isLong ? 100_000 : 5000 },
    )
  })

  it('REL-27 P3 the beginning of one record and the end of another, cut anywhere', () => {
    const later = { ...page, startedAt: page.startedAt + 1, generatedAt: page.generatedAt + 1 }
    const html: Body = { ...(page.kind === 'page' ? page.html : expect.fail()), digest: 'B'.repeat(27) }
    const second = Buffer.from(encodeEntry({ ...later, kind: 'page', status: 200, html, data: undefined }))
    const third = Buffer.from(encodeEntry(later))
    for (const other of [second, third]) {
      for (let cut = 0; cut <= Math.min(whole.length, other.length); cut++) {
        for (const [first, last] of [
          [whole, other],
          [other, whole],
        ] as const) {
          const record = Buffer.concat([first.subarray(0, cut), last.subarray(cut)])
          if (record.equals(whole) || record.equals(other)) continue
          if (decodeEntry(record, KEY)) expect.fail(`torn at ${cut} it is still an entry`)
        }
      }
    }
  })

  it('REL-26 W23 each other version, with a right checksum', () => {
    for (let version = 0; version < 256; version++) {
      if (version === 3) continue
      const record = Buffer.from(whole)
      record.writeUInt8(version, 4)
      expect(decodeEntry(reseal(record), KEY)).toBeUndefined()
      expect(readHeader(record)).toBeUndefined()
    }
  })

  it('REL-26 what is no record: empty, zeros, other formats, in every size', () => {
    const formats = [
      Buffer.from('ISRE'),
      Buffer.from('ISRP\x01\0\0\0'),
      Buffer.from('ISRI\x01\0\0\0'),
      Buffer.from('<!DOCTYPE html><html></html>'),
      Buffer.from('{"value":{"kind":"PAGES","html":"<html></html>","pageData":{}},"lastModified":1}'),
      Buffer.from([0x1f, 0x8b, 8, 0]),
      Buffer.from('SQLite format 3\0'),
      Buffer.from('\u{feff}ISRE'),
      whole.subarray(HEADER_BYTES),
    ]
    for (const format of formats) {
      for (const size of [
        0,
        1,
        39,
        40,
        43,
        44,
        55,
        56,
        71,
        72,
        73,
        75,
        76,
        77,
        87,
        88,
        4096,
        whole.length,
        1_000_000,
      ]) {
        const file = Buffer.alloc(size)
        format.copy(file)
        expect(decodeEntry(file, KEY)).toBeUndefined()
        if (size >= DIGEST_BYTES) expect(decodeEntry(reseal(file), KEY)).toBeUndefined()
      }
    }
    // Trailing bytes that are a whole record do not make the file one.
    expect(decodeEntry(Buffer.concat([whole, whole]), KEY)).toBeUndefined()
  })

  it('REL-26 SEC-63 a whole record of another key, however alike the keys are', () => {
    const alike = [
      'p:/caf\u00e9',
      'p:/cafe\u0301',
      'p:/Caf\u00e9',
      'p:/caf\u00e9/',
      'p:/caf\u00e9 ',
      's:/caf\u00e9',
      '/caf\u00e9',
      'p:/caf%C3%A9',
    ]
    for (const key of alike) {
      const record = encodeEntry(toNotFound(key))
      for (const other of alike) expect(decodeEntry(record, other)?.key).toBe(other === key ? key : undefined)
    }
  })
})

describe.each(FORMATS)('what a record of a page $where says of its own size', ({ isHeld }) => {
  let page: Entry
  let whole: Buffer
  beforeAll(async () => {
    page = await createPage('one', 60, isHeld)
    whole = Buffer.from(encodeEntry(page))
  })

  it('REL-26 P7 a length that is a lie makes no buffer', () => {
    const before = process.memoryUsage()
    const begin = processorMs()
    for (let round = 0; round < 2000; round++) {
      const record = Buffer.from(whole)
      // 2 ** 40 does not fit a field of 32 bits; the largest that does, in every field.
      const fields = [16, 20, 24, 32]
      for (const [index, field] of fields.entries()) {
        if (round % 5 === 4 || index === round % 5) record.writeUInt32LE(0xfffffffe - (round % 7), field)
      }
      expect(decodeEntry(reseal(record), KEY)).toBeUndefined()
    }
    const after = process.memoryUsage()
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(200e6)
    expect(processorMs() - begin).toBeLessThan(10_000)
  })

  it('REL-26 P2 P7 a plain length that is a lie makes no buffer either, and no body', async () => {
    const before = process.memoryUsage()
    for (const size of [0xfffffffe, 2 ** 31, 2 ** 20, whole.length]) {
      const record = Buffer.from(whole)
      record.writeUInt32LE(size, 28)
      const entry = decodeEntry(reseal(record), KEY)
      // No record has so much, and HTML cannot hold data that is larger.
      expect(entry === undefined).toBe(size >= 2 ** 31 || (isHeld && size === whole.length))
      if (entry?.kind !== 'page') continue
      await expect(decompressBody(entry.html)).rejects.toThrow()
      if (isHeld) await expect(readPlain(entry.data!, entry.html)).rejects.toThrow()
    }
    expect(process.memoryUsage().arrayBuffers - before.arrayBuffers).toBeLessThan(50e6)
  })

  it('REL-26 the time to refuse a record grows with its bytes and no faster', () => {
    const time = (bytes: number) => {
      const identity = Buffer.from(new Uint8Array(bytes).buffer)
      const record = Buffer.from(
        encodeEntry({ ...page, kind: 'page', status: 200, html: { identity, digest: 'x' }, data: undefined }),
      )
      record[record.length - 1]! ^= 1
      const times = Array.from({ length: 5 }, () => {
        const begin = processorMs()
        expect(decodeEntry(record, KEY)).toBeUndefined()
        return processorMs() - begin
      })
      return Math.min(...times)
    }
    const [small, large] = [time(2_000_000), time(32_000_000)]
    expect(large).toBeLessThan(16 * 4 * small + 20)
  })

  it('REL-26 P8 any entry, damaged anywhere, is never an exception', () => {
    fc.assert(
      fc.property(
        anyEntry,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (entry, changes) => {
          const record = Buffer.from(encodeEntry(entry))
          const original = Buffer.from(record)
          for (const [at, byte] of changes) record.writeUInt8(byte, at % record.length)
          if (!record.equals(original)) expect(decodeEntry(record, entry.key)).toBeUndefined()
          const sealed = reseal(record)
          expectServable(decodeEntry(sealed, entry.key), sealed)
        },
      ),
      { numRuns: isLong ? 100_000 : 3000 },
    )
  })
})
