import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeEntry } from '../cache/codec.ts'
import {
  ALWAYS,
  COMPLETE,
  createFakePrerendered,
  createFakeRenderer,
  createFakeStore,
  createKit,
  createStaleKit,
  nowEntry,
  READ,
  SETTINGS,
  show,
  toPage,
  toPageEntry,
  toTarget,
  toText,
  watch,
} from './testing/engine-kit.ts'
import { createVirtualClock, settle } from './testing/virtual-clock.ts'

const target = toTarget('/b/x')

const unhandled: unknown[] = []
const listen = (error: unknown) => unhandled.push(error)
beforeEach(() => process.on('unhandledRejection', listen))
afterEach(async () => {
  await settle()
  process.off('unhandledRejection', listen)
  expect(unhandled.splice(0)).toEqual([])
})

describe('a page that fails', () => {
  it('W6 P5 the old page is served as stale-error, and tried again after 1 s, 2 s, 4 s, … 30 s', async () => {
    const { engine, clock, renderer } = createStaleKit()
    renderer.answer = () => Promise.reject(new Error('down'))
    expect(show(await engine.read(target, READ))).toBe('STALE stale-time v1')
    await settle()
    for (const delay of [1, 2, 4, 8, 16, 30, 30, 30]) {
      const tries = renderer.calls.length
      await clock.advance(delay * 1000 - 1)
      expect(show(await engine.read(target, READ))).toBe('STALE stale-error v1')
      await settle()
      expect(renderer.calls).toHaveLength(tries)
      await clock.advance(1)
      expect(show(await engine.read(target, READ))).toBe('STALE stale-error v1')
      await settle()
      expect(renderer.calls).toHaveLength(tries + 1)
    }
    renderer.answer = () => toPage('v2')
    await clock.advance(30_000)
    await engine.read(target, READ)
    await settle()
    const outcome = await engine.read(target, READ)
    expect(show(outcome)).toBe('HIT fresh v2')
    expect(outcome).toMatchObject({ entry: { revalidate: 60 } })
    // The next failure starts from 1 s again.
    renderer.answer = () => Promise.reject(new Error('down again'))
    await clock.advance(60_000)
    expect(show(await engine.read(target, READ))).toBe('STALE stale-time v2')
  })

  it('E01 REL-02 a cold failure is shared by all who wait, and kept by nobody', async () => {
    const { engine, renderer, store, eventTypes } = createKit()
    const reads = Array.from({ length: 20 }, () => watch(engine.read(target, COMPLETE)))
    await settle()
    expect(renderer.calls).toHaveLength(1)
    await renderer.calls[0]?.reject(new Error('down'))
    expect(new Set(reads.map((read) => read.error)).size).toBe(1)
    expect(reads[0]?.error).toMatchObject({ code: 'ISR_GENERATE', path: '/b/x' })
    expect(store.records.size).toBe(0)
    expect(eventTypes()).toEqual(['failed'])
    const again = watch(engine.read(target, READ))
    await settle()
    await renderer.calls[1]?.resolve(toPage('v1'))
    expect(again.value && show(again.value)).toBe('MISS generated v1')
  })

  it('SEC-102 P5 a cold page that fails eleven times in a row is left alone for a second, then for two at most', async () => {
    const { engine, renderer, clock } = createKit()
    renderer.answer = () => Promise.reject(new Error('down'))
    const ask = () => engine.read(target, COMPLETE).then(show, (error: Error) => error.message)
    for (let times = 0; times < 11; times++) expect(await ask()).toContain('down')
    for (let times = 0; times < 100; times++) expect(await ask()).toContain('failed time and again')
    expect(renderer.calls).toHaveLength(11)
    await clock.advance(1000)
    expect(await ask()).toContain('down')
    for (let times = 0; times < 5; times++) {
      expect(await ask()).toContain('failed time and again')
      await clock.advance(2000)
      expect(await ask()).toContain('down')
    }
    expect(renderer.calls).toHaveLength(17)
    // Another path is nobody's concern here, and a success ends it.
    renderer.answer = () => toPage('v1')
    expect(show(await engine.read(toTarget('/b/other'), COMPLETE))).toBe('MISS generated v1')
    await clock.advance(2000)
    expect(await ask()).toBe('MISS generated v1')
  })

  it('REL-03 P8 anything may be thrown', async () => {
    const hostile = Object.freeze({
      get message(): string {
        throw new Error('no message')
      },
    })
    for (const reason of ['text', null, undefined, 42, Object.freeze(new Error('frozen')), hostile, Symbol('s')]) {
      const { engine, renderer } = createStaleKit()
      await engine.read(target, READ)
      await settle()
      await renderer.calls[0]?.reject(reason)
      expect(show(await engine.read(target, READ))).toBe('STALE stale-error v1')
      const cold = watch(engine.read(toTarget('/b/cold'), READ))
      await settle()
      await renderer.calls.at(-1)?.reject(reason)
      expect(cold.error).toMatchObject({ code: 'ISR_GENERATE' })
      const call = watch(engine.revalidate(target, ALWAYS))
      await settle()
      await renderer.calls.at(-1)?.reject(reason)
      expect(call.error).toMatchObject({ code: 'ISR_REVALIDATE_FAILED' })
    }
  })

  it('REL-03 a renderer may throw instead of rejecting', async () => {
    const renderer = createFakeRenderer()
    renderer.run = () => {
      throw new Error('at once')
    }
    const { engine } = createKit({ renderer })
    await expect(engine.read(target, READ)).rejects.toMatchObject({ code: 'ISR_GENERATE' })
    await expect(engine.read(target, READ)).rejects.toMatchObject({ code: 'ISR_GENERATE' })
  })

  it('REL-05 P11 an empty document is a failure', async () => {
    const { engine, renderer, store } = createStaleKit()
    await engine.read(target, READ)
    await settle()
    const empty = { identity: new Uint8Array(0), digest: '' }
    await renderer.calls[0]?.resolve({ ...toPage('v2'), html: empty } as ReturnType<typeof toPage>)
    expect(show(await engine.read(target, READ))).toBe('STALE stale-error v1')
    expect(store.records.size).toBe(0)
  })

  it('REL-07 W5 a hung generation frees its slot, is tried again, and its late result is thrown away', async () => {
    const settings = { ...SETTINGS, render: { ...SETTINGS.render, concurrency: 1, queue: 10 } }
    const { engine, clock, renderer, events } = createStaleKit({ settings })
    await engine.read(target, READ)
    await clock.advance(30_000)
    expect(events.at(-1)).toMatchObject({ type: 'failed', error: { code: 'ISR_TIMEOUT' } })
    expect(renderer.calls[0]?.signal?.aborted).toBe(true)
    await clock.advance(1000)
    expect(show(await engine.read(target, READ))).toBe('STALE stale-error v1')
    await settle()
    expect(renderer.calls).toHaveLength(2)
    await renderer.calls[0]?.resolve(toPage('zombie'))
    expect(show(await engine.read(target, READ))).toBe('STALE stale-error v1')
    await renderer.calls[1]?.resolve(toPage('v2'))
    expect(show(await engine.read(target, READ))).toBe('HIT fresh v2')
    await renderer.calls[0]?.reject(new Error('even later'))
    expect(clock.timers()).toBe(0)
  })

  it('REL-16 a page that revalidates itself while it is rendered ends with the time limit', async () => {
    const { engine, clock, renderer } = createKit()
    let isCured = false
    renderer.answer = async () => {
      if (!isCured) await engine.revalidate(target, ALWAYS)
      return toPage('v1')
    }
    const call = watch(engine.revalidate(target, ALWAYS))
    await clock.advance(30_000)
    expect(call.error).toMatchObject({ code: 'ISR_REVALIDATE_FAILED', cause: { code: 'ISR_TIMEOUT' } })
    isCured = true
    await clock.advance(60_000)
    expect(show(await engine.read(target, READ))).toMatch(/v1$/)
  })

  it('REL-16 pages that revalidate each other end with the time limit, and are well when that is cured', async () => {
    const { engine, clock, renderer } = createKit()
    const others: Record<string, string> = { '/b/x': '/b/y', '/b/y': '/b/x' }
    let isCured = false
    renderer.answer = async (job) => {
      const path = job.type === 'page' ? job.path : ''
      if (!isCured) await engine.revalidate(toTarget(others[path] ?? ''), ALWAYS)
      return toPage(path)
    }
    const calls = ['/b/x', '/b/y'].map((path) => watch(engine.revalidate(toTarget(path), ALWAYS)))
    await clock.advance(60_000)
    expect(calls.map((call) => call.state)).toEqual(['rejected', 'rejected'])
    isCured = true
    await clock.advance(60_000)
    for (const path of ['/b/x', '/b/y'])
      expect(await engine.revalidate(toTarget(path), ALWAYS)).toMatchObject({ status: 'regenerated' })
    expect(clock.timers()).toBe(0)
  })

  it('REL-16 P7 however often a page is revalidated while it is rendered, one generation runs and one waits', async () => {
    const { engine, clock, renderer } = createKit()
    const calls: Array<ReturnType<typeof watch>> = []
    // Each render asks for ten more, as a data function does that calls an own API route and does not wait for it.
    const flood = () => {
      for (let call = 0; call < 10; call++) calls.push(watch(engine.revalidate(target, ALWAYS)))
    }
    renderer.answer = () => {
      if (renderer.calls.length <= 20) flood()
      return new Promise(() => {})
    }
    flood()
    await clock.advance(29_999)
    expect(renderer.calls).toHaveLength(1)
    await clock.advance(30_000)
    expect(renderer.calls).toHaveLength(2)
    await clock.advance(1_000_000)
    expect(calls.every((call) => call.state === 'rejected')).toBe(true)
    expect(clock.timers()).toBe(0)
  })

  it('REL-09 REL-57 P4 a thousand visitors wait for one render, and hits have nothing to wait for', async () => {
    const clock = createVirtualClock()
    const kit = createKit({ clock, store: createFakeStore([nowEntry(clock, '/b/warm', 'warm')]) })
    await kit.engine.read(toTarget('/b/warm'), READ)
    const reads = Array.from({ length: 1000 }, () => watch(kit.engine.read(target, READ)))
    await clock.advance(29_999)
    expect(toText(kit.engine.peek('p:/b/warm'))).toBe('warm')
    expect(kit.renderer.calls).toHaveLength(1)
    await kit.renderer.calls[0]?.resolve(toPage('v1'))
    expect(new Set(reads.map((read) => read.value && show(read.value)))).toEqual(new Set(['MISS generated v1']))
    expect(kit.renderer.calls).toHaveLength(1)
  })

  it('P4 a page that somebody has found while the render waited for its turn is not rendered', async () => {
    const settings = { ...SETTINGS, render: { ...SETTINGS.render, concurrency: 1 } }
    const { engine, clock, renderer, store } = createKit({ settings })
    void engine.read(toTarget('/b/busy'), READ)
    const first = watch(engine.read(target, READ))
    await settle()
    store.records.set(target.key, encodeEntry(nowEntry(clock, '/b/x', 'v1')))
    expect(show(await engine.read(target, READ))).toBe('HIT fresh v1')
    store.log.length = 0
    await renderer.calls[0]?.resolve(toPage('busy'))
    expect(first.value && show(first.value)).toBe('HIT fresh v1')
    // What is at hand is not looked for.
    expect(store.log).not.toContain('get p:/b/x')
    expect(renderer.calls).toHaveLength(1)
  })

  it('P8 a listener that throws or rejects changes nothing', async () => {
    for (const onEvent of [
      () => {
        throw new Error('listener')
      },
      () => Promise.reject(new Error('async listener')) as unknown as undefined,
    ]) {
      const { engine, renderer } = createKit({ onEvent })
      renderer.answer = () => toPage('v1')
      expect(show(await engine.read(target, READ))).toBe('MISS generated v1')
      expect(toText(engine.peek(target.key))).toBe('v1')
    }
  })
})

