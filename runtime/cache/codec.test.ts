import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeEntry, encodeEntry, readHeader, RECORD_HEADER_BYTES } from './codec.ts'
import { sha256 } from './sha256.ts'
import { anyEntry, toEntryOf, toNotFound } from './testing/entries.ts'

/** Puts a right checksum on altered bytes: the attack that a checksum does not stop. */
function reseal(record: Uint8Array): Buffer {
  const bytes = Buffer.from(record)
  sha256(bytes.subarray(0, -32)).copy(bytes, bytes.length - 32)
  return bytes
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
        if (decoded?.kind === 'page') expect(decoded.html.identity).toBeInstanceOf(Buffer)
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

  it('REL-26 a record of a later version is no entry', () => {
    const record = Buffer.from(encodeEntry(toNotFound('p:/a')))
    record.writeUInt8(2, 4)
    expect(decodeEntry(reseal(record), 'p:/a')).toBeUndefined()
    expect(readHeader(record)).toBeUndefined()
  })

  it('REL-26 meta data that no version wrote is no entry', () => {
    const entry = { ...toNotFound('p:/a'), revalidate: -1 }
    expect(decodeEntry(encodeEntry(entry), 'p:/a')).toBeUndefined()
    expect(decodeEntry(encodeEntry({ ...entry, revalidate: 1, expire: NaN }), 'p:/a')).toBeUndefined()
    expect(decodeEntry(encodeEntry({ ...entry, revalidate: 1, status: 200 as 404 }), 'p:/a')).toBeUndefined()
  })

  it('SEC-70 bodies are views on one buffer of the size of the record, whatever they were read into', () => {
    const record = encodeEntry(toEntryOf('p:/a', 100))
    const pool = Buffer.alloc(64 * 1024)
    pool.set(record, 1000)
    const decoded = decodeEntry(pool.subarray(1000, 1000 + record.length), 'p:/a')
    if (decoded?.kind !== 'page') throw new Error('no page')
    expect(decoded.html.identity.buffer.byteLength).toBe(record.length)
    pool.fill(0)
    expect(decoded.html.identity[0]).toBe(4)
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
