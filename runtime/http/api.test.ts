import { createServer } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ApiConfig, ApiHandler, GetStaticProps } from '../types.ts'
import { NO_STORE } from './cache-control.ts'
import { ask, type Ask } from './testing/client.ts'
import { SETTINGS } from './testing/manifest.ts'
import { startSite, type TestPage, type TestSite } from './testing/site.ts'

let site: TestSite | undefined
afterEach(async () => {
  await site?.close()
  site = undefined
})

function route(handler: ApiHandler, config?: ApiConfig): TestPage {
  return { module: { default: handler, ...(config && { config }) } }
}

function staticPage(getStaticProps: GetStaticProps, extra: Partial<TestPage> = {}): TestPage {
  return { module: { getStaticProps }, ...extra }
}

async function start(
  pages: Record<string, TestPage>,
  changes: Parameters<typeof startSite>[1] = {},
): Promise<TestSite> {
  return (site = await startSite(pages, changes))
}

const echo = route((req, res) => res.json({ body: req.body, type: typeof req.body }))

describe('request', () => {
  it('A01 query: parameters win, repeats are arrays, no prototype', async () => {
    const { port } = await start({ '/api/[id]': route((req, res) => res.json(req.query)) })
    const answer = await ask(port, '/api/7?a=1&a=2&b&id=evil&__proto__=x')
    expect(JSON.parse(answer.text)).toEqual({ a: ['1', '2'], b: '', id: '7' })
  })

  it('cookies by name', async () => {
    const { port } = await start({ '/api/x': route((req, res) => res.json(req.cookies)) })
    const answer = await ask(port, '/api/x', { headers: { cookie: 'a=1; b=%20x; __proto__=y' } })
    expect(answer.text).toBe('{"a":"1","b":" x","__proto__":"y"}')
  })

  const bodies: Array<[string, Ask, unknown]> = [
    ['application/json', { body: '{"a":1}' }, { a: 1 }],
    ['application/json; charset=utf-8', { body: '[1]' }, [1]],
    ['application/ld+json', { body: 'null' }, null],
    ['application/json', { body: '5' }, 5],
    ['application/json', { body: '' }, {}],
    ['application/x-www-form-urlencoded', { body: 'a=1&b=2&b=3' }, { a: '1', b: ['2', '3'] }],
    ['Application/X-WWW-Form-Urlencoded', { body: 'a=ü' }, { a: 'ü' }],
    ['application/vnd.api+json', { body: '{"a":1}' }, '{"a":1}'],
    ['multipart/form-data; boundary=x', { body: '--x' }, '--x'],
    ['application/octet-stream', { body: 'abc' }, 'abc'],
    ['this is broken', { body: 'abc' }, 'abc'],
    ['text/plain; charset=latin1', { body: Buffer.from('é', 'latin1') }, 'é'],
  ]
  it.each(bodies)('A03 %s', async (type, request, body) => {
    const { port } = await start({ '/api/x': echo })
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const answer = await ask(port, '/api/x', { method, headers: { 'content-type': type }, ...request })
      expect(JSON.parse(answer.text).body).toEqual(body)
    }
  })

  it('A03 GET without a body and without a type is an empty string', async () => {
    const { port } = await start({ '/api/x': echo })
    expect((await ask(port, '/api/x')).text).toBe('{"body":"","type":"string"}')
    expect((await ask(port, '/api/x', { method: 'POST', body: 'x' })).text).toBe('{"body":"x","type":"string"}')
  })

  it.each(['{"a":', '{a:1}', 'undefined'])('broken JSON %s is 400', async (body) => {
    const { port } = await start({ '/api/x': echo })
    const answer = await ask(port, '/api/x', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect([answer.status, answer.reason, answer.text]).toEqual([400, 'Invalid JSON', 'Invalid JSON'])
  })

  it('SEC-104 JSON nested beyond reason is 400', async () => {
    const { port } = await start({ '/api/x': echo })
    const headers = { 'content-type': 'application/json' }
    const deep = '['.repeat(20_000) + ']'.repeat(20_000)
    expect((await ask(port, '/api/x', { method: 'POST', headers, body: deep })).status).toBe(400)
    const text = JSON.stringify('['.repeat(20_000))
    expect((await ask(port, '/api/x', { method: 'POST', headers, body: text })).status).toBe(200)
  })

  it('A05 SEC-104 a body over the limit is 413, also without a length', async () => {
    const { port } = await start({
      '/api/x': route((req, res) => res.json((req.body as string).length)),
      '/api/small': route((req, res) => res.json(req.body), { api: { bodyParser: { sizeLimit: '10b' } } }),
    })
    const exact = await ask(port, '/api/x', { method: 'POST', body: 'x'.repeat(1024 ** 2) })
    expect(exact.text).toBe(String(1024 ** 2))
    const over = await ask(port, '/api/x', { method: 'POST', body: 'x'.repeat(1024 ** 2 + 1) })
    expect([over.status, over.reason, over.text]).toEqual([413, 'Body exceeded 1mb limit', 'Body exceeded 1mb limit'])
    const headers = { 'transfer-encoding': 'chunked' }
    const chunked = await ask(port, '/api/small', { method: 'POST', headers, body: 'x'.repeat(11) })
    expect([chunked.status, chunked.text]).toEqual([413, 'Body exceeded 10b limit'])
    expect((await ask(port, '/api/small', { method: 'POST', body: '0123456789' })).text).toBe('"0123456789"')
  })

  it('A05 SEC-104 P7 `api.bodyBytes` is the limit of routes that have none of their own', async () => {
    const routes = {
      '/api/x': echo,
      '/api/more': route((req, res) => res.json(req.body), { api: { bodyParser: { sizeLimit: '3kb' } } }),
    }
    const settings = { ...SETTINGS, api: { ...SETTINGS.api, bodyBytes: 2048 } }
    const { port } = await start(routes, { manifest: { settings } })
    const post = (path: string, length: number) =>
      ask(port, path, { method: 'POST', body: 'x'.repeat(length) }).then(({ status, reason }) => [status, reason])
    expect(await post('/api/x', 2048)).toEqual([200, 'OK'])
    expect(await post('/api/x', 2049)).toEqual([413, 'Body exceeded 2kb limit'])
    expect(await post('/api/more', 2049)).toEqual([200, 'OK'])
    expect(await post('/api/more', 3073)).toEqual([413, 'Body exceeded 3kb limit'])
  })

  it('A05 SEC-104 P7 all bodies that are being read are bounded together: `api.totalBodyBytes`', async () => {
    const settings = { ...SETTINGS, api: { bodyBytes: 1000, totalBodyBytes: 2500 } }
    const { port } = await start({ '/api/x': echo }, { manifest: { settings } })
    /** Announces 1000 bytes, sends fewer, and says what became of it. */
    const begin = async (length: number) => {
      const socket = connect(port, '127.0.0.1')
      let text = ''
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
      socket.on('error', () => undefined)
      const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(text)))
      await new Promise<void>((resolve) => socket.once('connect', resolve))
      socket.write(
        `POST /api/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(length)}`,
      )
      return { socket, ended }
    }
    const first = await begin(900)
    const second = await begin(900)
    // Whoever goes over the bound with the others is cut off; they are not.
    expect(await (await begin(900)).ended).toBe('')
    const last = await begin(700)
    await vi.waitFor(async () => {
      const refused = await ask(port, '/api/x', { method: 'POST', body: 'x' })
      expect([refused.status, refused.headers['retry-after']]).toEqual([503, '2'])
    })
    last.socket.destroy()
    await vi.waitFor(async () => {
      expect((await ask(port, '/api/x', { method: 'POST', body: 'x' })).status).toBe(200)
    })
    for (const { socket } of [first, second]) socket.write('x'.repeat(100))
    expect(await second.ended).toContain('200 OK')
    expect(await first.ended).toContain('200 OK')
  })

  it('A05 the connection stays usable after a refused body', async () => {
    const { port } = await start({ '/api/x': echo })
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    const big = 2 * 1024 ** 2
    socket.write(`POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: ${big}\r\n\r\n`)
    socket.write('x'.repeat(big))
    socket.write('GET /api/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    await new Promise((resolve) => socket.once('close', resolve))
    expect(text).toContain('HTTP/1.1 413 Body exceeded 1mb limit')
    expect(text).toContain('HTTP/1.1 200 OK')
  })

  it('A06 without the parser the stream is the route’s own', async () => {
    const { port } = await start({
      '/api/x': route(
        async (req, res) => {
          let size = 0
          for await (const chunk of req) size += (chunk as Buffer).length
          res.json({ size, body: String(req.body) })
        },
        { api: { bodyParser: false } },
      ),
    })
    const answer = await ask(port, '/api/x', { method: 'POST', body: 'x'.repeat(2 * 1024 ** 2) })
    expect(JSON.parse(answer.text)).toEqual({ size: 2 * 1024 ** 2, body: 'undefined' })
  })

  it('a wrong sizeLimit is an error, not no limit', async () => {
    const { port, lines } = await start({
      '/api/x': route((_req, res) => res.end(), { api: { bodyParser: { sizeLimit: 'big' } } }),
    })
    expect((await ask(port, '/api/x', { method: 'POST', body: 'x' })).status).toBe(500)
    expect(lines[0]).toContain('sizeLimit is "big"')
  })
})

