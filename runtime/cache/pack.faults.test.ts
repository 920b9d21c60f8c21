import fc from 'fast-check'
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isLong } from '../../scripts/flags.ts'
import type { Entry, Prerendered, RouteManifest } from '../types.ts'
import { encodeIndex, INDEX_FILE, PACK_FILE, PACK_HEADER_BYTES, parseIndex, ROW_BYTES } from './pack-format.ts'
import { createPackWriter, openPack } from './pack.ts'
import { sha256 } from './sha256.ts'
import { toEntryOf, toNotFound } from './testing/entries.ts'

const entries = Array.from({ length: 12 }, (_, index) =>
  index % 3 === 0 ? toNotFound(`p:/${index}`) : toEntryOf(`p:/${index}`, 40 * index),
)

let dir: string
let manifest: RouteManifest['entries']
let pack: Buffer
let index: Buffer
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'isr-pack-faults-'))
  manifest = await writePack(entries)
  ;[pack, index] = await Promise.all([readFile(join(dir, PACK_FILE)), readFile(join(dir, INDEX_FILE))])
})
afterAll(() => rm(dir, { recursive: true }))

async function writePack(each: readonly Entry[]) {
  const writer = await createPackWriter(dir)
  for (const entry of each) await writer.add(entry)
  return writer.finish()
}

async function withFiles<T>(files: { pack?: Buffer; index?: Buffer }, run: () => T | Promise<T>): Promise<T> {
  await Promise.all([
    writeFile(join(dir, PACK_FILE), files.pack ?? pack),
    writeFile(join(dir, INDEX_FILE), files.index ?? index),
  ])
  return run()
}

/** @returns how many are read as they were written; the others are read as nothing, and none as something else */
async function countWhole(opened: Prerendered): Promise<number> {
  const read = await Promise.all(entries.map((entry) => opened.read(entry.key)))
  for (const [position, entry] of read.entries()) if (entry) expect(entry).toEqual(entries[position])
  return read.filter(Boolean).length
}

function reseal(bytes: Buffer): Buffer {
  sha256(bytes.subarray(0, -32)).copy(bytes, bytes.length - 32)
  return bytes
}

/** Of the index. */
const HEADER_BYTES = 52

const refusal = expect.objectContaining({ code: 'ISR_NO_BUILD' })

