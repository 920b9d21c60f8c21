import { describe, expect, it } from 'vitest'
import { BROWSER, readLifetime, readValue, useCacheApp, YEAR } from '../harness/cache-app.ts'
import { eventually } from '../harness/eventually.ts'
import { NOSTORE, type Answer } from '../harness/http.ts'

const prefetch = { headers: { purpose: 'prefetch' } }

describe('where Next.js does something else', () => {
  const app = useCacheApp()

  /** Asks until the answer says so. */
  function untilDetail(path: string, detail: string): Promise<Answer> {
    return eventually(async () => {
      const answer = await app.get(path)
      expect(answer.headers['cache-status']).toContain(`detail=${detail}`)
      return answer
    })
  }

  function expectState(answer: Answer, state: string, status: RegExp) {
    expect(answer.cache).toBe(state)
    expect(answer.headers['cache-status']).toMatch(status)
  }

  it('W1 MISS, HIT and STALE say so, and why', async () => {
    expectState(await app.get('/second/why'), 'MISS', /^vite-plugin-isr; fwd=uri-miss; ttl=1; detail=generated$/)
    expectState(await app.get('/minute/built'), 'HIT', /^vite-plugin-isr; hit; ttl=\d+$/)
    expectState(await app.get('/forever/built'), 'HIT', /^vite-plugin-isr; hit$/)
    await app.untilStale('/second/why')
    expectState(await app.get('/second/why'), 'STALE', /^vite-plugin-isr; hit; ttl=(?:0|-\d+); detail=stale-time$/)
    expectState(await app.data('/minute/built'), 'HIT', /^vite-plugin-isr; hit; ttl=\d+$/)
  })

  it('W1 a page that res.revalidate is making says so', async () => {
    await app.get('/second/demanded')
    await app.untilStale('/second/demanded')
    const hold = app.source.hold('second/demanded')
    const call = app.revalidate('/second/demanded')
    await hold.waiting
    expectState(await app.get('/second/demanded'), 'STALE', /; hit; ttl=(?:0|-\d+); detail=stale-on-demand$/)
    hold.release()
    await call
  })

  it('W1 a failing page is no HIT', async () => {
    await app.get('/second/failing')
    app.source.fail('second/failing')
    const answer = await untilDetail('/second/failing', 'stale-error')
    expectState(answer, 'STALE', /^vite-plugin-isr; hit; ttl=(?:0|-\d+); detail=stale-error$/)
    expect(answer.status).toBe(200)
  })

  it('W1 neither is a page past its limit, a draft or a shell', async () => {
    app.source.set('any/limited', { value: 1, result: '{ props: { value }, revalidate: 1, expire: 2 }' })
    await app.get('/any/limited')
    await eventually(async () => {
      const answer = await app.get('/any/limited', prefetch)
      expectState(answer, 'MISS', /; fwd=uri-miss; ttl=1; detail=generated$/)
    })

    const enabled = await app.get('/api/draft?enable=true')
    const cookie = enabled.headers['set-cookie']!.split(';', 1)[0]!
    const draft = await app.get('/minute/built', { headers: { cookie } })
    expectState(draft, 'BYPASS', /^vite-plugin-isr; fwd=bypass; detail=draft$/)

    const hold = app.source.hold('shell/why')
    const shell = await app.get('/shell/why', { headers: { 'user-agent': BROWSER } })
    expectState(shell, 'MISS', /^vite-plugin-isr; fwd=uri-miss; detail=fallback-shell$/)
    hold.release()
  })

  it('W2 s-maxage is what is left', async () => {
    expect(readLifetime(await app.get('/minute/counting'))).toEqual({ fresh: 60, stale: YEAR - 60 })
    const later = await eventually(async () => {
      const answer = await app.get('/minute/counting')
      expect(readLifetime(answer).fresh).toBeLessThanOrEqual(58)
      return answer
    })
    expect(later.cache).toBe('HIT')
    expect(readLifetime(later).stale).toBe(YEAR - 60)
    expect(later.headers['cache-status']).toBe(`vite-plugin-isr; hit; ttl=${readLifetime(later).fresh}`)
  })

  it('W2 a stale page is not good for another period', async () => {
    app.source.set('any/two', { value: 1, result: '{ props: { value }, revalidate: 2, expire: 100 }' })
    expect(readLifetime(await app.get('/any/two'))).toEqual({ fresh: 2, stale: 98 })
    const stale = await app.untilStale('/any/two')
    expect(readLifetime(stale)).toEqual({ fresh: 1, stale: 98 })
    expect(readLifetime(await app.data('/any/two', prefetch))).toEqual({ fresh: 1, stale: 98 })
  })

  it('W4 res.revalidate does not take what a render makes that began before it', async () => {
    app.source.set('second/lost', { value: 'old' })
    await app.get('/second/lost')
    await app.untilStale('/second/lost')
    const slow = app.source.hold('second/lost')
    expect((await app.get('/second/lost')).cache).toBe('STALE')
    await slow.waiting
    // It has read its data. The data changes, and whoever changed it tells.
    app.source.set('second/lost', { value: 'new' })
    app.source.hold('second/lost').release()
    expect((await app.revalidate('/second/lost')).result).toEqual({ status: 'regenerated' })
    expect(readValue(await app.get('/second/lost', prefetch))).toBe('new')
    const calls = app.source.calls('second/lost').map(({ detail }) => detail.revalidateReason as string)
    expect(calls).toEqual(['stale', 'stale', 'on-demand'])

    // What the old render still has in hand comes too late.
    slow.release()
    await app.get('/second/after-lost')
    for (let round = 0; round < 10; round++) {
      expect(readValue(await app.get('/second/lost', prefetch))).toBe('new')
    }
    await app.restart()
    expect(readValue(await app.get('/second/lost', prefetch))).toBe('new')
  })

  it('W4 nor does it take what a cold request makes', async () => {
    app.source.set('minute/lost', { value: 'old' })
    const slow = app.source.hold('minute/lost')
    const visitor = app.get('/minute/lost')
    await slow.waiting
    app.source.set('minute/lost', { value: 'new' })
    app.source.hold('minute/lost').release()
    expect((await app.revalidate('/minute/lost')).result).toEqual({ status: 'regenerated' })
    expect(readValue(await app.get('/minute/lost'))).toBe('new')
    slow.release()
    expect((await visitor).status).toBe(200)
    expect(readValue(await app.get('/minute/lost'))).toBe('new')
  })

  it('W4 calls during one revalidation share one later render', async () => {
    app.source.set('minute/thrice', { value: 'one' })
    await app.get('/minute/thrice')
    const slow = app.source.hold('minute/thrice')
    const first = app.revalidate('/minute/thrice')
    await slow.waiting
    app.source.set('minute/thrice', { value: 'two' })
    app.source.hold('minute/thrice').release()
    const others = Promise.all(Array.from({ length: 5 }, () => app.revalidate('/minute/thrice')))
    await app.get('/plain')
    slow.release()
    await first
    for (const { result } of await others) expect(result).toEqual({ status: 'regenerated' })
    expect(readValue(await app.get('/minute/thrice'))).toBe('two')
    expect(app.source.count('minute/thrice')).toBe(3)
  })

  it('W6 a failing page keeps its lifetime and is retried with back-off', async () => {
    app.source.set('any/unwell', { value: 'good', result: '{ props: { value }, revalidate: 1, expire: 600 }' })
    await app.get('/any/unwell')
    await app.untilStale('/any/unwell')
    app.source.fail('any/unwell')
    const answers: Answer[] = []
    await eventually(async () => {
      answers.push(await app.get('/any/unwell'))
      expect(app.source.count('any/unwell')).toBe(4)
    }, 20_000)
    for (const answer of answers) {
      expect([answer.status, answer.cache, readValue(answer)]).toEqual([200, 'STALE', 'good'])
      expect(readLifetime(answer)).toEqual({ fresh: 1, stale: 599 })
    }
    // Asked all the time, tried after about one second, then two, less a fifth of jitter.
    expect(answers.length).toBeGreaterThan(4)
    const [, first, second, third] = app.source.calls('any/unwell').map(({ at }) => at)
    expect(second! - first!).toBeGreaterThanOrEqual(790)
    expect(third! - second!).toBeGreaterThanOrEqual(1590)

    app.source.set('any/unwell', { value: 'well', result: '{ props: { value }, revalidate: 60, expire: 600 }' })
    await eventually(async () => {
      const answer = await app.get('/any/unwell')
      expect([answer.cache, readValue(answer)]).toEqual(['HIT', 'well'])
    })
    expect((await app.get('/any/unwell')).headers['cache-status']).not.toContain('detail')
  })

  it('W7 past expire a failing render serves the old copy', async () => {
    app.source.set('any/aged', { value: 'old', result: '{ props: { value }, revalidate: 1, expire: 2 }' })
    await app.get('/any/aged')
    app.source.fail('any/aged')
    // Prefetches leave a stale page alone, so a call means that it is past its limit.
    const answer = await eventually(async () => {
      const answer = await app.get('/any/aged', prefetch)
      expect(app.source.count('any/aged')).toBe(2)
      return answer
    })
    expect([answer.status, answer.cache, readValue(answer)]).toEqual([200, 'STALE', 'old'])
    expect(answer.headers['cache-status']).toContain('detail=stale-error')
    const data = await app.data('/any/aged')
    expect([data.status, data.cache, data.json()]).toEqual([200, 'STALE', { pageProps: { value: 'old' } }])
    app.source.set('any/aged', { value: 'new', result: '{ props: { value }, revalidate: 60 }' })
    await eventually(async () => {
      const later = await app.get('/any/aged')
      expect([later.cache, readValue(later)]).toEqual(['MISS', 'new'])
    })
  })

  it('W8 a notFound without revalidate lives for a minute', async () => {
    app.source.set('any/none', { result: '{ notFound: true }' })
    const answer = await app.get('/any/none')
    expect([answer.status, answer.cache]).toEqual([404, 'MISS'])
    expect(readLifetime(answer)).toEqual({ fresh: 60, stale: YEAR - 60 })
  })

  it('W13 after a restart a fresh page is a HIT with its lifetime', async () => {
    app.source.set('any/kept-none', { result: '{ notFound: true, revalidate: 300 }' })
    app.source.set('any/kept-moved', {
      result: "{ redirect: { destination: '/x', permanent: true }, revalidate: 300 }",
    })
    const paths = ['/minute/kept', '/forever/kept', '/any/kept-none', '/any/kept-moved']
    const before = new Map<string, Answer>()
    for (const path of paths) {
      await app.get(path)
      before.set(path, await app.get(path))
    }
    await app.get('/second/kept')
    await app.untilStale('/second/kept')
    await app.restart()

    for (const path of paths) {
      const [was, is] = [before.get(path)!, await app.get(path)]
      expect([is.status, is.cache, is.text, is.headers['location']]).toEqual([
        was.status,
        'HIT',
        was.text,
        was.headers['location'],
      ])
      expect(is.headers['etag']).toBe(was.headers['etag'])
      const { fresh, stale } = readLifetime(was)
      expect(readLifetime(is).stale).toBe(stale)
      expect(readLifetime(is).fresh).toBeLessThanOrEqual(fresh)
      expect(readLifetime(is).fresh).toBeGreaterThan(fresh - 30)
      expect(app.source.count(path.slice(1))).toBe(1)
    }
    expect((await app.data('/minute/kept')).cache).toBe('HIT')
    const stale = await app.get('/second/kept', prefetch)
    expect(stale.cache).toBe('STALE')
    expect(readLifetime(stale)).toEqual({ fresh: 1, stale: YEAR - 1 })
  })

  it('W21 a failure is one line in the log, with code, page and path', async () => {
    await app.get('/second/noisy')
    await app.untilStale('/second/noisy')
    app.source.fail('minute/noisy', 'loud and clear')
    app.source.fail('second/noisy', 'in the background')
    const from = app.server.output().length
    const answers = await Promise.all([app.get('/minute/noisy'), app.data('/minute/noisy'), app.get('/minute/noisy')])
    expect(answers.map(({ status }) => status)).toEqual([500, 500, 500])
    await untilDetail('/second/noisy', 'stale-error')
    const lines = await eventually(() => {
      const found = app.server.output().slice(from).split('\n')
      expect(found.join('\n')).toContain('in the background')
      return found.filter((line) => line.trim() !== '' && !/^ {4}at /.test(line))
    })
    // Beside the stack frames there is nothing else.
    expect(lines).toEqual([
      expect.stringMatching(
        /^\[vite-plugin-isr\] code=ISR_GENERATE page=pages\/minute\/\[slug\]\.jsx path=\/minute\/noisy: .*loud and clear$/,
      ),
      expect.stringMatching(
        /^\[vite-plugin-isr\] code=ISR_GENERATE page=pages\/second\/\[slug\]\.jsx path=\/second\/noisy: .*in the background$/,
      ),
    ])
  })
})

