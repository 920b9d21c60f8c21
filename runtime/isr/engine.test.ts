import { describe, expect, it } from 'vitest'
import { createLeisure } from '../cache/leisure.ts'
import {
  COMPLETE,
  createFakePrerendered,
  createFakeStore,
  createKit,
  nowEntry,
  PREFETCH,
  READ,
  SETTINGS,
  show,
  toPage,
  toPageEntry,
  toShellTarget,
  toTarget,
  toText,
  watch,
  YEAR,
} from './testing/engine-kit.ts'
import type { IsrEvent } from '../types.ts'
import { createVirtualClock, settle } from './testing/virtual-clock.ts'

const target = toTarget('/b/x')

describe('a cached page', () => {
  it('S01 fresh page is a HIT, from memory without a promise and without the renderer', async () => {
    const clock = createVirtualClock()
    const kit = createKit({ clock, prerendered: createFakePrerendered([nowEntry(clock, '/b/x', 'v1')]) })
    expect(kit.engine.peek(target.key)).toBeUndefined()
    expect(show(await kit.engine.read(target, READ))).toBe('HIT fresh v1')
    await clock.advance(59_999)
    expect(toText(kit.engine.peek(target.key))).toBe('v1')
    await clock.advance(1)
    expect(kit.engine.peek(target.key)).toBeUndefined()
    expect(kit.renderer.calls).toHaveLength(0)
  })

  it('S01 the very same object is served each time', async () => {
    const clock = createVirtualClock()
    const { engine } = createKit({ clock, store: createFakeStore([nowEntry(clock, '/b/x', 'v1')]) })
    const outcome = await engine.read(target, READ)
    expect('entry' in outcome && outcome.entry === engine.peek(target.key)).toBe(true)
  })

  it('P10 a warm hit asks neither the store nor the renderer', async () => {
    const clock = createVirtualClock()
    const kit = createKit({ clock, store: createFakeStore([nowEntry(clock, '/b/x', 'v1')]) })
    await kit.engine.read(target, READ)
    kit.store.log.length = 0
    for (let turn = 0; turn < 10; turn++) await kit.engine.read(target, READ)
    kit.engine.peek(target.key)
    expect(kit.store.log).toEqual([])
  })

  it('P10 an answer makes no event where nobody hears answers', async () => {
    const clock = createVirtualClock()
    const events: IsrEvent[] = []
    const { engine } = createKit({
      clock,
      store: createFakeStore([nowEntry(clock, '/b/x', 'v1')]),
      onEvent: (event) => events.push(event),
      hearsAnswers: false,
    })
    await engine.read(target, READ)
    expect(toText(engine.peek(target.key))).toBe('v1')
    expect(events).toEqual([])
  })

  it('W13 after a restart a fresh page is a HIT with its age', async () => {
    const clock = createVirtualClock()
    const first = createKit({ clock })
    const read = first.engine.read(target, READ)
    await settle()
    await first.renderer.calls[0]?.resolve(toPage('v1'))
    await read
    await clock.advance(40_000)
    const second = createKit({ clock, store: first.store })
    expect(show(await second.engine.read(target, READ))).toBe('HIT fresh v1')
    expect(second.events[0]).toMatchObject({ type: 'hit', ageMs: 40_000 })
    await clock.advance(20_000)
    expect(show(await second.engine.read(target, READ))).toBe('STALE stale-time v1')
  })

  it('concurrent misses of memory share one look into the store', async () => {
    const clock = createVirtualClock()
    const kit = createKit({ clock, store: createFakeStore([nowEntry(clock, '/b/x', 'v1')]) })
    await Promise.all(Array.from({ length: 20 }, () => kit.engine.read(target, READ)))
    expect(kit.store.log).toEqual(['get p:/b/x'])
  })

  it('an entry of the store wins over an older one of the build, and loses against a newer one', async () => {
    const clock = createVirtualClock()
    const early = nowEntry(clock, '/b/x', 'early')
    await clock.advance(1000)
    const late = nowEntry(clock, '/b/x', 'late')
    const regenerated = createKit({
      clock,
      prerendered: createFakePrerendered([early]),
      store: createFakeStore([late]),
    })
    expect(show(await regenerated.engine.read(target, READ))).toBe('HIT fresh late')
    const rebuilt = createKit({ clock, prerendered: createFakePrerendered([late]), store: createFakeStore([early]) })
    expect(show(await rebuilt.engine.read(target, READ))).toBe('HIT fresh late')
  })
})

