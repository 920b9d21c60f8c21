import { describe, expect, it } from 'vitest'
import {
  ALWAYS,
  createFakePrerendered,
  createFakeStore,
  createKit,
  createWarmKit,
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

describe('res.revalidate', () => {
  it('O01 O03 resolves when the new page is generated and stored; the next read is a HIT', async () => {
    const { engine, renderer, store } = createWarmKit()
    let open = () => {}
    store.gate.set = new Promise((resolve) => (open = resolve))
    const call = watch(engine.revalidate(target, ALWAYS))
    await settle()
    expect(renderer.calls[0]?.job).toMatchObject({ type: 'page', reason: 'on-demand' })
    await renderer.calls[0]?.resolve(toPage('v2', { revalidate: false }))
    expect(show(await engine.read(target, READ))).toBe('HIT fresh v2')
    expect(call.state).toBe('pending')
    open()
    await settle()
    expect(call.value).toEqual({ status: 'regenerated' })
    expect(engine.peek(target.key)?.revalidate).toBe(false)
  })

  it('O02 visitors get the old page at once while it runs', async () => {
    const { engine, renderer } = createWarmKit()
    await engine.read(target, READ)
    const call = engine.revalidate(target, ALWAYS)
    await settle()
    expect(show(await engine.read(target, READ))).toBe('HIT fresh v1')
    expect(toText(engine.peek(target.key))).toBe('v1')
    await renderer.calls[0]?.resolve(toPage('v2'))
    await call
  })

  it('O04 W15 a path that was never generated is generated', async () => {
    const { engine, renderer } = createKit()
    renderer.answer = () => toPage('v1')
    for (const fallback of ['blocking', true] as const) {
      const path = `/b/new-${fallback}`
      await engine.revalidate(toTarget(path, fallback), ALWAYS)
      expect(show(await engine.read(toTarget(path, fallback), READ))).toBe('HIT fresh v1')
    }
    expect(renderer.calls).toHaveLength(2)
  })

  it('O06 fallback false and unlisted: rejects, nothing runs', async () => {
    const { engine, renderer } = createKit()
    const call = engine.revalidate(toTarget('/f/zzz', false), ALWAYS)
    await expect(call).rejects.toMatchObject({
      code: 'ISR_REVALIDATE_PATH',
      message: expect.stringContaining('Failed to revalidate /f/zzz: '),
    })
    expect(renderer.calls).toHaveLength(0)
  })

  it('W15 a page without getStaticProps: rejects', async () => {
    const call = createKit().engine.revalidate(toTarget('/about', 'static'), ALWAYS)
    await expect(call).rejects.toMatchObject({ code: 'ISR_REVALIDATE_PATH' })
  })

  it('O11 notFound and redirect are results', async () => {
    const { engine, renderer } = createWarmKit()
    renderer.answer = () => ({ kind: 'notFound', status: 404, revalidate: false, expire: undefined })
    expect(await engine.revalidate(target, ALWAYS)).toEqual({ status: 'notFound' })
    expect(show(await engine.read(target, READ))).toBe('HIT fresh notFound')
    renderer.answer = () => ({
      kind: 'redirect',
      status: 307,
      revalidate: false,
      expire: undefined,
      destination: '/',
      basePath: true,
    })
    expect(await engine.revalidate(target, ALWAYS)).toEqual({ status: 'redirect' })
    expect(show(await engine.read(target, READ))).toBe('HIT fresh redirect')
  })

  it('W15 unstable_onlyGenerated skips what was never generated', async () => {
    const { engine, renderer } = createWarmKit()
    renderer.answer = () => toPage('v2')
    expect(await engine.revalidate(toTarget('/b/never'), { onlyGenerated: true })).toEqual({ status: 'skipped' })
    expect(renderer.calls).toHaveLength(0)
    expect(await engine.revalidate(target, { onlyGenerated: true })).toEqual({ status: 'regenerated' })
  })

  it('W15 O04 unstable_onlyGenerated counts a page that is being made for the first time', async () => {
    const { engine, renderer } = createWarmKit()
    const read = watch(engine.read(toTarget('/b/first'), READ))
    await settle()
    const call = watch(engine.revalidate(toTarget('/b/first'), { onlyGenerated: true }))
    await settle()
    expect(renderer.calls).toHaveLength(2)
    await renderer.calls[1]?.resolve(toPage('v2'))
    await renderer.calls[0]?.resolve(toPage('v1'))
    expect(call.value).toEqual({ status: 'regenerated' })
    expect(read.value && toText(read.value)).toBe('v2')
  })

  it('SEC-102 calls that fail do not keep the next visitor from a try', async () => {
    const { engine, renderer } = createKit()
    renderer.answer = () => Promise.reject(new Error('down'))
    for (let times = 0; times < 20; times++) await expect(engine.revalidate(target, ALWAYS)).rejects.toThrow('down')
    renderer.answer = () => toPage('v1')
    expect(show(await engine.read(target, READ))).toBe('MISS generated v1')
  })

  it('P1 a failed call rejects with its cause, the old page stays, and the next call tries again', async () => {
    const { engine, renderer } = createWarmKit()
    const cause = new Error('down')
    const call = watch(engine.revalidate(target, ALWAYS))
    await settle()
    await renderer.calls[0]?.reject(cause)
    expect(call.error).toMatchObject({ code: 'ISR_REVALIDATE_FAILED', path: '/b/x', cause: { cause } })
    expect(show(await engine.read(target, READ))).toBe('HIT fresh v1')
    renderer.answer = () => toPage('v2')
    expect(await engine.revalidate(target, ALWAYS)).toEqual({ status: 'regenerated' })
  })

  it('W5 a hung generation rejects the call after the time limit', async () => {
    const { engine, clock } = createWarmKit()
    const call = watch(engine.revalidate(target, ALWAYS))
    await clock.advance(29_999)
    expect(call.state).toBe('pending')
    await clock.advance(1)
    expect(call.error).toMatchObject({ code: 'ISR_REVALIDATE_FAILED', cause: { code: 'ISR_TIMEOUT' } })
  })
})

describe('order of generations', () => {
  it('W4 SEC-97 a background generation from before the call cannot win, whichever ends first', async () => {
    for (const isOldFirst of [true, false]) {
      const { engine, clock, renderer } = createKit({ prerendered: createFakePrerendered([toPageEntry('/b/x', 'v1')]) })
      clock.jump(61_000 - clock.now())
      await engine.read(target, READ)
      await settle()
      expect(renderer.calls).toHaveLength(1)
      const call = watch(engine.revalidate(target, ALWAYS))
      await settle()
      expect(renderer.calls).toHaveLength(2)
      const [old, fresh] = renderer.calls
      if (isOldFirst) await old?.resolve(toPage('before'))
      expect(call.state).toBe('pending')
      await fresh?.resolve(toPage('after'))
      expect(call.state).toBe('resolved')
      if (!isOldFirst) await old?.resolve(toPage('before'))
      expect(show(await engine.read(target, READ))).toBe('HIT fresh after')
    }
  })

  it('W4 visitors who wait for an overtaken generation get the newer page', async () => {
    for (const isOldFirst of [true, false]) {
      const { engine, renderer } = createKit()
      const read = watch(engine.read(target, READ))
      await settle()
      const call = engine.revalidate(target, ALWAYS)
      await settle()
      const [old, fresh] = renderer.calls
      await (isOldFirst ? old : fresh)?.resolve(toPage(isOldFirst ? 'before' : 'after'))
      await (isOldFirst ? fresh : old)?.resolve(toPage(isOldFirst ? 'after' : 'before'))
      await call
      expect(read.value && show(read.value)).toBe('MISS generated after')
    }
  })

  it('W4 when the newer one fails, what the overtaken one made is served', async () => {
    for (const isOldFirst of [true, false]) {
      const { engine, renderer } = createKit()
      const read = watch(engine.read(target, READ))
      await settle()
      const call = watch(engine.revalidate(target, ALWAYS))
      await settle()
      const [old, fresh] = renderer.calls
      if (isOldFirst) await old?.resolve(toPage('before'))
      await fresh?.reject(new Error('down'))
      if (!isOldFirst) {
        // It can be joined again: no second render of the same page.
        const late = watch(engine.read(target, READ))
        await settle()
        await old?.resolve(toPage('before'))
        expect(late.value && show(late.value)).toBe('MISS generated before')
      }
      expect(call.state).toBe('rejected')
      expect(read.value && show(read.value)).toBe('MISS generated before')
      expect(show(await engine.read(target, READ))).toBe('HIT fresh before')
      expect(renderer.calls).toHaveLength(2)
    }
  })

  it('W4 the fence holds for generations that a later call has overtaken too', async () => {
    const { engine, renderer } = createKit()
    const read = watch(engine.read(target, READ))
    await settle()
    const calls = [watch(engine.revalidate(target, ALWAYS)), watch(engine.revalidate(target, ALWAYS))]
    await settle()
    await renderer.calls[1]?.reject(new Error('down'))
    await renderer.calls[2]?.resolve(toPage('after'))
    expect(calls.map((call) => call.state)).toEqual(['rejected', 'resolved'])
    await renderer.calls[0]?.resolve(toPage('before'))
    expect(toText(engine.peek(target.key))).toBe('after')
    expect(read.value && show(read.value)).toBe('MISS generated after')
  })

  it('W4 calls share a generation only when it starts after both', async () => {
    const { engine, renderer } = createWarmKit()
    const first = watch(engine.revalidate(target, ALWAYS))
    await settle()
    const second = watch(engine.revalidate(target, ALWAYS))
    const third = watch(engine.revalidate(target, ALWAYS))
    await settle()
    expect(renderer.calls).toHaveLength(1)
    await renderer.calls[0]?.resolve(toPage('v2'))
    expect([first.state, second.state, third.state]).toEqual(['resolved', 'pending', 'pending'])
    expect(renderer.calls).toHaveLength(2)
    await renderer.calls[1]?.resolve(toPage('v3'))
    expect([second.state, third.state]).toEqual(['resolved', 'resolved'])
    expect(renderer.calls).toHaveLength(2)
    expect(show(await engine.read(target, READ))).toBe('HIT fresh v3')
  })

  it('W4 the second of two calls is answered though the first one hangs', async () => {
    const { engine, clock, renderer } = createWarmKit()
    const first = watch(engine.revalidate(target, ALWAYS))
    await settle()
    const second = watch(engine.revalidate(target, ALWAYS))
    await clock.advance(30_000)
    expect(first.state).toBe('rejected')
    await renderer.calls[1]?.resolve(toPage('v3'))
    expect(second.state).toBe('resolved')
    // The hung one comes to its senses: too late.
    await renderer.calls[0]?.resolve(toPage('zombie'))
    expect(toText(engine.peek(target.key))).toBe('v3')
  })

  it('W4 a waiting generation is taken over by the call, since it has not started', async () => {
    const settings = { ...SETTINGS, render: { ...SETTINGS.render, concurrency: 1, queue: 10 } }
    const { engine, renderer } = createKit({ settings })
    void engine.read(toTarget('/b/busy'), READ)
    const read = watch(engine.read(target, READ))
    await settle()
    const call = watch(engine.revalidate(target, ALWAYS))
    await settle()
    await renderer.calls[0]?.resolve(toPage('busy'))
    expect(renderer.calls[1]?.job).toMatchObject({ path: '/b/x', reason: 'on-demand' })
    await renderer.calls[1]?.resolve(toPage('v1'))
    expect([read.state, call.state]).toEqual(['resolved', 'resolved'])
    expect(renderer.calls).toHaveLength(2)
  })

  it('W4 with one slot an overtaken generation makes way for the one it waits for', async () => {
    const settings = { ...SETTINGS, render: { ...SETTINGS.render, concurrency: 1, queue: 10 } }
    const { engine, renderer } = createKit({ settings })
    const read = watch(engine.read(target, READ))
    await settle()
    const call = watch(engine.revalidate(target, ALWAYS))
    await settle()
    expect(renderer.calls).toHaveLength(1)
    await renderer.calls[0]?.resolve(toPage('before'))
    expect(renderer.calls).toHaveLength(2)
    await renderer.calls[1]?.resolve(toPage('after'))
    expect(call.state).toBe('resolved')
    expect(read.value && show(read.value)).toBe('MISS generated after')
  })
})

describe('P12 once it has resolved, nothing older is served', () => {
  /** Memory for one page, so that reading another one pushes the first out. */
  const settings = { ...SETTINGS, cache: { ...SETTINGS.cache, memoryBytes: 2000 } }

  async function pushOut({ engine, renderer }: ReturnType<typeof createKit>): Promise<void> {
    const answer = renderer.answer
    renderer.answer = () => toPage('filler')
    await engine.read(toTarget('/b/filler'), READ)
    renderer.answer = answer
    expect(engine.peek(target.key)).toBeUndefined()
  }

  it('P12 the store failed and memory has dropped the page: the copy of the build does not come back', async () => {
    const kit = createWarmKit({ settings })
    kit.store.failure.set = new Error('ENOSPC')
    kit.renderer.answer = () => toPage('v2', { revalidate: false })
    // Nothing is claimed that a restart would prove wrong.
    expect(await kit.engine.revalidate(target, ALWAYS)).toEqual({ status: 'regenerated', stored: false })
    expect(kit.eventTypes()).toEqual(['regenerated', 'store-error'])
    await pushOut(kit)
    kit.renderer.answer = () => toPage('v3', { revalidate: false })
    expect(show(await kit.engine.read(target, READ))).toBe('MISS generated v3')
  })

  it('P12 the store lost the page later: the same', async () => {
    const kit = createWarmKit({ settings })
    kit.renderer.answer = () => toPage('v2', { revalidate: false })
    await kit.engine.revalidate(target, ALWAYS)
    await pushOut(kit)
    kit.store.records.clear()
    kit.renderer.answer = () => toPage('v3', { revalidate: false })
    expect(show(await kit.engine.read(target, READ))).toBe('MISS generated v3')
  })

  it('P12 the store still has an older copy: the same', async () => {
    const clock = createVirtualClock()
    const kit = createKit({ clock, settings, store: createFakeStore([nowEntry(clock, '/b/x', 'v1')]) })
    kit.store.failure.set = new Error('EIO')
    kit.renderer.answer = () => toPage('v2')
    await clock.advance(10)
    await kit.engine.revalidate(target, ALWAYS)
    await pushOut(kit)
    expect(show(await kit.engine.read(target, READ))).toBe('MISS generated v2')
  })

  it('P1 P12 when generating fails too, the old copy is better than an error, and is not said to be fresh', async () => {
    const kit = createWarmKit({ settings })
    kit.store.failure.set = new Error('EIO')
    kit.renderer.answer = () => toPage('v2')
    await kit.engine.revalidate(target, ALWAYS)
    await pushOut(kit)
    kit.renderer.answer = () => Promise.reject(new Error('down'))
    expect(show(await kit.engine.read(target, READ))).toBe('STALE stale-error v1')
  })

  it('P1 of a page that was made anew without being asked for, and then lost, the copy of the build is served again', async () => {
    const clock = createVirtualClock()
    const prerendered = createFakePrerendered([nowEntry(clock, '/b/x', 'v1')])
    const kit = createKit({ clock, prerendered, settings })
    kit.store.failure.set = new Error('ENOSPC')
    await clock.advance(60_000)
    kit.renderer.answer = () => toPage('v2')
    expect(show(await kit.engine.read(target, READ))).toBe('STALE stale-time v1')
    await settle()
    expect(show(await kit.engine.read(target, READ))).toBe('HIT fresh v2')
    await pushOut(kit)
    expect(show(await kit.engine.read(target, READ))).toBe('STALE stale-time v1')
  })

  it('P12 a page that is not in memory is read from what waits to be written', async () => {
    const kit = createWarmKit({ settings })
    kit.store.gate.set = new Promise(() => {})
    const call = watch(kit.engine.revalidate(target, ALWAYS))
    await settle()
    await kit.renderer.calls[0]?.resolve(toPage('v2'))
    await pushOut(kit)
    expect(show(await kit.engine.read(target, READ))).toBe('HIT fresh v2')
    // A store that hangs is given up: the call is answered all the same.
    await kit.clock.advance(10_000)
    expect(call.state).toBe('resolved')
    expect(kit.events.find((event) => event.type === 'store-error')).toMatchObject({ reason: 'write' })
  })

  it('P12 a look into the store that began before the call does not bring the old page back', async () => {
    const clock = createVirtualClock()
    const kit = createKit({ clock, store: createFakeStore([nowEntry(clock, '/b/x', 'v1')]) })
    let open = () => {}
    kit.store.gate.get = new Promise((resolve) => (open = resolve))
    kit.renderer.answer = () => toPage('v2')
    const read = watch(kit.engine.read(target, READ))
    await kit.engine.revalidate(target, ALWAYS)
    open()
    await settle()
    expect(read.value && show(read.value)).toBe('HIT fresh v2')
  })
})
