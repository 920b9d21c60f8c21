import { describe, expect, it } from 'vitest'
import { encodeEntry } from '../cache/codec.ts'
import {
  createFakeStore,
  createKit,
  nowEntry,
  READ,
  show,
  toPage,
  toTarget,
  toText,
  watch,
  type FakeStore,
} from './testing/engine-kit.ts'
import { createVirtualClock, settle, type VirtualClock } from './testing/virtual-clock.ts'

const target = toTarget('/b/x')

/** A store of which pages can be claimed, as a shared one has it. */
function createSharedStore(clock: VirtualClock) {
  const claims = new Map<string, number>()
  const store: FakeStore = createFakeStore()
  const forget = store.delete
  return Object.assign(store, {
    claims,
    async claim(key: string, ms: number) {
      if ((claims.get(key) ?? -Infinity) > clock.now()) return false
      claims.set(key, clock.now() + ms)
      return true
    },
    async delete(key: string) {
      claims.delete(key)
      await forget(key)
    },
  })
}

function createFleetOf(size: number) {
  const clock = createVirtualClock()
  const store = createSharedStore(clock)
  const kits = Array.from({ length: size }, () => createKit({ clock, store }))
  const calls = () => kits.flatMap(({ renderer }) => renderer.calls)
  const readAll = async () => {
    const outcomes = await Promise.all(kits.map(({ engine }) => engine.read(target, READ)))
    await settle()
    return outcomes.map(show)
  }
  return { clock, store, kits, calls, readAll }
}