describe('response', () => {
  const answers: Array<[string, ApiHandler, number, string | undefined, string]> = [
    ['json', (_req, res) => res.status(201).json({ a: 1 }), 201, 'application/json; charset=utf-8', '{"a":1}'],
    ['json(undefined)', (_req, res) => res.json(undefined), 200, 'application/json; charset=utf-8', ''],
    ['json(null)', (_req, res) => res.json(null), 200, 'application/json; charset=utf-8', 'null'],
    ['json(string)', (_req, res) => res.json('x'), 200, 'application/json; charset=utf-8', '"x"'],
    ['send(object)', (_req, res) => res.send({ a: 1 }), 200, 'application/json; charset=utf-8', '{"a":1}'],
    ['send(number)', (_req, res) => res.send(5), 200, 'application/json; charset=utf-8', '5'],
    ['send(text)', (_req, res) => res.send('<b>'), 200, 'text/plain; charset=utf-8', '<b>'],
    ['send(bytes)', (_req, res) => res.send(Buffer.from('x')), 200, 'application/octet-stream', 'x'],
    ['send()', (_req, res) => res.send(undefined), 200, undefined, ''],
    ['send(stream)', (_req, res) => res.send(Readable.from(['a', 'b'])), 200, 'application/octet-stream', 'ab'],
    ['204', (_req, res) => res.status(204).send('x'), 204, undefined, ''],
    ['own type', (_req, res) => res.setHeader('Content-Type', 'text/html') && res.send('<b>'), 200, 'text/html', '<b>'],
    ['end', (_req, res) => res.end('raw'), 200, undefined, 'raw'],
    ['redirect', (_req, res) => res.redirect('/to'), 307, undefined, '/to'],
    ['redirect with status', (_req, res) => res.redirect(303, '/to'), 303, undefined, '/to'],
  ]
  it.each(answers)('A07 A09 %s', async (_name, handler, status, type, text) => {
    const { port } = await start({ '/api/x': route(handler) })
    const answer = await ask(port, '/api/x')
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([status, type, text])
    if (status === 307 || status === 303) expect(answer.headers.location).toBe('/to')
  })

  it('an answer has a validator', async () => {
    const { port } = await start({ '/api/x': route((_req, res) => res.json({ a: 1 })) })
    const { etag } = (await ask(port, '/api/x')).headers
    const again = await ask(port, '/api/x', { headers: { 'if-none-match': etag! } })
    expect([again.status, again.text]).toEqual([304, ''])
    expect((await ask(port, '/api/x', { method: 'POST', headers: { 'if-none-match': etag! } })).status).toBe(200)
    expect((await ask(port, '/api/x', { method: 'HEAD' })).headers['content-length']).toBe('7')
  })

  const failing: Array<[string, ApiHandler]> = [
    [
      'throws',
      () => {
        throw Object.assign(new Error('secret'), { statusCode: 418 })
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('secret')
      },
    ],
    ['rejects with a string', () => Promise.reject('secret')],
    ['rejects with nothing', () => Promise.reject(undefined)],
    ['redirects nowhere', (_req, res) => res.redirect(307 as unknown as string)],
    ['redirects with a line break', (_req, res) => res.redirect('/a\r\nset-cookie: x=1')],
    ['sends what JSON cannot hold', (_req, res) => res.json(1n)],
  ]
  it.each(failing)('A10 a handler that %s is a plain 500', async (_name, handler) => {
    const { port, lines } = await start({ '/api/x': route(handler) })
    const answer = await ask(port, '/api/x')
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([
      500,
      'Internal Server Error',
      'text/plain; charset=utf-8',
    ])
    expect(answer.headers['cache-control']).toBe(NO_STORE)
    expect(lines).toHaveLength(1)
    expect((await ask(port, '/api/x')).status).toBe(500)
  })

  it('A10 an import that fails, or exports no function, is a plain 500', async () => {
    const { port } = await start({ '/api/x': { module: { default: 'nothing' as unknown as ApiHandler } } })
    expect((await ask(port, '/api/x')).text).toBe('Internal Server Error')
  })

  it('P2 half an answer breaks the connection', async () => {
    const { port } = await start({
      '/api/x': route((_req, res) => {
        res.write('half')
        throw new Error('x')
      }),
    })
    await expect(ask(port, '/api/x')).rejects.toThrow()
    expect((await ask(port, '/nope')).status).toBe(404)
  })

  it('P8 writing after the end is logged and survived', async () => {
    const { port } = await start({
      '/api/x': route((_req, res) => {
        res.json(1)
        res.write('more')
        res.end('and more')
      }),
    })
    expect((await ask(port, '/api/x')).text).toBe('1')
    await new Promise((resolve) => setImmediate(resolve))
    expect((await ask(port, '/api/x')).text).toBe('1')
  })

  it('P8 a stream that fails breaks the answer, not the process', async () => {
    const { port } = await start({
      '/api/x': route((_req, res) => {
        res.send(
          new Readable({
            read() {
              this.push('x')
              this.destroy(new Error('disk'))
            },
          }),
        )
      }),
    })
    await expect(ask(port, '/api/x')).rejects.toThrow()
    expect((await ask(port, '/nope')).status).toBe(404)
  })

  it('A11 development warns of a handler that answers nobody', async () => {
    const silent = route(() => undefined)
    const external = route(() => undefined, { api: { externalResolver: true } })
    const { port, lines } = await start({ '/api/x': silent, '/api/y': external }, { options: { development: true } })
    for (const path of ['/api/y', '/api/x']) {
      const socket = connect(port, '127.0.0.1')
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
      if (path === '/api/x') await expect.poll(() => lines.length).toBe(1)
      socket.destroy()
    }
    expect(lines[0]).toContain('API resolved without sending a response for /api/x')
  })

  it('A12 a large answer is worth a word, unless told otherwise', async () => {
    const big =
      (size: number): ApiHandler =>
      (_req, res) =>
        res.send('x'.repeat(size))
    const { port, lines } = await start({
      '/api/big': route(big(5 * 1024 ** 2)),
      '/api/ok': route(big(1024)),
      '/api/own': route(big(1024), { api: { responseLimit: '1kb' } }),
      '/api/less': route(big(1025), { api: { responseLimit: '1kb' } }),
      '/api/off': route(big(5 * 1024 ** 2), { api: { responseLimit: false } }),
    })
    for (const name of ['big', 'ok', 'own', 'less', 'off']) expect((await ask(port, `/api/${name}`)).status).toBe(200)
    expect(lines.map((line) => /exceeds \S+/.exec(line)?.[0])).toEqual(['exceeds 4mb:', 'exceeds 1kb:'])
  })

  it('an unknown API path is a 404 page, and no page answers for it', async () => {
    const { port } = await start({ '/api/x': echo, '/[...all]': {} })
    for (const path of ['/api', '/api/y', '/api/x/z']) {
      const answer = await ask(port, path)
      expect(answer.status).toBe(404)
      expect(answer.headers['cache-control']).toBe(NO_STORE)
    }
    expect((await ask(port, '/apis')).status).toBe(200)
  })
})

