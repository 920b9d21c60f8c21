import fc from 'fast-check'
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, readdir, readFile, rm, writeFile, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Entry } from '../types.ts'
import { encodeEntry } from './codec.ts'
import { encodeIndex, INDEX_FILE, PACK_FILE, parseIndex, ROW_BYTES, toRowHash } from './pack-format.ts'
import { createPackWriter, openPack } from './pack.ts'
import { sha256 } from './sha256.ts'
import { anyEntry, toEntryOf, toNotFound } from './testing/entries.ts'

let dir: string
beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'isr-pack-'))))
afterEach(() => rm(dir, { recursive: true }))

async function writePack(entries: readonly Entry[]) {
  const writer = await createPackWriter(dir)
  await Promise.all(entries.map((entry) => writer.add(entry)))
  return writer.finish()
}

describe('pack', () => {
  it('a reproducible pack is the same files of the same entries, in whichever order they come', async () => {
    const unique = fc.uniqueArray(anyEntry, { selector: (entry) => entry.key, minLength: 1, maxLength: 40 })
    const write = async (entries: readonly Entry[]) => {
      const writer = await createPackWriter(dir, { reproducible: true })
      for (const entry of entries) await writer.add(entry)
      const written = await writer.finish()
      const files = await Promise.all([PACK_FILE, INDEX_FILE].map((name) => readFile(join(dir, name))))
      return { written, files }
    }
    await fc.assert(
      fc.asyncProperty(unique, async (entries) => {
        const one = await write(entries)
        expect(await write(entries.toReversed())).toEqual(one)
        expect(await readdir(dir)).toHaveLength(2)
        const pack = openPack(dir, one.written)
        for (const entry of entries) expect(await pack.read(entry.key)).toEqual(entry)
        await pack.close()
        expect((await write(entries.slice(1))).written.id).not.toBe(one.written.id)
      }),
      { numRuns: 30 },
    )
  })
  it('a record larger than what is copied at once is in a reproducible pack', async () => {
    const writer = await createPackWriter(dir, { reproducible: true })
    const html = { identity: randomBytes(3_000_000), digest: 'digest' }
    const times = { startedAt: 1, generatedAt: 2, revalidate: 60, expire: 90 }
    const large: Entry = { key: 'p:/large', ...times, kind: 'page', status: 200, html, data: undefined }
    const small: Entry = { key: 'p:/small', ...times, kind: 'notFound', status: 404 }
    for (const entry of [small, large]) await writer.add(entry)
    const pack = openPack(dir, await writer.finish())
    expect(await pack.read('p:/small')).toEqual(small)
    const found = await pack.read('p:/large')
    // Compared as text would take seconds.
    expect(found?.kind === 'page' && html.identity.equals(found.html.identity!)).toBe(true)
    await pack.close()
  })

  it('what was added is read back, and nothing else is there', async () => {
    const unique = fc.uniqueArray(anyEntry, { selector: (entry) => entry.key, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(unique, fc.string(), async (entries, other) => {
        const written = await writePack(entries)
        expect(written).toMatchObject({ pack: PACK_FILE, index: INDEX_FILE, count: entries.length })
        const pack = openPack(dir, written)
        for (const entry of entries) {
          expect(pack.has(entry.key)).toBe(true)
          expect(await pack.read(entry.key)).toEqual(entry)
        }
        expect(pack.newestStartedAt).toBe(Math.max(0, ...entries.map((entry) => entry.startedAt)))
        if (!entries.some((entry) => entry.key === other)) {
          expect(pack.has(other)).toBe(false)
          expect(await pack.read(other)).toBeUndefined()
        }
        await pack.close()
      }),
      { numRuns: 40 },
    )
  })

  it('pages of an earlier build are as new as the look that found them up to date', async () => {
    const [old, fresh] = [toEntryOf('p:/old', 10), toEntryOf('p:/fresh', 10)].map((entry, index) => ({
      ...entry,
      startedAt: 1000 + 2000 * index,
      generatedAt: 1001 + 2000 * index,
    }))
    const writer = await createPackWriter(dir, { checkedAt: 2000 })
    await writer.add(old!)
    const pack = openPack(dir, await writer.finish())
    expect(await pack.read('p:/old')).toEqual({ ...old, startedAt: 2000, generatedAt: 2000 })
    expect(pack.newestStartedAt).toBe(2000)
    await pack.close()

    const next = await createPackWriter(dir, { checkedAt: 3000 })
    await next.append(encodeEntry(fresh!), fresh!)
    await next.append(encodeEntry(old!), { key: 'p:/old', startedAt: 3000 })
    const both = openPack(dir, await next.finish())
    expect(await both.read('p:/fresh')).toEqual(fresh)
    expect(await both.read('p:/old')).toMatchObject({ startedAt: 3000, generatedAt: 3000 })
    await both.close()
  })

  it('many large entries: written in batches, in any order', async () => {
    const entries = Array.from({ length: 500 }, (_, index) => toEntryOf(`p:/${index}`, 10_000 + index))
    const written = await writePack(entries)
    const pack = openPack(dir, written)
    const read = await Promise.all(entries.map((entry) => pack.read(entry.key)))
    expect(read.map((entry) => entry?.kind === 'page' && entry.html.identity!.byteLength)).toEqual(
      entries.map((_, index) => 10_000 + index),
    )
    await pack.close()
    expect(await pack.read('p:/1')).toBeUndefined()
  })

  it('REL-17 a disk that fails while pages are still made fails the build, though it is well again at its end', async () => {
    const probe = await open(dir, 'r')
    const datasync = vi.spyOn(Object.getPrototypeOf(probe) as FileHandle, 'datasync')
    await probe.close()
    datasync.mockRejectedValueOnce(new Error('EIO'))
    const writer = await createPackWriter(dir)
    const times = { startedAt: 1, generatedAt: 2, revalidate: 60, expire: 90 }
    const html = { identity: randomBytes(1_000_000), digest: 'digest' }
    for (let page = 0; page < 20; page++) {
      await writer.add({ key: `p:/${page}`, ...times, kind: 'page', status: 200, html, data: undefined })
    }
    await expect(writer.finish()).rejects.toThrow('EIO')
    await writer.abort()
    datasync.mockRestore()
    expect(await readdir(dir)).toEqual([])
  })
  it('REL-17 nothing is left of a pack that was not finished, and the one before stays', async () => {
    const written = await writePack([toNotFound('p:/a')])
    const writer = await createPackWriter(dir)
    await writer.add(toEntryOf('p:/b', 2_000_000))
    await writer.abort()
    expect((await readdir(dir)).toSorted()).toEqual([INDEX_FILE, PACK_FILE])
    const pack = openPack(dir, written)
    expect(pack.has('p:/a')).toBe(true)
    await pack.close()
  })

  it('a process that has the pack open goes on reading it after a rebuild', async () => {
    const old = openPack(dir, await writePack([toEntryOf('p:/a', 10)]))
    await writePack([toEntryOf('p:/a', 20)])
    const entry = await old.read('p:/a')
    expect(entry?.kind === 'page' && entry.html.identity!.byteLength).toBe(10)
    await old.close()
  })

  it('two entries with the same key are refused', async () => {
    const writer = await createPackWriter(dir)
    await writer.add(toNotFound('p:/a'))
    await writer.add(toNotFound('p:/a'))
    await expect(writer.finish()).rejects.toThrow('same key')
    await writer.abort()
    expect(await readdir(dir)).toEqual([])
  })

  it('REL-26 a damaged record is no entry; the others are read', async () => {
    const pack = openPack(dir, await writePack([toEntryOf('p:/a', 1000), toEntryOf('p:/b', 1000)]))
    const bytes = await readFile(join(dir, PACK_FILE))
    bytes.writeUInt8(bytes.readUInt8(500) ^ 1, 500)
    await writeFile(join(dir, PACK_FILE), bytes)
    const entries = await Promise.all(['p:/a', 'p:/b'].map((key) => pack.read(key)))
    expect(entries.filter(Boolean)).toHaveLength(1)
    await pack.close()
  })

  it('REL-26 a damaged, missing or foreign index, or a pack of another build, is no build', async () => {
    const written = await writePack([toNotFound('p:/a')])
    const [index, pack] = await Promise.all([readFile(join(dir, INDEX_FILE)), readFile(join(dir, PACK_FILE))])
    const open = () => openPack(dir, written)
    for (const bytes of [
      Buffer.alloc(0),
      index.subarray(0, -1),
      Buffer.from(index).fill(0, 60, 61),
      Buffer.from('{}'),
    ]) {
      await writeFile(join(dir, INDEX_FILE), bytes)
      expect(open).toThrow(expect.objectContaining({ code: 'ISR_NO_BUILD' }))
    }
    await rm(join(dir, INDEX_FILE))
    expect(open).toThrow(expect.objectContaining({ code: 'ISR_NO_BUILD' }))
    await writeFile(join(dir, INDEX_FILE), index)
    for (const bytes of [Buffer.alloc(0), pack.subarray(0, -1), Buffer.from(pack).fill(0, 8, 24)]) {
      await writeFile(join(dir, PACK_FILE), bytes)
      expect(open).toThrow(expect.objectContaining({ code: 'ISR_NO_BUILD' }))
    }
    await writeFile(join(dir, PACK_FILE), pack)
    await open().close()
    expect(() => openPack(dir, { ...written, count: 2 })).toThrow(expect.objectContaining({ code: 'ISR_NO_BUILD' }))
  })

  it('REL-26 REL-34 entries of another build are not taken for those of the manifest', async () => {
    const written = await writePack([toNotFound('p:/a')])
    const other = await writePack([toNotFound('p:/a')])
    expect({ ...written, id: '' }).toEqual({ ...other, id: '' })
    expect(() => openPack(dir, written)).toThrow('of another build')
    await openPack(dir, other).close()
  })

  it('REL-34 a build whose files another one took away says so, and leaves nothing', async () => {
    const writer = await createPackWriter(dir)
    await writer.add(toNotFound('p:/a'))
    for (const name of await readdir(dir)) await rm(join(dir, name))
    await expect(writer.finish()).rejects.toThrow('another build')
    await writer.abort()
    expect(await readdir(dir)).toEqual([])
  })

  it('REL-26 an index that promises more than the pack has costs no more than the pack', () => {
    const row = Buffer.alloc(ROW_BYTES, 0xff)
    toRowHash('p:/a').copy(row)
    for (const offset of [24, 100, 2 ** 40]) {
      row.writeUIntLE(offset, 16, 6)
      const index = parseIndex(encodeIndex(row, { id: Buffer.alloc(16), bytes: 100, newestStartedAt: 0, checkedAt: 0 }))
      expect(index?.find('p:/a')?.length).toBe(offset === 24 ? 76 : 0)
    }
  })

  it('the index costs 26 bytes per page, and lookups go to the right row', () => {
    const count = 20_000
    const rows = Array.from({ length: count }, (_, row) => ({ hash: toRowHash(`p:/${row}`), row })).sort((a, b) =>
      a.hash.compare(b.hash),
    )
    const bytes = Buffer.alloc(count * ROW_BYTES)
    for (const [position, { hash, row }] of rows.entries()) {
      hash.copy(bytes, position * ROW_BYTES)
      bytes.writeUIntLE(row * 1e6, position * ROW_BYTES + 16, 6)
      bytes.writeUInt32LE(row, position * ROW_BYTES + 22)
    }
    const encoded = encodeIndex(bytes, { id: Buffer.alloc(16), bytes: 1e12, newestStartedAt: 0, checkedAt: 0 })
    expect(encoded.length / count).toBeLessThan(27)
    const index = parseIndex(encoded)
    for (let row = 0; row < count; row += 7)
      expect(index?.find(`p:/${row}`)).toEqual({ offset: row * 1e6, length: row })
    for (let row = count; row < 2 * count; row += 7) expect(index?.find(`p:/${row}`)).toBeUndefined()
  })

  it.each([1, 2, 15])('rows that crowd around one, with its first %i bytes, do not hide it', (shared) => {
    const keys = Array.from({ length: 40 }, (_, row) => `p:/${row}`)
    const hashes = keys.flatMap((key) => {
      const hash = toRowHash(key)
      const crowd = Array.from({ length: 200 }, () => {
        const other = randomBytes(16)
        hash.copy(other, 0, 0, shared)
        return other
      })
      return [hash, ...crowd]
    })
    const rows = hashes.sort((a, b) => a.compare(b)).map((hash) => Buffer.concat([hash, Buffer.alloc(ROW_BYTES - 16)]))
    const index = parseIndex(
      encodeIndex(Buffer.concat(rows), { id: Buffer.alloc(16), bytes: 1e12, newestStartedAt: 0, checkedAt: 0 }),
    )
    for (const key of keys) expect(index?.find(key), key).toEqual({ offset: 0, length: 0 })
    for (let row = 40; row < 400; row++) expect(index?.find(`p:/${row}`)).toBeUndefined()
  })

  it('REL-26 an index of another format, or with a row too many, is none, though its checksum fits', () => {
    const index = encodeIndex(Buffer.alloc(ROW_BYTES), {
      id: Buffer.alloc(16),
      bytes: 100,
      newestStartedAt: 0,
      checkedAt: 0,
    })
    expect(parseIndex(index)?.count).toBe(1)
    for (const at of [0, 4, 8]) {
      const other = Buffer.from(index)
      other[at]! += 1
      sha256(other.subarray(0, -32)).copy(other, other.length - 32)
      expect(parseIndex(other)).toBeUndefined()
    }
  })

  it('P8 any bytes may be an index', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => parseIndex(Buffer.from(bytes)) === undefined))
  })
})
