import { describe, expect, it, vi } from 'vitest'
import { createFloors } from '../isr/floors.ts'
import type { Entry, Prerendered } from '../types.ts'
import { createFakePrerendered, createFakeStore, nowEntry, toPageEntry, watch } from '../isr/testing/engine-kit.ts'
import { createVirtualClock, settle, type VirtualClock } from '../isr/testing/virtual-clock.ts'
import { compressBody, OF_BROTLI, OF_PLAIN, toBodyWithin } from './body.ts'
import { decodeEntry, encodeEntry } from './codec.ts'
import { createLeisure } from './leisure.ts'
import { createLayers, type LayersOptions, type StoreTrouble } from './layers.ts'
import { createMemory } from './memory.ts'

const KEY = 'p:/b/x'

type PageEntry = Extract<Entry, { kind: 'page' }>

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
    const compress = vi.fn(async (_bytes: Uint8Array) => Buffer.from('br'))
    const leisure = createLeisure({ clock, isBusy: () => state.busy })
    return { ...createKit(1e6, { leisure, compress }, clock), state, compress }
  }

  function toUncompressed(clock: VirtualClock, text: string): PageEntry {
    const entry = nowEntry(clock, '/b/x', text) as PageEntry
    return { ...entry, html: { ...entry.html, makeable: OF_PLAIN } }
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
    expect(stored).toMatchObject({ html: { br: Buffer.from('br') }, startedAt: entry.startedAt })
    // What is served is what was stored, and takes the place of the plain one.
    expect(layers.held(KEY)).toMatchObject({ html: { br: Buffer.from('br') } })
    expect(layers.held(KEY)).toEqual(stored)
    expect(await layers.complete(layers.held(KEY)!, 'html', 'br')).toBe(true)
    expect(compress).toHaveBeenCalledTimes(1)
  })

  it('P10 P3 data that the HTML holds is never compressed for nobody: only for who takes it', async () => {
    const { clock, state, compress, layers, store } = createBusyKit()
    const text = `{"pageProps":{"text":"${'v1 '.repeat(200)}"}}`
    const data = toBodyWithin(3, text.length, 'digest', true)
    const html = { identity: Buffer.from(`<p>${text.slice(1)}`), digest: 'v1', makeable: OF_PLAIN }
    void layers.put({ ...toUncompressed(clock, 'v1'), html, data })
    state.busy = false
    await clock.advance(100)
    expect(compress.mock.calls).toEqual([[html.identity]])
    const stored = decodeEntry(store.records.get(KEY)!, KEY)
    expect(stored).toMatchObject({ html: { br: Buffer.from('br') }, data })
    const held = layers.held(KEY) as PageEntry
    expect([held.html.identity, held.html.br, held.data]).toEqual([undefined, Buffer.from('br'), data])
  })

  it('P7 forms of the data leave those of the HTML as they are', async () => {
    const { clock, layers, memory } = createBusyKit()
    const text = `{"pageProps":{"text":"${'v1 '.repeat(200)}"}}`
    const plain = Buffer.from(`<p>${text.slice(1)}`)
    const html = { identity: plain, br: Buffer.from('br'), digest: 'v1', makeable: [] }
    const data = toBodyWithin(3, text.length, 'digest', true)
    const entry: PageEntry = { ...toUncompressed(clock, 'v1'), html, data }
    memory.set(entry)
    const before = memory.bytes()
    expect(await layers.complete(entry, 'data', 'br')).toBe(true)
    // Somebody takes the plain HTML.
    expect(layers.held(KEY)).toBe(entry)
    expect(memory.bytes()).toBeGreaterThan(before)
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
    const completed = layers.complete(old, 'html', 'br')
    await clock.advance(10)
    const newer = toUncompressed(clock, 'v2')
    void layers.put(newer)
    await completed
    expect(layers.held(KEY)?.startedAt).toBe(newer.startedAt)
    await layers.finish()
  })
})