describe('servers that share a store', () => {
  it('P4 a page that is stale everywhere at the same moment is made by one of them', async () => {
    const { clock, store, kits, calls, readAll } = createFleetOf(4)
    for (const { renderer } of kits) renderer.answer = () => toPage('v1')
    for (const { engine } of kits) void engine.read(target, READ)
    await clock.advance(1000)
    expect(calls()).toHaveLength(1)
    for (const { renderer } of kits) renderer.answer = undefined
    for (let window = 2; window < 6; window++) {
      await clock.advance(60_000)
      expect(new Set(await readAll())).toEqual(new Set([`STALE stale-time v${window - 1}`]))
      expect(calls()).toHaveLength(window)
      await calls()
        .at(-1)
        ?.resolve(toPage(`v${window}`))
      // Taken over by those that waited for it.
      await clock.advance(1000)
      expect(new Set(await readAll())).toEqual(new Set([`HIT fresh v${window}`]))
      expect(calls()).toHaveLength(window)
      expect(store.claims.size).toBe(0)
    }
  })

  it('P4 a path that none of them has is made by one; visitors of the others get the same page', async () => {
    const { clock, kits, calls } = createFleetOf(3)
    const reads = kits.map(({ engine }) => watch(engine.read(target, READ)))
    await clock.advance(300)
    expect(calls()).toHaveLength(1)
    await calls()[0]?.resolve(toPage('v1'))
    await clock.advance(1000)
    expect(reads.map(({ value }) => value && toText(value))).toEqual(['v1', 'v1', 'v1'])
    expect(calls()).toHaveLength(1)
  })

  it('P5 one that fails, and one that dies, leave their turn to the next', async () => {
    const { clock, store, kits, calls } = createFleetOf(2)
    const reads = kits.map(({ engine }) => watch(engine.read(target, READ)))
    await settle()
    await calls()[0]?.reject(new Error('down'))
    expect(store.claims.size).toBe(0)
    await clock.advance(500)
    expect(calls()).toHaveLength(2)
    await calls().at(-1)?.resolve(toPage('v1'))
    expect(reads.filter(({ state }) => state === 'resolved')).toHaveLength(1)

    await store.claim('c:p:/b/dead', 30_000)
    const read = watch(kits[0]!.engine.read(toTarget('/b/dead'), READ))
    await clock.advance(4900)
    expect(calls()).toHaveLength(2)
    await clock.advance(500)
    await calls()
      .find(({ job }) => 'path' in job && job.path === '/b/dead')
      ?.resolve(toPage('alive'))
    expect(read.value && show(read.value)).toBe('MISS generated alive')
  })

  it('REL-45 P5 claims that fail or hang keep nobody from rendering', async () => {
    for (const claim of [() => Promise.reject(new Error('READONLY')), () => new Promise<boolean>(() => {})]) {
      const clock = createVirtualClock()
      const { engine, renderer } = createKit({ clock, store: Object.assign(createFakeStore(), { claim }) })
      renderer.answer = () => toPage('v1')
      const read = watch(engine.read(target, READ))
      await clock.advance(250)
      expect(read.value && show(read.value)).toBe('MISS generated v1')
    }
  })

  it('P12 res.revalidate waits for no other server', async () => {
    const { clock, store, kits, calls } = createFleetOf(2)
    await store.claim(`c:${target.key}`, 30_000)
    const call = watch(kits[1]!.engine.revalidate(target, { onlyGenerated: false }))
    await settle()
    await calls()[0]?.resolve(toPage('v2'))
    expect(call.value).toEqual({ status: 'regenerated' })
    await clock.advance(1)
    // The turn of the other one is not given away.
    expect(store.claims.size).toBe(1)
  })

  it('REL-52 P12 a render that began before res.revalidate on another server does not land over its page', async () => {
    const { clock, store, kits, calls, readAll } = createFleetOf(2)
    const read = watch(kits[0]!.engine.read(target, READ))
    await clock.advance(10)
    const call = watch(kits[1]!.engine.revalidate(target, { onlyGenerated: false }))
    await settle()
    await calls()[1]?.resolve(toPage('after the call', { revalidate: false }))
    expect(call.value).toEqual({ status: 'regenerated' })
    await clock.advance(10)
    await calls()[0]?.resolve(toPage('before the call', { revalidate: false }))
    expect(read.value && show(read.value)).toBe('HIT fresh after the call')
    // Nothing was made that anybody sees.
    expect(kits[0]!.eventTypes()).toEqual([])
    expect(kits[0]!.store.log.filter((line) => line.startsWith('set'))).toHaveLength(1)
    expect(store.claims.size).toBe(0)
    expect(await readAll()).toEqual(['HIT fresh after the call', 'HIT fresh after the call'])
    const third = createKit({ clock, store: kits[0]!.store })
    expect(show(await third.engine.read(target, READ))).toBe('HIT fresh after the call')
  })

  it('P4 what a visitor has found while this server waited for its turn is taken, though the store has failed since', async () => {
    const clock = createVirtualClock()
    const store = createSharedStore(clock)
    let answer: (isClaimed: boolean) => void = () => {}
    const claim = () => new Promise<boolean>((resolve) => (answer = resolve))
    const { engine, renderer } = createKit({ clock, store: Object.assign(store, { claim }) })
    const first = watch(engine.read(target, READ))
    await settle()
    store.records.set(target.key, encodeEntry(nowEntry(clock, '/b/x', 'found')))
    expect(show(await engine.read(target, READ))).toBe('HIT fresh found')
    store.failure.get = new Error('ECONNREFUSED')
    answer(true)
    await settle()
    expect(first.value && show(first.value)).toBe('HIT fresh found')
    expect(renderer.calls).toHaveLength(0)
  })

  it('P4 a page that was stored before this server had its turn is taken, and the turn given on', async () => {
    const clock = createVirtualClock()
    const store = createSharedStore(clock)
    const { claim } = store
    let open = (): void => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    const slow = async (key: string, ms: number) => (await gate, claim(key, ms))
    const { engine, renderer } = createKit({ clock, store: Object.assign(store, { claim: slow }) })
    const read = watch(engine.read(target, READ))
    await settle()
    store.records.set(target.key, encodeEntry(nowEntry(clock, '/b/x', 'theirs')))
    open()
    await settle()
    expect(read.value && show(read.value)).toBe('HIT fresh theirs')
    expect([renderer.calls.length, store.claims.size]).toEqual([0, 0])
  })

  it('P4 a newer page of another server that is stale itself is no reason not to make one', async () => {
    const { clock, store, kits, readAll, calls } = createFleetOf(1)
    store.records.set(target.key, encodeEntry(nowEntry(clock, '/b/x', 'v1')))
    expect(await readAll()).toEqual(['HIT fresh v1'])
    await clock.advance(1000)
    store.records.set(target.key, encodeEntry(nowEntry(clock, '/b/x', 'v2', { revalidate: 1 })))
    await clock.advance(60_000)
    expect(await readAll()).toEqual(['STALE stale-time v1'])
    expect(calls()).toHaveLength(1)
    await kits[0]!.renderer.calls[0]?.resolve(toPage('v3'))
    expect(await readAll()).toEqual(['HIT fresh v3'])
  })

  it('P5 who waits for another server asks less and less often', async () => {
    const clock = createVirtualClock()
    let asked = 0
    const store = Object.assign(createFakeStore(), { claim: async () => ((asked += 1), false) })
    const { engine, renderer } = createKit({ clock, store })
    void engine.read(target, READ)
    await clock.advance(340)
    expect(asked).toBe(3)
    await clock.advance(5000)
    expect(renderer.calls).toHaveLength(1)
    expect(asked).toBeLessThan(18)
  })

  it('W4 what another server made, and is old when it may be served at last, is said to be stale', async () => {
    const { clock, store, kits } = createFleetOf(1)
    const { engine, renderer } = kits[0]!
    await store.claim(`c:${target.key}`, 30_000)
    const read = watch(engine.read(target, READ))
    await settle()
    const call = watch(engine.revalidate(target, { onlyGenerated: false }))
    store.records.set(target.key, encodeEntry(nowEntry(clock, '/b/x', 'theirs', { revalidate: 10 })))
    await clock.advance(1000)
    // It waits for the newer one, which hangs.
    expect([read.state, renderer.calls.length]).toEqual(['pending', 1])
    await clock.advance(30_000)
    expect(call.state).toBe('rejected')
    expect(read.value && show(read.value)).toBe('STALE stale-time theirs')
  })

  it('REL-41 an entry that a clock ahead has made ends the wait, and is not taken for the page', async () => {
    const { clock, kits, calls, readAll } = createFleetOf(1)
    const ahead = createVirtualClock(clock.now() + 300_000)
    const other = createKit({ clock: ahead, store: kits[0]!.store })
    other.renderer.answer = () => toPage('from the future')
    await other.engine.read(target, READ)
    await settle()
    const outcome = await readAll()
    expect(outcome).toEqual(['STALE stale-time from the future'])
    expect(calls()).toHaveLength(1)
    await calls()[0]?.resolve(toPage('now'))
    expect(await readAll()).toEqual(['HIT fresh now'])
  })
})