describe('a stale page', () => {
  it('R01 requests on a stale page get the old one at once, and exactly one generation runs', async () => {
    const { engine, clock, renderer } = createKit({ prerendered: createFakePrerendered([toPageEntry('/b/x', 'v1')]) })
    clock.jump(61_000 - clock.now())
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => engine.read(target, READ)))
    expect(new Set(outcomes.map(show))).toEqual(new Set(['STALE stale-time v1']))
    await settle()
    expect(renderer.calls).toHaveLength(1)
    expect(renderer.calls[0]?.job).toEqual({
      type: 'page',
      pattern: '/b/[slug]',
      params: { slug: 'x' },
      path: '/b/x',
      reason: 'stale',
    })
  })

  it('R02 after it the next request gets the new body with HIT', async () => {
    const { engine, clock, renderer, store } = createKit({
      prerendered: createFakePrerendered([toPageEntry('/b/x', 'v1')]),
    })
    clock.jump(61_000 - clock.now())
    await engine.read(target, READ)
    await settle()
    await renderer.calls[0]?.resolve(toPage('v2'))
    expect(toText(engine.peek(target.key))).toBe('v2')
    expect(show(await engine.read(target, READ))).toBe('HIT fresh v2')
    expect(store.log.filter((line) => line.startsWith('set'))).toEqual(['set p:/b/x'])
  })

  it('R03 HTML and data of an answer are of one generation', async () => {
    const { engine, renderer } = createKit()
    const read = engine.read(target, READ)
    await settle()
    await renderer.calls[0]?.resolve(toPage('v1'))
    const outcome = await read
    if (!('entry' in outcome) || outcome.entry.kind !== 'page') throw new Error('no page')
    expect(Buffer.from(outcome.entry.html.identity!).toString()).toContain('v1')
    expect(Buffer.from(outcome.entry.data?.identity ?? []).toString()).toContain('v1')
  })

  it('R05 W20 a prefetch of a stale page starts nothing; on a miss it generates', async () => {
    const { engine, clock, renderer } = createKit({ prerendered: createFakePrerendered([toPageEntry('/b/x', 'v1')]) })
    clock.jump(61_000 - clock.now())
    expect(show(await engine.read(target, PREFETCH))).toBe('STALE stale-time v1')
    await settle()
    expect(renderer.calls).toHaveLength(0)
    renderer.answer = () => toPage('other')
    expect(show(await engine.read(toTarget('/b/other'), PREFETCH))).toBe('MISS generated other')
  })

  it('W4 a page that is being revalidated says so', async () => {
    const { engine, clock, renderer } = createKit({ prerendered: createFakePrerendered([toPageEntry('/b/x', 'v1')]) })
    clock.jump(61_000 - clock.now())
    const call = engine.revalidate(target, { onlyGenerated: false })
    await settle()
    expect(show(await engine.read(target, READ))).toBe('STALE stale-on-demand v1')
    expect(renderer.calls).toHaveLength(1)
    await renderer.calls[0]?.resolve(toPage('v2'))
    await call
  })

  it('P4 what another process has regenerated meanwhile is taken over instead of rendered', async () => {
    const clock = createVirtualClock()
    const store = createFakeStore([nowEntry(clock, '/b/x', 'v1')])
    const kit = createKit({ clock, store })
    await kit.engine.read(target, READ)
    await clock.advance(61_000)
    const other = createKit({ clock, store })
    await other.engine.read(target, READ)
    await settle()
    await other.renderer.calls[0]?.resolve(toPage('v2'))
    expect(show(await kit.engine.read(target, READ))).toBe('STALE stale-time v1')
    await settle()
    expect(show(await kit.engine.read(target, READ))).toBe('HIT fresh v2')
    expect(kit.renderer.calls).toHaveLength(0)
  })
})

