import { describe, expect, it } from 'vitest'
import { toBodyWithin } from '../cache/body.ts'
import type { Generated, PlainBody } from '../types.ts'
import { createGeneration, toGenerateError } from './generation.ts'
import {
  createFakeRenderer,
  SETTINGS,
  toPage,
  toPageEntry,
  toShellTarget,
  toTarget,
  watch,
  YEAR,
} from './testing/engine-kit.ts'
import { createVirtualClock } from './testing/virtual-clock.ts'

const target = toTarget('/b/x')

function createKit(builtAt?: number) {
  const clock = createVirtualClock(1_000_000)
  const renderer = createFakeRenderer()
  const generation = createGeneration({ clock, renderer, settings: SETTINGS, builtAt })
  /** Makes an entry at once. */
  async function make(generated: Generated = toPage('v1'), known?: number) {
    renderer.answer = () => generated
    return generation.run(
      target,
      'stale',
      known === undefined ? undefined : toPageEntry('/b/x', 'v0', { startedAt: known }),
    )
  }
  return { clock, renderer, generation, make }
}

describe('the order of starts', () => {
  it('REL-40 P12 a later generation has a later start, though the clock stands still or is set back', async () => {
    const { clock, make } = createKit()
    const starts = [(await make()).startedAt, (await make()).startedAt]
    clock.jump(-500_000)
    starts.push((await make()).startedAt)
    clock.jump(900_000)
    starts.push((await make()).startedAt)
    expect(starts).toEqual([1_000_000, 1_000_001, 1_000_002, 1_400_000])
  })

  it('REL-40 REL-41 it is later than what it replaces, and than the build, whatever their clocks said', async () => {
    const { make } = createKit(2_000_000)
    expect((await make()).startedAt).toBe(2_000_001)
    expect((await make(toPage('v1'), 3_000_000)).startedAt).toBe(3_000_001)
    expect((await make(toPage('v1'), 5)).startedAt).toBe(3_000_002)
    expect((await createKit().make(toPage('v1'), 5)).startedAt).toBe(1_000_000)
  })

  it('a generation counts from its end, and is ordered by its start', async () => {
    const { clock, renderer, generation } = createKit()
    const run = generation.run(target, 'stale', undefined)
    await clock.advance(700)
    await renderer.calls[0]?.resolve(toPage('v1'))
    expect(await run).toMatchObject({ startedAt: 1_000_000, generatedAt: 1_000_700 })
  })
})

describe('the time limit', () => {
  it('P5 ends the wait, tells the renderer to stop, and what comes later changes nothing', async () => {
    const { clock, renderer, generation } = createKit()
    const run = watch(generation.run(target, 'stale', undefined))
    await clock.advance(29_999)
    expect([run.state, renderer.calls[0]?.signal?.aborted]).toEqual(['pending', false])
    await clock.advance(1)
    expect(run.error).toMatchObject({ code: 'ISR_TIMEOUT', page: 'pages/b/[slug].tsx', path: '/b/x' })
    expect(renderer.calls[0]?.signal?.aborted).toBe(true)
    await renderer.calls[0]?.resolve(toPage('late'))
    expect(run.state).toBe('rejected')
  })

  it('REL-53 giving up all reaches what runs, and not what has ended', async () => {
    const { clock, renderer, generation } = createKit()
    const [done, failed, running] = [1, 2, 3].map(() => watch(generation.run(target, 'stale', undefined)))
    await renderer.calls[0]?.resolve(toPage('v1'))
    await renderer.calls[1]?.reject(new Error('down'))
    expect([done?.state, failed?.state, running?.state]).toEqual(['resolved', 'rejected', 'pending'])
    expect(clock.timers()).toBe(1)
    generation.abort()
    expect(renderer.calls.map(({ signal }) => signal?.aborted)).toEqual([false, false, true])
  })
})

