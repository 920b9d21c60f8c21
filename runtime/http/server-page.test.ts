import { connect } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { GetServerSideProps, GetServerSidePropsContext, IsrApp } from '../types.ts'
import { NO_STORE } from './cache-control.ts'
import { ask } from './testing/client.ts'
import { SETTINGS } from './testing/manifest.ts'
import { startSite, type TestPage, type TestSite } from './testing/site.ts'

let site: TestSite | undefined
afterEach(async () => {
  await site?.close()
  site = undefined
})

function serverPage(getServerSideProps: (context: GetServerSidePropsContext) => unknown): TestPage {
  return { module: { getServerSideProps: getServerSideProps as GetServerSideProps } }
}

describe('a page with getServerSideProps', () => {
  it('S08 is rendered per request, private, with a validator', async () => {
    let calls = 0
    site = await startSite({ '/s': serverPage(() => ({ props: { calls: (calls += 1) } })) })
    const first = await ask(site.port, '/s')
    expect(first.status).toBe(200)
    expect(first.headers['cache-control']).toBe(NO_STORE)
    expect(first.headers.etag).toMatch(/^"[\w-]{27}"$/)
    expect(first.headers).not.toHaveProperty('x-isr-cache')
    expect((await ask(site.port, '/s')).text).toContain('"calls":2')
    expect(site.engine.stored.size).toBe(0)
  })

  it('S08 what the page sets on the response is sent', async () => {
    site = await startSite({
      '/s': serverPage(({ res }) => {
        res.setHeader('Cache-Control', 'public, s-maxage=10')
        res.setHeader('Set-Cookie', ['a=1', 'b=2'])
        res.statusCode = 418
        return { props: {} }
      }),
    })
    const answer = await ask(site.port, '/s')
    expect(answer.status).toBe(418)
    expect(answer.headers['cache-control']).toBe('public, s-maxage=10')
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
  })

  it('J02 context and router state: params, query, resolvedUrl, cookies, for page and data', async () => {
    const seen: unknown[] = []
    site = await startSite({
      '/s/[id]': serverPage(({ params, query, resolvedUrl, req, locales, draftMode }) => {
        seen.push({ params, query, resolvedUrl, cookies: { ...req.cookies }, locales, draftMode })
        return { props: {} }
      }),
    })
    const html = await ask(site.port, '/s/7?q=a&id=evil', { headers: { cookie: 'c=1' } })
    expect(html.text).toContain('"asPath":"/s/7?q=a&id=evil","query":{"q":"a","id":"7"}')
    const data = await ask(site.port, '/_isr/data/build1/s/7.json?q=a&id=evil', { headers: { cookie: 'c=1' } })
    expect(data.text).toBe('{"pageProps":{}}')
    expect(data.headers['cache-control']).toBe(NO_STORE)
    const expected = {
      params: { id: '7' },
      query: { q: 'a', id: '7' },
      resolvedUrl: '/s/7?q=a&id=evil',
      cookies: { c: '1' },
      locales: [],
    }
    expect(seen).toEqual([expected, expected])
  })

  it('H02 any method renders, OPTIONS is 400', async () => {
    site = await startSite({ '/s': serverPage(({ req }) => ({ props: { method: req.method } })) })
    for (const method of ['POST', 'PUT', 'DELETE']) {
      expect((await ask(site.port, '/s', { method })).text).toContain(`"method":"${method}"`)
    }
    const options = await ask(site.port, '/s', { method: 'OPTIONS' })
    expect([options.status, options.text]).toEqual([400, ''])
    const head = await ask(site.port, '/s', { method: 'HEAD' })
    expect([head.status, head.text]).toEqual([200, ''])
  })

  it('H05 304 for a page that did not change', async () => {
    site = await startSite({ '/s': serverPage(() => ({ props: {} })) })
    const { etag } = (await ask(site.port, '/s')).headers
    const answer = await ask(site.port, '/s', { headers: { 'if-none-match': etag! } })
    expect(answer.status).toBe(304)
    expect(answer.headers['content-length']).toBeUndefined()
    expect((await ask(site.port, '/s', { method: 'POST', headers: { 'if-none-match': etag! } })).status).toBe(200)
  })

  it('notFound and redirect, for page and data', async () => {
    site = await startSite({
      '/404': {},
      '/gone': serverPage(() => ({ notFound: true })),
      '/moved': serverPage(() => ({ redirect: { destination: '/to', permanent: true } })),
    })
    const gone = await ask(site.port, '/gone')
    expect([gone.status, gone.headers['cache-control']]).toEqual([404, NO_STORE])
    expect(gone.text).toContain('"pattern":"/404"')
    expect(gone.headers).not.toHaveProperty('x-isr-cache')
    const moved = await ask(site.port, '/moved')
    expect([moved.status, moved.headers.location, moved.headers['refresh']]).toEqual([308, '/to', '0;url=/to'])
    expect((await ask(site.port, '/_isr/data/build1/gone.json')).text).toBe('{"notFound":true}')
    expect((await ask(site.port, '/_isr/data/build1/moved.json')).text).toBe(
      '{"redirect":{"destination":"/to","statusCode":308}}',
    )
  })

  it('a page that answers by itself is left alone', async () => {
    site = await startSite({
      '/file': serverPage(({ res }) => {
        res.setHeader('Content-Type', 'text/csv')
        res.end('a,b')
        return { props: {} }
      }),
      '/later': serverPage(({ res }) => {
        res.writeHead(200)
        setImmediate(() => res.end('later'))
      }),
    })
    expect((await ask(site.port, '/file')).text).toBe('a,b')
    expect((await ask(site.port, '/later')).text).toBe('later')
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('secret')
      },
    ],
    ['returns nothing', () => undefined],
    ['returns unknown keys', () => ({ props: {}, revalidate: 1 })],
    ['returns a Date', () => ({ props: { at: new Date(0) } })],
    ['rejects with null', () => Promise.reject(null)],
  ])('E03 W14 one that %s is 500', async (_name, result) => {
    site = await startSite({
      '/s': serverPage(({ res }) => {
        res.setHeader('Content-Length', '5')
        res.setHeader('Content-Encoding', 'gzip')
        return result()
      }),
    })
    for (const path of ['/s', '/_isr/data/build1/s.json']) {
      const answer = await ask(site.port, path)
      expect(answer.status).toBe(500)
      expect(answer.headers['cache-control']).toBe(NO_STORE)
      expect(answer.text).not.toContain('secret')
    }
    expect(site.lines.length).toBe(1)
  })

  it('SEC-42 a component that throws is 500', async () => {
    site = await startSite(
      { '/s': serverPage(() => ({ props: {} })) },
      {
        render: async () => {
          throw new Error('secret')
        },
      },
    )
    const answer = await ask(site.port, '/s')
    expect(answer.status).toBe(500)
    expect(answer.text).toContain('500: Internal Server Error.')
  })

  it('W5 one that never answers is given up', async () => {
    site = await startSite(
      { '/s': serverPage(() => new Promise(() => undefined)) },
      { manifest: { settings: { ...SETTINGS, generateTimeout: 0.05 } } },
    )
    expect((await ask(site.port, '/s')).status).toBe(500)
    expect(site.lines[0]).toContain('code=ISR_TIMEOUT')
  })

  it('REL-07 P5 renders that wait for a slot longer than a generation may take get 503 and may come again', async () => {
    let renders = 0
    site = await startSite(
      { '/s': serverPage(() => ({ props: {} })) },
      {
        manifest: { settings: { ...SETTINGS, generateTimeout: 0.2, render: { ...SETTINGS.render, concurrency: 1 } } },
        render: async ({ pattern }) => {
          if (pattern !== '/s') return '<!DOCTYPE html><html></html>'
          renders += 1
          return new Promise(() => undefined)
        },
      },
    )
    const { port } = site
    const answers = await Promise.all([1, 2, 3, 4].map(() => ask(port, '/s')))
    expect(answers.filter(({ status }) => status === 500)).toHaveLength(2)
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(2)
    expect(answers.find(({ status }) => status === 503)!.headers).toMatchObject({ 'retry-after': '2' })
    expect(renders).toBe(2)
  })

  it('REL-59 a module that can’t be imported says that only a restart helps', async () => {
    const load = () => Promise.reject(new Error('no database'))
    site = await startSite(
      { '/s': serverPage(() => ({ props: {} })), '/api/a': { module: { default: () => undefined } } },
      { options: { loadApp: async () => ({ load }) as unknown as IsrApp } },
    )
    expect((await ask(site.port, '/s')).status).toBe(500)
    expect((await ask(site.port, '/api/a')).status).toBe(500)
    expect(site.lines).toHaveLength(2)
    for (const line of site.lines) {
      expect(line).toContain('code=ISR_IMPORT')
      expect(line).toContain('no database')
      expect(line).toContain('until the server is restarted')
    }
  })

  it('P7 past `render.waiters` visitors whose data function runs, the next one gets 503', async () => {
    let release = (): void => undefined
    const left = new Promise<void>((resolve) => (release = resolve))
    let calls = 0
    const render = { ...SETTINGS.render, waiters: 2 }
    site = await startSite(
      {
        '/s': serverPage(async () => {
          calls += 1
          await left
          return { props: {} }
        }),
      },
      { manifest: { settings: { ...SETTINGS, render } } },
    )
    const waiting = [ask(site.port, '/s'), ask(site.port, '/s')]
    await vi.waitFor(() => expect(calls).toBe(2))
    const refused = await ask(site.port, '/s')
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '2'])
    release()
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200])
    expect((await ask(site.port, '/s')).status).toBe(200)
    expect(calls).toBe(3)
  })

  it('P8 a visitor who leaves is no problem', async () => {
    let release = (): void => undefined
    const left = new Promise<void>((resolve) => (release = resolve))
    let isCalled = (): void => undefined
    const called = new Promise<void>((resolve) => (isCalled = resolve))
    site = await startSite({
      '/s': serverPage(async () => {
        isCalled()
        await left
        return { props: {} }
      }),
    })
    const socket = connect(site.port, '127.0.0.1')
    socket.write('GET /s HTTP/1.1\r\nHost: x\r\n\r\n')
    await called
    socket.destroy()
    release()
    expect((await ask(site.port, '/s')).status).toBe(200)
  })
})