describe('an expired page', () => {
  const prerendered = createFakePrerendered([toPageEntry('/b/x', 'v1', { expire: 300 })])

  it('W7 waits for the new page', async () => {
    const { engine, clock, renderer } = createKit({ prerendered })
    clock.jump(300_000 - clock.now())
    const read = watch(engine.read(target, READ))
    await settle()
    expect(read.state).toBe('pending')
    await renderer.calls[0]?.resolve(toPage('v2'))
    expect(read.value && show(read.value)).toBe('MISS generated v2')
  })

  it('W7 serves the old page when that fails, and at once until the next try is due', async () => {
    const { engine, clock, renderer } = createKit({ prerendered })
    clock.jump(300_000 - clock.now())
    const read = watch(engine.read(target, READ))
    await settle()
    await renderer.calls[0]?.reject(new Error('down'))
    expect(read.value && show(read.value)).toBe('STALE stale-error v1')
    expect(show(await engine.read(target, READ))).toBe('STALE stale-error v1')
    expect(renderer.calls).toHaveLength(1)
    await clock.advance(1000)
    void engine.read(target, READ)
    await settle()
    expect(renderer.calls).toHaveLength(2)
  })

  it('W7 W5 serves the old page when the generation hangs', async () => {
    const { engine, clock } = createKit({ prerendered })
    clock.jump(300_000 - clock.now())
    const read = watch(engine.read(target, READ))
    await settle()
    await clock.advance(30_000)
    expect(read.value && show(read.value)).toBe('STALE stale-error v1')
  })
})

describe('a page that is not there', () => {
  it('F01 fallback false, unlisted: absent, nothing runs, the store is not asked', async () => {
    const { engine, renderer, store } = createKit()
    expect(show(await engine.read(toTarget('/b/x', false), READ))).toBe('ABSENT')
    expect(show(await engine.read(toTarget('/b/x', false), COMPLETE))).toBe('ABSENT')
    expect(renderer.calls).toHaveLength(0)
    expect(store.log).toEqual([])
  })

  it('F02 fallback false, listed: served, and generated anew when the build lost it', async () => {
    const clock = createVirtualClock()
    const listed = createFakePrerendered([nowEntry(clock, '/b/x', 'v1')])
    const { engine } = createKit({ clock, prerendered: listed })
    expect(show(await engine.read(toTarget('/b/x', false), READ))).toBe('HIT fresh v1')
    const damaged = createKit({ clock, prerendered: { ...listed, read: async () => undefined } })
    damaged.renderer.answer = () => toPage('v2')
    expect(show(await damaged.engine.read(toTarget('/b/x', false), READ))).toBe('MISS generated v2')
    expect(damaged.eventTypes()).toEqual(['store-error', 'regenerated', 'miss'])
  })

  it('F03 blocking: the request waits, MISS, then HIT', async () => {
    const { engine, renderer } = createKit()
    renderer.answer = () => toPage('v1')
    expect(show(await engine.read(target, READ))).toBe('MISS generated v1')
    expect(show(await engine.read(target, READ))).toBe('HIT fresh v1')
    expect(renderer.calls).toHaveLength(1)
  })

  it('F04 W19 fallback true: the shell at once, the page in the background', async () => {
    const { engine, renderer } = createKit()
    const page = toTarget('/b/x', true)
    expect(show(await engine.read(page, READ))).toBe('SHELL')
    expect(show(await engine.read(page, READ))).toBe('SHELL')
    expect(renderer.calls).toHaveLength(1)
    await renderer.calls[0]?.resolve(toPage('v1'))
    expect(show(await engine.read(page, READ))).toBe('HIT fresh v1')
  })

  it('F05 F06 fallback true and an answer that must be complete: waits, joining what runs already', async () => {
    const { engine, renderer } = createKit()
    const page = toTarget('/b/x', true)
    await engine.read(page, READ)
    const read = watch(engine.read(page, COMPLETE))
    await settle()
    expect(read.state).toBe('pending')
    await renderer.calls[0]?.resolve(toPage('v1'))
    expect(read.value && show(read.value)).toBe('MISS generated v1')
    expect(renderer.calls).toHaveLength(1)
  })

  it('F09 fallback true and a failing page: shell, an error for data, nothing kept, shell again', async () => {
    const { engine, renderer } = createKit()
    const page = toTarget('/b/x', true)
    expect(show(await engine.read(page, READ))).toBe('SHELL')
    await renderer.calls[0]?.reject(new Error('down'))
    const data = watch(engine.read(page, COMPLETE))
    await settle()
    await renderer.calls[1]?.reject(new Error('still down'))
    expect(data.error).toMatchObject({ code: 'ISR_GENERATE', message: expect.stringContaining('still down') })
    expect(show(await engine.read(page, READ))).toBe('SHELL')
    // Shells do not render a failing page once per request.
    expect(renderer.calls).toHaveLength(2)
  })

  it('pages without parameters and without data functions are generated when the build has none', async () => {
    const { engine, renderer } = createKit()
    renderer.answer = (job) => toPage(job.type)
    expect(show(await engine.read(toTarget('/about', 'static'), READ))).toBe('MISS generated page')
    expect(show(await engine.read(toTarget('/news', 'none'), READ))).toBe('MISS generated page')
    expect(show(await engine.read(toShellTarget(), READ))).toBe('MISS generated shell')
    expect(show(await engine.read(toShellTarget(), READ))).toBe('HIT fresh shell')
    expect(renderer.calls.at(-1)?.job).toEqual({ type: 'shell', pattern: '/b/[slug]', isFallback: true })
  })

  it('W23 the shell of a dynamic page without data functions is no fallback', async () => {
    const { engine, renderer } = createKit()
    renderer.answer = () => toPage('shell')
    await engine.read(toShellTarget('static'), READ)
    expect(renderer.calls[0]?.job).toEqual({ type: 'shell', pattern: '/b/[slug]', isFallback: false })
  })

  it('T01 20 parallel cold requests share one generation, all MISS with one body', async () => {
    const { engine, renderer } = createKit()
    const reads = Array.from({ length: 20 }, (_, index) => engine.read(target, index % 2 ? READ : COMPLETE))
    await settle()
    expect(renderer.calls).toHaveLength(1)
    await renderer.calls[0]?.resolve(toPage('v1'))
    const outcomes = await Promise.all(reads)
    expect(new Set(outcomes.map(show))).toEqual(new Set(['MISS generated v1']))
    expect(new Set(outcomes.map((outcome) => 'entry' in outcome && outcome.entry)).size).toBe(1)
  })
})