describe('a data call that never returns', () => {
  const app = useCacheApp({ options: '{ render: { concurrency: 1 } }', generateTimeout: 3 })

  it('W5 costs its time limit, and the next request tries again', async () => {
    app.source.set('minute/hung', { value: 'late' })
    const hung = app.source.hold('minute/hung')
    const begin = performance.now()
    const first = await app.get('/minute/hung')
    expect([first.status, first.headers['cache-control']]).toEqual([500, NOSTORE])
    expect(performance.now() - begin).toBeGreaterThan(2900)

    app.source.set('minute/hung', { value: 'in time' })
    app.source.hold('minute/hung').release()
    const second = await app.get('/minute/hung')
    expect([second.status, second.cache, readValue(second)]).toEqual([200, 'MISS', 'in time'])
    // What the first one brings after all is nobody's.
    hung.release()
    await app.get('/minute/after-hung')
    const third = await app.get('/minute/hung')
    expect([third.cache, readValue(third)]).toEqual(['HIT', 'in time'])
  })

  it('W5 frees its slot: another path waits no longer than that', async () => {
    const hung = app.source.hold('minute/blocking')
    const failed = app.get('/minute/blocking')
    await hung.waiting
    const other = await app.get('/minute/behind')
    expect([other.status, other.cache]).toEqual([200, 'MISS'])
    expect((await failed).status).toBe(500)
    hung.release()
  })

  it('W5 in the background leaves the page as it is, and it is regenerated later', async () => {
    app.source.set('second/hung', { value: 'old' })
    await app.get('/second/hung')
    await app.untilStale('/second/hung')
    const hung = app.source.hold('second/hung')
    expect((await app.get('/second/hung')).cache).toBe('STALE')
    await hung.waiting
    app.source.set('second/hung', { value: 'new' })
    app.source.hold('second/hung').release()
    const answer = await eventually(async () => {
      const answer = await app.get('/second/hung')
      expect([answer.cache, readValue(answer)]).toEqual(['HIT', 'new'])
      return answer
    })
    expect(answer.status).toBe(200)
    hung.release()
    await app.get('/minute/after-hung')
    expect(readValue(await app.get('/second/hung', prefetch))).toBe('new')
  })

  it('W5 W7 past expire the visitor gets the old page after the time limit', async () => {
    app.source.set('any/hung', { value: 'old', result: '{ props: { value }, revalidate: 1, expire: 2 }' })
    await app.get('/any/hung')
    const hung = app.source.hold('any/hung')
    const answer = await eventually(async () => {
      const answer = await app.get('/any/hung', prefetch)
      expect(app.source.count('any/hung')).toBe(2)
      return answer
    })
    expect([answer.status, answer.cache, readValue(answer)]).toEqual([200, 'STALE', 'old'])
    expect(answer.headers['cache-status']).toContain('detail=stale-error')
    hung.release()
  })

  it('W5 makes res.revalidate reject', async () => {
    const hung = app.source.hold('minute/built')
    const { error } = await app.revalidate('/minute/built')
    expect(error?.message).toMatch(/^Failed to revalidate \/minute\/built: .*longer than 3 s/)
    expect(readValue(await app.get('/minute/built', prefetch))).toBe('minute/built 1')
    hung.release()
  })

  it('W5 does not keep the server from ending', async () => {
    const hung = app.source.hold('minute/ending')
    const visitor = app.get('/minute/ending')
    await hung.waiting
    expect(await app.server.stop()).toBe(0)
    expect((await visitor).status).toBe(500)
    hung.release()
  })
})

