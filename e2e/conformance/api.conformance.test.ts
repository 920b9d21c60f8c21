/** Section R: API routes. */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerProcess } from '../process.ts'
import { eventually } from '../harness/eventually.ts'
import { NOSTORE, send, sendRaw } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'

const handler = (body: string, config = '') => `${config}
export default async function handler(req, res) { ${body} }`

const describeBody = `
  res.json({ type: req.body === null ? 'null' : Array.isArray(req.body) ? 'array' : typeof req.body, body: req.body })`

/** Reads what the parser left in the stream. */
const readStream = `
  const chunks = []
  for await (const chunk of req) chunks.push(chunk)
  res.json({ body: String(req.body), hex: Buffer.concat(chunks).toString('hex').slice(0, 20), bytes: Buffer.concat(chunks).length })`

let site: Site
let server: ServerProcess
beforeAll(async () => {
  site = await createSite({
    files: {
      'pages/index.jsx': `export default function Home() { return <main>home</main> }`,
      'pages/api/query/[id].js': handler(
        `res.json({ query: req.query, polluted: {}.evil ?? null, keys: Object.keys(req.query) })`,
      ),
      'pages/api/query/all/[[...all]].js': handler(`res.json(req.query)`),
      'pages/api/cookies.js': handler(`res.json(req.cookies)`),
      'pages/api/body.js': handler(describeBody),
      'pages/api/small.js': handler(
        describeBody,
        `export const config = { api: { bodyParser: { sizeLimit: '10b' } } }`,
      ),
      'pages/api/number.js': handler(describeBody, `export const config = { api: { bodyParser: { sizeLimit: 20 } } }`),
      'pages/api/big.js': handler(
        `res.json(req.body.length)`,
        `export const config = { api: { bodyParser: { sizeLimit: '3mb' } } }`,
      ),
      'pages/api/raw.js': handler(readStream, `export const config = { api: { bodyParser: false } }`),
      'pages/api/json/[what].js': handler(`
  const values = { object: { a: 1 }, null: null, undefined: undefined, string: 'text', number: 5, array: [1], false: false, unicode: 'ü' }
  const response = res.status(req.query.status ? Number(req.query.status) : 200)
  if (response !== res) throw new Error('not chainable')
  response.json(values[req.query.what])`),
      'pages/api/send/[what].js': handler(`
  const values = { object: { a: 1 }, null: null, undefined: undefined, string: '<p>text</p>', number: 5, bytes: Buffer.from([1, 2, 3]) }
  if (req.query.type) res.setHeader('Content-Type', req.query.type)
  res.status(req.query.status ? Number(req.query.status) : 200).send(values[req.query.what])`),
      'pages/api/redirect.js': handler(`
  const { to, status } = req.query
  if (req.query.bad === 'status') return res.redirect(null, '/x')
  if (req.query.bad === 'url') return res.redirect(307)
  if (req.query.bad === 'nothing') return res.redirect()
  return status ? res.redirect(Number(status), to) : res.redirect(to)`),
      'pages/api/throw.js': handler(`
  res.setHeader('X-Before', 'kept?')
  if (req.query.how === 'value') throw 'a secret string'
  if (req.query.how === 'null') throw null
  throw Object.assign(new Error('the secret message'), { statusCode: 418 })`),
      'pages/api/half.js': handler(`res.write('half'); throw new Error('broke half way')`),
      'pages/api/sync.js': `export default function handler() { throw new Error('thrown at once') }`,
      'pages/api/never.js': handler(`console.log('never was called')`),
      'pages/api/external.js': handler(
        `console.log('external was called')`,
        `export const config = { api: { externalResolver: true } }`,
      ),
      'pages/api/large.js': handler(`res.send('x'.repeat(Number(req.query.bytes)))`),
      'pages/api/large-limited.js': handler(
        `res.send('x'.repeat(Number(req.query.bytes)))`,
        `export const config = { api: { responseLimit: '1kb' } }`,
      ),
      'pages/api/large-free.js': handler(
        `res.send('x'.repeat(Number(req.query.bytes)))`,
        `export const config = { api: { responseLimit: false } }`,
      ),
      'pages/api/streamed.js': handler(`for (let i = 0; i < 5; i++) res.write('x'.repeat(1024 * 1024)); res.end()`),
      'pages/api/web.js': handler(`return new Response('hello')`),
      'pages/api/method.js': handler(`res.json({ method: req.method, url: req.url })`),
    },
  })
  await site.build()
  server = await site.serve()
})
afterAll(() => site.dispose())

