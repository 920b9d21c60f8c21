import { describe, expect, it } from 'vitest'
import { createRecent } from './recent.ts'

describe('recent', () => {
  it('P7 drops what was not used for longest, to an eighth of what it keeps', () => {
    const recent = createRecent<{ name: string }>({ maxSize: 80, toSize: () => 1 })
    const hot = { name: 'hot' }
    recent.set('hot', hot)
    for (let count = 0; count < 10_000; count += 1) {
      recent.set(`cold ${count}`, { name: 'cold' })
      // Used often enough to be kept, and each time by one more new one than fits between two of its moves.
      if (count % 60 === 0) expect(recent.get('hot'), String(count)).toBe(hot)
      expect(recent.get(`cold ${count}`)).toBeDefined()
    }
    for (let count = 0; count < 80; count += 1) {
      recent.set(`cold ${count}`, { name: 'cold' })
      recent.get(`cold ${count}`)
    }
    expect(recent.get('hot')).toBeUndefined()
  })

  it('P7 keeps no more than its number and its size', () => {
    const recent = createRecent<{ bytes: number }>({ max: 3, maxSize: 100, toSize: ({ bytes }) => bytes })
    for (const key of ['a', 'b', 'c', 'd']) recent.set(key, { bytes: 10 })
    expect(['a', 'b', 'c', 'd'].filter((key) => recent.get(key))).toEqual(['b', 'c', 'd'])
    recent.set('e', { bytes: 90 })
    expect(recent.size()).toBe(100)
    recent.set('e', { bytes: 101 })
    expect(recent.get('e')).toBeUndefined()
    recent.delete('d')
    expect(recent.size()).toBe(0)
  })
})