describe('too much at once', () => {
  const settings = { ...SETTINGS, render: { ...SETTINGS.render, concurrency: 2, queue: 3 } }
  const paths = (name: string, count: number) => Array.from({ length: count }, (_, index) => `/b/${name}${index}`)

  it('W12 REL-57 at most `concurrency` run, `queue` wait, the rest is refused; all is well again afterwards', async () => {
    const { engine, renderer } = createKit({ settings })
    const reads = paths('cold', 10).map((path) => watch(engine.read(toTarget(path), READ)))
    await settle()
    expect(renderer.calls).toHaveLength(2)
    expect(reads.filter((read) => read.state === 'rejected')).toHaveLength(5)
    expect(reads.at(-1)?.error).toMatchObject({ code: 'ISR_OVERLOADED' })
    for (let call = 0; call < 5; call++) await renderer.calls[call]?.resolve(toPage(`v${call}`))
    expect(reads.filter((read) => read.state === 'resolved')).toHaveLength(5)
    renderer.answer = () => toPage('late')
    expect(show(await engine.read(toTarget('/b/cold9'), READ))).toBe('MISS generated late')
  })

  it('W12 visitors go before revalidation, that before background work, which makes room', async () => {
    const clock = createVirtualClock()
    const stale = paths('stale', 3).map((path) => nowEntry(clock, path, 'v1'))
    const { engine, renderer, events } = createKit({ clock, settings, store: createFakeStore(stale) })
    await clock.advance(61_000)
    for (const path of paths('busy', 2)) void engine.read(toTarget(path), READ).catch(() => {})
    await settle()
    for (const path of paths('stale', 3)) expect((await engine.read(toTarget(path), READ)).state).toBe('STALE')
    const call = watch(engine.revalidate(toTarget('/b/demand'), ALWAYS))
    const visit = watch(engine.read(toTarget('/b/visit'), READ))
    await settle()
    expect(events.filter((event) => event.type === 'overload').map((event) => event.path)).toEqual([
      '/b/stale0',
      '/b/stale1',
    ])
    for (let index = 0; index < 5; index++) await renderer.calls[index]?.resolve(toPage('v2'))
    const order = renderer.calls.map(({ job }) => (job.type === 'page' ? job.path : ''))
    expect(order.slice(2)).toEqual(['/b/visit', '/b/demand', '/b/stale2'])
    expect([call.state, visit.state]).toEqual(['resolved', 'resolved'])
    // What was dropped is not forgotten: the next visitor brings it back.
    expect((await engine.read(toTarget('/b/stale0'), READ)).state).toBe('STALE')
    await settle()
    expect(renderer.calls).toHaveLength(6)
  })

  it('W12 a visitor who joins a waiting background generation takes it to the front', async () => {
    const { engine, renderer } = createKit({ settings })
    for (const path of paths('busy', 2)) void engine.read(toTarget(path), READ)
    await settle()
    await engine.read(toTarget('/b/first', true), READ)
    await engine.read(toTarget('/b/second', true), READ)
    const read = watch(engine.read(toTarget('/b/second', true), COMPLETE))
    await settle()
    await renderer.calls[0]?.resolve(toPage('busy'))
    expect(renderer.calls[2]?.job).toMatchObject({ path: '/b/second' })
    await renderer.calls[2]?.resolve(toPage('v1'))
    expect(read.state).toBe('resolved')
  })

  it('P5 the whole wait is bounded: waiting ends after the time limit too', async () => {
    const { engine, clock, renderer } = createKit({
      settings: { ...settings, render: { ...settings.render, concurrency: 1 } },
    })
    const hung = watch(engine.read(toTarget('/b/hung'), READ))
    await clock.advance(10_000)
    const waiting = watch(engine.read(toTarget('/b/waiting'), READ))
    await clock.advance(20_000)
    expect(hung.error).toMatchObject({ code: 'ISR_TIMEOUT' })
    // It started when the slot was freed, and has the full time from there.
    await clock.advance(29_999)
    expect(waiting.state).toBe('pending')
    await clock.advance(1)
    expect(waiting.error).toMatchObject({ code: 'ISR_TIMEOUT' })
    expect(renderer.calls).toHaveLength(2)
    const blocked = paths('more', 3).map((path) => watch(engine.read(toTarget(path), READ)))
    await clock.advance(60_000)
    expect(blocked.map((read) => read.state)).toEqual(['rejected', 'rejected', 'rejected'])
  })

  it('an expired page is served when the queue is full', async () => {
    const clock = createVirtualClock()
    const store = createFakeStore([nowEntry(clock, '/b/x', 'v1', { expire: 100 })])
    const { engine } = createKit({ clock, store, settings })
    await clock.advance(200_000)
    for (const path of paths('busy', 5)) void engine.read(toTarget(path), READ).catch(() => {})
    await settle()
    expect(show(await engine.read(target, READ))).toBe('STALE stale-error v1')
  })

  it('SEC-99 random slugs that do not exist push out no page', async () => {
    const clock = createVirtualClock()
    const { engine, renderer } = createKit({
      clock,
      settings: { ...SETTINGS, cache: { ...SETTINGS.cache, memoryBytes: 5000, notFoundEntries: 10 } },
    })
    renderer.answer = () => toPage('v1')
    await engine.read(target, READ)
    renderer.answer = () => ({ kind: 'notFound', status: 404, revalidate: 60, expire: undefined })
    for (const path of paths('random', 500)) await engine.read(toTarget(path), READ)
    expect(toText(engine.peek(target.key))).toBe('v1')
    expect(engine.peek(toTarget('/b/random0').key)).toBeUndefined()
    expect(toText(engine.peek(toTarget('/b/random499').key))).toBe('notFound')
  })
})