async function post(path: string, type: string | undefined, body: string | Uint8Array): Promise<any> {
  const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
  const answer = await send(server, path, { method: 'POST', headers, body })
  return answer.status === 200 ? answer.json() : { status: answer.status, reason: answer.reason, text: answer.text }
}

describe('the query', () => {
  it('A01 merges URL query and parameters, and parameters win', async () => {
    const { query } = (await send(server, '/api/query/7?a=1&b=1&b=2&b=3&bare&empty=&id=evil&id=more&sp=a+b%20c')).json()
    expect(query).toEqual({ a: '1', b: ['1', '2', '3'], bare: '', empty: '', id: '7', sp: 'a b c' })
  })
  it('A01 drops __proto__', async () => {
    const answer = (await send(server, '/api/query/7?__proto__=evil&__proto__[evil]=1&constructor=c')).json()
    expect(answer).toEqual({
      query: { id: '7', '__proto__[evil]': '1', constructor: 'c' },
      polluted: null,
      keys: ['__proto__[evil]', 'constructor', 'id'],
    })
  })
  it('A01 parameters are decoded, catch-alls are arrays, and absent when empty', async () => {
    expect((await send(server, '/api/query/a%2Fb%20c')).json().query).toEqual({ id: 'a/b c' })
    expect((await send(server, '/api/query/all/a/b%20c?x=1')).json()).toEqual({ x: '1', all: ['a', 'b c'] })
    expect((await send(server, '/api/query/all')).json()).toEqual({})
  })
  it('A01 cookies are read by name', async () => {
    const answer = await send(server, '/api/cookies', { headers: { cookie: 'a=1; b=%20x; c="q"' } })
    expect(answer.json()).toMatchObject({ a: '1', b: ' x' })
  })
})