describe('what is kept of a result', () => {
  const toView = (text: string) => {
    const pool = Buffer.alloc(8192)
    return pool.subarray(100, 100 + pool.write(text, 100))
  }

  it('SEC-70 P7 views on larger memory are copied, each representation of each body', async () => {
    const toBody = (name: string): PlainBody => ({
      identity: toView(`${name} plain`),
      br: toView(`${name} br`),
      digest: name,
    })
    const entry = await createKit().make({ ...toPage('v1'), html: toBody('html'), data: toBody('data') } as Generated)
    if (entry.kind !== 'page' || !entry.data) throw new Error('no page')
    for (const [name, body] of Object.entries({ html: entry.html, data: entry.data })) {
      const { identity, br, digest } = body
      expect([identity, br].map((part) => part && Buffer.from(part).toString())).toEqual(
        ['plain', 'br'].map((kind) => `${name} ${kind}`),
      )
      for (const part of [identity, br]) expect(part?.buffer.byteLength).toBe(part?.byteLength)
      expect(digest).toBe(name)
    }
  })

  it('SEC-70 P7 bodies that are all of one block stay in it, those of a larger one are copied', async () => {
    const toPart = (block: ArrayBuffer, offset: number, length: number) => ({
      identity: new Uint8Array(block, offset, length).fill(97 + offset),
      digest: `${offset}`,
    })
    const keep = async (size: number) => {
      const block = new ArrayBuffer(size)
      const page = { ...toPage('v1'), html: toPart(block, 0, 3), data: toPart(block, 3, 2) }
      const entry = await createKit().make(page)
      const parts = entry.kind === 'page' ? [entry.html.identity, entry.data?.identity] : []
      return parts.map((part) => [String(part), part?.buffer === block, part?.buffer.byteLength])
    }
    expect(await keep(5)).toEqual([
      ['aaa', true, 5],
      ['dd', true, 5],
    ])
    expect(await keep(6)).toEqual([
      ['aaa', false, 3],
      ['dd', false, 2],
    ])
  })

  it('P7 bytes with a memory of their own are kept as they are, as buffers', async () => {
    const own = Buffer.from(new TextEncoder().encode('<p>own</p>').buffer)
    const plain = new TextEncoder().encode('{"own":1}')
    const html = { identity: own, digest: 'a' }
    const data = { identity: Uint8Array.from(plain), digest: 'b' }
    const entry = await createKit().make({ ...toPage('v1'), html, data } as Generated)
    if (entry.kind !== 'page' || !entry.data) throw new Error('no page')
    expect(entry.html).toEqual({ identity: own, digest: 'a' })
    expect(entry.html.identity).toBe(own)
    expect(entry.data.identity).toBeInstanceOf(Buffer)
    expect(entry.data.identity?.buffer).toBe(data.identity.buffer)
    expect(Object.keys(entry.html)).toEqual(['identity', 'digest'])
  })

  it('P10 what is compressed later is marked, where that is worth it', async () => {
    const clock = createVirtualClock()
    const renderer = createFakeRenderer()
    const generation = createGeneration({ clock, renderer, settings: SETTINGS, builtAt: undefined, uncompressed: true })
    const toBody = (size: number): PlainBody => ({ identity: Buffer.alloc(size), digest: `${size}` })
    const marks = async (generated: Generated) => {
      renderer.answer = () => generated
      const entry = await generation.run(target, 'stale', undefined)
      if (entry.kind !== 'page') return entry.kind
      return [entry.html, entry.data].map((body) => body && [body.identity?.byteLength, body.makeable?.includes('br')])
    }
    const page = toPage('v1') as Extract<Generated, { kind: 'page' }>
    expect(await marks({ ...page, html: toBody(5000), data: toBody(10) })).toEqual([
      [5000, true],
      [10, undefined],
    ])
    expect(await marks({ ...page, html: toBody(10), data: toBody(5000) })).toEqual([
      [10, undefined],
      [5000, true],
    ])
    expect(await marks({ ...page, html: toBody(5000), data: undefined })).toEqual([[5000, true], undefined])
    const toHeld = (size: number) => toBodyWithin(0, size, 'digest', false)
    expect(await marks({ ...page, html: toBody(5000), data: toHeld(4000) })).toEqual([
      [5000, true],
      [undefined, true],
    ])
    expect(await marks({ ...page, html: toBody(5000), data: toHeld(400) })).toEqual([
      [5000, true],
      [undefined, false],
    ])
    expect(await marks({ kind: 'notFound', status: 404, revalidate: 5, expire: 5 })).toBe('notFound')
    // Whoever makes them with all their bodies has them marked by nobody.
    const whole = await createKit().make({ ...page, html: toBody(5000) })
    expect(whole.kind === 'page' && whole.html.makeable).toBeUndefined()
  })

  it('a page without navigation data has none', async () => {
    const entry = await createKit().make({ ...toPage('v1'), data: undefined } as Generated)
    expect(entry).toMatchObject({ kind: 'page', data: undefined })
  })

  it('N01 N05 XT01 notFound and redirect have the lifetimes that they were given, or the defaults', async () => {
    const { make } = createKit()
    const times = { key: target.key, generatedAt: 1_000_000 }
    const notFound = { kind: 'notFound', status: 404 } as const
    expect(await make({ ...notFound, revalidate: undefined, expire: undefined })).toEqual({
      ...times,
      ...notFound,
      startedAt: 1_000_000,
      revalidate: 60,
      expire: YEAR,
    })
    expect(await make({ ...notFound, revalidate: false, expire: 7 })).toMatchObject({ revalidate: false, expire: 7 })
    const redirect = { kind: 'redirect', status: 308, destination: '/y', basePath: false, revalidate: 5 } as const
    expect(await make({ ...redirect, expire: undefined })).toEqual({
      ...times,
      ...redirect,
      startedAt: 1_000_002,
      expire: YEAR,
    })
  })
})