describe('a store that fails', () => {
  it('REL-18 a failed write: one event, the page is served from memory, the next write works', async () => {
    const { engine, renderer, store, eventTypes, clock } = createKit()
    store.failure.set = new Error('ENOSPC')
    renderer.answer = () => toPage('v1')
    expect(show(await engine.read(target, READ))).toBe('MISS generated v1')
    await settle()
    expect(eventTypes()).toEqual(['regenerated', 'miss', 'store-error'])
    expect(show(await engine.read(target, READ))).toBe('HIT fresh v1')
    store.failure = {}
    await clock.advance(61_000)
    await engine.read(target, READ)
    await settle()
    expect(store.records.size).toBe(1)
  })

  it('REL-21 REL-43 a failed read is a miss, and the copy of the build is found', async () => {
    const clock = createVirtualClock()
    const store = createFakeStore()
    store.failure.get = new Error('EIO')
    const { engine, renderer, eventTypes } = createKit({
      clock,
      store,
      prerendered: createFakePrerendered([nowEntry(clock, '/b/x', 'v1')]),
    })
    expect(show(await engine.read(target, READ))).toBe('HIT fresh v1')
    expect(eventTypes()).toEqual(['store-error'])
    renderer.answer = () => toPage('new')
    expect(show(await engine.read(toTarget('/b/new'), READ))).toBe('MISS generated new')
  })

  it('REL-45 a store that never answers costs a bounded wait', async () => {
    const { engine, clock, store, renderer } = createKit()
    store.gate.get = new Promise(() => {})
    renderer.answer = () => toPage('v1')
    const read = watch(engine.read(target, READ))
    await clock.advance(2000)
    expect(read.value && show(read.value)).toBe('MISS generated v1')
  })

  it('REL-45 P5 entries of the build that hang cost a bounded wait too, and no page is stuck behind them', async () => {
    const prerendered = createFakePrerendered([toPageEntry('/b/x', 'v1')])
    const kit = createKit({ prerendered: { ...prerendered, read: () => new Promise(() => {}) } })
    kit.renderer.answer = () => toPage('v2')
    const read = watch(kit.engine.read(target, READ))
    await kit.clock.advance(2000)
    expect(read.value && show(read.value)).toBe('MISS generated v2')
    expect(kit.eventTypes()).toEqual(['store-error', 'regenerated', 'miss'])
  })

  it('P1 a copy that another process has stored in the meantime is better than an error', async () => {
    const { engine, clock, renderer, store } = createKit()
    const cold = watch(engine.read(target, READ))
    await settle()
    store.records.set(target.key, encodeEntry(nowEntry(clock, '/b/x', 'v1')))
    await renderer.calls[0]?.reject(new Error('down'))
    expect(cold.value && show(cold.value)).toBe('STALE stale-error v1')
  })

  it('P1 who gets the old copy of an expired page that fails does not wait for the store a second time', async () => {
    const clock = createVirtualClock()
    const store = createFakeStore([nowEntry(clock, '/b/x', 'v1', { expire: 10 })])
    // Too small for the page.
    const settings = { ...SETTINGS, cache: { ...SETTINGS.cache, memoryBytes: 100 } }
    const { engine, renderer } = createKit({ clock, store, settings })
    renderer.answer = () => Promise.reject(new Error('down'))
    await clock.advance(60_000)
    expect(show(await engine.read(target, READ))).toBe('STALE stale-error v1')
    expect(store.log).toEqual(['get p:/b/x'])
    expect(renderer.calls).toHaveLength(1)
  })

  it('REL-26 a damaged entry is a miss, is set aside, and is never served', async () => {
    const clock = createVirtualClock()
    const whole = createFakeStore([nowEntry(clock, '/b/x', 'v1')]).records.get(target.key) ?? new Uint8Array()
    const flipped = Uint8Array.from(whole, (byte, index) => (index === whole.length - 40 ? byte ^ 1 : byte))
    const other = createFakeStore([nowEntry(clock, '/b/y', 'other')]).records.get('p:/b/y') ?? new Uint8Array()
    for (const bytes of [new Uint8Array(0), whole.subarray(0, -1), flipped, other, Buffer.from('<html>')]) {
      const kit = createKit({ clock })
      kit.store.records.set(target.key, bytes)
      kit.renderer.answer = () => toPage('v2')
      expect(show(await kit.engine.read(target, READ))).toBe('MISS generated v2')
      expect(kit.store.setAsideKeys).toEqual([target.key])
      expect(kit.events[0]).toMatchObject({ type: 'store-error', reason: 'damaged' })
    }
  })

  it('P7 a store that hangs does not fill the memory', async () => {
    const { engine, store, renderer, events } = createKit()
    store.gate.set = new Promise(() => {})
    const large = 'x'.repeat(4 * 1024 * 1024)
    renderer.answer = () => toPage(large)
    for (let index = 0; index < 10; index++) await engine.read(toTarget(`/b/${index}`), READ)
    expect(events.filter((event) => event.reason === 'backlog').length).toBeGreaterThan(5)
  })
})

