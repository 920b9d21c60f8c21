import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDiskIndex, type DiskIndex, type DiskLimits } from './disk-index.ts'

/** An index of names that can be read. */
function createIndex(limits: DiskLimits): DiskIndex {
  const index = createDiskIndex(limits)
  const toHash = (name: string) => Buffer.from(name).toString('hex')
  return {
    touch: (name, bytes, isPage) => index.touch(toHash(name), bytes, isPage),
    addOld: (name, bytes, isPage) => index.addOld(toHash(name), bytes, isPage),
    has: (name) => index.has(toHash(name)),
    remove: (name) => index.remove(toHash(name)),
    takeExcess: () => index.takeExcess().map((hash) => Buffer.from(hash, 'hex').toString()),
    bytes: () => index.bytes(),
  }
}

describe('disk index', () => {
  it('P7 takes what was not used for longest: what this process never used first, oldest first', () => {
    const index = createIndex({ maxBytes: 1e9, maxEntries: 3, notFoundEntries: 10 })
    for (const hash of ['old 1', 'old 2', 'old 3']) index.addOld(hash, 10, true)
    index.touch('old 2', 10, true)
    index.touch('new', 10, true)
    expect(index.takeExcess()).toEqual(['old 1'])
    index.touch('newer', 10, true)
    index.touch('old 2', 10, true)
    expect(index.takeExcess()).toEqual(['old 3'])
    index.touch('newest', 10, true)
    expect(index.takeExcess()).toEqual(['new'])
  })

  it('P7 counts whole blocks', () => {
    const index = createIndex({ maxBytes: 8192, maxEntries: 100, notFoundEntries: 10 })
    index.touch('a', 1, true)
    index.touch('b', 4097, true)
    expect(index.bytes()).toBe(12_288)
    expect(index.takeExcess()).toEqual(['a'])
    index.touch('b', 10, true)
    expect(index.bytes()).toBe(4096)
  })

  it('P7 an empty file has its place, and what is just full is not too much', () => {
    const index = createIndex({ maxBytes: 8192, maxEntries: 2, notFoundEntries: 1 })
    index.touch('empty', 0, true)
    expect(index.bytes()).toBe(4096)
    index.addOld('old', 4096, true)
    index.touch('slug', 8192, false)
    expect(index.bytes()).toBe(16_384)
    expect(index.takeExcess()).toEqual([])
    expect(['empty', 'old', 'slug', 'other'].map((name) => index.has(name))).toEqual([true, true, true, false])
    index.touch('slug', 8193, false)
    expect(index.takeExcess()).toEqual(['slug'])
    index.addOld('old slug', 1, false)
    expect(index.takeExcess()).toEqual([])
    index.remove('old')
    index.remove('old slug')
    expect(index.bytes()).toBe(4096)
    expect(['old', 'old slug'].map((name) => index.has(name))).toEqual([false, false])
  })

  it('SEC-99 W9 notFound entries push out no page', () => {
    const index = createIndex({ maxBytes: 8192, maxEntries: 2, notFoundEntries: 5 })
    index.touch('page', 4000, true)
    for (let count = 0; count < 100; count++) index.touch(`slug ${count}`, 200, false)
    expect(index.takeExcess()).toHaveLength(95)
    expect(index.has('page')).toBe(true)
    // The same path becomes a page.
    index.touch('slug 99', 4000, true)
    expect(index.takeExcess()).toEqual([])
  })

  it('SEC-99 SEC-125 P7 a flood costs the same per file, however many there are', () => {
    const index = createIndex({ maxBytes: 1e15, maxEntries: 100_000, notFoundEntries: 10 })
    // Processor time, which other work on the machine does not make longer.
    const begin = process.cpuUsage()
    for (let count = 0; count < 200_000; count++) {
      index.touch(`slug ${count}`, 100, true)
      if (index.takeExcess().length !== (count < 100_000 ? 0 : 1)) throw new Error(`file ${count}`)
    }
    // A third of a second. Where each walked over what was deleted before, it was seven.
    expect(process.cpuUsage(begin).user).toBeLessThan(5_000_000)
  })

  it('P7 any history stays within bounds', () => {
    const step = fc.record({
      type: fc.constantFrom('touch', 'addOld', 'remove'),
      hash: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      bytes: fc.nat(20_000),
      isPage: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const index = createIndex({ maxBytes: 30_000, maxEntries: 3, notFoundEntries: 2 })
        for (const { type, hash, bytes, isPage } of steps) {
          if (type === 'touch') index.touch(hash, bytes, isPage)
          else if (type === 'remove') index.remove(hash)
          else if (!index.has(hash)) index.addOld(hash, bytes, isPage)
          for (const gone of index.takeExcess()) expect(index.has(gone)).toBe(false)
          expect(index.bytes()).toBeLessThanOrEqual(30_000 + 2 * 8192)
          expect(index.bytes()).toBeGreaterThanOrEqual(0)
        }
        for (const hash of ['a', 'b', 'c', 'd', 'e', 'f']) index.remove(hash)
        expect(index.bytes()).toBe(0)
      }),
    )
  })
})
