import { describe, expect, it } from 'vitest'
import { isSameSecret } from './secret.ts'

describe('isSameSecret', () => {
  it('SEC-90 the very text, and nothing else', () => {
    expect(isSameSecret('salt', 'salt')).toBe(true)
    expect(isSameSecret('söme 深 text', 'söme 深 text')).toBe(true)
    for (const given of ['', 's', 'sal', 'salt ', 'Salt', 'saltsalt', 'salt\0', 'x'.repeat(100_000)]) {
      expect(isSameSecret(given, 'salt'), given.slice(0, 20)).toBe(false)
    }
  })

  it.each([undefined, ''])('SEC-90 a secret that is not set (%j) opens nothing', (secret) => {
    for (const given of ['', 'undefined', 'null', undefined, null]) expect(isSameSecret(given, secret)).toBe(false)
  })

  it.each([undefined, null, 0, true, ['salt'], { toString: () => 'salt' }, Buffer.from('salt')])(
    'SEC-90 %j is no text',
    (given) => {
      expect(isSameSecret(given, 'salt')).toBe(false)
    },
  )

  it('SEC-90 half of a surrogate pair is compared as what it is sent as, and never throws', () => {
    expect(isSameSecret('\uD800', 'salt')).toBe(false)
  })

  /** The least of many rounds, which noise only makes longer. */
  function measure(given: string, secret: string): number {
    let least = Infinity
    for (let round = 0; round < 30; round++) {
      const begin = process.hrtime.bigint()
      for (let call = 0; call < 3; call++) isSameSecret(given, secret)
      least = Math.min(least, Number(process.hrtime.bigint() - begin))
    }
    return least
  }

  it('SEC-90 takes as long for a guess that begins right as for one that does not', () => {
    const secret = 'a'.repeat(200_000)
    measure(secret, secret)
    const wrongAtOnce = measure(`b${secret.slice(1)}`, secret)
    const wrongAtTheEnd = measure(`${secret.slice(1)}b`, secret)
    // A comparison that stops at the first difference would be many times as fast for the one as for the other.
    expect(wrongAtTheEnd / wrongAtOnce).toBeGreaterThan(0.5)
    expect(wrongAtTheEnd / wrongAtOnce).toBeLessThan(2)
  })
})
