import { describe, expect, it, vi } from 'vitest'
import { createFloors } from '../isr/floors.ts'
import { createFakePrerendered, createFakeStore, nowEntry, watch } from '../isr/testing/engine-kit.ts'
import { createVirtualClock, settle, type VirtualClock } from '../isr/testing/virtual-clock.ts'
import { decodeEntry, encodeEntry } from './codec.ts'
import type { PageEntry } from './completion.ts'
import { createLeisure } from './leisure.ts'
import { createLayers, type LayersOptions, type StoreTrouble } from './layers.ts'
import { createMemory } from './memory.ts'

const KEY = 'p:/b/x'

function createKit(bytes = 1e6, parts: Partial<LayersOptions> = {}, clock = createVirtualClock()) {
  const store = createFakeStore()
  const memory = createMemory({ bytes, notFoundEntries: 10 })
  const troubles: StoreTrouble[] = []
  const log: string[] = []
  const layers = createLayers({
    clock,
    random: () => 0,
    memory,
    floors: createFloors(),
    prerendered: createFakePrerendered(),
    store,
    memoryBytes: bytes,
    onTrouble: (trouble) => troubles.push(trouble),
    onPause: ({ type }) => log.push(`${type} paused`),
    onResume: ({ type }) => log.push(`${type} resumed`),
    ...parts,
  })
  const readStored = () => {
    const stored = store.records.get(KEY)
    return stored && decodeEntry(stored, KEY)?.startedAt
  }
  /** Reads until the store is left alone. */
  async function breakStore(): Promise<void> {
    store.failure = { get: new Error('ECONNREFUSED'), set: new Error('ECONNREFUSED') }
    for (let index = 0; index < 5; index++) await layers.load(`p:/break-${index}`)
    expect(log).toEqual(['read paused'])
  }
  return { clock, store, memory, troubles, log, layers, readStored, breakStore }
}

describe('layers with what nobody waits for', () => {
  function createBusyKit() {
    const clock = createVirtualClock()
    const state = { busy: true }
    const compress = vi.fn(async () => ({ html: { br: Buffer.from('packed') }, data: {} }))
    const leisure = createLeisure({ clock, isBusy: () => state.busy })
    return { ...createKit(1e6, { leisure, compress }, clock), state, compress }
  }

  function toUncompressed(clock: VirtualClock, text: string): PageEntry {
    const entry = nowEntry(clock, '/b/x', text) as PageEntry
    return { ...entry, html: { ...entry.html, isUncompressed: true } }
  }

  it('P10 a page is served at once, and compressed and stored when there is time', async () => {
    const { clock, state, compress, layers, store } = createBusyKit()
    const entry = toUncompressed(clock, 'v1')
    void layers.put(entry)
    await clock.advance(1000)
    expect(layers.held(KEY)).toBe(entry)
    expect([compress.mock.calls.length, store.records.size]).toEqual([0, 0])
    state.busy = false
    await clock.advance(100)
    const stored = decodeEntry(store.records.get(KEY)!, KEY)
    expect(stored).toMatchObject({ html: { br: Buffer.from('packed') }, startedAt: entry.startedAt })
    // What is served is what was stored, and takes the place of the plain one.
    expect(layers.held(KEY)).toMatchObject({ html: { br: Buffer.from('packed') } })
    expect(await layers.complete(layers.held(KEY)!)).toBe(layers.held(KEY))
    expect(compress).toHaveBeenCalledTimes(1)
  })

  it('P12 what `res.revalidate` waits for is stored at once, behind an older one that could wait', async () => {
    const { clock, layers, store, readStored } = createBusyKit()
    void layers.put(toUncompressed(clock, 'v1'))
    await clock.advance(1000)
    const awaited = toUncompressed(clock, 'v2')
    expect(await layers.put(awaited, true)).toBe(true)
    expect(readStored()).toBe(awaited.startedAt)
    expect(store.log.filter((line) => line.startsWith('set'))).toHaveLength(2)
    // The next one that nobody waits for can wait again.
    await clock.advance(1000)
    void layers.put(toUncompressed(clock, 'v3'))
    await clock.advance(1000)
    expect(readStored()).toBe(awaited.startedAt)
    await layers.finish()
    expect(readStored()).toBeGreaterThan(awaited.startedAt)
  })

  it('P2 a newer page is not replaced by the compressed form of an older one', async () => {
    const { clock, layers } = createBusyKit()
    const old = toUncompressed(clock, 'v1')
    void layers.put(old)
    const completed = layers.complete(old)
    await clock.advance(10)
    const newer = toUncompressed(clock, 'v2')
    void layers.put(newer)
    await completed
    expect(layers.held(KEY)?.startedAt).toBe(newer.startedAt)
    await layers.finish()
  })
})