describe('res.revalidate', () => {
  it('O01 the route of the guide works as written', async () => {
    let version = 1
    const reasons: string[] = []
    const { port } = await start({
      '/posts/[id]': staticPage(
        async ({ revalidateReason }) => {
          reasons.push(revalidateReason)
          return { props: { version } }
        },
        { fallback: 'blocking' },
      ),
      '/api/revalidate': route(async (req, res) => {
        if (req.query['secret'] !== 'token') return res.status(401).json({ message: 'Invalid token' })
        try {
          await res.revalidate('/posts/1')
          return res.json({ revalidated: true })
        } catch {
          return res.status(500).send('Error revalidating')
        }
      }),
    })
    expect((await ask(port, '/posts/1')).text).toContain('"version":1')
    version = 2
    expect((await ask(port, '/api/revalidate?secret=wrong')).status).toBe(401)
    expect((await ask(port, '/posts/1')).text).toContain('"version":1')
    const answer = await ask(port, '/api/revalidate?secret=token')
    expect([answer.status, answer.text]).toEqual([200, '{"revalidated":true}'])
    const next = await ask(port, '/posts/1')
    expect(next.headers['x-isr-cache']).toBe('HIT')
    expect(next.text).toContain('"version":2')
    expect(reasons).toEqual(['stale', 'on-demand'])
  })

  it('O01 the guide’s route answers 500 when the render fails, and the page stays', async () => {
    let isBroken = false
    const { port } = await start({
      '/posts/[id]': staticPage(
        async () => {
          if (isBroken) throw new Error('no data')
          return { props: { good: true } }
        },
        { fallback: 'blocking' },
      ),
      '/api/revalidate': route(async (_req, res) => {
        try {
          await res.revalidate('/posts/1')
          return res.json({ revalidated: true })
        } catch {
          return res.status(500).send('Error revalidating')
        }
      }),
    })
    await ask(port, '/posts/1')
    isBroken = true
    const answer = await ask(port, '/api/revalidate')
    expect([answer.status, answer.text]).toEqual([500, 'Error revalidating'])
    expect((await ask(port, '/posts/1')).text).toContain('"good":true')
  })

  const pages = {
    '/': staticPage(async () => ({ props: {} })),
    '/p/[id]': staticPage(async () => ({ props: {} }), { fallback: 'blocking' as const }),
    '/f/[id]': staticPage(async () => ({ props: {} }), { fallback: false, paths: ['/f/1'] }),
    '/about': {},
    '/admin': { module: { getServerSideProps: async () => ({ props: {} }) } },
    '/api/revalidate': route(async (req, res) => {
      try {
        const { path, options } = req.body as { path: string; options?: object }
        res.json(await res.revalidate(path, options))
      } catch (error) {
        const { code, message } = error as { code: string; message: string }
        res.status(500).json({ code, message })
      }
    }),
  }

  async function revalidate(port: number, path: unknown, options?: object) {
    const headers = { 'content-type': 'application/json' }
    const answer = await ask(port, '/api/revalidate', {
      method: 'POST',
      headers,
      body: JSON.stringify({ path, options }),
    })
    return JSON.parse(answer.text) as { status?: string; code?: string; message?: string }
  }

  it.each([undefined, null, 5, {}, [], '', 'posts/1', 'http://evil.example/p/1', '@evil', '.evil.com'])(
    'O08 SEC-72 %j is no path',
    async (path) => {
      const { port } = await start(pages)
      const { code, message } = await revalidate(port, path)
      expect(code).toBe('ISR_REVALIDATE_PATH')
      expect(message).toMatch(
        /^Invalid urlPath provided to revalidate\(\), must be a path e\.g\. \/blog\/post-1, received /,
      )
    },
  )

  it.each([
    '//evil.example/p/1',
    '/\\evil.example',
    '/p/../p/1',
    '/p/%2e%2e/p/1',
    '/p/1?x=1',
    '/p/1#x',
    '/p/1\n',
    '/p/%00',
    '/p/%',
    '/p//1',
    '/p/\ud800',
    '/p/1/',
    `/p/${'x'.repeat(1_000_000)}`,
    '/nope',
    '/about',
    '/admin',
    '/api/revalidate',
    '/p/[id]',
    '/404',
    '/_app',
    '*',
  ])('W15 SEC-72 %.40s is no page that can be revalidated', async (path) => {
    const { port, engine } = await start(pages)
    const { code } = await revalidate(port, path)
    expect(code).toBe('ISR_REVALIDATE_PATH')
    expect(engine.stored.size).toBe(0)
  })

  it('W15 O04 O06 what it resolves and rejects with', async () => {
    const { port } = await start(pages)
    expect(await revalidate(port, '/')).toEqual({ status: 'regenerated' })
    expect(await revalidate(port, '/p/1')).toEqual({ status: 'regenerated' })
    expect(await revalidate(port, '/p/ü b')).toEqual({ status: 'regenerated' })
    expect((await ask(port, '/p/%C3%BC%20b')).headers['x-isr-cache']).toBe('HIT')
    expect(await revalidate(port, '/p/2', { unstable_onlyGenerated: true })).toEqual({ status: 'skipped' })
    expect(await revalidate(port, '/f/1')).toEqual({ status: 'regenerated' })
    expect((await revalidate(port, '/f/zzz')).message).toContain('Failed to revalidate /f/zzz: ')
  })

  it('X02 the 404 page is one like others, when it has getStaticProps', async () => {
    const { port } = await start({ ...pages, '/404': staticPage(async () => ({ props: {} })) })
    expect(await revalidate(port, '/404')).toEqual({ status: 'regenerated' })
    expect((await ask(port, '/404')).status).toBe(404)
  })

  it('SEC-71 it opens no connection, whatever the Host header says', async () => {
    let connections = 0
    const canary = createServer().on('connection', () => (connections += 1))
    await new Promise<void>((resolve) => canary.listen(0, resolve))
    const { port } = await start(pages)
    const { port: canaryPort } = canary.address() as { port: number }
    const headers = {
      'content-type': 'application/json',
      host: `127.0.0.1:${canaryPort}`,
      'x-forwarded-host': `127.0.0.1:${canaryPort}`,
    }
    const answer = await ask(port, '/api/revalidate', { method: 'POST', headers, body: '{"path":"/p/1"}' })
    expect(answer.status).toBe(200)
    expect(connections).toBe(0)
    await new Promise((resolve) => canary.close(resolve))
  })
})

