/** Section M: navigation data. */
import * as zlib from 'node:zlib'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerProcess } from '../process.ts'
import { NOSTORE, send } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'

let site: Site
let server: ServerProcess
let prefix: string
beforeAll(async () => {
  site = await createSite({
    files: {
      'pages/index.jsx': `
import { ask } from '../source.server.js'
export const getStaticProps = async () => ({ props: { ...(await ask('home')), odd: '<&>\\u2028' }, revalidate: 60, expire: 600 })
export default function Home({ value }) { return <main>{value}</main> }`,
      'pages/plain.jsx': `export default function Plain() { return <main>plain</main> }`,
      'pages/forever.jsx': `
export const getStaticProps = () => ({ props: {} })
export default function Forever() { return <main>forever</main> }`,
      'pages/server/[id].jsx': `
export const getServerSideProps = ({ query, params, resolvedUrl }) =>
  params.id === 'gone' ? { notFound: true }
    : params.id === 'moved' ? { redirect: { destination: '/plain', permanent: true } }
    : { props: { query, params, resolvedUrl } }
export default function Server({ query }) { return <main>{JSON.stringify(query)}</main> }`,
      'pages/shell/[id].jsx': `
import { ask } from '../../source.server.js'
export const getStaticPaths = () => ({ paths: [], fallback: true })
export const getStaticProps = async ({ params }) => ({ props: { id: params.id, ...(await ask('shell')) }, revalidate: 60 })
export default function Shell({ id }) { return <main>{id ?? 'LOADING'}</main> }`,
      'pages/blocking/[...all].jsx': `
export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = async ({ params }) => {
  const [kind] = params.all
  if (kind === 'gone') return { notFound: true, revalidate: 30 }
  if (kind === 'moved') return { redirect: { destination: 'https://example.com/a b', statusCode: 301 }, revalidate: 30 }
  return { props: { all: params.all }, revalidate: 60 }
}
export default function Blocking({ all }) { return <main>{all.join('+')}</main> }`,
      'pages/api/hello.js': `export default (req, res) => res.json({})`,
    },
  })
  await site.build()
  prefix = `/_isr/data/${JSON.parse(await site.read('dist/isr/route-manifest.json')).buildId}`
  server = await site.serve()
})
afterAll(() => site.dispose())

/** Next's client sends these. */
const asClient = { 'x-isr-data': '1' }

