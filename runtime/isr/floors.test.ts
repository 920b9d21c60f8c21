import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFloors } from './floors.ts'

describe('floors', () => {
  it('P12 a copy from before a revalidation is outdated, and every copy of the build is', () => {
    const floors = createFloors()
    floors.raise('a', 100)
    floors.raise('a', 50)
    expect(floors.isOutdated('a', 99, false)).toBe(true)
    expect(floors.isOutdated('a', 100, false)).toBe(false)
    expect(floors.isOutdated('a', 200, true)).toBe(true)
    expect(floors.isOutdated('b', 0, true)).toBe(false)
  })

  it('P7 P12 room for two: the third makes the floor of the first everybody’s', () => {
    const floors = createFloors(2)
    floors.raise('a', 5)
    floors.raise('b', 9)
    expect(floors.isOutdated('c', 0, false)).toBe(false)
    expect(floors.isOutdated('a', 7, true)).toBe(true)
    floors.raise('c', 7)
    // Of `a` it is no longer known that it was revalidated, only that nothing from before 5 is good enough.
    expect(['a', 'd'].map((key) => floors.isOutdated(key, 4, false))).toEqual([true, true])
    expect(['a', 'd'].map((key) => floors.isOutdated(key, 5, true))).toEqual([false, false])
    expect(floors.isOutdated('b', 8, false)).toBe(true)
    floors.raise('d', 11)
    expect(floors.isOutdated('a', 8, false)).toBe(true)
    expect(floors.isOutdated('a', 9, false)).toBe(false)
    // The common floor never sinks.
    floors.raise('e', 12)
    expect(floors.isOutdated('a', 8, false)).toBe(true)
    expect(floors.isOutdated('c', 6, true)).toBe(true)
  })

  it('P12 a page that was revalidated again is forgotten last', () => {
    const floors = createFloors(2)
    floors.raise('a', 1)
    floors.raise('b', 2)
    floors.raise('a', 3)
    floors.raise('c', 4)
    expect(floors.isOutdated('a', 3, true)).toBe(true)
    expect(floors.isOutdated('b', 2, true)).toBe(false)
  })

  it('P7 P12 what is forgotten for want of room makes everything before it outdated', () => {
    const keys = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
    fc.assert(
      // Generations start one after the other.
      fc.property(fc.array(keys, { maxLength: 50 }), keys, fc.nat(60), (raised, key, startedAt) => {
        const floors = createFloors(3)
        for (const [start, each] of raised.entries()) floors.raise(each, start)
        if (startedAt < raised.lastIndexOf(key)) expect(floors.isOutdated(key, startedAt, false)).toBe(true)
        if (startedAt >= raised.length) expect(floors.isOutdated(key, startedAt, false)).toBe(false)
      }),
    )
  })
})
