import { describe, expect, it } from 'vitest'
import { toInlineJson } from './props.ts'

/** Milliseconds, the least of several rounds: noise only makes them longer. */
function measure(value: unknown): number {
  let least = Infinity
  for (let round = 0; round < 7; round++) {
    const begin = performance.now()
    toInlineJson(value)
    least = Math.min(least, performance.now() - begin)
  }
  return least
}

describe('toInlineJson', () => {
  it.each(['<', '\u2028', '&>', '</script>', 'plain'])(
    'SEC-113 SEC-105 escapes %j in one pass, however much there is',
    (text) => {
      const value = (length: number) => ({ text: text.repeat(length / text.length) })
      measure(value(200_000))
      const once = measure(value(500_000))
      const fourfold = measure(value(2_000_000))
      // Linear is 4; what looks again at what it has escaped would be 16.
      expect(fourfold / once).toBeLessThan(10)
    },
  )
})
