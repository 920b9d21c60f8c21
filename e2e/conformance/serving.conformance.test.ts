import { describe, expect, it } from 'vitest'
import { isPrivate, readLifetime, readPageData, readValue, useCacheApp, YEAR } from '../harness/cache-app.ts'
import { eventually } from '../harness/eventually.ts'
import { NOSTORE, type Answer } from '../harness/http.ts'

const STRONG = /^"[^"]+"$/

describe('serving', () => {
  const app = useCacheApp()

  function expectCacheable(answer: Answer, state: string, lifetime: { fresh: number; stale: number | undefined }) {
    expect(answer.status).toBe(200)
    expect(answer.cache).toBe(state)
    expect(readLifetime(answer)).toEqual(lifetime)
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(answer.body.byteLength),
      vary: 'Accept-Encoding',
      etag: expect.stringMatching(STRONG) as string,
    })
  }

  it('S01 fresh page is a HIT', async () => {
    const built = app.source.count('home')
    expect(built).toBe(1)
    const first = await app.get('/')
    const { fresh } = readLifetime(first)
    expect(fresh).toBeLessThanOrEqual(60)
    expectCacheable(first, 'HIT', { fresh, stale: YEAR - 60 })
    expect(readValue(first)).toBe('home 1')
    const second = await app.get('/')
    expect(second.text).toBe(first.text)
    expect(second.headers['etag']).toBe(first.headers['etag'])
    // A page that never becomes stale counts as a year.
    expectCacheable(await app.get('/forever/built'), 'HIT', { fresh: YEAR, stale: undefined })
    expect(app.source.count('home')).toBe(built)
    expect(app.source.count('forever/built')).toBe(1)
  })

  it('S01 S04 HEAD has the headers of GET and no body', async () => {
    const head = await app.get('/minute/head', { method: 'HEAD' })
    expect([head.status, head.cache, head.body.byteLength]).toEqual([200, 'MISS', 0])
    const get = await app.get('/minute/head')
    expect(get.cache).toBe('HIT')
    for (const name of ['etag', 'content-type', 'content-length', 'vary']) {
      expect(head.headers[name]).toBe(get.headers[name])
    }
    expect(app.source.count('minute/head')).toBe(1)
  })

  it('S04 a page rendered now is a MISS with the same headers', async () => {
    const answer = await app.get('/minute/new')
    expectCacheable(answer, 'MISS', { fresh: 60, stale: YEAR - 60 })
    const hit = await app.get('/minute/new')
    expectCacheable(hit, 'HIT', { fresh: readLifetime(hit).fresh, stale: YEAR - 60 })
    expect(hit.headers['etag']).toBe(answer.headers['etag'])
    expectCacheable(await app.get('/forever/new'), 'MISS', { fresh: YEAR, stale: undefined })
  })

  it('S06 revalidate: true is one second', async () => {
    await app.untilStale('/truth')
    // Each that finds it stale has it renewed: one of the next comes within the second.
    const renewed = await eventually(async () => {
      const answer = await app.get('/truth')
      expect(answer.cache).toBe('HIT')
      return answer
    })
    expectCacheable(renewed, 'HIT', { fresh: 1, stale: YEAR - 1 })
    await app.untilStale('/truth')
  })

  it.each(['/plain', '/static/anything', '/static/else'])('S07 %s, without data functions', async (path) => {
    const answer = await app.get(path)
    expect(answer.status).toBe(200)
    expect(answer.headers).toMatchObject({
      'cache-control': 'public, max-age=0, must-revalidate',
      etag: expect.stringMatching(STRONG) as string,
      'content-type': 'text/html; charset=utf-8',
    })
    expect(answer.headers).not.toHaveProperty('x-isr-cache')
    expect(answer.headers).not.toHaveProperty('cache-status')
    expect((await app.get(path)).headers['etag']).toBe(answer.headers['etag'])
    expect((await app.get(path, { headers: { 'if-none-match': answer.headers['etag']! } })).status).toBe(304)
  })

  it('S08 a page with getServerSideProps is never stored', async () => {
    const before = app.source.count('server')
    const answers = [await app.get('/server?a=1'), await app.get('/server?a=1')]
    expect(app.source.count('server')).toBe(before + 2)
    for (const answer of answers) {
      expect(answer.status).toBe(200)
      expect(isPrivate(answer)).toBe(true)
      expect(answer.headers['etag']).toMatch(STRONG)
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    }
    expect(readValue(answers[0]!)).not.toBe(readValue(answers[1]!))
  })

  it('S08 the Cache-Control that a page sets wins', async () => {
    const answer = await app.get(`/server?cache=${encodeURIComponent('public, s-maxage=10')}`)
    expect(answer.status).toBe(200)
    expect(answer.headers['cache-control']).toBe('public, s-maxage=10')
    expect(answer.rawHeaders.filter(([name]) => name.toLowerCase() === 'cache-control')).toHaveLength(1)
    expect(answer.headers).not.toHaveProperty('x-isr-cache')
  })

  it('S12 nothing of a visitor varies the cached page, and it sets no cookie', async () => {
    const first = await app.get('/minute/same', {
      headers: { cookie: 'session=abc', authorization: 'Bearer secret', 'accept-language': 'de', host: 'one.example' },
    })
    expect(first.cache).toBe('MISS')
    const variants = [
      { headers: { cookie: 'session=other; theme=dark' } },
      { headers: { authorization: 'Basic eDp5' } },
      { headers: { 'accept-language': 'fr;q=0.9, *' } },
      { headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' } },
      { headers: { accept: 'application/json', 'user-agent': 'Mozilla/5.0 (iPhone)' } },
    ]
    for (const variant of variants) {
      const answer = await app.get('/minute/same', variant)
      expect(answer.cache).toBe('HIT')
      expect(answer.text).toBe(first.text)
      expect(answer.headers['vary']).toBe('Accept-Encoding')
      expect(answer.headers).not.toHaveProperty('set-cookie')
    }
    for (const query of ['?a=1', '?slug=evil', '?utm_source=mail&utm_source=web']) {
      const answer = await app.get(`/minute/same${query}`)
      expect(answer.cache).toBe('HIT')
      expect(answer.text).toBe(first.text)
    }
    expect(first.headers).not.toHaveProperty('set-cookie')
    expect(app.source.count('minute/same')).toBe(1)
    // Nor does getStaticProps get to see any of it.
    const { detail } = app.source.calls('minute/same')[0]!
    expect(JSON.stringify(detail)).not.toMatch(/secret|session|example|evil/)
    expect(readPageData(first).query).toEqual({ slug: 'same' })
  })

  it('S13 assets are immutable, with a weak ETag', async () => {
    const { text } = await app.get('/')
    const assets = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!)
    expect(assets.some((path) => path.endsWith('.js'))).toBe(true)
    expect(assets.some((path) => path.endsWith('.css'))).toBe(true)
    for (const path of assets) {
      const answer = await app.get(path)
      expect(answer.status).toBe(200)
      expect(answer.headers).toMatchObject({
        'cache-control': 'public, max-age=31536000, immutable',
        etag: expect.stringMatching(/^W\/"/) as string,
      })
      expect((await app.get(path, { headers: { 'if-none-match': answer.headers['etag']! } })).status).toBe(304)
    }
  })

  it('S13 public files are revalidated, a missing asset is a plain 404', async () => {
    const file = await app.get('/robots.txt')
    expect(file.text).toBe('public file\n')
    expect(file.headers['cache-control']).toBe('public, max-age=0')
    expect(file.headers).toHaveProperty('etag')

    const missing = await app.get('/assets/x')
    expect([missing.status, missing.text]).toEqual([404, 'Not Found'])
    expect(missing.headers).toMatchObject({
      'content-type': expect.stringMatching(/^text\/plain/) as string,
      'cache-control': NOSTORE,
    })
  })
})
