import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { ApiHandler, GetStaticProps } from '../types.ts'
import { NO_STORE } from './cache-control.ts'
import { ask, askRaw } from './testing/client.ts'
import { startSite, type TestPage, type TestSite } from './testing/site.ts'

const YEAR = 31_536_000

let site: TestSite | undefined
afterEach(async () => {
  await site?.close()
  site = undefined
})

/** A page whose data function counts its calls. */
function countedPage(result: (call: number, params: unknown) => unknown, extra: Partial<TestPage> = {}) {
  const calls: unknown[] = []
  const getStaticProps = (async (context: { params?: unknown }) => {
    calls.push(context)
    return result(calls.length, context.params)
  }) as GetStaticProps
  return { calls, page: { module: { getStaticProps }, ...extra } satisfies TestPage }
}

describe('a cached page', () => {
  it('S01 S04 MISS, then HIT, with truthful headers', async () => {
    const { page, calls } = countedPage((call) => ({ props: { call }, revalidate: 60 }))
    site = await startSite({ '/': page })
    const miss = await ask(site.port, '/')
    expect(miss.status).toBe(200)
    expect(miss.headers).toMatchObject({
      'x-isr-cache': 'MISS',
      'cache-status': 'vite-plugin-isr; fwd=uri-miss; ttl=60; detail=generated',
      'cache-control': `s-maxage=60, stale-while-revalidate=${YEAR - 60}`,
      'content-type': 'text/html; charset=utf-8',
      vary: 'Accept-Encoding',
      'x-content-type-options': 'nosniff',
    })
    site.clock.now += 20_500
    const hit = await ask(site.port, '/')
    expect(hit.headers).toMatchObject({
      'x-isr-cache': 'HIT',
      'cache-status': 'vite-plugin-isr; hit; ttl=40',
      'cache-control': `s-maxage=40, stale-while-revalidate=${YEAR - 60}`,
      'content-length': String(Buffer.byteLength(hit.text)),
    })
    expect(hit.headers.etag).toMatch(/^"[\w-]{27}"$/)
    expect(hit.headers['set-cookie']).toBeUndefined()
    expect(hit.text).toBe(miss.text)
    expect(calls).toHaveLength(1)
  })

  it('W1 headers are of this answer, not of one before it in the same second', async () => {
    const { page } = countedPage((call) => {
      if (call === 1) return { props: {}, revalidate: 3 }
      throw new Error('down')
    })
    site = await startSite({ '/': page })
    const seen: unknown[] = []
    for (const passed of [0, 0, 4000, 1000, 0]) {
      site.clock.now += passed
      const { headers } = await ask(site.port, '/')
      seen.push(headers['cache-status'])
    }
    const stale = 'vite-plugin-isr; hit; ttl='
    expect(seen).toEqual([
      'vite-plugin-isr; fwd=uri-miss; ttl=3; detail=generated',
      'vite-plugin-isr; hit; ttl=3',
      `${stale}-1; detail=stale-time`,
      `${stale}-2; detail=stale-error`,
      `${stale}-2; detail=stale-error`,
    ])
  })

  it('W2 the freshness header counts down while the page is hit', async () => {
    const { page } = countedPage(() => ({ props: {}, revalidate: 3 }))
    site = await startSite({ '/': page })
    await ask(site.port, '/')
    const seen: unknown[] = []
    for (const passed of [0, 500, 1000, 999]) {
      site.clock.now += passed
      const { headers } = await ask(site.port, '/')
      seen.push(headers['cache-control']?.split(',')[0], headers['x-isr-cache'])
    }
    expect(seen).toEqual(['s-maxage=3', 'HIT', 's-maxage=3', 'HIT', 's-maxage=2', 'HIT', 's-maxage=1', 'HIT'])
  })

  it('R01 STALE is answered at once, with what is left of its life', async () => {
    const { page, calls } = countedPage((call) => ({ props: { call }, revalidate: 1 }))
    site = await startSite({ '/': page })
    await ask(site.port, '/')
    site.clock.now += 5000
    const stale = await ask(site.port, '/')
    expect(stale.headers).toMatchObject({
      'x-isr-cache': 'STALE',
      'cache-status': 'vite-plugin-isr; hit; ttl=-4; detail=stale-time',
      'cache-control': `s-maxage=1, stale-while-revalidate=${YEAR - 1}`,
    })
    await site.engine.settle()
    const next = await ask(site.port, '/')
    expect(next.headers['x-isr-cache']).toBe('HIT')
    expect(next.text).not.toBe(stale.text)
    expect(calls).toHaveLength(2)
  })

  it.each(['purpose', 'sec-purpose'])('R05 W20 %s: prefetch leaves a stale page stale', async (header) => {
    const { page, calls } = countedPage(() => ({ props: {}, revalidate: 1 }))
    site = await startSite({ '/': page })
    const first = await ask(site.port, '/', { headers: { [header]: 'prefetch' } })
    expect(first.headers['x-isr-cache']).toBe('MISS')
    site.clock.now += 5000
    for (const path of ['/', '/_isr/data/build1/index.json']) {
      const answer = await ask(site.port, path, { headers: { [header]: 'prefetch;prerender' } })
      expect(answer.headers['x-isr-cache']).toBe('STALE')
    }
    await site.engine.settle()
    expect(calls).toHaveLength(1)
  })

  it('S07 a page without data functions has no cache state', async () => {
    site = await startSite({ '/about': {} })
    for (let round = 0; round < 2; round += 1) {
      const { status, headers } = await ask(site.port, '/about')
      expect(status).toBe(200)
      expect(headers['cache-control']).toBe('public, max-age=0, must-revalidate')
      expect(headers.etag).toBeDefined()
      expect(headers).not.toHaveProperty('x-isr-cache')
      expect(headers).not.toHaveProperty('cache-status')
    }
  })

  it('a dynamic page without data functions is one document for all paths', async () => {
    site = await startSite({ '/u/[id]': {} })
    const first = await ask(site.port, '/u/1')
    const second = await ask(site.port, '/u/2')
    expect(first.status).toBe(200)
    expect(second.text).toBe(first.text)
    expect([...site.engine.stored.keys()]).toEqual(['s:/u/[id]'])
  })

  it('W17 one strong ETag for each encoding, compressed bodies, Vary', async () => {
    const { page } = countedPage(() => ({ props: {}, revalidate: 60 }))
    site = await startSite({ '/': page })
    const plain = await ask(site.port, '/')
    const br = await ask(site.port, '/', { headers: { 'accept-encoding': 'gzip, deflate, br' } })
    const gzip = await ask(site.port, '/', { headers: { 'accept-encoding': 'gzip' } })
    expect(br.headers['content-encoding']).toBe('br')
    expect(gzip.headers['content-encoding']).toBe('gzip')
    expect(br.text).toBe(plain.text)
    expect(gzip.text).toBe(plain.text)
    expect(br.headers['content-length']).toBe(String(br.bytes.length))
    const digest = plain.headers.etag!.slice(0, -1)
    expect(br.headers.etag).toBe(`${digest}-br"`)
    expect(gzip.headers.etag).toBe(`${digest}-gz"`)
    expect(br.headers.vary).toBe('Accept-Encoding')
  })

  it('H05 304 keeps what caches need and drops what describes a body', async () => {
    const { page } = countedPage(() => ({ props: {}, revalidate: 60 }))
    site = await startSite({ '/': page })
    const { headers } = await ask(site.port, '/')
    const etag = headers.etag!
    for (const validator of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await ask(site.port, '/', { method, headers: { 'if-none-match': validator } })
        expect(answer.status).toBe(304)
        expect(answer.bytes).toHaveLength(0)
        expect(answer.headers).toMatchObject({
          etag,
          vary: 'Accept-Encoding',
          'cache-control': headers['cache-control'],
          'x-isr-cache': 'HIT',
        })
        expect(Object.keys(answer.headers).filter((name) => name.startsWith('content-'))).toEqual([])
      }
    }
    const reload = { 'if-none-match': etag, 'cache-control': 'no-cache' }
    expect((await ask(site.port, '/', { headers: reload })).status).toBe(200)
    expect((await ask(site.port, '/', { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
    const br = { 'if-none-match': etag, 'accept-encoding': 'br' }
    expect((await ask(site.port, '/', { headers: br })).status).toBe(200)
  })

  it('SEC-41 the ETag of a page is not that of its data', async () => {
    const { page } = countedPage(() => ({ props: {}, revalidate: 60 }))
    site = await startSite({ '/': page })
    const html = await ask(site.port, '/')
    const data = await ask(site.port, '/_isr/data/build1/index.json', {
      headers: { 'if-none-match': html.headers.etag! },
    })
    expect(data.status).toBe(200)
    expect(data.headers.etag).not.toBe(html.headers.etag)
  })

  it('SEC-22 HEAD is GET without the body, cold and warm', async () => {
    const { page } = countedPage(() => ({ props: {}, revalidate: 60 }))
    site = await startSite({ '/': page })
    const cold = await ask(site.port, '/', { method: 'HEAD' })
    const get = await ask(site.port, '/')
    const warm = await ask(site.port, '/', { method: 'HEAD' })
    expect(cold.bytes).toHaveLength(0)
    expect(warm.bytes).toHaveLength(0)
    for (const head of [cold, warm]) {
      expect(head.status).toBe(200)
      expect(head.headers['content-length']).toBe(get.headers['content-length'])
      expect(head.headers.etag).toBe(get.headers.etag)
    }
    expect(get.text).toContain('</html>')
  })

  it('H01 other methods get 405 and generate nothing', async () => {
    const { page, calls } = countedPage(() => ({ props: {} }))
    site = await startSite({ '/': page, '/about': {} })
    for (const path of ['/', '/about', '/_isr/data/build1/index.json']) {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        const answer = await ask(site.port, path, { method })
        expect(answer.status).toBe(405)
        expect(answer.text).toBe('Method Not Allowed')
        expect(answer.rawHeaders.filter((name) => name === 'Allow')).toHaveLength(1)
        expect(answer.headers.allow).toBe('GET, HEAD')
      }
    }
    expect(calls).toHaveLength(0)
  })

  it('S12 U09 SEC-21 nothing of a visitor reaches the page or splits the cache', async () => {
    const { page, calls } = countedPage(() => ({ props: {}, revalidate: 60 }), { fallback: 'blocking' })
    site = await startSite({ '/p/[slug]': page })
    const plain = await ask(site.port, '/p/a')
    const canary = 'canary123'
    const names = ['authorization', 'cookie', 'accept-language', 'x-forwarded-host', 'x-matched-path', 'x-original-url']
    names.push('x-rewrite-url', 'x-isr-cache', 'x-isr-data', 'x-middleware-subrequest', 'rsc', 'origin', 'user-agent')
    const headers = { ...Object.fromEntries(names.map((name) => [name, canary])), host: canary }
    const answer = await ask(site.port, `/p/a?slug=evil&__pathname=/admin&${canary}=1`, { headers })
    expect(answer.text).toBe(plain.text)
    expect(JSON.stringify(answer.headers)).not.toContain(canary)
    expect(calls).toHaveLength(1)
    expect(JSON.stringify(calls)).not.toContain('evil')
    expect([...site.engine.stored.keys()]).toEqual(['p:/p/a'])
  })

  it.each([
    ['accept', 'application/json'],
    ['rsc', '1'],
    ['x-isr-data', '1'],
    ['x-isr-data', ''],
    ['x-nextjs-data', '1'],
    ['x-middleware-prefetch', '1'],
    ['purpose', 'prefetch'],
    ['x-moz', 'prefetch'],
  ])('SEC-03 SEC-05 SEC-86 %s: %s does not change what a URL is', async (name, value) => {
    const { page } = countedPage(() => ({ props: {}, revalidate: 60 }))
    site = await startSite({ '/': page })
    const plain = await ask(site.port, '/')
    const answer = await ask(site.port, '/', { headers: { [name]: value } })
    expect(answer.text).toBe(plain.text)
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    const data = await ask(site.port, '/_isr/data/build1/index.json', {
      headers: { [name]: value, accept: 'text/html' },
    })
    expect(data.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(data.text).toBe('{"pageProps":{}}')
  })

  it('SEC-100 spellings of a path share one entry', async () => {
    const { page, calls } = countedPage(() => ({ props: {}, revalidate: 60 }), { fallback: 'blocking' })
    site = await startSite({ '/p/[slug]': page })
    const texts = new Set<string>()
    for (const path of ['/p/a-b', '/p/%61-b', '/p/a%2Db', '/p/a%2db', '/p/a-b?x'])
      texts.add((await ask(site.port, path)).text)
    expect(texts.size).toBe(1)
    expect(calls).toHaveLength(1)
  })

  it('U03 U06 SEC-47 case, plus and escaped delimiters are data', async () => {
    const { page } = countedPage((_call, params) => ({ props: { params }, revalidate: 60 }), { fallback: 'blocking' })
    site = await startSite({ '/b/[slug]': page })
    const slugs: Record<string, string> = {
      PRE: 'PRE',
      pre: 'pre',
      'a+b': 'a+b',
      'a%2Fb': 'a/b',
      '%5Cadmin': '\\admin',
      'pre;x': 'pre;x',
    }
    for (const [raw, slug] of Object.entries({
      ...slugs,
      '%253F': '%3F',
      'pre.': 'pre.',
      '%20': ' ',
      __proto__: '__proto__',
    })) {
      const answer = await ask(site.port, `/b/${raw}`)
      expect(answer.status).toBe(200)
      expect(answer.text).toContain(JSON.stringify({ slug }))
    }
    expect((await ask(site.port, '/B/pre')).status).toBe(404)
  })

  it('SEC-27 names of object members are ordinary slugs', async () => {
    const { page } = countedPage(() => ({ props: {}, revalidate: 60 }), { fallback: 'blocking' })
    site = await startSite({ '/b/[slug]': page })
    for (const slug of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
      expect((await ask(site.port, `/b/${slug}`)).status).toBe(200)
      expect((await ask(site.port, `/${slug}`)).status).toBe(404)
    }
  })
})

describe('fallbacks', () => {
  it('F01 F02 false: only listed paths, for the page and its data', async () => {
    const { page, calls } = countedPage(() => ({ props: {}, revalidate: 1 }), { fallback: false, paths: ['/f/a'] })
    site = await startSite({ '/f/[id]': page })
    expect((await ask(site.port, '/f/a')).headers['x-isr-cache']).toBe('MISS')
    for (const path of ['/f/zzz', '/_isr/data/build1/f/zzz.json']) {
      const answer = await ask(site.port, path)
      expect(answer.status).toBe(404)
      expect(answer.headers['cache-control']).toBe(NO_STORE)
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
      expect(answer.headers).not.toHaveProperty('x-isr-cache')
    }
    expect(calls).toHaveLength(1)
  })

  it('F03 blocking: waits, then hits', async () => {
    const { page, calls } = countedPage(() => ({ props: { real: true }, revalidate: 60 }), { fallback: 'blocking' })
    site = await startSite({ '/f/[id]': page })
    const first = await ask(site.port, '/f/x')
    expect(first.headers['x-isr-cache']).toBe('MISS')
    expect(first.text).toContain('"real":true')
    expect((await ask(site.port, '/f/x')).headers['x-isr-cache']).toBe('HIT')
    expect(calls).toHaveLength(1)
  })

  it('F04 W19 HD04 true: a shell at once, the page behind it', async () => {
    const { page, calls } = countedPage(() => ({ props: { real: true }, revalidate: 60 }), { fallback: true })
    site = await startSite({ '/f/[id]': page })
    const shell = await ask(site.port, '/f/x?secret=1')
    expect(shell.status).toBe(200)
    expect(shell.text).toContain('"query":{},"pageProps":{},"isFallback":true')
    expect(shell.text).not.toContain('secret')
    expect(shell.headers).toMatchObject({
      'x-isr-cache': 'MISS',
      'cache-control': NO_STORE,
      'cache-status': 'vite-plugin-isr; fwd=uri-miss; detail=fallback-shell',
    })
    await site.engine.settle()
    expect(calls).toHaveLength(1)
    const real = await ask(site.port, '/f/x')
    expect(real.headers['x-isr-cache']).toBe('HIT')
    expect(real.text).toContain('"isFallback":false')
  })

  it('F05 J08 data never is a shell, and fills the page', async () => {
    const { page } = countedPage(() => ({ props: { real: true }, revalidate: 60 }), { fallback: true })
    site = await startSite({ '/f/[id]': page })
    const data = await ask(site.port, '/_isr/data/build1/f/x.json?id=x')
    expect(data.text).toBe('{"pageProps":{"real":true}}')
    expect((await ask(site.port, '/f/x')).headers['x-isr-cache']).toBe('HIT')
  })

  it('F06 a bot waits for the page, by isbot or by the option', async () => {
    const { page } = countedPage(() => ({ props: { real: true }, revalidate: 60 }), { fallback: true })
    site = await startSite({ '/f/[id]': page })
    const bot = { 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' }
    const answer = await ask(site.port, '/f/x', { headers: bot })
    expect(answer.text).toContain('"real":true')
    expect(answer.headers['cache-control']).toContain('s-maxage=60')
    await site.close()
    site = await startSite({ '/f/[id]': page }, { options: { isBot: (name) => name === 'mine' } })
    expect((await ask(site.port, '/f/y', { headers: bot })).text).toContain('"isFallback":true')
    expect((await ask(site.port, '/f/z', { headers: { 'user-agent': 'mine' } })).text).toContain('"isFallback":false')
  })

  it('F09 true, and the data fails: shell, data 500, shell again', async () => {
    const { page } = countedPage(
      () => {
        throw new Error('no data')
      },
      { fallback: true },
    )
    site = await startSite({ '/f/[id]': page })
    expect((await ask(site.port, '/f/x')).status).toBe(200)
    await site.engine.settle()
    const data = await ask(site.port, '/_isr/data/build1/f/x.json')
    expect(data.status).toBe(500)
    expect(data.headers['cache-control']).toBe(NO_STORE)
    expect((await ask(site.port, '/f/x')).text).toContain('"isFallback":true')
  })

  it('W23 a pattern is not a path', async () => {
    const { page } = countedPage(() => ({ props: {}, revalidate: 60 }), { fallback: true })
    site = await startSite({ '/f/[id]': page })
    await ask(site.port, '/f/x')
    await site.engine.settle()
    expect((await ask(site.port, '/f/[id]')).headers['x-isr-cache']).toBe('MISS')
    await site.engine.settle()
    expect(new Set(site.engine.stored.keys())).toEqual(new Set(['s:/f/[id]', 'p:/f/x', 'p:/f/%5Bid%5D']))
  })
})

describe('notFound and redirect', () => {
  it('N01 W8 notFound is cached with its own lifetime and shows the 404 page', async () => {
    const { page, calls } = countedPage(() => ({ notFound: true, revalidate: 7 }), { fallback: 'blocking' })
    site = await startSite({ '/n/[id]': page, '/404': {} })
    const miss = await ask(site.port, '/n/x')
    expect(miss.status).toBe(404)
    expect(miss.text).toContain('"pattern":"/404"')
    expect(miss.headers).toMatchObject({
      'x-isr-cache': 'MISS',
      'cache-control': `s-maxage=7, stale-while-revalidate=${YEAR - 7}`,
    })
    const hit = await ask(site.port, '/n/x', { headers: { 'if-none-match': '*', 'accept-encoding': 'br' } })
    expect(hit.status).toBe(404)
    expect(hit.headers).toMatchObject({ 'x-isr-cache': 'HIT', 'content-encoding': 'br' })
    expect(hit.text).toBe(miss.text)
    const data = await ask(site.port, '/_isr/data/build1/n/x.json')
    expect(data.status).toBe(404)
    expect(data.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(data.text).toBe('{"notFound":true}')
    expect(calls).toHaveLength(1)
  })

  it.each([
    [{ destination: '/to here?x', permanent: false }, 307, '/to here?x', false],
    [{ destination: '/to', permanent: true }, 308, '/to', true],
    [{ destination: 'https://else.example/x', statusCode: 301 }, 301, 'https://else.example/x', false],
    [{ destination: '//evil.example/x', statusCode: 302 }, 302, '/evil.example/x', false],
    [{ destination: '/to' }, 307, '/to', false],
  ])('N05 SEC-77 redirect %j', async (redirect, status, location, hasRefresh) => {
    const { page } = countedPage(() => ({ redirect, revalidate: 60 }))
    site = await startSite({ '/r': page })
    for (const state of ['MISS', 'HIT']) {
      const answer = await ask(site.port, '/r')
      expect(answer.status).toBe(status)
      expect(answer.headers.location).toBe(location)
      expect(answer.text).toBe(location)
      expect(answer.headers['x-isr-cache']).toBe(state)
      expect(answer.headers['cache-control']).toContain('s-maxage=60')
      expect(answer.headers['refresh']).toBe(hasRefresh ? `0;url=${location}` : undefined)
    }
    const head = await ask(site.port, '/r', { method: 'HEAD' })
    expect(head.status).toBe(status)
    expect(head.bytes).toHaveLength(0)
    const data = await ask(site.port, '/_isr/data/build1/r.json')
    expect(data.status).toBe(200)
    expect(JSON.parse(data.text)).toEqual({ redirect: { destination: location, statusCode: status } })
  })

  it('N05 the base goes before the destination unless the page says otherwise', async () => {
    const inside = countedPage(() => ({ redirect: { destination: '/to' } }))
    const outside = countedPage(() => ({ redirect: { destination: '/to', basePath: false } }))
    site = await startSite({ '/in': inside.page, '/out': outside.page }, { manifest: { base: '/app/' } })
    expect((await ask(site.port, '/app/in')).headers.location).toBe('/app/to')
    expect((await ask(site.port, '/app/out')).headers.location).toBe('/to')
    const data = await ask(site.port, '/app/_isr/data/build1/out.json')
    expect(JSON.parse(data.text)).toEqual({ redirect: { destination: '/to', statusCode: 307, basePath: false } })
  })

  it('SEC-73 SEC-07 a redirect is the same for all visitors', async () => {
    const { page } = countedPage(() => ({ redirect: { destination: '/to' } }))
    site = await startSite({ '/r': page })
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-nextjs-data': '1',
      'x-isr-data': '1',
    }
    const answer = await ask(site.port, '/r', { headers })
    expect(answer.status).toBe(307)
    expect(answer.headers.location).toBe('/to')
  })

  it('SEC-79 a redirect to a script is an error', async () => {
    const { page } = countedPage(() => ({ redirect: { destination: 'javascript:alert(1)' } }))
    site = await startSite({ '/r': page })
    const answer = await ask(site.port, '/r')
    expect(answer.status).toBe(500)
    expect(answer.headers.location).toBeUndefined()
  })
})

describe('errors', () => {
  it('E01 E05 SEC-42 a failing page is 500 without its reason, and is not kept', async () => {
    const { page, calls } = countedPage(() => {
      throw new Error('secret-reason')
    })
    site = await startSite({ '/e': page })
    for (const path of ['/e', '/_isr/data/build1/e.json']) {
      const answer = await ask(site.port, path)
      expect(answer.status).toBe(500)
      expect(answer.headers['cache-control']).toBe(NO_STORE)
      expect(answer.headers).not.toHaveProperty('x-isr-cache')
      expect(answer.text).not.toContain('secret-reason')
    }
    expect(calls).toHaveLength(2)
    expect(site.engine.stored.has('p:/e')).toBe(false)
    expect(site.lines).toHaveLength(1)
    expect(site.lines[0]).toMatch(/code=ISR_GENERATE page=\S+ path=\/e: .*secret-reason[\s\S]*\n\s+at /)
  })

  it.each([
    ['a string'],
    [null],
    [undefined],
    [Object.freeze({})],
    [
      {
        // oxlint-disable-next-line unicorn/no-thenable -- user code may throw one.
        then() {
          throw new Error('thenable')
        },
      },
    ],
  ])('REL-03 a thrown %j is survived', async (thrown) => {
    const { page } = countedPage(() => Promise.reject(thrown))
    site = await startSite({ '/e': page })
    expect((await ask(site.port, '/e')).status).toBe(500)
    expect((await ask(site.port, '/e')).status).toBe(500)
  })

  it('W21 visitors who waited together cause one line', async () => {
    const { page } = countedPage(async () => {
      await new Promise((resolve) => setImmediate(resolve))
      throw new Error('x')
    })
    site = await startSite({ '/e': page })
    const { port } = site
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(port, '/e')))
    expect(answers.map(({ status }) => status)).toEqual([500, 500, 500, 500, 500])
    expect(site.lines.length).toBe(1)
  })

  it('E06 a malformed escape is 400, with one line for many', async () => {
    site = await startSite({ '/b/[slug]': {} })
    for (const path of ['/b/%', '/%E0%A4%A', '/b/%zz']) {
      const answer = await ask(site.port, path)
      expect(answer.status).toBe(400)
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
      expect(answer.headers['cache-control']).toBe(NO_STORE)
    }
    expect(site.lines).toHaveLength(1)
    site.clock.now += 11_000
    await ask(site.port, '/b/%')
    expect(site.lines[1]).toContain('and 2 more')
  })

  it('X01 X05 an unknown path is 404 under any method', async () => {
    site = await startSite(
      {},
      {
        render: async () => {
          throw new Error('no default page')
        },
      },
    )
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']) {
      const answer = await ask(site.port, '/nope', { method })
      expect(answer.status).toBe(404)
      expect(answer.headers['cache-control']).toBe(NO_STORE)
      expect(answer.headers).not.toHaveProperty('x-isr-cache')
      expect(answer.headers).not.toHaveProperty('etag')
      if (method === 'GET') expect(answer.text).toContain('404: This page could not be found.')
    }
  })

  it('X02 the 404 page is itself cached, its answers are not', async () => {
    const { page, calls } = countedPage((call) => ({ props: { call }, revalidate: 10 }))
    site = await startSite({ '/404': page })
    for (const path of ['/nope', '/404', '/other']) {
      const answer = await ask(site.port, path)
      expect(answer.status).toBe(404)
      expect(answer.text).toContain('"asPath":"/404"')
      expect(answer.headers['cache-control']).toBe(NO_STORE)
    }
    expect(calls).toHaveLength(1)
    site.clock.now += 20_000
    await ask(site.port, '/nope')
    await site.engine.settle()
    expect((await ask(site.port, '/nope')).text).toContain('"call":2')
    const data = await ask(site.port, '/_isr/data/build1/404.json')
    expect(data.text).toContain('"pageProps":{"call":2}')
  })

  it('X04 U10 the 500 page is served on errors and at its own path', async () => {
    const { page } = countedPage(() => {
      throw new Error('x')
    })
    site = await startSite({ '/e': page, '/500': {} })
    for (const path of ['/e', '/500']) {
      const answer = await ask(site.port, path)
      expect(answer.status).toBe(500)
      expect(answer.text).toContain('"pattern":"/500"')
      expect(answer.headers['cache-control']).toBe(NO_STORE)
    }
  })

  it('U10 names of special files are no pages, not even to a catch-all', async () => {
    const { page } = countedPage(() => ({ props: {} }), { fallback: 'blocking' })
    site = await startSite({ '/': {}, '/isr60': {} })
    for (const path of [
      '/index',
      '/index.html',
      '/isr60.html',
      '/isr60.json',
      '/404',
      '/500',
      '/_app',
      '/_document',
      '/_error',
    ]) {
      expect((await ask(site.port, path)).status, path).toBe(404)
    }
    await site.close()
    site = await startSite({ '/[...all]': page })
    for (const path of ['/404', '/500', '/_app', '/_document', '/_error', '/_isr/x']) {
      expect((await ask(site.port, path)).status, path).toBe(404)
    }
    expect((await ask(site.port, '/x/y')).status).toBe(200)
  })

  it('P01 SEC-46 what is in memory is the answer to its own path, and to no other that names something else', async () => {
    const clientDir = await mkdtemp(join(tmpdir(), 'isr-files-'))
    await writeFile(join(clientDir, 'file'), 'a file')
    const counted = countedPage(() => ({ props: {}, revalidate: 60 }))
    const pages = {
      '/[...all]': { ...counted.page, fallback: 'blocking' as const },
      '/plain': {},
      '/404': counted.page,
      '/api/real': { module: { default: ((_req, res) => res.send('api')) as ApiHandler } },
    }
    const names = ['p', 'file', 'api', 'api/real', 'api/none', 'apis', '_isr/x', '_next/data/x', '404', '500', 'plain']
    for (const trailingSlash of [false, true]) {
      for (const base of ['/', '/base/']) {
        site = await startSite(pages, { manifest: { base, trailingSlash }, options: { clientDir } })
        const { port, manifest } = site
        const { buildId } = manifest
        const paths = names.flatMap((name) => [
          `${base}${name}`,
          `${base}${name}/`,
          `${base}${name}?q=1`,
          `${base}%${name.charCodeAt(0).toString(16)}${name.slice(1)}`,
          `${base}${name}%zz`,
          `${base}_isr/data/${buildId}/${name}.json`,
          `${base}_isr/data/other/${name}.json`,
          `/elsewhere/${name}`,
        ])
        const look = async () => {
          const answers = []
          for (const path of paths) {
            const { status, headers, text } = await ask(port, path)
            answers.push([path, status, headers['location'], headers['content-type'], headers['cache-control'], text])
          }
          return answers
        }
        const first = await look()
        expect(await look()).toEqual(first)
        const statuses = (path: string) => first.find(([each]) => each === path)?.[1]
        const slash = trailingSlash ? '/' : ''
        expect(names.map((name) => statuses(`${base}${name}${name === 'file' ? '' : slash}`))).toEqual([
          200, 200, 404, 200, 404, 200, 404, 200, 404, 404, 200,
        ])
        expect(statuses(`${base}_isr/data/${buildId}/plain.json`)).toBe(404)
        await site.close()
      }
    }
    await rm(clientDir, { recursive: true })
  })

  it('P01 P05 routes by precedence', async () => {
    const { page } = countedPage(() => ({ props: {} }), { fallback: 'blocking' })
    site = await startSite({ '/a/b': {}, '/a/[id]': page, '/a/[...rest]': page, '/[[...all]]': page })
    const patterns: Record<string, string> = {
      '/a/b': '/a/b',
      '/a/c': '/a/[id]',
      '/a/c/d': '/a/[...rest]',
      '/a': '/[[...all]]',
      '/': '/[[...all]]',
    }
    for (const [path, pattern] of Object.entries(patterns)) {
      expect((await ask(site.port, path)).text).toContain(`"pattern":${JSON.stringify(pattern)}`)
    }
  })
})

describe('odd targets on the wire', () => {
  it.each([
    ['*', 500, 'OPTIONS'],
    ['/b/%00', 400, 'GET'],
    ['/b/../x', 400, 'GET'],
    [`/${'a'.repeat(1100)}`, 414, 'GET'],
    ['/about#x', 200, 'GET'],
    ['http://evil.example/about', 200, 'GET'],
    ['/%2561bout', 404, 'GET'],
  ])('U13 SEC-51 SEC-53 %s is %d', async (target, status, method) => {
    site = await startSite({ '/about': {}, '/b/[slug]': {} })
    const answer = await askRaw(site.port, target, '', method)
    expect(answer.status).toBe(status)
    if (status !== 200) expect(answer.text.toLowerCase()).toContain('cache-control: private, no-cache, no-store')
  })

  it.each([
    ['/about/', '/about'],
    ['/about/?a=1', '/about?a=1'],
    ['//evil.example', '/evil.example'],
    ['/\\evil.example', '/evil.example'],
    ['//evil.example/%2e', undefined],
    ['http://evil.example//x', '/x'],
  ])('U01 SEC-45 SEC-48 %s', async (target, location) => {
    site = await startSite({ '/about': {} })
    const answer = await askRaw(site.port, target)
    expect(answer.location).toBe(location)
    expect(answer.status).toBe(location === undefined ? 400 : 308)
    if (location) expect(answer.text).toContain(`Refresh: 0;url=${location}`)
  })

  it('SEC-110 odd headers are survived', async () => {
    site = await startSite({ '/about': {} })
    const long = 'x'.repeat(3000)
    const extra = [
      '__proto__: x',
      'constructor: y',
      `accept: ${long}`,
      `if-none-match: ${long}`,
      `cookie: ${long}`,
      `range: ${long}`,
      'accept-encoding: ;;;,,,q=q',
    ]
    const answer = await askRaw(site.port, '/about', extra.map((line) => `${line}\r\n`).join(''))
    expect(answer.status).toBe(200)
  })

  it('U02 trailing slashes on', async () => {
    const { page } = countedPage(() => ({ props: {}, revalidate: 60 }), { fallback: 'blocking' })
    site = await startSite(
      { '/': {}, '/b/[slug]': page, '/api/x': { module: { default: (_req, res) => res.json(1) } } },
      { manifest: { trailingSlash: true } },
    )
    expect((await ask(site.port, '/b/x')).headers.location).toBe('/b/x/')
    const answer = await ask(site.port, '/b/x/')
    expect(answer.text).toContain('"asPath":"/b/x/"')
    expect((await ask(site.port, '/b/x/')).headers['x-isr-cache']).toBe('HIT')
    expect((await ask(site.port, '/b/a.b/')).headers.location).toBe('/b/a.b')
    expect((await ask(site.port, '/b/a.b')).status).toBe(200)
    expect((await ask(site.port, '/api/x')).headers.location).toBe('/api/x/')
    expect((await ask(site.port, '/api/x/')).text).toBe('1')
    expect((await ask(site.port, '/_isr/data/build1/b/x.json')).status).toBe(200)
  })

  it('SEC-57 a base is a folder', async () => {
    const { page } = countedPage(() => ({ props: {}, revalidate: 60 }))
    site = await startSite({ '/': page, '/x': page }, { manifest: { base: '/app/' } })
    expect((await ask(site.port, '/app')).headers.location).toBe('/app/')
    expect((await ask(site.port, '/app/')).status).toBe(200)
    expect((await ask(site.port, '/app/x')).status).toBe(200)
    expect((await ask(site.port, '/app/x')).headers['x-isr-cache']).toBe('HIT')
    expect((await ask(site.port, '/app/x/')).headers.location).toBe('/app/x')
    for (const path of ['/', '/x', '/app-evil/x', '/application']) expect((await ask(site.port, path)).status).toBe(404)
    expect((await ask(site.port, '/app/_isr/data/build1/x.json')).status).toBe(200)
  })
})

describe('navigation data', () => {
  it('J01 R03 is of the same generation, with the same rules', async () => {
    const { page } = countedPage((call) => ({ props: { call, html: '</script>' }, revalidate: 60 }))
    site = await startSite({ '/': page })
    const html = await ask(site.port, '/')
    const data = await ask(site.port, '/_isr/data/build1/index.json')
    expect(data.status).toBe(200)
    expect(data.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-isr-cache': 'HIT',
      'cache-control': html.headers['cache-control'],
      vary: 'Accept-Encoding',
      'x-content-type-options': 'nosniff',
    })
    expect(data.text).toBe('{"pageProps":{"call":1,"html":"</script>"}}')
    const again = await ask(site.port, '/_isr/data/build1/index.json', {
      headers: { 'if-none-match': data.headers.etag! },
    })
    expect(again.status).toBe(304)
    expect((await ask(site.port, '/_isr/data/build1/index.json', { method: 'HEAD' })).bytes).toHaveLength(0)
  })

  it.each([
    '/_isr/data/build1/about.json',
    '/_isr/data/build1/nope.json',
    '/_isr/data/other/index.json',
    '/_isr/data/build1/index',
    '/_isr/data/build1/index.JSON',
    '/_isr/data/build1/index/index.json',
    '/_isr/data/build1/.json',
    '/_isr/data/build1',
    '/_isr/data',
    '/_isr',
    '/_isr/data/build1/500.json',
    '/_isr/data/build1/_app.json',
    '/_isr/data/build1/api/x.json',
  ])('J03 %s is a 404 page', async (path) => {
    const { page } = countedPage(() => ({ props: {} }))
    site = await startSite({
      '/': page,
      '/about': {},
      '/500': {},
      '/api/x': { module: { default: (_req, res) => res.end() } },
    })
    const answer = await ask(site.port, path)
    expect(answer.status).toBe(404)
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(answer.headers['cache-control']).toBe(NO_STORE)
  })

  it('J05 HEAD yes, POST no, for dynamic pages too', async () => {
    const { page } = countedPage(() => ({ props: {}, revalidate: 60 }), { fallback: 'blocking' })
    site = await startSite({ '/b/[slug]': page })
    expect((await ask(site.port, '/_isr/data/build1/b/x.json', { method: 'HEAD' })).status).toBe(200)
    const post = await ask(site.port, '/_isr/data/build1/b/x.json', { method: 'POST' })
    expect([post.status, post.text, post.headers.allow]).toEqual([405, 'Method Not Allowed', 'GET, HEAD'])
  })
})

