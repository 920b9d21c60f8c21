import { compressBody } from '../../runtime/cache/body.ts'
import { encodeEntry } from '../../runtime/cache/codec.ts'
import type { Entry } from '../../runtime/types.ts'

/** What an encoder thread is asked for. */
export interface EncodeRequest {
  readonly entries: readonly Entry[]
  /** Memory of an earlier answer that nobody reads any more. */
  readonly spare: SharedArrayBuffer | undefined
}

/** The records of some entries one after the other, in their order. */
export interface EncodedRecords {
  readonly lengths: readonly number[]
  /**
   * At least as large as they are. Shared and used again and again: what is moved from thread to thread would be garbage in
   * each, which makes the collector of Vite's large heap run all the time.
   */
  readonly bytes: SharedArrayBuffer
}

/** Compresses the plain bodies of entries and makes their records. */
export function encodeEntries({ entries, spare }: EncodeRequest): EncodedRecords {
  const records = entries.map((entry) => encodeEntry(compress(entry)))
  const lengths = records.map(({ byteLength }) => byteLength)
  const size = lengths.reduce((sum, length) => sum + length, 0)
  const bytes = spare && spare.byteLength >= size ? spare : new SharedArrayBuffer(Math.ceil(size * HEADROOM))
  const all = new Uint8Array(bytes)
  let offset = 0
  for (const record of records) {
    all.set(record, offset)
    offset += record.byteLength
  }
  return { lengths, bytes }
}

/** The next records will take about as much, or a little more. */
const HEADROOM = 1.25

function compress(entry: Entry): Entry {
  if (entry.kind !== 'page') return entry
  return { ...entry, html: compressBody(entry.html), data: entry.data && compressBody(entry.data) }
}
