import { describe, expect, it } from 'vitest'
import { isEmbeddedElsewhere } from './cross-site.ts'

describe('isEmbeddedElsewhere', () => {
  it('SEC-120 tells what another site embeds from what a visitor or the site itself asks for', () => {
    const judge = (site: string, mode: string) =>
      isEmbeddedElsewhere({ 'sec-fetch-site': site, 'sec-fetch-mode': mode })
    expect(judge('cross-site', 'no-cors')).toBe(true)
    expect(judge('cross-site', 'navigate')).toBe(false)
    expect(judge('same-origin', 'no-cors')).toBe(false)
    expect(judge('none', 'navigate')).toBe(false)
    expect(judge('cross-site', 'cors')).toBe(false)
    expect(isEmbeddedElsewhere({})).toBe(false)
  })
})
