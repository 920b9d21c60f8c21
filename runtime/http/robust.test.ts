import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { GetStaticProps } from '../types.ts'
import { createSlots } from './slots.ts'
import { ask, askRaw } from './testing/client.ts'
import { startSite, type TestPage, type TestSite } from './testing/site.ts'

let site: TestSite
let calls = 0
/** A crowd: pages wait until so many requests have come. */
let crowd = 0
let onCrowd = (): void => undefined

beforeAll(async () => {
  const getStaticProps: GetStaticProps = async ({ params }) => {
    calls += 1
    if (crowd > 0) await new Promise<void>((resolve) => (onCrowd = resolve))
    return { props: { params: params ?? null }, revalidate: 60 }
  }
  const pages: Record<string, TestPage> = {
    '/': { module: { getStaticProps } },
    '/p/[...slug]': { module: { getStaticProps }, fallback: 'blocking' },
    '/about': {},
    '/s': { module: { getServerSideProps: async ({ query }) => ({ props: { query } }) } },
    '/api/echo': { module: { default: (req, res) => res.json({ query: req.query, body: req.body as unknown }) } },
  }
  site = await startSite(pages, {
    mount: (handler) => (req, res) => {
      handler(req, res)
      if (crowd === 0) return
      crowd -= 1
      if (crowd === 0) setImmediate(() => onCrowd())
    },
  })
})

afterAll(() => site.close())

describe('any request', () => {
  const pieces = fc.constantFrom(
    '/',
    '//',
    '\\',
    '.',
    '..',
    '%2f',
    '%5c',
    '%2e',
    '%00',
    '%',
    '%25',
    '%c3%a9',
    '?',
    '#',
    '&',
    '=',
    ';',
    ':',
    '@',
    'a',
    'p',
    'about',
    's',
    'api/echo',
    '_isr/data/build1/',
    'index',
    '.json',
    'assets/',
    '__proto__',
    '\u00e9',
    '"',
    '<',
  )
  const targets = fc.array(pieces, { maxLength: 10 }).map((parts) => `/${parts.join('')}`)
  const headers = fc.array(
    fc.constantFrom(
      'Accept: application/json',
      'x-isr-data: 1',
      'Purpose: prefetch',
      'If-None-Match: *',
      'Cookie: __isr_draft=x',
      'Accept-Encoding: br;q=x',
      'Range: bytes=5-',
      'x-isr-cache: HIT',
      'Expect: 100-continue',
      'Upgrade: websocket',
      'Content-Type: application/json',
      '__proto__: x',
      'Host: evil.example',
      'Cache-Control: no-cache',
    ),
    { maxLength: 4 },
  )
  const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE')

  it('P8 SEC-02 SEC-58 is answered: the URL alone decides the kind, no location leads away, nothing is leaked', async () => {
    await fc.assert(
      fc.asyncProperty(targets, headers, methods, async (target, lines, method) => {
        const answer = await askRaw(site.port, target, lines.map((line) => `${line}\r\n`).join(''), method)
        expect([200, 304, 308, 400, 404, 405]).toContain(answer.status)
        const [head = ''] = answer.text.split('\r\n\r\n', 1)
        const isJson = /^content-type: application\/json/im.test(head)
        if (isJson) expect(target).toMatch(/_isr|api/)
        if (answer.location !== undefined) {
          expect(answer.location).toMatch(/^\/(?![/\\])/)
          expect(new URL(answer.location, 'http://here.example').host).toBe('here.example')
        }
        if (/^x-isr-cache:/im.test(head)) expect(head).not.toMatch(/^set-cookie:/im)
        expect(answer.text).not.toMatch(/node_modules|\.ts:\d/)
      }),
      { numRuns: 400 },
    )
    expect(site.lines.filter((line) => line.includes('ISR_PAGE'))).toEqual([])
    expect((await ask(site.port, '/')).status).toBe(200)
  })

  it('T01 SEC-02 SEC-101 a crowd on a cold path is one call, each URL with its own type', async () => {
    for (let round = 0; round < 20; round += 1) {
      const before = calls
      crowd = 24
      const path = `/p/crowd-${round}`
      const variants = [path, `${path}?q=${round}`, `/_isr/data/build1${path}.json`, path]
      const answers = await Promise.all(
        Array.from({ length: 24 }, (_, index) =>
          ask(site.port, variants[index % 4]!, { method: index % 4 === 3 ? 'HEAD' : 'GET' }),
        ),
      )
      expect(calls - before).toBe(1)
      answers.forEach((answer, index) => {
        expect(answer.status).toBe(200)
        expect(answer.headers['x-isr-cache']).toBe('MISS')
        expect(answer.headers['content-type']).toMatch(index % 4 === 2 ? /^application\/json/ : /^text\/html/)
      })
    }
  })

  it('SEC-18 random values in headers and queries leave one entry', async () => {
    const before = site.engine.stored.size
    for (let index = 0; index < 50; index += 1) {
      const value = `v${index}`
      const headers = { 'x-isr-data': value, 'x-isr-cache': value, purpose: value, cookie: value, 'user-agent': value }
      await ask(site.port, `/p/one?x=${value}`, { headers })
    }
    expect(site.engine.stored.size).toBe(before + 1)
  })
})