describe('the body', () => {
  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON', 'application/ld+json'])(
    'A03 %s is parsed',
    async (type) => {
      expect(await post('/api/body', type, '{"a":[1,{"b":"ü"}]}')).toEqual({
        type: 'object',
        body: { a: [1, { b: 'ü' }] },
      })
      expect(await post('/api/body', type, '5')).toEqual({ type: 'number', body: 5 })
      expect(await post('/api/body', type, '"text"')).toEqual({ type: 'string', body: 'text' })
      expect(await post('/api/body', type, 'null')).toEqual({ type: 'null', body: null })
      expect(await post('/api/body', type, 'false')).toEqual({ type: 'boolean', body: false })
      expect(await post('/api/body', type, '')).toEqual({ type: 'object', body: {} })
    },
  )
  it('A03 broken JSON is a 400', async () => {
    expect(await post('/api/body', 'application/json', '{"a":')).toEqual({
      status: 400,
      reason: 'Invalid JSON',
      text: 'Invalid JSON',
    })
  })
  it.each(['application/x-www-form-urlencoded', 'Application/X-WWW-Form-URLEncoded; charset=utf-8'])(
    'A03 %s is an object',
    async (type) => {
      expect(await post('/api/body', type, 'a=1&b=1&b=2&c=a+b%20c&bare&__proto__=x')).toMatchObject({
        type: 'object',
        body: { a: '1', b: ['1', '2'], c: 'a b c', bare: '' },
      })
      expect(await post('/api/body', type, '')).toEqual({ type: 'object', body: {} })
    },
  )
  it.each([
    'application/vnd.api+json',
    'multipart/form-data; boundary=x',
    'application/octet-stream',
    'text/plain',
    'broken',
    '; charset',
    'application/json/more',
    undefined,
  ])('A03 %s is a string', async (type) => {
    expect(await post('/api/body', type, '{"a":1}')).toEqual({ type: 'string', body: '{"a":1}' })
  })
  it.each(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('A03 it is parsed for %s too', async (method) => {
    const headers = { 'content-type': 'application/json' }
    expect((await send(server, '/api/body', { method, headers, body: '{"a":1}' })).json().body).toEqual({ a: 1 })
  })
  it('A03 without a body it is an empty string', async () => {
    expect((await send(server, '/api/body')).json()).toEqual({ type: 'string', body: '' })
  })
  it('A03 a body that comes in chunks is parsed', async () => {
    const answer = await sendRaw(
      server,
      'POST /api/body HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n' +
        'Transfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n',
    )
    expect(answer.json().body).toEqual({ a: 1 })
  })

  it('A05 over 1 MB is a 413, exactly 1 MB is not', async () => {
    const megabyte = 1024 * 1024
    expect((await post('/api/body', 'text/plain', 'x'.repeat(megabyte))).body).toHaveLength(megabyte)
    expect(await post('/api/body', 'text/plain', 'x'.repeat(megabyte + 1))).toEqual({
      status: 413,
      reason: 'Body exceeded 1mb limit',
      text: 'Body exceeded 1mb limit',
    })
    expect(await post('/api/body', 'application/json', JSON.stringify('x'.repeat(megabyte)))).toMatchObject({
      status: 413,
    })
  })
  it('A05 the limit is the route’s own', async () => {
    expect(await post('/api/small', 'text/plain', '1234567890')).toEqual({ type: 'string', body: '1234567890' })
    expect(await post('/api/small', 'text/plain', '12345678901')).toEqual({
      status: 413,
      reason: 'Body exceeded 10b limit',
      text: 'Body exceeded 10b limit',
    })
    expect(await post('/api/number', 'text/plain', 'x'.repeat(20))).toMatchObject({ type: 'string' })
    expect(await post('/api/number', 'text/plain', 'x'.repeat(21))).toMatchObject({ status: 413 })
    expect(await post('/api/big', 'text/plain', 'x'.repeat(2_500_000))).toBe(2_500_000)
  })
  it('A05 a body whose length is not told is limited too', async () => {
    const chunk = '1000\r\n' + 'x'.repeat(0x1000) + '\r\n'
    const answer = await sendRaw(
      server,
      'POST /api/body HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: text/plain\r\n' +
        `Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(257)}0\r\n\r\n`,
    )
    expect([answer.status, answer.text]).toEqual([413, 'Body exceeded 1mb limit'])
  })

  it('A06 bodyParser: false leaves the stream as it came, of any length', async () => {
    expect(await post('/api/raw', 'application/json', '{"a":1}')).toEqual({
      body: 'undefined',
      hex: Buffer.from('{"a":1}').toString('hex'),
      bytes: 7,
    })
    expect((await post('/api/raw', 'text/plain', 'x'.repeat(3_000_000))).bytes).toBe(3_000_000)
  })
  it('A06 compressed bodies are not inflated', async () => {
    const zipped = gzipSync('{"a":1}')
    const headers = { 'content-type': 'text/plain', 'content-encoding': 'gzip' }
    const raw = await send(server, '/api/raw', { method: 'POST', headers, body: zipped })
    expect(raw.json().hex).toBe(zipped.toString('hex').slice(0, 20))
    const parsed = await send(server, '/api/body', { method: 'POST', headers, body: zipped })
    expect(parsed.json()).toEqual({ type: 'string', body: zipped.toString('utf8') })
    const asJson = { ...headers, 'content-type': 'application/json' }
    expect((await send(server, '/api/body', { method: 'POST', headers: asJson, body: zipped })).status).toBe(400)
  })
})

