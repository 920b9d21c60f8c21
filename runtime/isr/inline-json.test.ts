import { describe, expect, it } from 'vitest'
import { toInlineJson } from './props.ts'

describe('toInlineJson', () => {
  it.each(['<', '\u2028', '&>', '</script>', 'plain'])(
    'SEC-113 SEC-105 escapes a megabyte of %j in one pass',
    (text) => {
      const value = { text: text.repeat(1_000_000 / text.length) }
      const begin = performance.now()
      const json = toInlineJson(value)
      // Less than half a second anywhere. What starts anew after each escape would copy 500 gigabytes.
      expect(performance.now() - begin).toBeLessThan(5000)
      expect(/[<>&\u2028\u2029]/.test(json)).toBe(false)
      expect(JSON.parse(json)).toEqual(value)
    },
  )
})
