/** Pages that misbehave: in their data function, in their component, in what they return, in the thread of the server. */
import { connect, createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { createServer, type Server as HttpServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { send } from '../harness/http.ts'
import { expectError, GENERATE_TIMEOUT, readValue, serveUnrulyApp, type Order } from '../harness/unruly-app.ts'
import { findFreePort } from '../process.ts'

const app = serveUnrulyApp()

const cases = [
  ['REL-07 P1 P5', 'hang', `within ${GENERATE_TIMEOUT} s|longer than ${GENERATE_TIMEOUT} s`],
  ['REL-10 P1 P5', 'loop', 'endless loop'],
  ['REL-10 P1 P5', 'exit', 'process\\.exit\\(1\\) was called'],
  ['REL-10 P1 P5', 'abort', 'process\\.abort'],
  ['REL-10 REL-59 P1 P5', 'reject-later', 'nobody waits for this'],
  ['REL-10 P1 P5 P7', 'memory', 'memory'],
] as const

const thrown = [
  ...['error', 'string', 'null', 'undefined', 'object', 'frozen', 'thenable', 'getter'].map((what) => `throw-${what}`),
  'return-thenable',
]

const renders: Record<string, Order> = {
  throws: { render: 'throw' },
  'throws-null': { render: 'throw-null' },
  'late-error': { render: 'late-error' },
  'document-throws': { document: 'throw' },
  null: { render: 'null' },
  empty: { render: 'empty' },
  space: { render: 'space' },
}

const looping = ['render-loop', 'render-never']

const lifetimes = ['zero', 'minus', 'half', 'nan', 'text', 'infinite', 'null', 'object']
const wrong = lifetimes.map((lifetime) => `lifetime-${lifetime}`)

// All at once: a second passes until they are stale.
beforeAll(() =>
  app.warm(
    ...cases.map(([, act]) => `${act}-warm`),
    'large-warm',
    'crash',
    ...thrown,
    ...Object.keys(renders),
    ...looping,
    ...wrong,
  ),
)

/** Asks for another page again and again, as long as a task runs: a hit each time, and nobody waits for the task. */
async function whileOthersAreServed<T>(task: Promise<T>): Promise<T> {
  const state = { isOver: false }
  const times: number[] = []
  const end = task.finally(() => (state.isOver = true))
  const watch = async () => {
    while (!state.isOver) {
      const begin = performance.now()
      const answer = await app.get('/calm')
      expect([answer.status, answer.cache]).toEqual([200, 'HIT'])
      times.push(performance.now() - begin)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const [result] = await Promise.all([end, watch()])
  // Half of them: a busy machine may hold one up for any time.
  expect(times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]).toBeLessThan(1000)
  return result
}

/**
 * A page that was good misbehaves, and so does one that nobody has seen yet.
 *
 * @returns what is told of the page that was good
 */
async function survive(name: string, order: Order): Promise<string> {
  const [warm, cold, beside] = [`${name}-warm`, `${name}-cold`, `${name}-beside`]
  app.order(warm, order)
  app.order(cold, order)
  app.order(beside, {})
  const line = await whileOthersAreServed(
    (async () => {
      const [stale, ...colds] = await Promise.all([
        app.get(`/show/${warm}`),
        app.get(`/show/${cold}`),
        app.get(`/show/${cold}`),
      ])
      expect([stale.status, stale.cache, readValue(stale)]).toEqual([200, 'STALE', 'good'])
      for (const answer of colds) expectError(answer)
      // One that nobody asked for yet is made beside them, in the time that it may take.
      const other = await app.get(`/show/${beside}`)
      expect([other.status, other.cache, readValue(other)]).toEqual([200, 'MISS', 'good'])
      const told = await app.untilFailed(`/show/${warm}`)
      const still = await app.get(`/show/${warm}`)
      expect([still.status, still.cache, readValue(still)]).toEqual([200, 'STALE', 'good'])
      return told
    })(),
  )
  app.order(warm, { value: 'cured' })
  app.order(cold, { value: 'cured' })
  await Promise.all([app.untilShown(`/show/${warm}`, 'cured'), app.untilShown(`/show/${cold}`, 'cured')])
  return line
}

describe('a data function that misbehaves', () => {
  it.each(cases)('%s %s: the last good page stays, others are served, and the cure shows', async (_ids, act, told) => {
    const line = await survive(act, { act })
    expect(line).toMatch(new RegExp(told))
  })

  it('REL-10 P7 a page of 100 MB is refused by name and size, and costs no worker', async () => {
    const line = await survive('large', { odd: 'large' })
    expect(line).toContain('pages/show/[slug].jsx: the page /show/large-warm has at least')
    expect(line).toMatch(/100000\d+ bytes .*maxPageBytes/)
  })

  it('REL-02 P4 P11 one failure is answered to all who waited for it, with 500, and stored nowhere', async () => {
    app.order('crowd', { act: 'throw-error' })
    const name = 'show crowd'
    const hold = app.source.hold(name)
    let arrived = 0
    const answers = Array.from({ length: 20 }, async () => {
      const answer = app.get('/show/crowd')
      arrived++
      return answer
    })
    await hold.waiting
    expect(arrived).toBe(20)
    // Answered after the server has seen all of them.
    await app.get('/calm')
    hold.release()
    for (const answer of await Promise.all(answers)) expectError(answer)
    // Who came a moment too late for the first.
    const asked = app.source.count(name)
    expect(asked).toBeLessThan(4)
    expectError(await app.get('/show/crowd'))
    expect(app.source.count(name)).toBe(asked + 1)
    app.order('crowd', { value: 'cured' })
    expect(readValue(await app.get('/show/crowd'))).toBe('cured')
  })

  it('REL-03 P8 whatever is thrown or rejected with is told, and the last good page stays', async () => {
    for (const act of thrown) app.order(act, { act })
    for (const act of thrown) expect([act, (await app.get(`/show/${act}`)).cache]).toEqual([act, 'STALE'])
    for (const act of thrown)
      expect(await app.untilFailed(`/show/${act}`)).toContain('pages/show/[slug].jsx: getStaticProps for /show/')
    for (const act of thrown) expect(readValue(await app.get(`/show/${act}`))).toBe('good')
    for (const act of thrown) app.order(act, { value: 'cured' })
    await Promise.all(thrown.map((act) => app.untilShown(`/show/${act}`, 'cured')))
  })

  it('REL-10 REL-59 P9 a timer of a page that throws once the page is made ends a worker and no page', async () => {
    await whileOthersAreServed(
      (async () => {
        app.source.set('late', { value: 'good', act: 'throw-later' })
        const isTold = () => app.server.output().includes('too late for this page')
        await eventually(async () => {
          const answer = await app.get('/late')
          expect(answer.status).toBe(200)
          expect(isTold()).toBe(true)
        })
        app.source.set('late', { value: 'cured' })
        await app.untilShown('/late', 'cured')
      })(),
    )
  })
})

describe('a page that ends its worker time and again', () => {
  it('REL-10 P5 P7 is tried less and less often, alone, while pages beside it are made', async () => {
    app.order('again', { act: 'exit' })
    const requests = 14
    const begin = performance.now()
    for (let count = 0; count < requests; count++) {
      expectError(await app.get('/show/again'))
      app.order(`beside-${count}`, {})
      const other = await app.get(`/show/beside-${count}`)
      expect([other.status, other.cache]).toEqual([200, 'MISS'])
    }
    // Beside others, alone, and alone again; then after pauses of 1, 2 and 4 seconds, as many as there was time for.
    const pauses = Math.log2(1 + (performance.now() - begin) / 1000)
    expect(app.source.count('show again')).toBeLessThanOrEqual(3 + pauses)
    app.order('again', { value: 'cured' })
    await app.untilShown('/show/again', 'cured')
  })
})

describe('a component that misbehaves', () => {
  it('REL-04 REL-05 P2 P11 what throws, in time or late, in the page or the document, or renders nothing, is not kept', async () => {
    const names = Object.keys(renders)
    for (const [name, order] of Object.entries(renders)) app.order(name, order)
    for (const name of names) {
      expect((await app.get(`/show/${name}`)).cache).toBe('STALE')
      // One at a time: the document is told by a variable of its worker.
      await app.untilFailed(`/show/${name}`)
    }
    for (const name of names) {
      const answer = await app.get(`/show/${name}`)
      expect([name, answer.status, readValue(answer)]).toEqual([name, 200, 'good'])
      app.order(`cold-${name}`, renders[name]!)
      expectError(await app.get(`/show/cold-${name}`))
    }
    for (const name of names) app.order(name, { value: 'cured' })
    await Promise.all(names.map((name) => app.untilShown(`/show/${name}`, 'cured')))
  })

  it('REL-05 P11 a document without a root, or without its page, is no page', async () => {
    for (const document of ['no-root', 'no-children'] as const) {
      app.order(document, { document })
      expectError(await app.get(`/show/${document}`))
      expect(await app.untilFailed(`/show/${document}`)).toMatch(/no whole HTML document|rendered nothing/)
      app.order(document, {})
      expect(readValue(await app.get(`/show/${document}`))).toBe('good')
    }
  })

  it('REL-07 REL-10 a component that loops or waits for ever is given up', async () => {
    app.order('render-loop', { render: 'loop' })
    app.order('render-never', { render: 'never' })
    await whileOthersAreServed(
      (async () => {
        await Promise.all([app.get('/show/render-loop'), app.get('/show/render-never')])
        expect(await app.untilFailed('/show/render-loop')).toContain('endless loop')
        expect(await app.untilFailed('/show/render-never')).toContain('generateTimeout')
      })(),
    )
    expect(readValue(await app.get('/show/render-loop'))).toBe('good')
  })
})

describe('a wrong revalidate', () => {
  it('REL-15 P1 is refused by name, and the last good page stays', async () => {
    for (const lifetime of lifetimes) app.order(`lifetime-${lifetime}`, { lifetime })
    for (const lifetime of wrong) expect((await app.get(`/show/${lifetime}`)).cache).toBe('STALE')
    for (const lifetime of wrong) {
      const line = await app.untilFailed(`/show/${lifetime}`)
      expect(line).toContain(`pages/show/[slug].jsx (/show/${lifetime}): getStaticProps returned`)
      expect(line).toContain('positive whole number of seconds')
      expect(readValue(await app.get(`/show/${lifetime}`))).toBe('good')
    }
  })

  it('REL-15 true is a second, and any number of seconds is sent as it is', async () => {
    app.order('true', { lifetime: 'true' })
    app.order('huge', { lifetime: 'huge' })
    expect((await app.get('/show/true')).headers['cache-control']).toMatch(/^s-maxage=1, stale-while-revalidate=\d+$/)
    expect((await app.get('/show/huge')).headers['cache-control']).toBe('s-maxage=1000000000000')
    expect((await app.get('/show/huge')).cache).toBe('HIT')
  })
})

describe('a page that revalidates pages while it is made', () => {
  it('REL-16 P1 P5 itself, or another one that revalidates it: all end in the time that a page may take', async () => {
    for (const name of ['me', 'a', 'b']) app.source.set(`self ${name}`, { value: 'good' })
    for (const name of ['me', 'a', 'b']) expect(readValue(await app.get(`/self/${name}`))).toBe('good')
    app.source.set('self me', { value: 'new', revalidates: '/self/me' })
    app.source.set('self a', { value: 'new', revalidates: '/self/b' })
    app.source.set('self b', { value: 'new', revalidates: '/self/a' })
    await whileOthersAreServed(
      (async () => {
        // They would wait for each other for ever.
        const calls = await Promise.all(['me', 'a'].map((name) => app.get(`/api/revalidate?path=/self/${name}`)))
        for (const call of calls)
          expect([call.status, call.text]).toEqual([500, expect.stringContaining('ISR_REVALIDATE_FAILED')])
      })(),
    )
    for (const name of ['me', 'a', 'b']) expect(readValue(await app.get(`/self/${name}`))).toBe('good')
    for (const name of ['me', 'a', 'b']) app.source.set(`self ${name}`, { value: 'cured' })
    await Promise.all(['me', 'a', 'b'].map((name) => app.untilShown(`/self/${name}`, 'cured')))
  })
})

describe('a data source that misbehaves', () => {
  let proxy: HttpServer
  let resetting: Server
  const feed = '{"items":["good"]}'
  const modes: Record<string, (res: ServerResponse) => void> = {
    good: (res) => res.end(feed),
    'status-500': (res) => res.writeHead(500).end(feed),
    html: (res) => res.end('<!DOCTYPE html><title>Sorry</title>'),
    truncated: (res) => res.writeHead(200, { 'content-length': feed.length }).end(feed.slice(0, 9)),
    'half-json': (res) => res.end(feed.slice(0, 9)),
    empty: (res) => res.end(),
    null: (res) => res.end('null'),
    reset: (res) => res.socket!.resetAndDestroy(),
    slow(res) {
      res.writeHead(200)
      let at = 0
      const timer = setInterval(() => (at < feed.length ? res.write(feed[at++]) : res.end()), 1000)
      res.on('close', () => clearInterval(timer))
    },
  }

  beforeAll(async () => {
    proxy = createServer((req, res) => modes[req.url!.slice(1)]!(res))
    resetting = createTcpServer((socket) => socket.resetAndDestroy())
    for (const server of [proxy, resetting]) {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
    }
  })
  afterAll(() => {
    proxy.closeAllConnections()
    proxy.close()
    resetting.close()
  })

  it('REL-13 P1 P9 P11 its last good page stays, a new one is 500, and it recovers at once', async () => {
    const port = (server: { address(): unknown }) => (server.address() as AddressInfo).port
    const toUrl = (mode: string) => `http://127.0.0.1:${port(proxy)}/${mode}`
    const faults: Record<string, string> = {
      ...Object.fromEntries(Object.keys(modes).map((mode) => [mode, toUrl(mode)])),
      refused: `http://127.0.0.1:${await findFreePort()}/`,
      'connection-reset': `http://127.0.0.1:${port(resetting)}/`,
      'no-dns': 'http://no-such-host.invalid/',
      tls: `https://127.0.0.1:${port(proxy)}/`,
    }
    delete faults['good']
    const names = Object.keys(faults)
    const set = (name: string, url: string) => app.source.set(`feed ${name}`, { url })
    for (const name of names) set(name, toUrl('good'))
    for (const name of names) expect(readValue(await app.get(`/feed/${name}`))).toBe('good')
    for (const name of names) {
      set(name, faults[name]!)
      set(`cold-${name}`, faults[name]!)
    }
    await eventually(async () => {
      const { cache } = await send(app.server, `/feed/${names.at(-1)}`, { headers: { purpose: 'prefetch' } })
      expect(cache).toBe('STALE')
    })
    await whileOthersAreServed(
      Promise.all(
        names.map(async (name) => {
          const stale = await app.get(`/feed/${name}`)
          expect([name, stale.status, stale.cache, readValue(stale)]).toEqual([name, 200, 'STALE', 'good'])
          const cold = await app.get(`/feed/cold-${name}`)
          expect([name, cold.status]).toEqual([name, 500])
          expectError(cold)
          await app.untilFailed(`/feed/${name}`)
          expect(readValue(await app.get(`/feed/${name}`))).toBe('good')
        }),
      ),
    )
    for (const name of names) set(`cold-${name}`, toUrl('good'))
    for (const name of names) set(name, toUrl('good'))
    for (const name of names) expect((await app.get(`/feed/cold-${name}`)).cache).toBe('MISS')
    await Promise.all(
      names.map((name) => eventually(async () => expect((await app.get(`/feed/${name}`)).cache).toBe('HIT'))),
    )
  })
})

describe('user code in the thread of the server', () => {
  it('REL-59 P8 the library listens to no uncaught exception and no unhandled rejection, in the server nor in a worker', async () => {
    const main = (await app.get('/api/main?act=listeners')).json() as Record<string, number>
    expect(main).toMatchObject({ uncaughtException: 0, unhandledRejection: 0, uncaughtExceptionMonitor: 0 })
    expect(readValue(await app.get('/worker'))).toBe('0,0,0')
  })

  it.each(['reject-later', 'throw-later', 'exit'])(
    'REL-59 P9 an API route that does %s ends the process, visibly, and the next one has all pages',
    async (act) => {
      const server = await app.site.serve()
      const before = await send(server, '/show/crash')
      expect(readValue(before)).toBe('good')
      const request = send(server, `/api/main?act=${act}`).catch((error: unknown) => error)
      // A supervisor sees the exit code.
      const code = await eventually(async () => {
        if (await isListening(server.port)) throw new Error('still there')
        return server.stop()
      })
      await request
      expect(code).toBe(1)
      if (act !== 'exit') expect(server.output()).toMatch(/nobody waits for this|too late for this page/)
      const next = await app.site.serve()
      const after = await send(next, '/show/crash')
      expect([after.status, readValue(after)]).toEqual([200, 'good'])
      await next.stop()
    },
  )

  it('REL-07 REL-59 P5 getServerSideProps that hangs or throws, or whose component does, is 500 in bounded time, and harms no other', async () => {
    const answers = await whileOthersAreServed(
      Promise.all(
        ['act=hang', 'act=throw-error', 'act=throw-null', 'render=throw', 'render=loop', 'render=never'].map((query) =>
          app.get(`/live?${query}`),
        ),
      ),
    )
    for (const answer of answers) expectError(answer)
    expect(readValue(await app.get('/live'))).toBe('live')
  })
})

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
