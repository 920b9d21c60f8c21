import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import express from 'express'
import fastify from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import type { ApiHandler, GetStaticProps } from '../types.ts'
import { NO_STORE } from './cache-control.ts'
import type { IsrHandler } from './handler.ts'
import { createIsrHandler } from './isr-handler.ts'
import { ask } from './testing/client.ts'
import { startSite, type TestPage, type TestSite } from './testing/site.ts'

let site: TestSite | undefined
afterEach(async () => {
  await site?.close()
  site = undefined
})

const getStaticProps: GetStaticProps = async ({ params }) => ({ props: { params }, revalidate: 60 })
const echo: ApiHandler = (req, res) => res.status(201).json({ query: req.query, cookies: req.cookies, body: req.body })
const pages: Record<string, TestPage> = {
  '/p/[id]': { module: { getStaticProps }, fallback: 'blocking' },
  '/api/echo/[name]': { module: { default: echo } },
}

async function expectWhole(port: number, base = ''): Promise<void> {
  const miss = await ask(port, `${base}/p/1?x=1`)
  expect([miss.status, miss.headers['x-isr-cache']]).toEqual([200, 'MISS'])
  const hit = await ask(port, `${base}/p/1`, { headers: { 'accept-encoding': 'br' } })
  expect(hit.headers).toMatchObject({ 'x-isr-cache': 'HIT', 'content-encoding': 'br' })
  expect(hit.text).toBe(miss.text)
  expect((await ask(port, `${base}/p/1`, { headers: { 'if-none-match': miss.headers.etag! } })).status).toBe(304)
  expect((await ask(port, `${base}/_isr/data/build1/p/1.json`)).text).toBe('{"pageProps":{"params":{"id":"1"}}}')
  expect((await ask(port, `${base}/p/1/`)).headers.location).toBe(`${base}/p/1`)
  const headers = { 'content-type': 'application/json', cookie: 'c=1' }
  const api = await ask(port, `${base}/api/echo/n?a=1`, { method: 'POST', headers, body: '{"b":2}' })
  expect(api.status).toBe(201)
  expect(JSON.parse(api.text)).toEqual({ query: { a: '1', name: 'n' }, cookies: { c: '1' }, body: { b: 2 } })
}

describe('in an Express app', () => {
  it('as its last middleware', async () => {
    site = await startSite(pages, {
      mount: (handler) => {
        const app = express()
        app.get('/own', (_req, res) => void res.send('own'))
        app.use(handler)
        return app
      },
    })
    await expectWhole(site.port)
    expect((await ask(site.port, '/own')).text).toBe('own')
    expect((await ask(site.port, '/nope')).text).toContain('"pattern":"/404"')
  })

  it('below a path that is the base, with a body parser in front', async () => {
    site = await startSite(pages, {
      manifest: { base: '/app/' },
      mount: (handler) => express().use(express.json()).use('/app', handler),
    })
    await expectWhole(site.port, '/app')
  })

  it('with fallthrough, the app answers what is no page', async () => {
    site = await startSite(pages, {
      options: { fallthrough: true },
      mount: (handler) =>
        express()
          .use(handler)
          .use((_req, res) => void res.status(404).send('own 404')),
    })
    expect((await ask(site.port, '/nope')).text).toBe('own 404')
    expect((await ask(site.port, '/api/nope')).text).toBe('own 404')
    expect((await ask(site.port, '/p/1')).status).toBe(200)
  })

  it('S12 headers that the app set stay, those of the page win', async () => {
    site = await startSite(pages, {
      mount: (handler) =>
        express()
          .use((_req, res, next) => {
            res.setHeader('X-Frame-Options', 'DENY')
            res.setHeader('Cache-Control', 'no-store')
            res.setHeader('Content-Length', '3')
            next()
          })
          .use(handler),
    })
    for (let round = 0; round < 2; round += 1) {
      const answer = await ask(site.port, '/p/1')
      expect(answer.headers['x-frame-options']).toBe('DENY')
      expect(answer.headers['cache-control']).toMatch(/^s-maxage=60,/)
      expect(answer.rawHeaders.filter((name) => name.toLowerCase() === 'cache-control')).toHaveLength(1)
      expect(answer.text).toMatch(/<\/html>$/)
    }
  })
})