describe('lifetimes', () => {
  async function generate(generated: Parameters<typeof toPage>[1] | 'notFound') {
    const kit = createKit()
    kit.renderer.answer = () =>
      generated === 'notFound'
        ? { kind: 'notFound', status: 404, revalidate: undefined, expire: undefined }
        : toPage('v1', generated)
    const outcome = await kit.engine.read(target, READ)
    if (!('entry' in outcome)) throw new Error('no entry')
    return { ...kit, entry: outcome.entry }
  }

  it('XT01 expire is a year unless the page says otherwise', async () => {
    expect((await generate({})).entry.expire).toBe(YEAR)
    expect((await generate({ expire: 5 })).entry.expire).toBe(5)
    expect(SETTINGS.expire).toBe(YEAR)
  })

  it('XT01 a page with expire below revalidate goes from fresh to expired', async () => {
    const { engine, clock, renderer } = await generate({ revalidate: 60, expire: 5 })
    await clock.advance(59_999)
    expect(show(await engine.read(target, READ))).toBe('HIT fresh v1')
    await clock.advance(1)
    renderer.answer = () => toPage('v2')
    expect(show(await engine.read(target, READ))).toBe('MISS generated v2')
  })

  it('W8 notFound without revalidate is kept for notFoundRevalidate seconds', async () => {
    const { engine, clock, entry } = await generate('notFound')
    expect(entry).toMatchObject({ kind: 'notFound', status: 404, revalidate: 60 })
    await clock.advance(59_999)
    expect(show(await engine.read(target, READ))).toBe('HIT fresh notFound')
    await clock.advance(1)
    expect(show(await engine.read(target, READ))).toBe('STALE stale-time notFound')
  })

  it('N01 REL-37 REL-38 pages, notFound and redirects follow each other', async () => {
    const { engine, clock, renderer, store } = await generate('notFound')
    const results = [
      toPage('v2'),
      { kind: 'redirect', status: 308, revalidate: 60, expire: undefined, destination: '/c', basePath: true },
      toPage('v3'),
      { kind: 'notFound', status: 404, revalidate: 60, expire: undefined },
    ] as const
    for (const result of results) {
      renderer.answer = () => result
      await clock.advance(60_000)
      await engine.read(target, READ)
      await settle()
      const outcome = await engine.read(target, READ)
      expect(outcome).toMatchObject({ state: 'HIT', entry: { kind: result.kind } })
      const restarted = createKit({ clock, store })
      expect(await restarted.engine.read(target, READ)).toMatchObject({ state: 'HIT', entry: { kind: result.kind } })
    }
  })
})

