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
    const raises = fc.array(fc.tuple(keys, fc.integer({ min: 1, max: 1000 })), { maxLength: 50 })
    fc.assert(
      fc.property(raises, keys, fc.nat(1000), (raised, key, startedAt) => {
        const floors = createFloors(3)
        for (const [each, floor] of raised) floors.raise(each, floor)
        const own = raised.filter(([each]) => each === key).map(([, floor]) => floor)
        if (startedAt < Math.max(0, ...own)) expect(floors.isOutdated(key, startedAt, false)).toBe(true)
      }),
    )
  })
})
