import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMemory, toRetainedBytes } from './memory.ts'
import { anyEntry, toEntryOf, toNotFound } from './testing/entries.ts'

describe('memory', () => {
  it('SEC-70 P7 counts what is really retained: a view on a large buffer costs all of it', () => {
    const large = Buffer.alloc(64 * 1024)
    const entry = toEntryOf('p:/a', 1)
    if (entry.kind !== 'page') throw new Error('no page')
    const view = { ...entry, html: { ...entry.html, identity: large.subarray(0, 1) } }
    expect(toRetainedBytes(view)).toBeGreaterThan(64 * 1024)
    expect(toRetainedBytes(entry)).toBeLessThan(1300)
  })

  it('P7 counts what small bodies cost beside their bytes', () => {
    const part = () => Buffer.from(new ArrayBuffer(100))
    const entry = toEntryOf('p:/a', 1)
    if (entry.kind !== 'page') throw new Error('no page')
    const html = { identity: part(), br: part(), gzip: part(), digest: entry.html.digest }
    // What 50 000 such pages cost each in a process of their own: 2.1 kB with five bodies, of which 500 are bytes.
    const cost = toRetainedBytes({ ...entry, html, data: { identity: part(), digest: '' } })
    expect(cost).toBeGreaterThan(2000)
    expect(cost).toBeLessThan(2800)
  })

  it('P7 counts the views on a block that all bodies share', () => {
    const block = Buffer.from(new ArrayBuffer(600))
    const part = (index: number) => block.subarray(100 * index, 100 * index + 100)
    const entry = toEntryOf('p:/a', 1)
    if (entry.kind !== 'page') throw new Error('no page')
    const html = { identity: part(0), br: part(1), gzip: part(2), digest: entry.html.digest }
    const data = { identity: part(3), br: part(4), gzip: part(5), digest: '' }
    // What 4 000 pages of a build cost each beside their bytes, once they were served: 1 350.
    const cost = toRetainedBytes({ ...entry, html, data }) - 600
    expect(cost).toBeGreaterThan(1250)
    expect(cost).toBeLessThan(1500)
  })

  it('P7 stays within its bytes, and drops what was not used for longest', () => {
    const memory = createMemory({ bytes: 12_000, notFoundEntries: 5 })
    for (const key of ['a', 'b', 'c']) memory.set(toEntryOf(key, 2500))
    expect(memory.get('a')).toBeDefined()
    memory.set(toEntryOf('d', 2500))
    expect(['a', 'b', 'c', 'd'].filter((key) => memory.get(key))).toEqual(['a', 'c', 'd'])
  })

  it('P7 counts keys and destinations, which visitors and pages make as long as they like', () => {
    const notFound = toNotFound('p:/a')
    expect(toRetainedBytes(toNotFound('p:/a'.repeat(100))) - toRetainedBytes(notFound)).toBe(2 * 4 * 99)
    const redirect = { ...notFound, kind: 'redirect', status: 307, basePath: true } as const
    expect(toRetainedBytes({ ...redirect, destination: 'x'.repeat(500) }) - toRetainedBytes(notFound)).toBe(1000)
    const memory = createMemory({ bytes: 3000, notFoundEntries: 3 })
    for (const key of ['a', 'b', 'c']) memory.set({ ...redirect, key, destination: 'x'.repeat(1000) })
    expect(['a', 'b', 'c'].filter((key) => memory.get(key))).toEqual(['b', 'c'])
    memory.set({ ...redirect, key: 'a', destination: 'x'.repeat(4000) })
    expect(memory.get('a')).toBeUndefined()
  })

  it('a memory of nothing, and of a part of a byte, is a small one', () => {
    for (const bytes of [0, 0.5]) {
      const memory = createMemory({ bytes, notFoundEntries: bytes })
      memory.set(toEntryOf('page', 10))
      memory.set(toNotFound('slug'))
      expect([memory.get('page'), memory.get('slug')?.kind]).toEqual([undefined, 'notFound'])
    }
    const memory = createMemory({ bytes: 2000.5, notFoundEntries: 2.5 })
    memory.set(toEntryOf('page', 10))
    for (const key of ['a', 'b', 'c']) memory.set(toNotFound(key))
    expect(['page', 'a', 'b', 'c'].filter((key) => memory.get(key))).toEqual(['page', 'b', 'c'])
  })

  it('P7 its bytes are those of pages and of the others', () => {
    const memory = createMemory({ bytes: 1e6, notFoundEntries: 3 })
    const entries = [toEntryOf('page', 1000), toNotFound('slug')]
    for (const entry of entries) memory.set(entry)
    expect(memory.bytes()).toBe(entries.map(toRetainedBytes).reduce((sum, bytes) => sum + bytes))
  })

  it('P7 any history stays within bounds', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 60 }), (entries) => {
        const memory = createMemory({ bytes: 3000, notFoundEntries: 3 })
        for (const entry of entries) memory.set(entry)
        expect(memory.bytes()).toBeLessThanOrEqual(3000 + 3 * 2048)
      }),
    )
  })

  it('W9 SEC-99 notFound entries are counted apart from pages', () => {
    const memory = createMemory({ bytes: 3000, notFoundEntries: 10 })
    memory.set(toEntryOf('page', 1000))
    for (let index = 0; index < 1000; index++) memory.set(toNotFound(`random ${index}`))
    expect(memory.get('page')).toBeDefined()
    expect(memory.get('random 989')).toBeUndefined()
    expect(memory.get('random 990')).toBeDefined()
  })

  it('an entry of the other kind replaces the one before', () => {
    const memory = createMemory({ bytes: 3000, notFoundEntries: 10 })
    memory.set(toEntryOf('a', 100))
    memory.set(toNotFound('a'))
    expect(memory.get('a')?.kind).toBe('notFound')
    memory.set(toEntryOf('a', 100))
    expect(memory.get('a')?.kind).toBe('page')
    memory.delete('a')
    expect(memory.get('a')).toBeUndefined()
    expect(memory.bytes()).toBe(0)
  })

  it('P12 an entry that is too large is not kept, and neither is the one before it', () => {
    const memory = createMemory({ bytes: 3000, notFoundEntries: 10 })
    memory.set(toEntryOf('a', 100))
    memory.set(toEntryOf('a', 5000))
    expect(memory.get('a')).toBeUndefined()
  })
})