describe('clocks', () => {
  it('REL-40 a page from the future is stale, and its age is not negative', async () => {
    const clock = createVirtualClock()
    const kit = createKit({ clock, store: createFakeStore([nowEntry(clock, '/b/x', 'v1')]) })
    await kit.engine.read(target, READ)
    clock.jump(-3_600_000)
    expect(show(await kit.engine.read(target, READ))).toBe('STALE stale-time v1')
    expect(kit.events.at(-1)?.ageMs).toBe(0)
    await settle()
    await kit.renderer.calls[0]?.resolve(toPage('v2'))
    expect(show(await kit.engine.read(target, READ))).toBe('HIT fresh v2')
    clock.jump(3_600_000)
    expect(show(await kit.engine.read(target, READ))).toBe('STALE stale-time v2')
  })

  it('REL-40 generations stay in order when the clock jumps back', async () => {
    const kit = createKit()
    kit.renderer.answer = () => toPage('v')
    const starts: number[] = []
    for (const jump of [0, -3_600_000, -1, 0, 5000]) {
      kit.clock.jump(jump)
      await kit.engine.revalidate(target, { onlyGenerated: false })
      starts.push(kit.engine.peek(target.key)?.startedAt ?? 0)
    }
    expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b))
  })

  it('REL-40 a restart after the clock jumped back: what is generated outranks what is stored', async () => {
    const clock = createVirtualClock()
    const store = createFakeStore([nowEntry(clock, '/b/x', 'v1')])
    clock.jump(-30_000)
    const kit = createKit({ clock, store })
    await kit.engine.read(target, READ)
    kit.renderer.answer = () => toPage('v2')
    const before = clock.now() + 30_000
    await kit.engine.revalidate(target, { onlyGenerated: false })
    expect(kit.engine.peek(target.key)?.startedAt).toBeGreaterThan(before)
  })

  it('REL-40 after a jump forward the background queue is bounded', async () => {
    const clock = createVirtualClock()
    const paths = Array.from({ length: 50 }, (_, index) => `/b/${index}`)
    const store = createFakeStore(paths.map((path) => nowEntry(clock, path, 'v1')))
    const settings = { ...SETTINGS, render: { ...SETTINGS.render, concurrency: 2, queue: 10 } }
    const kit = createKit({ clock, store, settings })
    clock.jump(3_600_000)
    for (const path of paths) expect(show(await kit.engine.read(toTarget(path), READ))).toBe('STALE stale-time v1')
    await settle()
    expect(kit.renderer.calls).toHaveLength(2)
    expect(kit.events.filter((event) => event.type === 'overload')).toHaveLength(38)
  })
})

describe('what nobody waits for', () => {
  const html = 'x'.repeat(2000)

  it('P10 pages are compressed later where that is asked for, and never otherwise', async () => {
    const compress = async () => Buffer.from('packed')
    for (const options of [{}, { compress }]) {
      const { engine, renderer } = createKit(options)
      renderer.answer = () => toPage(html)
      const outcome = await engine.read(target, READ)
      if (!('entry' in outcome) || outcome.entry.kind !== 'page') throw new Error('no page')
      const { html: made } = outcome.entry
      expect(await engine.complete(outcome.entry, 'html', 'br')).toBe(true)
      expect(made.br !== undefined).toBe('compress' in options)
    }
  })

  it('P12 on a busy server what `res.revalidate` waits for is stored at once, and the rest when there is time', async () => {
    const clock = createVirtualClock()
    const leisure = createLeisure({ clock, isBusy: () => true })
    const { engine, renderer, store } = createKit({ clock, leisure })
    renderer.answer = () => toPage('v1')
    await engine.read(toTarget('/b/later'), READ)
    await clock.advance(1000)
    expect([...store.records.keys()]).toEqual([])
    expect(await engine.revalidate(target, { onlyGenerated: false })).toEqual({ status: 'regenerated' })
    expect([...store.records.keys()]).toEqual([target.key])
    await engine.close(1000)
    expect(store.records.size).toBe(2)
  })
})
