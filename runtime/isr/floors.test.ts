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