describe('the response', () => {
  it.each([
    ['object', '{"a":1}'],
    ['null', 'null'],
    ['undefined', ''],
    ['string', '"text"'],
    ['number', '5'],
    ['array', '[1]'],
    ['false', 'false'],
    ['unicode', '"ü"'],
  ])('A07 res.json: %s', async (what, text) => {
    const answer = await send(server, `/api/json/${what}`)
    expect([answer.status, answer.text]).toEqual([200, text])
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    expect([undefined, NOSTORE]).toContain(answer.headers['cache-control'])
  })
  it('A07 res.status is chainable', async () => {
    for (const status of [201, 404, 503]) {
      const answer = await send(server, `/api/json/object?status=${status}`)
      expect([answer.status, answer.text]).toEqual([status, '{"a":1}'])
    }
    const empty = await send(server, '/api/json/object?status=204')
    expect([empty.status, empty.text, empty.headers['content-type']]).toEqual([204, '', undefined])
  })
  it('A07 res.send: strings, values and bytes', async () => {
    expect((await send(server, '/api/send/string')).text).toBe('<p>text</p>')
    const html = await send(server, '/api/send/string?type=text/html')
    expect([html.text, html.headers['content-type']]).toEqual(['<p>text</p>', 'text/html'])
    const object = await send(server, '/api/send/object')
    expect([object.json(), object.headers['content-type']]).toEqual([{ a: 1 }, 'application/json; charset=utf-8'])
    const number = await send(server, '/api/send/number')
    expect([number.text, number.headers['content-type']]).toEqual(['5', 'application/json; charset=utf-8'])
    const bytes = await send(server, '/api/send/bytes')
    expect([[...bytes.body], bytes.headers['content-type']]).toEqual([[1, 2, 3], 'application/octet-stream'])
    for (const what of ['null', 'undefined']) expect((await send(server, `/api/send/${what}`)).text).toBe('')
  })
  it('A07 an answer has an ETag, and 304 for it', async () => {
    const first = await send(server, '/api/json/object')
    expect(first.headers['etag']).toBeDefined()
    const second = await send(server, '/api/json/object', { headers: { 'if-none-match': first.headers['etag']! } })
    expect([second.status, second.text]).toEqual([304, ''])
  })
  it('A07 every method reaches the handler, and HEAD has no body', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      expect((await send(server, '/api/method?x=1', { method })).json()).toEqual({ method, url: '/api/method?x=1' })
    }
    const head = await send(server, '/api/method', { method: 'HEAD' })
    expect([head.status, head.text]).toEqual([200, ''])
  })

  it('A09 res.redirect: 307 by default, any status, the body is the URL', async () => {
    const usual = await send(server, '/api/redirect?to=/x%20y%3Fa%3D1')
    expect([usual.status, usual.headers['location'], usual.text]).toEqual([307, '/x y?a=1', '/x y?a=1'])
    const chosen = await send(server, '/api/redirect?status=301&to=https://example.com/')
    expect([chosen.status, chosen.headers['location'], chosen.text]).toEqual([
      301,
      'https://example.com/',
      'https://example.com/',
    ])
  })
  it.each(['status', 'url', 'nothing'])('A09 a wrong argument (%s) throws, which is a 500', async (bad) => {
    const answer = await send(server, `/api/redirect?bad=${bad}`)
    expect([answer.status, answer.text, answer.headers['location']]).toEqual([500, 'Internal Server Error', undefined])
    await eventually(() =>
      expect(server.output()).toContain('Invalid redirect arguments. Please use a single argument URL'),
    )
  })

  it.each(['/api/throw', '/api/throw?how=value', '/api/throw?how=null', '/api/sync'])(
    'A10 %s, a handler that throws, is a 500 that tells nothing',
    async (path) => {
      const answer = await send(server, path)
      expect([answer.status, answer.text]).toEqual([500, 'Internal Server Error'])
      expect(answer.headers['content-type']).toMatch(/^text\/plain/)
      expect(JSON.stringify(answer.rawHeaders)).not.toContain('secret')
    },
  )
  it('A10 the log has the message, the file and the mapped place', async () => {
    await eventually(() => expect(server.output()).toContain('thrown at once'))
    const log = server.output()
    expect(log).toContain('a secret string')
    expect(log).toMatch(/page=pages\/api\/sync\.js/)
    expect(log).toMatch(/at .*handler \(.*pages\/api\/sync\.js:1:\d+\)/)
  })
  it('A10 a Response that is returned instead of sent is an error, not a request that hangs', async () => {
    const answer = await send(server, '/api/web')
    expect([answer.status, answer.text]).toEqual([500, 'Internal Server Error'])
    await eventually(() => expect(server.output()).toContain('pages/api/web.js returned a Response'))
  })
  it('A10 half an answer is visibly broken, and the server lives', async () => {
    await expect(send(server, '/api/half')).rejects.toThrow()
    expect((await send(server, '/api/method')).status).toBe(200)
  })
})