describe('the packed entries of a build, damaged', () => {
  it('REL-26 each byte of the pack: its record is a miss, all others are read; the header is no build', async () => {
    let misses = 0
    const opened = await withFiles({}, () => openPack(dir, manifest))
    for (let at = 0; at < pack.length; at += isLong ? 1 : 7) {
      const damaged = Buffer.from(pack)
      damaged[at]! ^= 1 << (at & 7)
      await writeFile(join(dir, PACK_FILE), damaged)
      if (at < PACK_HEADER_BYTES) expect(() => openPack(dir, manifest)).toThrow(refusal)
      else {
        // Damage that happens while the file is open.
        expect(await countWhole(opened)).toBe(entries.length - 1)
        misses += 1
      }
    }
    await opened.close()
    expect(misses).toBeGreaterThan(100)
  })

  it('REL-26 a pack that becomes shorter, empty or noise while it is open: misses, no exception', async () => {
    for (const size of [pack.length - 1, pack.length >> 1, PACK_HEADER_BYTES, 0]) {
      const opened = await withFiles({}, () => openPack(dir, manifest))
      await truncate(join(dir, PACK_FILE), size)
      expect(await countWhole(opened)).toBeLessThan(entries.length)
      await opened.close()
    }
    const opened = await withFiles({}, () => openPack(dir, manifest))
    await writeFile(join(dir, PACK_FILE), Buffer.alloc(pack.length, 0xa5))
    expect(await countWhole(opened)).toBe(0)
    await opened.close()
  })

  it('REL-26 a pack of another length is no build: cut, or with something behind it', async () => {
    for (let length = 0; length < pack.length; length += 97) {
      await withFiles({ pack: pack.subarray(0, length) }, () => expect(() => openPack(dir, manifest)).toThrow(refusal))
    }
    await withFiles({ pack: Buffer.concat([pack, Buffer.alloc(1)]) }, () =>
      expect(() => openPack(dir, manifest)).toThrow(refusal),
    )
  })

  it('REL-26 each single bit of the index that flips: no build, and an error that says what to do', async () => {
    for (let bit = 0; bit < index.length * 8; bit++) {
      const damaged = Buffer.from(index)
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      expect(parseIndex(damaged)).toBeUndefined()
    }
    const damaged = Buffer.from(index)
    damaged[60]! ^= 1
    await withFiles({ index: damaged }, () =>
      expect(() => openPack(dir, manifest)).toThrow(
        `${dir} has no usable prerendered pages: entries.index is damaged or of another build. Run \`vite build\`.`,
      ),
    )
  })

  it('REL-26 an index that is cut, longer, empty, zeros or of another format', async () => {
    for (let length = 0; length < index.length; length++) expect(parseIndex(index.subarray(0, length))).toBeUndefined()
    const others = [Buffer.alloc(0), Buffer.alloc(index.length), Buffer.from('{}'), pack, Buffer.concat([index, index])]
    for (const other of others) {
      await withFiles({ index: other }, () => expect(() => openPack(dir, manifest)).toThrow(refusal))
    }
    for (const version of [0, 1, 3, 255]) {
      const record = Buffer.from(index)
      record.writeUInt32LE(version, 4)
      expect(parseIndex(reseal(record))).toBeUndefined()
    }
  })

  it('REL-26 P7 an index with a right checksum that lies: records are misses, nothing large is made', async () => {
    const before = process.memoryUsage().arrayBuffers
    const row = fc.record({ row: fc.nat(entries.length - 1), offset: fc.maxSafeNat(), length: fc.nat(0xffffffff) })
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 4 }), async (lies) => {
        const lying = Buffer.from(index)
        for (const { row, offset, length } of lies) {
          const at = HEADER_BYTES + row * ROW_BYTES + 16
          lying.writeUIntLE(offset % 2 ** 48, at, 6)
          lying.writeUInt32LE(length, at + 6)
        }
        const opened = await withFiles({ index: reseal(lying) }, () => openPack(dir, manifest))
        expect(await countWhole(opened)).toBeGreaterThanOrEqual(entries.length - lies.length)
        await opened.close()
      }),
      { numRuns: 100 },
    )
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100e6)
    // A count that the file cannot hold.
    const counted = Buffer.from(index)
    counted.writeUInt32LE(0xffffffff, 8)
    expect(parseIndex(reseal(counted))).toBeUndefined()
  })

  it('REL-26 rows that were swapped between keys: misses, since a record says whose it is', async () => {
    const swapped = Buffer.from(index)
    const [first, second] = [HEADER_BYTES, HEADER_BYTES + ROW_BYTES].map((at) =>
      index.subarray(at + 16, at + ROW_BYTES),
    )
    swapped.set(second!, HEADER_BYTES + 16)
    swapped.set(first!, HEADER_BYTES + ROW_BYTES + 16)
    const opened = await withFiles({ index: reseal(swapped) }, () => openPack(dir, manifest))
    expect(await countWhole(opened)).toBe(entries.length - 2)
    await opened.close()
  })

  it('REL-26 rows in the wrong order: pages are not found, none is taken for another', async () => {
    const rows = Array.from({ length: entries.length }, (_, row) =>
      index.subarray(HEADER_BYTES + row * ROW_BYTES, HEADER_BYTES + (row + 1) * ROW_BYTES),
    )
    const facts = { id: index.subarray(12, 28), bytes: pack.length, newestStartedAt: 1, checkedAt: 0 }
    const opened = await withFiles({ index: encodeIndex(Buffer.concat(rows.reverse()), facts) }, () =>
      openPack(dir, manifest),
    )
    expect(await countWhole(opened)).toBeLessThan(entries.length)
    await opened.close()
  })
})

describe('two builds into one folder at once', () => {
  it('REL-34 P2 in every order of their steps: the files fit together and the manifest, or there is no build', async () => {
    const own = await mkdtemp(join(tmpdir(), 'isr-two-builds-'))
    try {
      const toBuild = (text: number) =>
        entries.map((entry) => (entry.kind === 'page' ? toEntryOf(entry.key, text) : entry))
      let whole = 0
      for (let round = 0; round < 40; round++) {
        const writers = await Promise.all([createPackWriter(own), createPackWriter(own)])
        const builds = await Promise.all(
          writers.map(async (writer, build) => {
            for (const entry of toBuild(100 + build)) {
              await writer.add(entry)
              if ((round >> (entry.key.length % 3)) & 1) await new Promise(setImmediate)
            }
            return writer.finish()
          }),
        )
        for (const [build, written] of builds.entries()) {
          let opened: Prerendered
          try {
            opened = openPack(own, written)
          } catch (error) {
            expect(error).toEqual(refusal)
            continue
          }
          whole += 1
          for (const entry of toBuild(100 + build)) expect(await opened.read(entry.key)).toEqual(entry)
          await opened.close()
        }
        expect((await readdir(own)).toSorted()).toEqual([INDEX_FILE, PACK_FILE])
      }
      expect(whole).toBeLessThanOrEqual(40)
    } finally {
      await rm(own, { recursive: true })
    }
  })
})