describe('what is refused', () => {
  it('P11 REL-05 an empty document is no page, wherever it comes from', async () => {
    const empty = { ...toPage(''), html: { identity: Buffer.alloc(0), digest: '' } } as Generated
    await expect(createKit().make(empty)).rejects.toMatchObject({
      code: 'ISR_GENERATE',
      message: 'pages/b/[slug].tsx: rendering /b/x gave an empty document.',
      page: 'pages/b/[slug].tsx',
      path: '/b/x',
    })
  })

  it('P8 a renderer that throws, and one that rejects with anything, is told as a failure of the page', async () => {
    const clock = createVirtualClock()
    const renderer = {
      run() {
        throw new Error('at once')
      },
      async close() {},
    }
    const generation = createGeneration({ clock, renderer, settings: SETTINGS, builtAt: undefined })
    await expect(generation.run(target, 'stale', undefined)).rejects.toThrow('at once')
    expect(clock.timers()).toBe(0)
    const cause = new Error('down')
    expect(toGenerateError(cause, target)).toMatchObject({
      code: 'ISR_GENERATE',
      message: expect.stringMatching(/^pages\/b\/\[slug\]\.tsx: generating \/b\/x failed: .*down/) as string,
      page: 'pages/b/[slug].tsx',
      path: '/b/x',
      cause,
    })
    const own = toGenerateError(cause, target)
    expect(toGenerateError(own, target)).toBe(own)
  })

  it('W23 a shell is asked for as one', async () => {
    const { renderer, generation } = createKit()
    void generation.run(toShellTarget(), 'on-demand', undefined)
    void generation.run(target, 'on-demand', undefined)
    expect(renderer.calls.map(({ job }) => job)).toEqual([
      { type: 'shell', pattern: '/b/[slug]', isFallback: true },
      { type: 'page', pattern: '/b/[slug]', params: { slug: 'x' }, path: '/b/x', reason: 'on-demand' },
    ])
  })
})
