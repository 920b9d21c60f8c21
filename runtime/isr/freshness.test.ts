import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide, toAgeMs } from './freshness.ts'

const times = fc.record({
  startedAt: fc.integer({ min: 0, max: 2e12 }),
  generatedAt: fc.integer({ min: 0, max: 2e12 }),
  revalidate: fc.oneof(fc.constant(false as const), fc.integer({ min: 1, max: 1e9 })),
  expire: fc.integer({ min: 1, max: 1e9 }),
})
const clock = fc.integer({ min: 0, max: 2e12 })

describe('decide', () => {
  const entry = { startedAt: 0, generatedAt: 1_000_000, revalidate: 60, expire: 300 } as const

  it('S01 fresh for revalidate seconds, stale until expire, then expired', () => {
    expect(decide(entry, 1_000_000)).toBe('fresh')
    expect(decide(entry, 1_059_999)).toBe('fresh')
    expect(decide(entry, 1_060_000)).toBe('stale')
    expect(decide(entry, 1_299_999)).toBe('stale')
    expect(decide(entry, 1_300_000)).toBe('expired')
  })

  it('REL-40 an entry from the future is stale, but for the small steps that clocks make', () => {
    expect(decide(entry, 999_999)).toBe('fresh')
    expect(decide(entry, 998_000)).toBe('fresh')
    expect(decide(entry, 997_999)).toBe('stale')
    expect(decide(entry, 0)).toBe('stale')
  })

  it('a page that never becomes stale is fresh whatever the clock says', () => {
    fc.assert(fc.property(times, clock, (each, now) => decide({ ...each, revalidate: false }, now) === 'fresh'))
  })

  it('time only ever makes an entry older', () => {
    const rank = { fresh: 0, stale: 1, expired: 2 }
    fc.assert(
      fc.property(times, fc.nat(1e9), fc.nat(1e9), (each, first, more) => {
        const early = decide(each, each.generatedAt + first)
        const late = decide(each, each.generatedAt + first + more)
        expect(rank[late]).toBeGreaterThanOrEqual(rank[early])
      }),
    )
  })

  it('REL-41 ages are never negative', () => {
    fc.assert(fc.property(times, clock, (each, now) => toAgeMs(each, now) >= 0))
  })
})