describe('in a Fastify app', () => {
  it('as the route for the rest', async () => {
    site = await startSite(pages)
    const app = fastify()
    const { handler } = site
    app.removeAllContentTypeParsers()
    // The body is left in the stream, for the API routes.
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
    app.get('/own', async () => 'own')
    app.all('*', (request, reply) => {
      reply.hijack()
      handler(request.raw, reply.raw)
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    try {
      const { port } = app.server.address() as { port: number }
      await expectWhole(port)
      expect((await ask(port, '/own')).text).toBe('own')
    } finally {
      await app.close()
    }
  })
})

describe('in a plain server', () => {
  it('as its listener', async () => {
    site = await startSite(pages)
    await expectWhole(site.port)
  })

  it('through the fetch standard', async () => {
    site = await startSite(pages)
    await expectWhole((await listenFetch(site.handler)).port)
  })
})

/** A server of another kind: it only knows requests and responses of the fetch standard. */
async function listenFetch(handler: IsrHandler): Promise<{ port: number }> {
  const server = createServer((req, res) => {
    const { url = '/', method = 'GET' } = req
    const hasBody = method !== 'GET' && method !== 'HEAD'
    const request = new Request(`http://localhost${url}`, {
      method,
      headers: req.headers as Record<string, string>,
      ...(hasBody && { body: req as unknown as ReadableStream, duplex: 'half' }),
    })
    handler.fetch(request).then(
      async (response) => {
        res.writeHead(response.status, [...response.headers].flat())
        res.end(Buffer.from(await response.arrayBuffer()))
      },
      (error: unknown) => res.destroy(error as Error),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  return server.address() as { port: number }
}

describe('in an HTTP/2 server', () => {
  it('as Vite makes one for https', async () => {
    site = await startSite({ ...pages, '/s': { module: { getServerSideProps: async () => ({ props: {} }) } } })
    const { handler } = site
    const server = createHttp2Server((req, res) =>
      handler(req as unknown as IncomingMessage, res as unknown as ServerResponse),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const client = connectHttp2(`http://127.0.0.1:${(server.address() as { port: number }).port}`)
    const get = async (path: string, method = 'GET') => {
      const stream = client.request({ ':path': path, ':method': method, 'accept-encoding': 'identity' })
      const headers = new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve))
      let text = ''
      for await (const chunk of stream) text += String(chunk)
      return { ...(await headers), text }
    }
    try {
      expect(await get('/p/1')).toMatchObject({ ':status': 200, 'x-isr-cache': 'MISS' })
      expect(await get('/p/1')).toMatchObject({ ':status': 200, 'x-isr-cache': 'HIT', vary: 'Accept-Encoding' })
      expect(await get('/p/1/')).toMatchObject({ ':status': 308, location: '/p/1' })
      expect(await get('/nope')).toMatchObject({ ':status': 404 })
      expect(await get('/s')).toMatchObject({ ':status': 200 })
      expect(await get('/api/echo/n')).toMatchObject({
        ':status': 201,
        text: '{"query":{"name":"n"},"cookies":{},"body":""}',
      })
      expect(await get('/p/1', 'POST')).toMatchObject({ ':status': 405 })
    } finally {
      client.close()
      server.close()
    }
  })
})

describe('fetch', () => {
  it('answers are whole, with all their cookies', async () => {
    const streamed: ApiHandler = (_req, res) => {
      res.setHeader('Set-Cookie', ['a=1', 'b=2'])
      res.write('one ')
      setImmediate(() => res.end('two'))
    }
    site = await startSite({ ...pages, '/api/streamed': { module: { default: streamed } } })
    const { handler } = site
    const response = await handler.fetch(new Request('http://any.example/api/streamed'))
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(response.headers.has('transfer-encoding')).toBe(false)
    expect(await response.text()).toBe('one two')
    const head = await handler.fetch(new Request('http://any.example/p/1', { method: 'HEAD' }))
    expect(head.body).toBeNull()
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(100)
    const redirect = await handler.fetch(new Request('http://any.example/p/1/'))
    expect([redirect.status, redirect.headers.get('location')]).toEqual([308, '/p/1'])
  })

  it('a large body goes through, and one that is refused does not hang', async () => {
    const size: ApiHandler = (req, res) => res.json((req.body as string).length)
    site = await startSite({ '/api/size': { module: { default: size } } })
    const post = (body: string) => site!.handler.fetch(new Request('http://x/api/size', { method: 'POST', body }))
    expect(await (await post('x'.repeat(1_000_000))).text()).toBe('1000000')
    expect((await post('x'.repeat(3_000_000))).status).toBe(413)
    expect(await (await post('x')).text()).toBe('1')
  })

  it('SEC-104 a body that is shorter or longer than its header says is 400, and never another request', async () => {
    const asked: string[] = []
    const note: ApiHandler = (req, res) => {
      asked.push(`${req.method} ${req.url}`)
      res.json(req.body)
    }
    site = await startSite({ '/api/note': { module: { default: note } } })
    const smuggled = 'GET /api/note?smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
    const fetchBody = (body: BodyInit | undefined, length: string | undefined, method = 'POST') => {
      const headers = new Headers(length === undefined ? {} : { 'content-length': length })
      const options = { method, headers, ...(body !== undefined && { body }) }
      return site!.handler.fetch(new Request('http://x/api/note', options))
    }
    for (const length of ['100000', '4', '0', 'abc', '-1', '3, 3', '1e1']) {
      const answer = await fetchBody(`hello${smuggled}`, length)
      expect([answer.status, answer.headers.get('cache-control'), await answer.text()]).toEqual([
        400,
        NO_STORE,
        'Bad Request',
      ])
    }
    expect((await fetchBody(undefined, '5')).status).toBe(400)
    expect(asked.filter((each) => each.includes('smuggled'))).toEqual([])
    asked.length = 0
    for (const method of ['POST', 'DELETE', 'OPTIONS', 'PATCH']) {
      expect(await (await fetchBody(smuggled, undefined, method)).json()).toBe(smuggled)
      expect(await (await fetchBody('hello', '5', method)).json()).toBe('hello')
    }
    // Adapters pass the headers of a GET with a body on, and cannot pass the body.
    expect(await (await fetchBody(undefined, '5', 'GET')).json()).toBe('')
    expect(asked).toHaveLength(9)
  })

  it('many at once', async () => {
    site = await startSite(pages)
    const { handler } = site
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        handler.fetch(new Request(`http://x/p/${index % 5}`)).then((answer) => answer.text()),
      ),
    )
    expect(new Set(answers).size).toBe(5)
  })

  it('an abort ends the request', async () => {
    const never: ApiHandler = () => undefined
    site = await startSite({ '/api/never': { module: { default: never } } })
    const controller = new AbortController()
    const answer = site.handler.fetch(new Request('http://x/api/never', { signal: controller.signal }))
    setImmediate(() => controller.abort())
    await expect(answer).rejects.toThrow()
  })
})

describe('createIsrHandler', () => {
  it('ISR_NO_BUILD says what to run', () => {
    expect(() => createIsrHandler({ dist: '/nowhere' })).toThrow(/no build in \/nowhere.*Run `vite build` first/)
  })

  it('P8 headers that are about the visitor’s own connection break nothing', async () => {
    site = await startSite(pages)
    const { handler } = site
    const headers = { te: 'trailers', trailer: 'x-checksum', 'keep-alive': 'timeout=5' }
    expect((await handler.fetch(new Request('http://x/p/1', { headers }))).status).toBe(200)
  })
})