describe('draft mode', () => {
  const pages = () => {
    const contexts: Array<{ draftMode?: boolean }> = []
    return {
      contexts,
      pages: {
        '/p/[id]': staticPage(
          async (context) => {
            contexts.push(context)
            if (context.params?.['id'] === 'gone') return { notFound: true as const, revalidate: 60 }
            if (context.params?.['id'] === 'moved') return { redirect: { destination: '/p/1' }, revalidate: 60 }
            return { props: { draft: context.draftMode ?? false }, revalidate: 60 }
          },
          { fallback: false, paths: ['/p/1', '/p/gone', '/p/moved'] },
        ),
        '/about': {},
        '/404': {},
        '/server': {
          module: {
            getServerSideProps: async ({ draftMode, res }) => {
              res.setHeader('Cache-Control', 's-maxage=100')
              return { props: { draft: draftMode ?? false } }
            },
          },
        },
        '/api/draft': route((req, res) =>
          res.setDraftMode({ enable: req.query['enable'] !== '0' }).json({ draft: req.draftMode ?? false }),
        ),
      } satisfies Record<string, TestPage>,
    }
  }

  it('D01 the cookie is signed, for the session, and taken back by an old date', async () => {
    const { port } = await start(pages().pages)
    const [on] = (await ask(port, '/api/draft')).headers['set-cookie']!
    expect(on).toMatch(/^__isr_draft=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=None$/)
    const [off] = (await ask(port, '/api/draft?enable=0')).headers['set-cookie']!
    expect(off).toBe('__isr_draft=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=None')
  })

  it('D01 in development it works without TLS', async () => {
    const { port } = await start(pages().pages, { options: { development: true } })
    const [on] = (await ask(port, '/api/draft')).headers['set-cookie']!
    expect(on).toMatch(/^__isr_draft=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/)
  })

  it('D01 other cookies of the route stay', async () => {
    const { port } = await start({
      '/api/draft': route((_req, res) => {
        res.setHeader('Set-Cookie', 'a=1')
        res.setDraftMode({ enable: true }).setDraftMode({ enable: false }).end()
      }),
    })
    const cookies = (await ask(port, '/api/draft')).headers['set-cookie']!
    expect(cookies.map((cookie) => cookie.split('=')[0])).toEqual(['a', '__isr_draft'])
  })

  async function startDraft() {
    const { contexts, pages: all } = pages()
    const { port, engine } = await start(all)
    const cookie = (await ask(port, '/api/draft')).headers['set-cookie']![0]!.split(';')[0]!
    return { port, engine, contexts, headers: { cookie: `other=1; ${cookie}` } }
  }

  it('D03 SEC-43 a draft is rendered for each request, and kept by nobody', async () => {
    const { port, engine, contexts, headers } = await startDraft()
    await ask(port, '/p/1')
    const before = engine.stored.get('p:/p/1')
    for (const path of ['/p/1', '/_isr/data/build1/p/1.json', '/p/unlisted']) {
      const answer = await ask(port, path, { headers })
      expect(answer.status).toBe(200)
      expect(answer.text).toContain('"draft":true')
      expect(answer.headers).toMatchObject({
        'x-isr-cache': 'BYPASS',
        'cache-status': 'vite-plugin-isr; fwd=bypass; detail=draft',
        'cache-control': NO_STORE,
      })
    }
    expect(contexts).toHaveLength(4)
    expect(contexts[1]).toMatchObject({ draftMode: true, preview: true })
    expect(engine.stored.get('p:/p/1')).toBe(before)
    expect((await ask(port, '/p/1')).text).toContain('"draft":false')
  })

  it('W18 a draft’s 404 and redirect are private too', async () => {
    const { port, headers } = await startDraft()
    for (const [path, status] of [
      ['/p/gone', 404],
      ['/p/moved', 307],
    ] as const) {
      const answer = await ask(port, path, { headers })
      expect(answer.status).toBe(status)
      expect(answer.headers).toMatchObject({ 'x-isr-cache': 'BYPASS', 'cache-control': NO_STORE })
    }
  })

  it('D05 static pages do not change, server pages and API routes are told', async () => {
    const { port, headers } = await startDraft()
    const plain = await ask(port, '/about')
    const about = await ask(port, '/about', { headers })
    expect([about.text, about.headers['cache-control']]).toEqual([plain.text, plain.headers['cache-control']])
    const server = await ask(port, '/server', { headers })
    expect(server.text).toContain('"draft":true')
    expect(server.headers['cache-control']).toBe(NO_STORE)
    const api = await ask(port, '/api/draft', { headers })
    expect(api.text).toBe('{"draft":true}')
    expect(api.headers['cache-control']).toBe(NO_STORE)
  })

  it.each(['', 'x', 'true', 'A'.repeat(43), '%', '%00', 'x'.repeat(5000)])(
    'W18 SEC-90 the wrong cookie %.20s is as none',
    async (value) => {
      const { port } = await start(pages().pages)
      const plain = await ask(port, '/p/1')
      const answer = await ask(port, '/p/1', { headers: { cookie: `__isr_draft=${value}` } })
      expect(answer.status).toBe(200)
      expect(answer.text).toBe(plain.text)
      expect(answer.headers['x-isr-cache']).toBe('HIT')
      expect(answer.headers['set-cookie']).toBeUndefined()
    },
  )

  it('a cookie of another build is as none', async () => {
    const { headers } = await startDraft()
    await site!.close()
    const { port } = await start(pages().pages, { manifest: { buildId: 'build2' } })
    expect((await ask(port, '/p/1', { headers })).headers['x-isr-cache']).toBe('MISS')
  })
})