describe('shutdown', () => {
  it('R09 REL-53 waits for what runs and for pending writes; starts nothing new', async () => {
    const { engine, clock, renderer, store } = createStaleKit()
    await engine.read(target, READ)
    const cold = watch(engine.read(toTarget('/b/cold'), READ))
    await settle()
    let open = () => {}
    store.gate.set = new Promise((resolve) => (open = resolve))
    const close = watch(engine.close(10_000))
    await renderer.calls[1]?.resolve(toPage('cold'))
    expect(cold.state).toBe('resolved')
    await renderer.calls[0]?.resolve(toPage('v2'))
    expect(close.state).toBe('pending')
    open()
    await settle()
    expect(close.state).toBe('resolved')
    expect([...store.records.keys()]).toEqual(['p:/b/cold', 'p:/b/x'])
    expect(store.log.at(-1)).toBe('close')
    await clock.advance(61_000)
    expect(show(await engine.read(target, READ))).toBe('STALE stale-time v2')
    expect(renderer.calls).toHaveLength(2)
    expect(clock.timers()).toBe(0)
  })

  it('W5 R09 is bounded when a generation hangs: whoever waits is told', async () => {
    const { engine, clock, renderer } = createKit()
    const cold = watch(engine.read(target, READ))
    await settle()
    const close = watch(engine.close(10_000))
    expect(engine.close(1)).toBe(engine.close(1))
    await clock.advance(10_000)
    expect(close.state).toBe('resolved')
    expect(cold.error).toMatchObject({ code: 'ISR_CLOSED' })
    expect(renderer.calls[0]?.signal?.aborted).toBe(true)
    await expect(engine.read(target, READ)).rejects.toMatchObject({ code: 'ISR_CLOSED' })
    await expect(engine.revalidate(target, ALWAYS)).rejects.toMatchObject({ cause: { code: 'ISR_CLOSED' } })
    await renderer.calls[0]?.resolve(toPage('late'))
  })

  it('R09 background work that has not started is dropped', async () => {
    const settings = { ...SETTINGS, render: { ...SETTINGS.render, concurrency: 1, queue: 10 } }
    const { engine, renderer } = createStaleKit({ settings })
    const cold = watch(engine.read(toTarget('/b/cold'), READ))
    await settle()
    await engine.read(target, READ)
    const close = watch(engine.close(10_000))
    await renderer.calls[0]?.resolve(toPage('cold'))
    expect(cold.state).toBe('resolved')
    expect(close.state).toBe('resolved')
    expect(renderer.calls).toHaveLength(1)
  })
})
