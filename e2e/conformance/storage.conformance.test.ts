/** Where this differs from Next.js on purpose in what is stored, checked, encoded and named. Each fails on Next’s behaviour. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import * as zlib from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerProcess } from '../process.ts'
import { eventually } from '../harness/eventually.ts'
import { send, type Answer } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'

const pages = {
  'pages/index.jsx': `
export const getStaticProps = () => ({ props: {}, revalidate: 60 })
export default function Home() { return <main>home</main> }`,
  'pages/plain.jsx': `export default function Plain() { return <main>plain</main> }`,
  'pages/plain/[id].jsx': `export default function PlainId() { return <main>plain id</main> }`,
  'pages/server.jsx': `
import { ask } from '../source.server.js'
export const getServerSideProps = async () => {
  const { how } = await ask('server')
  return how === 'date' ? { props: { posts: [0, 1, 2, { date: new Date(0) }] } } : { props: {} }
}
export default function Server() { return <main>server</main> }`,
  'pages/any/[slug].jsx': `
import { ask } from '../../source.server.js'
export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = async ({ params: { slug } }) => {
  const { value } = await ask('any', { slug })
  if (slug.startsWith('gone')) return { notFound: true, revalidate: 3600 }
  if (slug.startsWith('moved')) return { redirect: { destination: '/plain', permanent: false }, revalidate: 3600 }
  return { props: { slug, value, text: 'some words '.repeat(300) }, revalidate: 3600 }
}
export default function Any({ slug, value, text }) { return <main title={slug}>{value}<p>{text}</p></main> }`,
  'pages/props/[kind].jsx': `
import { ask } from '../../source.server.js'
export const getStaticPaths = () => ({ paths: ['/props/turning'], fallback: 'blocking' })
const values = {
  date: () => new Date(0), undefined: () => undefined, function: () => () => 1, map: () => new Map(), bigint: () => 1n,
  circular: () => { const node = {}; node.self = node; return node },
}
export const getStaticProps = async ({ params: { kind } }) => {
  const { how = kind } = await ask('props', { kind })
  if (how === 'good') return { props: { posts: [] }, revalidate: 1 }
  return { props: { posts: [0, 1, 2, { [how]: values[how]() }] }, revalidate: 1 }
}
export default function Props() { return <main>good</main> }`,
  'pages/shell/[id].jsx': `
import { useRouter } from 'vite-plugin-isr/client'
import { ask } from '../../source.server.js'
export const getStaticPaths = () => ({ paths: [], fallback: true })
export const getStaticProps = async ({ params: { id } }) => ({ props: { id, ...(await ask('shell', { id })) }, revalidate: 3600 })
export default function Shell({ id }) { return <main>{useRouter().isFallback ? 'LOADING' : 'page ' + id}</main> }`,
  'pages/listed/[id].jsx': `
import { ask } from '../../source.server.js'
export const getStaticPaths = () => ({ paths: ['/listed/1'], fallback: false })
export const getStaticProps = async ({ params: { id } }) => ({ props: { id, ...(await ask('listed')) }, revalidate: 3600 })
export default function Listed({ id }) { return <main>{id}</main> }`,
  'pages/api/hello.js': `
import { ask } from '../../source.server.js'
export default async (req, res) => res.json(await ask('api'))`,
  'pages/api/revalidate.js': `
export default async function handler(req, res) {
  try {
    res.json(await res.revalidate(req.query.path, { unstable_onlyGenerated: req.query.only === '1' }))
  } catch (error) {
    res.status(500).json({ name: error.name, code: error.code, message: error.message })
  }
}`,
}

let site: Site
let server: ServerProcess
let dataPrefix: string
beforeAll(async () => {
  site = await createSite({
    files: pages,
    options: '{ cache: { notFoundEntries: 20, diskEntries: 60 } }',
  })
  site.source.set('props', { how: 'good' })
  site.source.set('server', {})
  await site.build()
  site.source.set('props', {})
  const { buildId } = JSON.parse(await site.read('dist/isr/route-manifest.json'))
  dataPrefix = `/_isr/data/${buildId}`
  server = await site.serve()
})
afterAll(() => site.dispose())

async function restart(): Promise<void> {
  expect(await server.stop()).toBe(0)
  server = await site.serve()
}

const state = ({ status, cache }: Answer) => `${status} ${cache}`

async function revalidate(path: string, more = ''): Promise<{ status: number; body: any }> {
  const answer = await send(server, `/api/revalidate?path=${encodeURIComponent(path)}${more}`)
  return { status: answer.status, body: answer.json() }
}

describe('notFound and redirect', () => {
  it('W9 are entries that survive a restart', async () => {
    for (const [path, status] of [
      ['/any/gone', 404],
      ['/any/moved', 307],
      ['/any/there', 200],
    ] as const) {
      expect(state(await send(server, path))).toBe(`${status} MISS`)
      expect(state(await send(server, path))).toBe(`${status} HIT`)
    }
    await restart()
    site.source.forget()
    for (const [path, status] of [
      ['/any/gone', 404],
      ['/any/moved', 307],
      ['/any/there', 200],
    ] as const) {
      const answer = await send(server, path)
      expect(state(answer)).toBe(`${status} HIT`)
      const left = Number(/^s-maxage=(\d+), stale-while-revalidate=/.exec(answer.headers['cache-control']!)?.[1])
      expect(left).toBeGreaterThan(3000)
      expect(left).toBeLessThanOrEqual(3600)
    }
    expect(site.source.count('any')).toBe(0)
  })

  it('W9 random slugs cannot push pages out, on disk or in memory', async () => {
    for (let n = 0; n < 10; n++) expect(state(await send(server, `/any/page-${n}`))).toBe('200 MISS')
    for (let n = 0; n < 150; n++) {
      expect(state(await send(server, `/any/${n % 2 ? 'gone' : 'moved'}-${n}`))).toMatch(/^(404|307) MISS$/)
    }
    site.source.forget()
    for (let n = 0; n < 10; n++) expect(state(await send(server, `/any/page-${n}`))).toBe('200 HIT')
    await restart()
    for (let n = 0; n < 10; n++) expect(state(await send(server, `/any/page-${n}`))).toBe('200 HIT')
    expect(site.source.count('any')).toBe(0)
    // 20 of those, and pages: far fewer than were asked for.
    await eventually(async () => expect((await site.list('.isr-cache')).length).toBeLessThan(40))
  })
})

describe('props that are no JSON', () => {
  it.each([
    ['date', '`.posts[3].date`'],
    ['undefined', '`.posts[3].undefined`'],
    ['function', '`.posts[3].function`'],
    ['map', '`.posts[3].map`'],
    ['bigint', '`.posts[3].bigint`'],
    ['circular', '`.posts[3].circular.self`'],
  ])('W14 %s: at run time it is an error with the access path, not a page with another value', async (kind, path) => {
    const html = await send(server, `/props/${kind}`)
    expect([html.status, html.cache]).toEqual([500, undefined])
    expect(html.text).not.toContain('posts')
    expect((await send(server, `${dataPrefix}/props/${kind}.json`)).status).toBe(500)
    await eventually(() => {
      const line = server
        .output()
        .split('\n')
        .find((text) => text.includes(`path=/props/${kind}`))
      expect(line).toContain('pages/props/[kind].jsx')
      expect(line).toContain(`error serializing ${path} returned from \`getStaticProps\``)
    })
  })

  it('W14 the last good page stays', async () => {
    site.source.set('props', { how: 'date' })
    await eventually(async () => expect(state(await send(server, '/props/turning'))).toBe('200 STALE'))
    await eventually(() => expect(server.output()).toMatch(/path=\/props\/turning.*`\.posts\[3\]\.date`/))
    const answer = await send(server, '/props/turning')
    expect([answer.status, answer.cache, answer.text.includes('good')]).toEqual([200, 'STALE', true])
    expect(answer.headers['cache-status']).toContain('detail=stale-error')
    expect((await send(server, `${dataPrefix}/props/turning.json`)).json()).toEqual({ pageProps: { posts: [] } })
    site.source.set('props', { how: 'good' })
    await eventually(async () => expect(state(await send(server, '/props/turning'))).toBe('200 HIT'))
    site.source.set('props', {})
  })

  it('W14 getServerSideProps is checked too', async () => {
    site.source.set('server', { how: 'date' })
    expect((await send(server, '/server')).status).toBe(500)
    await eventually(() =>
      expect(server.output()).toContain('error serializing `.posts[3].date` returned from `getServerSideProps`'),
    )
    site.source.set('server', {})
    expect((await send(server, '/server')).status).toBe(200)
  })

  it('W14 development says the same', async () => {
    const dev = await site.serve('dev')
    const answer = await send(dev, '/props/date', { headers: { accept: 'text/html' } })
    expect(answer.status).toBe(500)
    await eventually(() => expect(dev.output()).toContain('error serializing `.posts[3].date`'))
  })
})

describe('res.revalidate', () => {
  it.each([
    ['a page without data', '/plain', 'no getStaticProps'],
    ['a dynamic page without data', '/plain/1', 'no getStaticProps'],
    ['a getServerSideProps page', '/server', 'no getStaticProps'],
    ['an API route', '/api/hello', 'no page'],
    ['the API route itself', '/api/revalidate', 'no page'],
    ['nothing', '/not/there', 'no page'],
    ['an asset', '/robots.txt', 'no page'],
    ['an unlisted path', '/listed/2', 'does not list it'],
    ['a pattern', '/shell/[id]', 'pattern'],
    ['a path with a query', '/any/x?y=1', 'plain path'],
  ])('W15 rejects on %s with a typed error, and runs nothing', async (_, path, text) => {
    site.source.forget()
    const { status, body } = await revalidate(path)
    expect(status).toBe(500)
    expect(body).toMatchObject({ name: 'IsrError', code: 'ISR_REVALIDATE_PATH' })
    expect(body.message).toContain(`Failed to revalidate`)
    expect(body.message).toContain(text)
    for (const name of ['server', 'api', 'any', 'shell', 'listed'])
      expect([name, site.source.count(name)]).toEqual([name, 0])
  })
  it('W15 says what became of the page', async () => {
    expect((await revalidate('/listed/1')).body).toEqual({ status: 'regenerated' })
    expect((await revalidate('/any/w15')).body).toEqual({ status: 'regenerated' })
    expect((await revalidate('/any/gone-w15')).body).toEqual({ status: 'notFound' })
    expect((await revalidate('/any/moved-w15')).body).toEqual({ status: 'redirect' })
    site.source.forget()
    expect((await revalidate('/any/never', '&only=1')).body).toEqual({ status: 'skipped' })
    expect((await revalidate('/shell/never', '&only=1')).body).toEqual({ status: 'skipped' })
    expect([site.source.count('any'), site.source.count('shell')]).toEqual([0, 0])
    expect((await revalidate('/any/w15', '&only=1')).body).toEqual({ status: 'regenerated' })
  })
  it('W15 a failing page rejects with another code and its message', async () => {
    site.source.fail('any', 'no data for you')
    const { status, body } = await revalidate('/any/failing')
    expect([status, body.code]).toEqual([500, 'ISR_REVALIDATE_FAILED'])
    expect(body.message).toContain('no data for you')
    site.source.heal('any')
  })
  it('W15 generates a path of fallback: true that never was', async () => {
    site.source.forget()
    expect((await revalidate('/shell/fresh')).body).toEqual({ status: 'regenerated' })
    expect(site.source.count('shell')).toBe(1)
    const answer = await send(server, '/shell/fresh')
    expect(state(answer)).toBe('200 HIT')
    expect(answer.text).toContain('page fresh')
  })
})

describe('slugs', () => {
  const odd = [
    'x'.repeat(300),
    'y'.repeat(900),
    '漢'.repeat(90),
    'CON',
    'aux.txt',
    'NUL.html',
    'a:b',
    'a*b',
    'a?b',
    'a"b<c>d|e',
    'back\\slash',
    'a/b',
    '../../../etc/passwd',
    'ends.',
    'ends ',
    '.hidden',
    '...',
    'ü🎉',
    'u\u0308',
    '\u00fc',
    'Case',
    'case',
    '__proto__',
    'constructor',
    '%2e%2e',
    'index',
    "quote'd",
    '~tilde$(sh)`x`',
  ]

  it('W16 long, odd and Windows-illegal ones are stored like any other', async () => {
    const printed = server.output().length
    const path = (slug: string) => `/any/${encodeURIComponent(slug)}`
    const bodies = new Map<string, string>()
    for (const slug of odd) {
      const first = await send(server, path(slug))
      expect([slug, state(first)]).toEqual([slug, '200 MISS'])
      bodies.set(slug, first.text)
      expect([slug, state(await send(server, path(slug)))]).toEqual([slug, '200 HIT'])
    }
    expect(new Set(bodies.values()).size).toBe(odd.length)
    await eventually(async () => expect((await site.list('.isr-cache')).length).toBeGreaterThanOrEqual(odd.length))
    expect(server.output().slice(printed)).toBe('')
    await restart()
    site.source.forget()
    for (const slug of odd) {
      const again = await send(server, path(slug))
      expect([slug, state(again), again.text === bodies.get(slug)]).toEqual([slug, '200 HIT', true])
    }
    expect(site.source.count('any')).toBe(0)
    for (const name of await site.list('.isr-cache')) {
      expect(name).toMatch(/^[\w-]+\/[0-9a-f]{2}\/[0-9a-f]{64}\.isr$/)
    }
  })
})

describe('encodings', () => {
  const hasZstd = 'zstdDecompressSync' in zlib
  const decoders: Record<string, (bytes: Buffer) => Buffer> = {
    br: brotliDecompressSync,
    gzip: gunzipSync,
    ...(hasZstd && { zstd: (zlib as unknown as { zstdDecompressSync: (bytes: Buffer) => Buffer }).zstdDecompressSync }),
  }
  const ask = (path: string, accept: string, more: Record<string, string> = {}) =>
    send(server, path, { headers: { 'accept-encoding': accept, ...more } })

  it.each(['html', 'data'])(
    'W17 %s: one strong ETag per encoding, compressed once, Vary on 200 and 304',
    async (form) => {
      const path = form === 'html' ? '/any/encoded' : `${dataPrefix}/any/encoded.json`
      await send(server, '/any/encoded')
      const plain = await send(server, path)
      const etags = new Set([plain.headers['etag']])
      expect([plain.headers['content-encoding'], plain.headers['vary']]).toEqual([undefined, 'Accept-Encoding'])
      for (const [encoding, decode] of Object.entries(decoders)) {
        const answer = await ask(path, encoding)
        expect([encoding, answer.headers['content-encoding'], answer.cache]).toEqual([encoding, encoding, 'HIT'])
        expect(answer.headers['vary']).toBe('Accept-Encoding')
        expect(Number(answer.headers['content-length'])).toBe(answer.body.byteLength)
        expect(answer.body.byteLength).toBeLessThan(plain.body.byteLength / 2)
        expect(decode(answer.body).equals(plain.body)).toBe(true)
        const etag = answer.headers['etag']!
        expect(etag).toMatch(/^"[^"]+"$/)
        etags.add(etag)
        // The same bytes each time, whoever asks.
        const again = await ask(path, `${encoding};q=0.8, identity;q=0.1`)
        expect([again.headers['etag'], again.body.equals(answer.body)]).toEqual([etag, true])
        const known = await ask(path, encoding, { 'if-none-match': etag })
        expect([known.status, known.headers['vary'], known.headers['etag']]).toEqual([304, 'Accept-Encoding', etag])
        // Not these bytes: the ETag of another encoding does not fit.
        expect((await ask(path, encoding, { 'if-none-match': plain.headers['etag']! })).status).toBe(200)
      }
      expect(etags.size).toBe(Object.keys(decoders).length + 1)
    },
  )
  it.each([
    ['gzip, deflate, br, zstd', 'br'],
    ['zstd, gzip', hasZstd ? 'zstd' : 'gzip'],
    ['gzip;q=1, br;q=0.2', 'gzip'],
    ['br;q=0, gzip;q=0.001', 'gzip'],
    ['deflate', undefined],
    ['*', 'br'],
  ])('W17 Accept-Encoding: %s gets %s', async (accept, encoding) => {
    expect((await ask('/any/encoded', accept)).headers['content-encoding']).toBe(encoding)
  })
  it('W17 the first answer, a stored one and the 404 page are compressed too', async () => {
    const first = await ask('/any/encoded-first', 'br')
    expect([state(first), first.headers['content-encoding'], first.headers['vary']]).toEqual([
      '200 MISS',
      'br',
      'Accept-Encoding',
    ])
    const { etag } = first.headers
    await restart()
    const stored = await ask('/any/encoded-first', 'br')
    expect([state(stored), stored.headers['etag'], stored.body.equals(first.body)]).toEqual(['200 HIT', etag, true])
    const missing = await ask('/not/there', 'gzip')
    expect([missing.status, missing.headers['vary']]).toEqual([404, 'Accept-Encoding'])
  })
})

describe('the page script', () => {
  const read = ({ text }: Answer): any => {
    const found = [...text.matchAll(/<script id="__ISR_DATA__" type="application\/json">(.*?)<\/script>/gs)]
    expect(found).toHaveLength(1)
    return JSON.parse(found[0]![1]!)
  }

  it('W22 holds page, route parameters, props, build id and flags, and nothing else', async () => {
    const answer = await send(server, '/any/script?slug=evil&utm=1')
    const { buildId } = JSON.parse(await site.read('dist/isr/route-manifest.json'))
    expect(read(answer)).toEqual({
      page: '/any/[slug]',
      query: { slug: 'script' },
      pageProps: { slug: 'script', value: expect.stringMatching(/^any \d+$/), text: expect.any(String) },
      buildId,
      isFallback: false,
      draft: false,
    })
    expect(answer.text).not.toMatch(/__NEXT_DATA__|utm/)
    expect(read(await send(server, '/'))).toEqual({
      page: '/',
      query: {},
      pageProps: {},
      buildId,
      isFallback: false,
      draft: false,
    })
  })
  it('W22 a shell and a page without data', async () => {
    expect(read(await send(server, '/shell/script'))).toMatchObject({
      page: '/shell/[id]',
      query: {},
      pageProps: {},
      isFallback: true,
    })
    expect(read(await send(server, '/plain'))).toMatchObject({
      page: '/plain',
      query: {},
      pageProps: {},
      isFallback: false,
    })
    expect(read(await send(server, '/plain/7'))).toMatchObject({ page: '/plain/[id]', query: {} })
  })
})

describe('key spaces', () => {
  it.each(['/shell/[id]', '/shell/%5Bid%5D'])('W23 %s is a path like any other, not the shell', async (path) => {
    expect((await send(server, `/shell/before-${path.length}`)).text).toContain('LOADING')
    const first = await send(server, path)
    expect(first.status).toBe(200)
    await eventually(async () => {
      const page = await send(server, path)
      expect([state(page), page.text.includes('page [id]')]).toEqual(['200 HIT', true])
    })
    expect(site.source.calls('shell').map(({ detail }) => detail.id)).toContain('[id]')
    const data = await send(server, `${dataPrefix}${path}.json`)
    expect(data.json().pageProps.id).toBe('[id]')
    // And the page of that name has not taken the shell's place.
    const shell = await send(server, `/shell/after-${path.length}`)
    expect(state(shell)).toBe('200 MISS')
    expect(shell.text).toContain('LOADING')
  })
  it('W23 a data request for the pattern never gets the shell', async () => {
    const data = await send(server, `${dataPrefix}/listed/[id].json`)
    expect([data.status, data.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8'])
    expect((await send(server, '/listed/[id]')).status).toBe(404)
    expect((await send(server, '/listed/%5Bid%5D')).status).toBe(404)
  })
  it('W23 keys are no paths', async () => {
    for (const path of ['/s:/shell/[id]', '/p:/any/there', '/s:', '/p:']) {
      expect([path, (await send(server, path)).status]).toEqual([path, 404])
    }
  })
})
