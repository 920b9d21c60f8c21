import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBackoff } from './backoff.ts'

describe('backoff', () => {
  it('W6 blocks for 1 s, doubling to 30 s', () => {
    const backoff = createBackoff(() => 0)
    let now = 0
    for (const delay of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      backoff.fail('a', now)
      expect(backoff.isBlocked('a', now + delay - 1)).toBe(true)
      now += delay
      expect(backoff.isBlocked('a', now)).toBe(false)
      expect(backoff.isFailing('a')).toBe(true)
    }
    backoff.succeed('a')
    expect(backoff.isFailing('a')).toBe(false)
  })

  it('W6 jitter takes off at most a fifth', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 100 }),
        (random, count) => {
          const backoff = createBackoff(() => random)
          for (let index = 0; index < count; index++) backoff.fail('a', 0)
          const delay = Math.min(1000 * 2 ** (count - 1), 30_000)
          expect(backoff.isBlocked('a', delay * 0.8 - 1)).toBe(true)
          expect(backoff.isBlocked('a', delay)).toBe(false)
        },
      ),
    )
  })

  it('SEC-102 the first failures may be free, and the longest pause another', () => {
    const backoff = createBackoff(() => 0, { free: 1, longestMs: 2000 })
    backoff.fail('a', 0)
    expect([backoff.isFailing('a'), backoff.isBlocked('a', 0)]).toEqual([true, false])
    let now = 0
    for (const delay of [1000, 2000, 2000]) {
      backoff.fail('a', now)
      expect(backoff.isBlocked('a', now + delay - 1)).toBe(true)
      now += delay
      expect(backoff.isBlocked('a', now)).toBe(false)
    }
  })

  it('REL-40 a clock that jumps back blocks nothing for longer than 30 s', () => {
    const backoff = createBackoff(() => 0)
    backoff.fail('a', 3_600_000)
    expect(backoff.isBlocked('a', 0)).toBe(false)
  })

  it('P7 remembers a bounded number of keys, the newest', () => {
    const backoff = createBackoff(() => 0, { keys: 3 })
    for (const key of ['a', 'b', 'c', 'a', 'd']) backoff.fail(key, 0)
    expect(['a', 'b', 'c', 'd'].filter(backoff.isFailing)).toEqual(['a', 'c', 'd'])
  })
})