describe('overload', () => {
  it('W12 503 with Retry-After where there is no page to serve', async () => {
    const { IsrError } = await import('../errors.ts')
    const { page } = countedPage(() => ({ props: {} }))
    site = await startSite({ '/': page })
    site.engine.read = () => Promise.reject(new IsrError('ISR_OVERLOADED', 'full'))
    const answer = await ask(site.port, '/')
    expect(answer.status).toBe(503)
    expect(answer.headers['retry-after']).toBe('2')
    expect(answer.headers['cache-control']).toBe(NO_STORE)
  })
})

describe('development', () => {
  it('W01 nobody keeps anything, and errors go to the overlay', async () => {
    const ok = countedPage((call) => ({ props: { call }, revalidate: 60 }))
    const broken = countedPage(() => {
      throw new Error('in the overlay')
    })
    const errors: unknown[] = []
    site = await startSite(
      { '/': ok.page, '/about': {}, '/broken': broken.page },
      {
        options: { development: true },
        mount: (handler) => (req, res) =>
          handler(req, res, (error) => {
            errors.push(error)
            res.statusCode = 500
            res.end('overlay')
          }),
      },
    )
    for (const path of ['/', '/', '/about', '/_isr/data/build1/index.json']) {
      expect((await ask(site.port, path)).headers['cache-control']).toBe('no-store')
    }
    expect((await ask(site.port, '/broken')).text).toBe('overlay')
    expect(String(errors[0])).toContain('in the overlay')
    expect((await ask(site.port, '/nope')).status).toBe(404)
  })
})
