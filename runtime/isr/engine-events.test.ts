import { describe, expect, it } from 'vitest'
import type { IsrEvent } from '../types.ts'
import { createEngine } from './engine.ts'
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
  toShellTarget,
  toTarget,
  watch,
} from './testing/engine-kit.ts'
import { createVirtualClock, settle } from './testing/virtual-clock.ts'

const target = toTarget('/b/x')
const place = { path: '/b/x', pattern: '/b/[slug]' }
/** `<p>v1</p>` and `{"text":"v1"}`. */
const [HTML_BYTES, DATA_BYTES] = [9, 13]

function take(events: IsrEvent[]): IsrEvent[] {
  return events.splice(0)
}

describe('what onEvent hears', () => {
  it('a page that is made: how long it took and how large it is; then hits with its age, from read and from peek', async () => {
    const { engine, renderer, clock, events } = createKit()
    const read = engine.read(target, READ)
    await clock.advance(120)
    await renderer.calls[0]?.resolve(toPage('v1'))
    await read
    expect(take(events)).toEqual([
      { type: 'regenerated', ...place, reason: 'stale', renderMs: 120, bytes: HTML_BYTES, dataBytes: DATA_BYTES },
      { type: 'miss', ...place, reason: 'generated', ageMs: 0, renderMs: 120, bytes: HTML_BYTES },
    ])
    await clock.advance(5000)
    await engine.read(target, READ)
    engine.peek(target.key)
    engine.peek(target.key, (path) => (path === '/b/x' ? '/b/[slug]' : undefined))
    expect(engine.peek('p:/b/unknown', () => '/b/[slug]')).toBeUndefined()
    const hit = { type: 'hit', reason: 'fresh', ageMs: 5000, bytes: HTML_BYTES }
    expect(events[1]).not.toHaveProperty('pattern')
    expect(take(events)).toEqual([
      { ...hit, ...place },
      { ...hit, path: '/b/x' },
      { ...hit, ...place },
    ])
    await clock.advance(55_000)
    await engine.read(target, READ)
    expect(take(events)).toEqual([{ type: 'stale', ...place, reason: 'stale-time', ageMs: 60_000, bytes: HTML_BYTES }])
  })

  it('REL-40 a render is never said to have taken less than no time', async () => {
    const { engine, renderer, clock, events } = createKit()
    void engine.read(target, READ)
    await clock.advance(120)
    clock.jump(-3_600_000)
    await renderer.calls[0]?.resolve(toPage('v1'))
    expect(events[0]).toMatchObject({ type: 'regenerated', renderMs: 0 })
  })

  it('pages without navigation data, and what is no page', async () => {
    const { engine, renderer, events } = createKit()
    renderer.answer = () => ({ ...toPage('v1'), data: undefined }) as ReturnType<typeof toPage>
    await engine.read(target, READ)
    expect(take(events)).toMatchObject([{ bytes: HTML_BYTES, dataBytes: 0 }, { bytes: HTML_BYTES }])
    renderer.answer = () => ({ kind: 'notFound', status: 404, revalidate: 60, expire: undefined })
    await engine.read(toTarget('/b/y'), READ)
    expect(take(events)).toMatchObject([
      { type: 'regenerated', bytes: 0, dataBytes: 0 },
      { type: 'miss', bytes: 0 },
    ])
  })

  it('what another server has made is no render of this one', async () => {
    const clock = createVirtualClock()
    const store = createFakeStore([nowEntry(clock, '/b/x', 'v1')])
    const { engine, events, renderer } = createKit({ clock, store })
    await engine.read(target, READ)
    await clock.advance(60_000)
    const other = createKit({ clock, store })
    other.renderer.answer = () => toPage('v2')
    await other.engine.read(target, READ)
    await settle()
    take(events)
    await engine.read(target, READ)
    await settle()
    expect(take(events).map(({ type }) => type)).toEqual(['stale'])
    expect(show(await engine.read(target, READ))).toBe('HIT fresh v2')
    expect(renderer.calls).toHaveLength(0)
  })

  it('shells, unlisted paths, and calls of res.revalidate that do nothing', async () => {
    const { engine, events, renderer } = createKit()
    renderer.answer = () => toPage('v1')
    await engine.read(toTarget('/b/x', true), READ)
    await engine.read(toTarget('/b/zzz', false), READ)
    expect(await engine.revalidate(toTarget('/b/never'), { onlyGenerated: true })).toEqual({ status: 'skipped' })
    await expect(engine.revalidate(toTarget('/b/zzz', false), ALWAYS)).rejects.toThrow(
      'Failed to revalidate /b/zzz: getStaticPaths of pages/b/[slug].tsx does not list it, and its fallback is false.',
    )
    await expect(engine.revalidate(toTarget('/about', 'static'), ALWAYS)).rejects.toMatchObject({
      message: 'Failed to revalidate /about: pages/about.tsx has no getStaticProps.',
      page: 'pages/about.tsx',
      path: '/about',
    })
    const error = expect.objectContaining({ code: 'ISR_REVALIDATE_PATH' }) as unknown
    expect(events.filter(({ type }) => type !== 'regenerated')).toEqual([
      { type: 'shell', ...place, reason: 'fallback-shell' },
      { type: 'miss', path: '/b/zzz', pattern: '/b/[slug]', reason: 'unlisted' },
      { type: 'skipped', path: '/b/never', pattern: '/b/[slug]', reason: 'only-generated' },
      { type: 'refused', path: '/b/zzz', pattern: '/b/[slug]', reason: 'on-demand', error },
      { type: 'refused', path: '/about', pattern: '/about', reason: 'on-demand', error },
    ])
  })

  it('a failure once, whoever waits; a page that is left alone', async () => {
    const { engine, events, renderer } = createKit()
    const cause = new Error('down')
    renderer.answer = () => Promise.reject(cause)
    for (let times = 0; times < 11; times++) await engine.read(target, COMPLETE).catch(() => {})
    expect(take(events)).toEqual(
      Array.from({ length: 11 }, () => ({
        type: 'failed',
        ...place,
        reason: 'stale',
        error: expect.objectContaining({ code: 'ISR_GENERATE', cause }) as unknown,
      })),
    )
    await expect(engine.read(target, COMPLETE)).rejects.toMatchObject({
      code: 'ISR_PAUSED',
      message: 'pages/b/[slug].tsx: generating /b/x failed time and again, and is tried again in a moment.',
      page: 'pages/b/[slug].tsx',
      path: '/b/x',
    })
    expect(take(events)).toEqual([{ type: 'skipped', ...place, reason: 'paused' }])
    // Somebody who asks for it by `res.revalidate` gets a try all the same.
    await expect(engine.revalidate(target, ALWAYS)).rejects.toMatchObject({ code: 'ISR_REVALIDATE_FAILED' })
    expect(take(events)).toMatchObject([{ type: 'failed', reason: 'on-demand' }])
  })

  it('REL-45 the store: what failed, with the path that showed it; when it is left alone and when it is back', async () => {
    const { engine, events, renderer, store, clock } = createKit()
    renderer.answer = () => toPage('v1')
    store.failure.get = new Error('ECONNREFUSED')
    for (let page = 0; page < 5; page++) await engine.read(toTarget(`/b/${page}`), READ)
    await engine.read(toTarget('/b/5'), READ)
    const told = take(events).filter(({ type }) => type.startsWith('store'))
    expect(told.map(({ type, path, reason }) => [type, path, reason])).toEqual([
      ...[0, 1, 2, 3].map((page) => ['store-error', `/b/${page}`, 'read']),
      ['store-paused', '/b/4', 'read'],
      ['store-error', '/b/4', 'read'],
    ])
    expect(told[4]?.error).toMatchObject({ code: 'ISR_STORE' })
    delete store.failure.get
    await clock.advance(1000)
    expect(take(events)).toMatchObject([{ type: 'store-resumed', reason: 'read', path: '/b/4' }])
  })

  it('a shell has its pattern for a path', async () => {
    const clock = createVirtualClock()
    const { engine, events, renderer, store } = createKit({ clock })
    store.failure.get = new Error('EIO')
    renderer.answer = () => toPage('shell')
    await engine.read(toShellTarget(), READ)
    expect(events[0]).toMatchObject({ type: 'store-error', path: '/b/[slug]' })
    engine.peek(toShellTarget().key)
    expect(events.at(-1)).toMatchObject({ type: 'hit', path: '/b/[slug]' })
  })

  it('SEC-101 W12 too much at once: who was turned away', async () => {
    const settings = { ...SETTINGS, render: { ...SETTINGS.render, concurrency: 1, queue: 1, waiters: 2 } }
    const { engine, events } = createKit({ settings })
    void engine.revalidate(toTarget('/b/busy'), ALWAYS).catch(() => {})
    void engine.revalidate(toTarget('/b/waiting'), ALWAYS).catch(() => {})
    await expect(engine.revalidate(toTarget('/b/third'), ALWAYS)).rejects.toMatchObject({
      code: 'ISR_REVALIDATE_FAILED',
      message: expect.stringMatching(
        /^Failed to revalidate \/b\/third: .*\/b\/third was not generated: too many pages are waiting\.$/,
      ) as string,
      cause: { code: 'ISR_OVERLOADED', page: 'pages/b/[slug].tsx', path: '/b/third' },
    })
    expect(take(events).filter(({ type }) => type === 'overload')).toEqual([
      { type: 'overload', path: '/b/third', pattern: '/b/[slug]', reason: 'on-demand' },
    ])
    for (const path of ['/b/busy', '/b/waiting']) void engine.read(toTarget(path), READ).catch(() => {})
    await settle()
    const refused = watch(engine.read(target, READ))
    await settle()
    expect(refused.error).toMatchObject({
      code: 'ISR_OVERLOADED',
      message: '/b/x was not generated: too many visitors are waiting.',
      page: 'pages/b/[slug].tsx',
      path: '/b/x',
    })
    expect(take(events).at(-1)).toEqual({ type: 'overload', ...place, reason: 'waiters' })
  })

  it('P8 nobody has to listen', async () => {
    const clock = createVirtualClock()
    const renderer = createFakeRenderer()
    renderer.answer = () => toPage('made')
    const engine = createEngine({
      clock,
      random: () => 0,
      renderer,
      prerendered: createFakePrerendered([nowEntry(clock, '/b/x', 'v1')]),
      store: undefined,
      settings: SETTINGS,
    })
    await engine.read(target, READ)
    expect(show(await engine.read(toTarget('/b/y'), READ))).toBe('MISS generated made')
    expect(show({ state: 'HIT', detail: 'fresh', entry: engine.peek(target.key)! })).toBe('HIT fresh v1')
  })

  it('R09 once it closes, stale pages are served and nothing is set off', async () => {
    const { engine, events, renderer } = createStaleKit({ prerendered: createFakePrerendered() })
    renderer.answer = () => toPage('v1')
    await engine.read(target, READ)
    take(events)
    await engine.close(1000)
    await expect(engine.read(toTarget('/b/y'), READ)).rejects.toMatchObject({
      code: 'ISR_CLOSED',
      message: '/b/y was not generated: the server is closing.',
      page: 'pages/b/[slug].tsx',
      path: '/b/y',
    })
  })
})
