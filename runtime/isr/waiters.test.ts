import { describe, expect, it } from 'vitest'
import {
  COMPLETE,
  createFakeStore,
  createKit,
  nowEntry,
  READ,
  SETTINGS,
  show,
  toPage,
  toTarget,
  watch,
} from './testing/engine-kit.ts'
import { createVirtualClock, settle } from './testing/virtual-clock.ts'
import { createWaiters } from './waiters.ts'

describe('createWaiters', () => {
  it('counts who waits, however the wait ends', async () => {
    const waiters = createWaiters(2)
    let fail = (_error: Error): void => undefined
    const first = waiters.wait(Promise.resolve('made'))
    const second = waiters.wait(new Promise((_resolve, reject) => (fail = reject)))
    expect(waiters.isFull()).toBe(true)
    expect(await first).toBe('made')
    expect(waiters.isFull()).toBe(false)
    fail(new Error('failed'))
    await expect(second).rejects.toThrow('failed')
    void waiters.wait(Promise.resolve())
    expect(waiters.isFull()).toBe(false)
  })
})

describe('render.waiters', () => {
  const settings = { ...SETTINGS, render: { ...SETTINGS.render, waiters: 3 } }
  const target = toTarget('/b/x')

  it('SEC-101 REL-09 P7 only so many visitors wait, for one page or for many; the rest is refused, and all is well again after', async () => {
    const { engine, renderer, events } = createKit({ settings })
    const reads: Array<ReturnType<typeof watch>> = []
    for (const path of ['/b/x', '/b/x', '/b/y', '/b/x', '/b/z']) {
      reads.push(watch(engine.read(toTarget(path), READ)))
      await settle()
    }
    expect(reads.map(({ state }) => state)).toEqual(['pending', 'pending', 'pending', 'rejected', 'rejected'])
    expect(reads[3]?.error).toMatchObject({ code: 'ISR_OVERLOADED', path: '/b/x' })
    expect(events.filter(({ type }) => type === 'overload')).toMatchObject([
      { path: '/b/x', reason: 'waiters' },
      { path: '/b/z', reason: 'waiters' },
    ])
    // Who is refused sets off nothing.
    expect(renderer.calls).toHaveLength(2)
    await renderer.calls[0]?.resolve(toPage('v1'))
    await renderer.calls[1]?.reject(new Error('down'))
    expect(reads.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'rejected', 'rejected', 'rejected'])
    renderer.answer = () => toPage('late')
    expect(show(await engine.read(toTarget('/b/z'), READ))).toBe('MISS generated late')
  })

  it('P1 P10 past it hits, stale pages and shells are served as ever, and an expired page is served old', async () => {
    const clock = createVirtualClock()
    const store = createFakeStore([
      nowEntry(clock, '/b/fresh', 'v1', { revalidate: false }),
      nowEntry(clock, '/b/stale', 'v1'),
      nowEntry(clock, '/b/expired', 'v1', { expire: 100 }),
    ])
    const { engine, renderer } = createKit({ clock, store, settings })
    await clock.advance(200_000)
    for (const _ of [1, 2, 3]) void engine.read(target, READ)
    await settle()
    expect(show(await engine.read(toTarget('/b/fresh'), READ))).toBe('HIT fresh v1')
    expect(show(await engine.read(toTarget('/b/stale'), READ))).toBe('STALE stale-time v1')
    expect(show(await engine.read(toTarget('/b/shell', true), READ))).toBe('SHELL')
    expect(show(await engine.read(toTarget('/b/expired'), COMPLETE))).toBe('STALE stale-error v1')
    await settle()
    // It is made anew behind it, as a stale page is.
    expect(renderer.calls.map(({ job }) => 'path' in job && job.path)).toContain('/b/expired')
  })
})
