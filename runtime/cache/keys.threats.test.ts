import { LRUCache } from 'lru-cache'
import { describe, expect, it } from 'vitest'
import { toPageKey, toShellKey } from '../routing/key.ts'
import { toPath } from '../routing/path.ts'
import { processorMs } from './testing/processor.ts'

/**
 * Node hashes texts with a seed of the process, so that nobody can prepare ones that collide; but for texts that read as
 * array indices, old versions take the number itself.
 */
const isIndex = (key: string) => /^(?:0|[1-9]\d{0,15})$/.test(key)

const COUNT = 200_000

/** Integers whose low bits are all the same, so that tables of any size up to that put them into one place. */
const crafted = (index: number) => String(index * 2 ** 20)

function measure(toKey: (index: number) => string): number {
  const begin = processorMs()
  const map = new Map<string, number>()
  const lru = new LRUCache<string, number>({ max: COUNT / 2 })
  for (let index = 0; index < COUNT; index++) {
    const key = toKey(index)
    map.set(key, index)
    lru.set(key, index)
  }
  let found = 0
  for (let index = 0; index < COUNT; index++) {
    const key = toKey(index)
    if (map.get(key) === index) found += 1
    if (lru.get(key) === index) found += 1
  }
  expect(found).toBe(COUNT * 1.5)
  return processorMs() - begin
}

describe('keys', () => {
  it.each(['0', '1', '16777216', '4294967295', '9007199254740991', '007', '__proto__'])(
    'SEC-125 of a page called %s are no array index',
    (slug) => {
      for (const path of [toPath('/[id]', { id: slug }), toPath('/[...all]', { all: [slug, slug] })]) {
        expect(isIndex(toPageKey(path))).toBe(false)
        expect(isIndex(toShellKey(path))).toBe(false)
      }
    },
  )

  it('SEC-125 of crafted numbers are found as fast as those of words', () => {
    const words = measure((index) => toPageKey(toPath('/[id]', { id: `word-${index}-of-many` })))
    const numbers = measure((index) => toPageKey(toPath('/[id]', { id: crafted(index) })))
    // One chain of all of them would take thousands of times as long.
    expect(numbers).toBeLessThan(words * 20 + 1000)
  })
})