describe('handlers that do not answer', () => {
  /** Asks, and leaves when the test says so: a busy machine may take its time until the handler is called. */
  function askInVain(target: ServerProcess, path: string): { leave(): Promise<string> } {
    const leaving = new AbortController()
    const end = send(target, path, { signal: leaving.signal, timeoutMs: 60_000 }).then(
      ({ text }) => `answered: ${text}`,
      (error: unknown) => (leaving.signal.aborted ? 'hung' : `broken: ${String(error)}`),
    )
    return {
      leave() {
        leaving.abort()
        return end
      },
    }
  }

  it('A11 the request hangs, in production without a word', async () => {
    const visitor = askInVain(server, '/api/never')
    await eventually(() => expect(server.output()).toContain('never was called'))
    // Answered after the handler has ended.
    expect((await send(server, '/api/method')).status).toBe(200)
    expect(await visitor.leave()).toBe('hung')
    expect(server.output()).not.toContain('API resolved without sending a response')
  })
  it('A11 development warns, unless externalResolver is set', async () => {
    const dev = await site.serve('dev')
    const visitors = [askInVain(dev, '/api/external'), askInVain(dev, '/api/never')]
    await eventually(() => expect(dev.output()).toContain('API resolved without sending a response for /api/never'))
    await eventually(() => expect(dev.output()).toContain('external was called'))
    expect((await send(dev, '/api/method')).status).toBe(200)
    for (const visitor of visitors) expect(await visitor.leave()).toBe('hung')
    expect(dev.output()).not.toContain('response for /api/external')
  })
})

describe('large answers', () => {
  const warnings = (path: string) =>
    server
      .output()
      .split('\n')
      .filter((line) => line.includes(`API response of ${path} exceeds ${path.endsWith('limited') ? '1kb' : '4mb'}`))
      .length

  it('A12 over 4 MB is sent whole, with a warning', async () => {
    const [below, above] = [4 * 1024 * 1024, 4 * 1024 * 1024 + 1]
    expect((await send(server, `/api/large?bytes=${below}`)).body.byteLength).toBe(below)
    expect(warnings('/api/large')).toBe(0)
    const answer = await send(server, `/api/large?bytes=${above}`)
    expect([answer.status, answer.body.byteLength]).toEqual([200, above])
    await eventually(() => expect(warnings('/api/large')).toBe(1))
    expect((await send(server, '/api/streamed')).body.byteLength).toBe(5 * 1024 * 1024)
    await eventually(() => expect(warnings('/api/streamed')).toBe(1))
  })
  it('A12 responseLimit sets the size, and false silences', async () => {
    expect((await send(server, '/api/large-limited?bytes=1025')).body.byteLength).toBe(1025)
    await eventually(() => expect(warnings('/api/large-limited')).toBe(1))
    expect((await send(server, `/api/large-free?bytes=${5 * 1024 * 1024}`)).body.byteLength).toBe(5 * 1024 * 1024)
    expect(warnings('/api/large-free')).toBe(0)
  })
})