it('P2 P12 a page that was compressed too late does not come back over a newer one', async () => {
  let finish = (): void => undefined
  const packed = new Promise<void>((resolve) => (finish = resolve))
  const compress = async () => (await packed, Buffer.from('br'))
  const { clock, layers } = createKit(1e6, { compress, store: undefined })
  const old = nowEntry(clock, '/b/x', 'v1') as PageEntry
  const plain: PageEntry = { ...old, html: { ...old.html, makeable: OF_PLAIN } }
  void layers.put(plain)
  const completed = layers.complete(plain, 'html', 'br')
  await clock.advance(10)
  const newer = nowEntry(clock, '/b/x', 'v2')
  void layers.put(newer)
  finish()
  expect(await completed).toBe(true)
  expect(plain.html.br).toEqual(Buffer.from('br'))
  expect(layers.held(KEY)).toBe(newer)
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

  it('REL-45 P9 what waits outlasts all pauses, and is written over an older page of another server', async () => {
    const { clock, store, layers, readStored, breakStore } = createKit()
    const older = nowEntry(clock, '/b/x', 'older')
    await clock.advance(10)
    await breakStore()
    const entry = nowEntry(clock, '/b/x', 'v1')
    await layers.put(entry)
    // Found out five times that it is still away.
    await clock.advance(1000 + 2000 + 4000 + 8000 + 15_000)
    expect(store.records.size).toBe(0)
    store.failure = {}
    store.records.set(KEY, encodeEntry(older))
    await clock.advance(15_000)
    expect(readStored()).toBe(entry.startedAt)
    expect(clock.timers()).toBe(0)
  })

  it.each([true, false])(
    'P12 an old page that lands late over a newer one is replaced by that, or removed where it is not known (known: %s)',
    async (isKnown) => {
      const { clock, store, memory, layers, readStored } = createKit()
      let land = (): void => undefined
      store.gate.set = new Promise((resolve) => (land = resolve))
      void layers.put(nowEntry(clock, '/b/x', 'old'))
      await clock.advance(2000)
      delete store.gate.set
      const newer = nowEntry(clock, '/b/x', 'newer')
      void layers.put(newer)
      await clock.advance(30_000)
      expect(readStored()).toBe(newer.startedAt)
      if (!isKnown) memory.delete(KEY)
      land()
      await settle()
      expect(readStored()).toBe(isKnown ? newer.startedAt : undefined)
      expect(clock.timers()).toBe(0)
    },
  )

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

describe('what lies below the memory', () => {
  function createStack(
    built: Entry[],
    stored: Entry[],
    prerendered: Partial<Prerendered> = {},
    floors = createFloors(),
    clock = createVirtualClock(),
  ) {
    const read = vi.fn(createFakePrerendered(built).read)
    const kit = createKit(
      1e6,
      { floors, prerendered: { ...createFakePrerendered(built), read, ...prerendered } },
      clock,
    )
    for (const entry of stored) kit.store.records.set(entry.key, encodeEntry(entry))
    return { ...kit, read, floors }
  }
  const early = toPageEntry('/b/x', 'early', { startedAt: 1000 })
  const late = toPageEntry('/b/x', 'late', { startedAt: 2000 })

  it('a page is looked for once, however many ask, and again when it was not found', async () => {
    const { layers, store } = createStack([], [])
    expect(await Promise.all([layers.load(KEY), layers.load(KEY)])).toEqual([undefined, undefined])
    expect(store.log).toHaveLength(1)
    store.records.set(KEY, encodeEntry(late))
    expect(await layers.load(KEY)).toEqual({ entry: late, outdated: false })
    expect(layers.held(KEY)).toEqual(late)
    expect(await layers.load(KEY)).toEqual({ entry: late, outdated: false })
    expect(store.log).toHaveLength(2)
  })

  it('P10 the build is not read where the store has what is newer than all of it', async () => {
    const newer = createStack([early], [late])
    expect(await newer.layers.load(KEY)).toMatchObject({ entry: late })
    expect(newer.read).not.toHaveBeenCalled()
    const same = createStack([late], [late])
    await same.layers.load(KEY)
    expect(same.read).not.toHaveBeenCalled()
    const older = createStack([late], [early])
    expect(await older.layers.load(KEY)).toMatchObject({ entry: late })
    // A build that does not say when it was made may be newer.
    const { newestStartedAt: _, ...silent } = createFakePrerendered([late])
    const unknown = createKit(1e6, { prerendered: silent })
    unknown.store.records.set(KEY, encodeEntry(early))
    expect(await unknown.layers.load(KEY)).toMatchObject({ entry: late })
    const other = createStack([late], [toPageEntry('/b/other', 'x', { startedAt: late.startedAt + 1 })])
    expect(await other.layers.load('p:/b/other')).toBeDefined()
    expect(other.read).not.toHaveBeenCalled()
  })

  it('W13 what servers of an older build have made beside its pages is left alone', async () => {
    const { layers } = createStack([late], [toPageEntry('/b/other', 'x', { startedAt: late.startedAt - 1 })])
    expect(await layers.load('p:/b/other')).toBeUndefined()
  })

  it('of a page that is newer in the store than in the build that counts, though the build has newer pages', async () => {
    const { layers, read } = createStack([early, toPageEntry('/b/newest', 'x', { startedAt: 3000 })], [late])
    expect(await layers.load(KEY)).toEqual({ entry: late, outdated: false })
    expect(read).toHaveBeenCalledTimes(1)
  })

  it('P12 of two copies the one from after the last revalidation counts, or the newer one; an outdated one is not kept', async () => {
    const floors = createFloors()
    floors.raise(KEY, 1500)
    // The build is older than any revalidation at run time, whatever its clock said.
    const both = createStack([toPageEntry('/b/x', 'built', { startedAt: 3000 })], [late], {}, floors)
    expect(await both.layers.load(KEY)).toEqual({ entry: late, outdated: false })
    const none = createStack([late], [early], {}, floors)
    expect(await none.layers.load(KEY)).toEqual({ entry: late, outdated: true })
    expect(none.layers.held(KEY)).toBeUndefined()
    const stored = createStack([], [early], {}, floors)
    expect(await stored.layers.load(KEY)).toEqual({ entry: early, outdated: true })
  })

  it('P12 what was made while the disk was read wins', async () => {
    const { layers, store, clock } = createStack([], [early])
    let open = (): void => undefined
    store.gate.get = new Promise((resolve) => (open = resolve))
    const load = layers.load(KEY)
    const made = nowEntry(clock, '/b/x', 'made')
    void layers.put(made)
    open()
    expect(await load).toEqual({ entry: made, outdated: false })
    expect(layers.held(KEY)).toBe(made)
  })

  it('REL-26 REL-45 a page of the build that is damaged, fails or hangs is none, and is told of', async () => {
    const damaged = createStack([late], [], { read: async () => undefined })
    expect(await damaged.layers.load(KEY)).toBeUndefined()
    const failing = createStack([late], [], { read: () => Promise.reject(new Error('EIO')) })
    expect(await failing.layers.load(KEY)).toBeUndefined()
    const hung = createStack([late], [], { read: () => new Promise(() => {}) })
    const load = hung.layers.load(KEY)
    await hung.clock.advance(2000)
    expect(await load).toBeUndefined()
    const told = [damaged, failing, hung].flatMap(({ troubles }) => troubles)
    expect(told.map(({ key, reason, error }) => [key, reason, (error as Error).message])).toEqual([
      [KEY, 'damaged', `The prerendered entry ${KEY} is damaged and not used`],
      [KEY, 'read', `Reading the prerendered entry ${KEY} failed: Error: EIO`],
      [KEY, 'read', `Reading the prerendered entry ${KEY} failed: Error: the disk took longer than 2000 ms`],
    ])
    for (const { error } of told) expect(error).toMatchObject({ code: 'ISR_STORE' })
    expect(told[1]?.error).toMatchObject({ cause: { message: 'EIO' } })
    const unlisted = createStack([], [], { read: () => Promise.reject(new Error('never asked')) })
    expect(await unlisted.layers.load(KEY)).toBeUndefined()
    expect(unlisted.troubles).toEqual([])
  })

  it.each(['memory', 'store', 'build'])(
    'REL-26 P1 P2 what cannot be decompressed is no entry from then on, wherever it lay (%s)',
    async (place) => {
      const times = nowEntry(createVirtualClock(), '/b/x', 'v1') as PageEntry
      const html = { br: Buffer.from('no brotli'), size: 600, digest: 'x', makeable: OF_BROTLI }
      const bad: PageEntry = { ...times, html, data: undefined }
      const prerendered = createFakePrerendered(place === 'build' ? [bad] : [])
      const { layers, memory, store, troubles } = createKit(1e6, { prerendered })
      if (place === 'store') store.records.set(KEY, encodeEntry(bad))
      if (place === 'memory') memory.set(bad)
      const { entry } = (await layers.load(KEY))!
      expect(await layers.complete(entry, 'html', 'br')).toBe(true)
      expect(troubles).toEqual([])
      expect(await layers.complete(entry, 'html', 'identity')).toBe(false)
      for (let again = 0; again < 3; again++) expect(await layers.load(KEY)).toBeUndefined()
      expect(troubles.map(({ key, reason }) => [key, reason])).toEqual([[KEY, 'damaged']])
      // What is made in its place is served, though it is of the same page.
      const made = { ...times, startedAt: times.startedAt + 1 }
      void layers.put(made)
      expect(layers.held(KEY)).toBe(made)
    },
  )

  it('P7 forms that are made of an entry count, and what nobody keeps is not kept for them', async () => {
    const { layers, memory } = createKit()
    const text = Buffer.from('text '.repeat(1000))
    const html = compressBody({ identity: text, digest: 'x' })
    const entry: Entry = { ...(nowEntry(createVirtualClock(), '/b/x', 'v1') as PageEntry), html, data: undefined }
    memory.set(entry)
    const before = memory.bytes()
    await layers.complete(entry, 'html', 'identity')
    expect(memory.bytes()).toBeGreaterThanOrEqual(before + text.length)
    expect(memory.get(KEY)).toBe(entry)
    memory.delete(KEY)
    await layers.complete(entry, 'html', 'gzip')
    expect(memory.bytes()).toBe(0)
  })

  it('P4 P12 what another server stored is newer only when it began later, and after the last revalidation here', async () => {
    const { layers, floors, troubles } = createStack([], [late])
    const known = (startedAt: number) => layers.loadNewer({ key: KEY, startedAt })
    expect(await known(1999)).toEqual(late)
    expect(await known(2000)).toBeUndefined()
    floors.raise(KEY, 2000)
    expect(await known(1999)).toEqual(late)
    floors.raise(KEY, 2001)
    expect(await known(1999)).toBeUndefined()
    expect(troubles).toEqual([])
  })

  it('P4 claims have keys of their own, so that no page is one', async () => {
    const { layers, store } = createStack([], [])
    const asked: string[] = []
    Object.assign(store, {
      claim: async (key: string, ms: number) => (asked.push(`claim ${key} ${ms}`), true),
      delete: async (key: string) => void asked.push(`delete ${key}`),
    })
    expect(await layers.claim(KEY, 500)).toBe('claimed')
    layers.unclaim(KEY)
    await settle()
    expect(asked).toEqual(['claim c:p:/b/x 500', 'delete c:p:/b/x'])
  })

  it('without a store the memory is all there is: nothing waits, nothing fails', async () => {
    const { layers, clock, troubles } = createKit(1e6, { store: undefined })
    const entry = nowEntry(clock, '/b/x', 'v1')
    expect(await layers.put(entry)).toBe(true)
    expect(await layers.put(entry, true)).toBe(true)
    expect(layers.held(KEY)).toBe(entry)
    expect(await layers.loadNewer({ key: KEY, startedAt: 0 })).toBeUndefined()
    expect(await layers.claim(KEY, 500)).toBe('impossible')
    layers.unclaim(KEY)
    await layers.finish()
    expect([clock.timers(), troubles]).toEqual([0, []])
    const other = nowEntry(clock, '/b/y', 'kept')
    layers.keep(other)
    expect(layers.held('p:/b/y')).toBe(other)
  })

  it('P7 REL-45 that too much waits is told once in a pause, and again in the next one', async () => {
    const { clock, store, layers, breakStore, troubles } = createKit()
    const large = 'x'.repeat(4 * 1024 * 1024)
    const told = () => troubles.splice(0).filter(({ reason }) => reason === 'backlog')
    await breakStore()
    for (let index = 0; index < 4; index++) await layers.put(nowEntry(clock, `/b/${index}`, large))
    expect(told().map(({ error }) => error)).toMatchObject([{ code: 'ISR_STORE' }])
    store.failure = {}
    await clock.advance(1000)
    store.failure = { get: new Error('ECONNREFUSED'), set: new Error('ECONNREFUSED') }
    for (let index = 0; index < 5; index++) await layers.load(`p:/break-${index}`)
    for (let index = 0; index < 4; index++) await layers.put(nowEntry(clock, `/b/${index}`, large))
    expect(told()).toHaveLength(1)
    await layers.finish()
  })

  it('P7 a quarter of a large memory may wait for the store', async () => {
    const { clock, layers, breakStore, troubles } = createKit(160 * 1024 * 1024)
    await breakStore()
    troubles.length = 0
    const large = 'x'.repeat(4 * 1024 * 1024)
    // Each has its text as HTML and as navigation data: 8 MB.
    for (let index = 0; index < 4; index++) await layers.put(nowEntry(clock, `/b/${index}`, large))
    expect(troubles).toEqual([])
    await layers.put(nowEntry(clock, '/b/8', large))
    expect(troubles).toHaveLength(1)
    await layers.finish()
  })
})