describe('layers over a store that is away', () => {
  it('REL-45 P12 what was made meanwhile is served although memory has dropped it, and is stored once the store is back', async () => {
    const { clock, store, memory, layers, readStored, breakStore, log } = createKit()
    await breakStore()
    const entry = nowEntry(clock, '/b/x', 'v1')
    expect(await layers.put(entry)).toBe(false)
    memory.delete(KEY)
    expect(await layers.load(KEY)).toEqual({ entry, outdated: false })
    expect(store.log.filter((line) => line.startsWith('set'))).toEqual([])
    store.failure = {}
    // Nobody asks for anything: it finds out by itself.
    await clock.advance(1000)
    expect(readStored()).toBe(entry.startedAt)
    expect(log).toEqual(['read paused', 'read resumed'])
    expect(clock.timers()).toBe(0)
  })

  it('REL-45 P12 a newer page of another server is not overwritten by one that waited', async () => {
    const { clock, store, layers, readStored, breakStore } = createKit()
    await breakStore()
    const mine = nowEntry(clock, '/b/x', 'mine')
    await layers.put(mine)
    await clock.advance(100)
    const theirs = nowEntry(clock, '/b/x', 'theirs')
    store.records.set(KEY, encodeEntry(theirs))
    store.failure = {}
    await clock.advance(1000)
    await settle()
    expect(readStored()).toBe(theirs.startedAt)
    expect(clock.timers()).toBe(0)
  })

  it('REL-45 while it stays away it is asked now and then, not by each visitor, and nobody hears of it again', async () => {
    const { clock, store, layers, breakStore, troubles, log } = createKit()
    await breakStore()
    const told = troubles.length
    await layers.put(nowEntry(clock, '/b/x', 'v1'))
    const asked = store.log.length
    for (let second = 0; second < 60; second++) {
      for (let visitor = 0; visitor < 20; visitor++) await layers.load(`p:/visitor-${visitor}`)
      await clock.advance(1000)
    }
    expect(store.log.length - asked).toBeLessThanOrEqual(8)
    expect(troubles).toHaveLength(told)
    expect(log).toEqual(['read paused'])
    await layers.finish()
    expect(clock.timers()).toBe(0)
  })

  it('P7 REL-45 what waits is bounded, and dropping is told once in a pause', async () => {
    const { clock, layers, breakStore, troubles } = createKit()
    await breakStore()
    const told = troubles.length
    const large = 'x'.repeat(4 * 1024 * 1024)
    for (let index = 0; index < 10; index++) await layers.put(nowEntry(clock, `/b/${index}`, large))
    expect(troubles.slice(told).map(({ reason }) => reason)).toEqual(['backlog'])
    await layers.finish()
  })

  it('REL-45 P5 a store that hangs keeps nobody longer than 250 ms, also when it hangs for each of its methods', async () => {
    const { clock, store, layers } = createKit()
    store.gate = { get: new Promise(() => {}), set: new Promise(() => {}) }
    const load = watch(layers.load(KEY))
    await clock.advance(250)
    expect(load.state).toBe('resolved')
    const put = watch(layers.put(nowEntry(clock, '/b/x', 'v1')))
    await clock.advance(2000)
    expect(put).toMatchObject({ state: 'resolved', value: false })
  })
})
