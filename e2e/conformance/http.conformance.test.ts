/** Section N: methods and conditional requests. */
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerProcess } from '../process.ts'
import { NOSTORE, send, sendRaw } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'

let site: Site
let server: ServerProcess
beforeAll(async () => {
  site = await createSite({
    files: {
      'pages/isr.jsx': `
import { ask } from '../source.server.js'
export const getStaticProps = async () => ({ props: { ...(await ask('isr')), text: 'x'.repeat(3000) }, revalidate: 300 })
export default function Isr({ value, text }) { return <main>{value} {text}</main> }`,
      'pages/new/[id].jsx': `
import { ask } from '../../source.server.js'
export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = async ({ params }) => {
  await ask('new')
  if (params.id === 'gone') return { notFound: true, revalidate: 300 }
  if (params.id === 'moved') return { redirect: { destination: '/isr', permanent: false }, revalidate: 300 }
  return { props: { id: params.id }, revalidate: 300 }
}
export default function New({ id }) { return <main>{id}</main> }`,
      'pages/plain.jsx': `export default function Plain() { return <main>plain</main> }`,
      'pages/plain/[id].jsx': `export default function PlainId() { return <main>plain id</main> }`,
      'pages/server.jsx': `
export const getServerSideProps = ({ req }) => ({ props: { method: req.method } })
export default function Server({ method }) { return <main>method {method}</main> }`,
      'public/file.txt': 'a file',
    },
  })
  await site.build()
  server = await site.serve()
})
afterAll(() => site.dispose())

const allows = (answer: { rawHeaders: ReadonlyArray<readonly [string, string]> }) =>
  answer.rawHeaders.filter(([name]) => name.toLowerCase() === 'allow').map(([, value]) => value)

describe('methods', () => {
  const paths = ['/isr', '/new/never', '/plain', '/plain/1']
  it.each(
    ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].flatMap((method) => paths.map((path) => [method, path] as const)),
  )('H01 %s %s is a 405 that starts nothing', async (method, path) => {
    const answer = await send(server, path, { method, ...(method === 'OPTIONS' ? {} : { body: 'x=1' }) })
    expect([answer.status, answer.text, allows(answer)]).toEqual([405, 'Method Not Allowed', ['GET, HEAD']])
    expect(answer.headers['cache-control']).toBe(NOSTORE)
    expect(answer.headers['content-type']).toMatch(/^text\/plain/)
    expect(answer.cache).toBeUndefined()
    expect(site.source.count('new')).toBe(0)
    expect(site.source.count('isr')).toBe(1)
  })
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('H02 %s on a getServerSideProps page renders it', async (method) => {
    const answer = await send(server, '/server', { method, body: 'x=1' })
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, NOSTORE])
    expect(answer.text).toContain(`method <!-- -->${method}`)
  })
  it('H02 OPTIONS on a getServerSideProps page is an empty 400', async () => {
    const answer = await send(server, '/server', { method: 'OPTIONS' })
    expect([answer.status, answer.text]).toEqual([400, ''])
  })
  it('H01 HEAD is a GET without its body', async () => {
    for (const path of ['/isr', '/plain', '/server']) {
      const head = await send(server, path, { method: 'HEAD' })
      const get = await send(server, path)
      expect([head.status, head.text]).toEqual([200, ''])
      if (path !== '/server') expect(head.headers['content-length']).toBe(get.headers['content-length'])
      expect(head.cache).toBe(get.cache)
    }
  })
})

describe('conditional requests', () => {
  const forms = (etag: string) => [etag, `W/${etag}`, `"other", ${etag}`, `"other",W/${etag} , "more"`, '*']

  it.each(['/isr', '/plain'])('H05 %s: the ETag in each form gives 304', async (path) => {
    const full = await send(server, path)
    const etag = full.headers['etag']!
    for (const method of ['GET', 'HEAD']) {
      for (const form of forms(etag)) {
        const answer = await send(server, path, { method, headers: { 'if-none-match': form } })
        expect([form, answer.status, answer.text]).toEqual([form, 304, ''])
        expect(answer.headers['etag']).toBe(etag)
        expect(answer.headers['vary']).toBe('Accept-Encoding')
        expect(answer.cache).toBe(full.cache)
        expect(answer.headers['cache-control']).toMatch(
          path === '/isr' ? /^s-maxage=\d+, stale-while/ : /^public, max-age=0/,
        )
        const content = Object.keys(answer.headers).filter((name) => name.startsWith('content-'))
        expect(content).toEqual([])
      }
    }
  })
  it('H05 a mismatch, a part of the ETag and a reload give 200', async () => {
    const etag = (await send(server, '/isr')).headers['etag']!
    for (const headers of [
      { 'if-none-match': '"other"' },
      { 'if-none-match': etag.slice(0, -2) + '"' },
      { 'if-none-match': etag.slice(1, -1) },
      { 'if-none-match': etag, 'cache-control': 'no-cache' },
    ]) {
      const answer = await send(server, '/isr', { headers })
      expect([headers, answer.status]).toEqual([headers, 200])
      expect(answer.body.byteLength).toBeGreaterThan(3000)
    }
    const head = await send(server, '/isr', { method: 'HEAD', headers: { 'if-none-match': '"other"' } })
    expect([head.status, head.headers['etag']]).toEqual([200, etag])
  })
  it('H05 a getServerSideProps page gives 304 for its own ETag', async () => {
    const etag = (await send(server, '/server')).headers['etag']!
    const answer = await send(server, '/server', { headers: { 'if-none-match': etag } })
    expect([answer.status, answer.headers['cache-control']]).toEqual([304, NOSTORE])
  })
  it('H05 only a page gives 304: notFound, redirects and the 404 page do not', async () => {
    for (const [path, status] of [
      ['/new/gone', 404],
      ['/new/moved', 307],
      ['/nothing', 404],
    ] as const) {
      const first = await send(server, path)
      const answer = await send(server, path, { headers: { 'if-none-match': first.headers['etag'] ?? '*' } })
      const any = await send(server, path, { headers: { 'if-none-match': '*' } })
      expect([path, answer.status, any.status]).toEqual([path, status, status])
    }
  })
  it('H05 If-Modified-Since alone gives 200', async () => {
    const answer = await send(server, '/isr', {
      headers: { 'if-modified-since': new Date(Date.now() + 1e6).toUTCString() },
    })
    expect(answer.status).toBe(200)
  })
})

describe('encodings', () => {
  it('H05 the ETag of one encoding is not that of another', async () => {
    const gzip = await send(server, '/isr', { headers: { 'accept-encoding': 'gzip' } })
    expect(gunzipSync(gzip.body).toString()).toContain('isr 1')
    const plain = await send(server, '/isr', { headers: { 'if-none-match': gzip.headers['etag']! } })
    expect([plain.status, plain.headers['content-encoding']]).toEqual([200, undefined])
  })
  it('H01 a request over HTTP/1.0 is answered', async () => {
    const answer = await sendRaw(server, 'GET /isr HTTP/1.0\r\n\r\n')
    expect([answer.status, answer.cache]).toEqual([200, 'HIT'])
    expect(answer.text).toContain('isr 1')
  })
})
