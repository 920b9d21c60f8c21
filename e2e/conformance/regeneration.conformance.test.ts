import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { readLifetime, readValue, useCacheApp } from '../harness/cache-app.ts'
import { eventually } from '../harness/eventually.ts'
import type { Target } from '../harness/http.ts'

describe('regeneration by time', () => {
  const app = useCacheApp()

  /** From now on the page lives for long, so that a busy machine sees it while it is fresh. */
  function renew(name: string): void {
    app.source.set(name, { value: `${name} 2`, revalidate: 600 })
  }

  async function untilFresh(path: string, value: string) {
    return eventually(async () => {
      const answer = await app.get(path, { headers: { purpose: 'prefetch' } })
      expect([answer.cache, readValue(answer)]).toEqual(['HIT', value])
      return answer
    })
  }

  it('R01 all requests on a stale page get it at once, for one call', async () => {
    const first = await app.get('/second/crowd')
    expect(readValue(first)).toBe('second/crowd 1')
    await app.untilStale('/second/crowd')
    renew('second/crowd')
    const hold = app.source.hold('second/crowd')
    const answers = await Promise.all(Array.from({ length: 20 }, () => app.get('/second/crowd')))
    await hold.waiting
    // None of them waited: the call is still held.
    answers.push(await app.get('/second/crowd'), await app.get('/second/crowd?a=1'))
    for (const answer of answers) {
      expect([answer.status, answer.cache]).toEqual([200, 'STALE'])
      expect(answer.text).toBe(first.text)
    }
    expect(app.source.count('second/crowd')).toBe(2)
    hold.release()
    await untilFresh('/second/crowd', 'second/crowd 2')
    expect(app.source.count('second/crowd')).toBe(2)
  })

  it('R02 after a regeneration the next request is a HIT', async () => {
    expect(readLifetime(await app.get('/second/next')).fresh).toBe(1)
    await app.untilStale('/second/next')
    renew('second/next')
    expect((await app.get('/second/next')).cache).toBe('STALE')
    const renewed = await untilFresh('/second/next', 'second/next 2')
    expect(readLifetime(renewed).fresh).toBeGreaterThan(500)
    const [first, second] = app.source.calls('second/next')
    expect(first!.detail).toMatchObject({ revalidateReason: 'stale', params: { slug: 'next' } })
    expect(second!.detail).toMatchObject({ revalidateReason: 'stale', params: { slug: 'next' } })
    expect(app.source.calls('second/built')[0]!.detail).toMatchObject({ revalidateReason: 'build' })
  })

  it.each(['html', 'data'])('R03 a request for the %s of a stale page regenerates both', async (form) => {
    const name = `second/both-${form}`
    await app.get(`/${name}`)
    await app.untilStale(`/${name}`)
    renew(name)
    const stale = form === 'html' ? await app.get(`/${name}`) : await app.data(`/${name}`)
    expect(stale.cache).toBe('STALE')
    await untilFresh(`/${name}`, `${name} 2`)
    const data = await app.data(`/${name}`, { headers: { purpose: 'prefetch' } })
    expect(data.json()).toEqual({ pageProps: { value: `${name} 2` } })
    expect(app.source.count(name)).toBe(2)
  })

  it('R03 HTML and data come from the same generation on a miss', async () => {
    const [html, data] = await Promise.all([app.get('/minute/pair'), app.data('/minute/pair')])
    expect(readValue(html)).toBe('minute/pair 1')
    expect(data.json()).toEqual({ pageProps: { value: 'minute/pair 1' } })
    expect(app.source.count('minute/pair')).toBe(1)
  })

  it.each([
    ['Purpose', { purpose: 'prefetch' }],
    ['Sec-Purpose', { 'sec-purpose': 'prefetch' }],
    ['Sec-Purpose of a prerendering browser', { 'sec-purpose': 'prefetch;prerender' }],
  ])('R05 W20 %s: prefetch of a stale page regenerates nothing', async (label, headers) => {
    const name = `second/prefetch-${label.length}`
    expect((await app.get(`/${name}`, { headers })).cache).toBe('MISS')
    await app.untilStale(`/${name}`)
    for (let round = 0; round < 5; round++) {
      expect((await app.get(`/${name}`, { headers })).cache).toBe('STALE')
      expect((await app.data(`/${name}`, { headers })).cache).toBe('STALE')
    }
    // What they had begun would be ahead of this one.
    await app.get('/second/after-prefetches')
    expect(app.source.count(name)).toBe(1)
    renew(name)
    expect((await app.get(`/${name}`)).cache).toBe('STALE')
    await untilFresh(`/${name}`, `${name} 2`)
  })

  it('R05 a prefetch of a miss generates', async () => {
    expect((await app.get('/minute/ahead', { headers: { purpose: 'prefetch' } })).cache).toBe('MISS')
    expect((await app.data('/minute/ahead-data', { headers: { purpose: 'prefetch' } })).cache).toBe('MISS')
    expect((await app.get('/minute/ahead')).cache).toBe('HIT')
    expect((await app.get('/minute/ahead-data')).cache).toBe('HIT')
  })
})

describe('SIGTERM', () => {
  const app = useCacheApp()

  /** Resolves when the server takes no more connections: it has heard the signal. */
  function untilClosed({ port }: Target): Promise<void> {
    return eventually(
      () =>
        new Promise<void>((resolve, reject) => {
          const socket = connect(port, '127.0.0.1')
          socket.once('error', () => resolve())
          socket.once('connect', () => {
            socket.destroy()
            reject(new Error('still listening'))
          })
        }),
    )
  }

  it('R09 waits for a regeneration in the background, whose result is on disk', async () => {
    await app.get('/second/late')
    await app.untilStale('/second/late')
    const hold = app.source.hold('second/late')
    expect((await app.get('/second/late')).cache).toBe('STALE')
    await hold.waiting
    const stopped = app.server.stop()
    await untilClosed(app.server)
    hold.release()
    expect(await stopped).toBe(0)
    await app.restart()
    expect(readValue(await app.get('/second/late', { headers: { purpose: 'prefetch' } }))).toBe('second/late 2')
    expect(app.source.count('second/late')).toBe(2)
  })

  it('R09 waits for a visitor in flight, who gets the page', async () => {
    const hold = app.source.hold('minute/waiting')
    const answer = app.get('/minute/waiting')
    await hold.waiting
    const stopped = app.server.stop()
    await untilClosed(app.server)
    hold.release()
    const { status, cache, text } = await answer
    expect([status, cache]).toEqual([200, 'MISS'])
    expect(await stopped).toBe(0)
    await app.restart()
    const after = await app.get('/minute/waiting')
    expect([after.cache, after.text]).toEqual(['HIT', text])
    expect(app.source.count('minute/waiting')).toBe(1)
  })
})