describe('data of an ISR page', () => {
  it('J01 is JSON with the headers of its HTML', async () => {
    const html = await send(server, '/')
    const data = await send(server, `${prefix}/index.json`, { headers: asClient })
    expect([data.status, data.cache]).toEqual([200, 'HIT'])
    expect(data.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(Number(data.headers['content-length'])).toBe(data.body.byteLength)
    // Nothing is escaped that HTML alone would read.
    expect(data.text).toBe('{"pageProps":{"value":"home 1","odd":"<&>\u2028"}}')
    expect(html.text).toContain('home 1')
    for (const answer of [html, data]) {
      expect(answer.headers['cache-control']).toMatch(/^s-maxage=(?:[1-5]?\d|60), stale-while-revalidate=540$/)
      expect(answer.headers['etag']).toMatch(/^"[^"]+"$/)
      expect(answer.headers['vary']).toBe('Accept-Encoding')
      expect(answer.headers['cache-status']).toMatch(/^vite-plugin-isr; hit; ttl=\d+$/)
    }
    expect(data.headers['etag']).not.toBe(html.headers['etag'])
    const known = await send(server, `${prefix}/index.json`, { headers: { 'if-none-match': data.headers['etag']! } })
    expect([known.status, known.text, known.cache]).toEqual([304, '', 'HIT'])
  })

  it('J01 is a MISS, then a HIT, for a path that was not built, and serves the HTML too', async () => {
    const data = await send(server, `${prefix}/blocking/a/b%20c.json`)
    expect([data.status, data.cache, data.json()]).toEqual([200, 'MISS', { pageProps: { all: ['a', 'b c'] } }])
    expect(data.headers['cache-control']).toMatch(/^s-maxage=\d+, stale-while-revalidate=\d+$/)
    expect((await send(server, `${prefix}/blocking/a/b%20c.json`)).cache).toBe('HIT')
    expect((await send(server, '/blocking/a/b%20c')).cache).toBe('HIT')
  })

  it('J01 notFound and redirect are described to the client, with their lifetimes', async () => {
    const gone = await send(server, `${prefix}/blocking/gone.json`)
    expect([gone.status, gone.cache, gone.json()]).toEqual([404, 'MISS', { notFound: true }])
    expect(gone.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(gone.headers['cache-control']).toMatch(/^s-maxage=30, /)
    const moved = await send(server, `${prefix}/blocking/moved.json`)
    expect([moved.status, moved.cache, moved.headers['location']]).toEqual([200, 'MISS', undefined])
    expect(moved.json().redirect).toMatchObject({ statusCode: 301 })
    expect(moved.headers['cache-control']).toMatch(/^s-maxage=30, /)
  })

  it('J01 a page that is never stale', async () => {
    const data = await send(server, `${prefix}/forever.json`)
    expect([data.status, data.text, data.headers['cache-control']]).toEqual([
      200,
      '{"pageProps":{}}',
      's-maxage=31536000',
    ])
  })
})

describe('data of a getServerSideProps page', () => {
  it('J02 is never stored, and gets the query and the path that the visitor sees', async () => {
    const data = await send(server, `${prefix}/server/1.json?q=a&q=b&id=evil`)
    expect([data.status, data.cache, data.headers['cache-control']]).toEqual([200, undefined, NOSTORE])
    expect(data.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(data.json()).toEqual({
      pageProps: { query: { q: ['a', 'b'], id: '1' }, params: { id: '1' }, resolvedUrl: '/server/1?q=a&q=b&id=evil' },
    })
  })
  it('J02 notFound and redirect are described to the client', async () => {
    const gone = await send(server, `${prefix}/server/gone.json`)
    expect([gone.status, gone.json(), gone.headers['cache-control']]).toEqual([404, { notFound: true }, NOSTORE])
    const moved = await send(server, `${prefix}/server/moved.json`)
    expect([moved.status, moved.headers['cache-control']]).toEqual([200, NOSTORE])
    expect(moved.json()).toEqual({ redirect: { destination: '/plain', statusCode: 308 } })
  })
})

describe('what is no data', () => {
  it.each([
    ['a page without data', '/plain.json'],
    ['an unknown page', '/nothing.json'],
    ['no .json', '/index'],
    ['.JSON', '/index.JSON'],
    ['index/index', '/index/index.json'],
    ['no name', '/.json'],
    ['an API route', '/api/hello.json'],
    ['a special file', '/_app.json'],
    ['a pattern', '/server/[id]/more.json'],
  ])('J03 %s is a 404 page', async (_, path) => {
    const answer = await send(server, prefix + path)
    expect([answer.status, answer.headers['cache-control'], answer.cache]).toEqual([404, NOSTORE, undefined])
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(answer.text).toContain('404: This page could not be found.')
  })
  it.each(['/_isr/data/other-build/index.json', '/_isr/data/index.json', '/_isr/other', '/_isr'])(
    'J03 %s, which is not of this build, is a 404 page',
    async (path) => {
      const answer = await send(server, path)
      expect([answer.status, answer.headers['cache-control']]).toEqual([404, NOSTORE])
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    },
  )
})

describe('methods', () => {
  it('J05 HEAD has the headers and no body', async () => {
    const get = await send(server, `${prefix}/index.json`)
    const head = await send(server, `${prefix}/index.json`, { method: 'HEAD' })
    expect([head.status, head.text, head.cache]).toEqual([200, '', 'HIT'])
    for (const name of ['content-length', 'content-type', 'etag', 'vary']) {
      expect(head.headers[name]).toBe(get.headers[name])
    }
  })
  it.each(['/index.json', '/shell/new.json', '/blocking/x/new.json'])(
    'J05 POST to %s is a 405 that starts nothing',
    async (path) => {
      site.source.forget()
      const answer = await send(server, prefix + path, { method: 'POST', body: 'x' })
      expect([answer.status, answer.text, answer.headers['cache-control']]).toEqual([
        405,
        'Method Not Allowed',
        NOSTORE,
      ])
      expect(answer.rawHeaders.filter(([name]) => name.toLowerCase() === 'allow')).toEqual([['Allow', 'GET, HEAD']])
      expect(site.source.count('shell')).toBe(0)
    },
  )
})

describe('fallback: true', () => {
  it('J08 data waits for the page instead of getting a shell', async () => {
    const data = await send(server, `${prefix}/shell/fresh.json?id=fresh`)
    expect([data.status, data.cache]).toEqual([200, 'MISS'])
    expect(data.json()).toEqual({ pageProps: { id: 'fresh', value: expect.stringMatching(/^shell \d+$/) } })
    expect((await send(server, '/shell/fresh')).text).toContain('<main>fresh</main>')
  })
})

describe.each([
  ['memory for all pages', ''],
  ['no memory at all: each answer reads its page anew', '{ cache: { memoryBytes: 0 } }'],
])('HTML and data of one page, with %s', (_what, options) => {
  let own: Site
  let ownServer: ServerProcess
  let data: string
  beforeAll(async () => {
    own = await createSite({
      options,
      files: {
        'pages/posts/[id].jsx': `
import { ask } from '../../source.server.js'
export const getStaticPaths = () => ({ paths: ['/posts/built'], fallback: 'blocking' })
export const getStaticProps = async ({ params: { id } }) => {
  const { value } = await ask('posts', { id })
  return { props: { value, odd: '</script><!--&\\\\u003c\\u2028 "pageProps":', words: ('\\u00e9 ' + id + ' ').repeat(200) }, revalidate: 3600 }
}
export default function Post({ value, words }) { return <main title={value}>{words}</main> }`,
      },
    })
    await own.build()
    data = `/_isr/data/${JSON.parse(await own.read('dist/isr/route-manifest.json')).buildId}/posts`
    ownServer = await own.serve()
  })
  afterAll(() => own.dispose())

  const ENCODINGS = ['identity', 'gzip', 'br', 'zstd, gzip;q=0.5']

  /** All answers for a page, its data in each encoding and its HTML, by what was sent. */
  async function readAll(id: string, first: 'html' | 'data'): Promise<Map<string, string>> {
    const known = new Map<string, string>()
    const forms = { html: `/posts/${id}`, data: `${data}/${id}.json` }
    for (const form of first === 'html' ? (['html', 'data'] as const) : (['data', 'html'] as const)) {
      for (const encoding of ENCODINGS.toReversed()) {
        const answer = await send(ownServer, forms[form], { headers: { 'accept-encoding': encoding } })
        expect(answer.status).toBe(200)
        expect(answer.headers['content-length']).toBe(String(answer.body.byteLength))
        const sent = answer.headers['content-encoding'] ?? 'identity'
        const etag = answer.headers['etag']!
        expect(etag).toMatch({ identity: /^"[\w-]{27}"$/, gzip: /-gz"$/, br: /-br"$/, zstd: /-zs"$/ }[sent]!)
        known.set(`${form} ${encoding}`, `${etag} ${decode(answer.body, sent)}`)
        const again = await send(ownServer, forms[form], {
          headers: { 'accept-encoding': encoding, 'if-none-match': etag },
        })
        expect([again.status, again.body.byteLength, again.headers['etag']]).toEqual([304, 0, etag])
      }
    }
    return known
  }

  function decode(bytes: Buffer, encoding: string): string {
    if (encoding === 'br') return brotliDecompressSync(bytes).toString()
    if (encoding === 'gzip') return gunzipSync(bytes).toString()
    if (encoding === 'zstd')
      return (zlib as { zstdDecompressSync?: (b: Buffer) => Buffer }).zstdDecompressSync!(bytes).toString()
    return bytes.toString()
  }

  const toText = (answer: string | undefined) => answer!.slice(answer!.indexOf('" ') + 2)

  it.each(['built', 'html first', 'data first'])(
    'J01 W17 are of one render and have the same bytes in all encodings, then, later, and after a restart: %s',
    async (name) => {
      const id = name.replace(' ', '-')
      const first = await readAll(id, name === 'data first' ? 'data' : 'html')
      const html = toText(first.get('html identity'))
      const text = toText(first.get('data identity'))
      for (const encoding of ENCODINGS) {
        expect(toText(first.get(`html ${encoding}`))).toBe(html)
        expect(toText(first.get(`data ${encoding}`))).toBe(text)
      }
      const { pageProps } = JSON.parse(text) as { pageProps: Record<string, string> }
      expect(pageProps).toEqual({
        value: expect.stringMatching(/^posts \d+$/),
        odd: '</script><!--&\\u003c\u2028 "pageProps":',
        words: `\u00e9 ${id} `.repeat(200),
      })
      expect(text).toBe(JSON.stringify({ pageProps }))
      expect(html).toContain(`<main title="${pageProps['value']}">`)
      expect(await readAll(id, 'data')).toEqual(first)
      expect(await ownServer.stop()).toBe(0)
      ownServer = await own.serve()
      own.source.forget()
      expect(await readAll(id, 'data')).toEqual(first)
      expect(own.source.count('posts')).toBe(0)
    },
  )
})