describe('a server in front that rewrites addresses', () => {
  it('SEC-29 SEC-13 P6 two names of a page are one entry, which shows its own path and nothing of either', async () => {
    const getStaticProps: GetStaticProps = async ({ params }) => ({ props: { params }, revalidate: 60 })
    const own = await startSite(
      { '/p/[...slug]': { module: { getStaticProps }, fallback: 'blocking' } },
      {
        mount: (handler) => (req, res) => {
          const { authorization } = req.headers
          // Its own guard, which no header of a framework gets past.
          if (req.url!.startsWith('/members') && authorization !== 'Bearer member') {
            res.writeHead(401).end()
            return
          }
          req.url = req.url!.replace(/^\/(?:first|second|members)-[^?/]*/, '/p/one')
          handler(req, res)
        },
      },
    )
    const marks = {
      'x-middleware-subrequest': 'middleware:middleware:middleware:middleware:middleware',
      'x-isr-path': '/p/one',
    }
    expect((await ask(own.port, '/members-only', { headers: marks })).status).toBe(401)
    const texts = new Set<string>()
    for (const path of ['/first-canary?a=canary', '/second-canary#canary', '/p/one', '/members-canary']) {
      const { status, text, headers } = await ask(own.port, path, {
        headers: { ...marks, authorization: 'Bearer member' },
      })
      expect([status, JSON.stringify(headers).includes('canary')]).toEqual([200, false])
      texts.add(text)
    }
    expect([...texts].join()).toContain('"asPath":"/p/one"')
    expect([...texts].join()).not.toContain('canary')
    expect([texts.size, own.engine.stored.size]).toEqual([1, 1])
    await own.close()
  })
})

describe('slots', () => {
  it('SEC-95 run so many at a time, in order, and refuse what is too much', async () => {
    const slots = createSlots({ limit: 2, queue: 2, waitMs: 10_000 })
    const started: number[] = []
    const release: Array<() => void> = []
    const run = (index: number) =>
      slots.run(() => {
        started.push(index)
        return new Promise<number>((resolve) => (release[index] = () => resolve(index)))
      })
    const results = [run(0), run(1), run(2), run(3)]
    await expect(run(4)).rejects.toMatchObject({ code: 'ISR_OVERLOADED' })
    expect(started).toEqual([0, 1])
    release[1]!()
    expect(await results[1]).toBe(1)
    await expect.poll(() => started).toEqual([0, 1, 2])
    release[0]!()
    await expect.poll(() => started).toEqual([0, 1, 2, 3])
    release[2]!()
    release[3]!()
    expect(await Promise.all(results)).toEqual([0, 1, 2, 3])
  })

  it('P5 P7 one that waits too long is refused, and takes nobody’s turn', async () => {
    vi.useFakeTimers()
    try {
      const slots = createSlots({ limit: 1, queue: 2, waitMs: 1000 })
      let release = (): void => undefined
      const first = slots.run(() => new Promise<void>((resolve) => (release = resolve)))
      const late = slots.run(async () => 'late').catch((error: unknown) => error)
      await vi.advanceTimersByTimeAsync(900)
      const next = slots.run(async () => 'next')
      await vi.advanceTimersByTimeAsync(100)
      expect(await late).toMatchObject({ code: 'ISR_OVERLOADED' })
      release()
      await first
      expect(await next).toBe('next')
      expect(await slots.run(async () => 'free again')).toBe('free again')
    } finally {
      vi.useRealTimers()
    }
  })

  it('P5 a task that fails gives its slot back', async () => {
    const slots = createSlots({ limit: 1, queue: 1, waitMs: 10_000 })
    await expect(slots.run(() => Promise.reject(new Error('x')))).rejects.toThrow('x')
    expect(await slots.run(async () => 'next')).toBe('next')
  })

  it('P1 a page is served although the isBot option throws', async () => {
    const isBot = () => {
      throw new Error('no list of bots')
    }
    const module = { getStaticProps: async () => ({ props: {}, revalidate: 1 }) }
    const own = await startSite({ '/p': { module } }, { options: { isBot } })
    const headers = { 'user-agent': 'Mozilla/5.0' }
    expect((await ask(own.port, '/p', { headers })).headers['x-isr-cache']).toBe('MISS')
    own.clock.now += 5000
    expect((await ask(own.port, '/p', { headers })).headers['x-isr-cache']).toBe('STALE')
    expect(own.lines.join()).toContain('no list of bots')
    await own.close()
  })
})