describe('with two renders at a time and room for two more', () => {
  const app = useCacheApp({ options: '{ notFoundRevalidate: 7, render: { concurrency: 2, queue: 2 } }' })

  it('W8 option notFoundRevalidate is the lifetime of a notFound without its own', async () => {
    app.source.set('any/none', { result: '{ notFound: true }' })
    expect(readLifetime(await app.get('/any/none'))).toEqual({ fresh: 7, stale: YEAR - 7 })
  })

  it('W12 a crowd of stale pages is rendered two at a time, and visitors go first', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `second/crowd-${index}`)
    for (const name of names) await app.get(`/${name}`)
    for (const name of names) await app.untilStale(`/${name}`)
    const holds = names.map((name) => app.source.hold(name))
    const countBegun = () => names.filter((name) => app.source.count(name) === 2)
    for (const name of names) expect((await app.get(`/${name}`)).cache).toBe('STALE')
    await holds[0]!.waiting
    await holds[1]!.waiting
    expect(countBegun()).toEqual(names.slice(0, 2))

    // Visitors of pages that are not there wait, in the place of background work; for the third there is no room.
    const waiting = [app.get('/minute/first'), app.get('/minute/second')]
    await app.get('/plain')
    const refused = await app.get('/minute/third')
    expect([refused.status, refused.headers['cache-control']]).toEqual([503, NOSTORE])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect((await app.data('/minute/third')).status).toBe(503)
    expect(app.source.count('minute/third')).toBe(0)

    // Pages that are there are served as ever: stale, fresh, and those without data.
    for (const name of names) {
      const answer = await app.get(`/${name}`)
      expect([answer.status, answer.cache, readValue(answer)]).toEqual([200, 'STALE', `${name} 1`])
    }
    expect((await app.get('/forever/built')).cache).toBe('HIT')
    expect((await app.get('/plain')).status).toBe(200)
    expect(countBegun()).toHaveLength(2)
    expect([app.source.count('minute/first'), app.source.count('minute/second')]).toEqual([0, 0])

    // One slot becomes free: both visitors are served before the other stale pages.
    holds[0]!.release()
    for (const answer of await Promise.all(waiting)) expect([answer.status, answer.cache]).toEqual([200, 'MISS'])
    expect((await app.get('/minute/third')).status).toBe(200)
    for (const hold of holds) hold.release()
    for (const name of names) {
      await eventually(async () => {
        const answer = await app.get(`/${name}`)
        expect(readValue(answer)).not.toBe(`${name} 1`)
      })
    }
  })
})
