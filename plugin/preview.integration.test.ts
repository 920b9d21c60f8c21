import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFixture, type Fixture, type Running } from './testing/fixture.ts'

const SITE = {
  'public/robots.txt': 'User-agent: *',
  'pages/index.jsx': `
import './index.css'
let calls = 0
export const getStaticProps = () => ({ props: { calls: ++calls, at: Date.now() }, revalidate: 1 })
export default function Home({ at }) { return <main id="at">{at}</main> }`,
  'pages/index.css': 'main { color: red }',
  'pages/posts/[id].jsx': `
export const getStaticPaths = () => ({ paths: ['/posts/1'], fallback: 'blocking' })
export const getStaticProps = ({ params }) =>
  params.id === 'none' ? { notFound: true } : { props: { id: params.id }, revalidate: 60 }
export default function Post({ id }) { return <main>{id}</main> }`,
  'pages/plain/[id].jsx': `
import { useRouter } from 'vite-plugin-isr/client'
export default function Plain() { return <main>plain {useRouter().query.id}</main> }`,
  'pages/shell/[id].jsx': `
import { useRouter } from 'vite-plugin-isr/client'
export const getStaticPaths = () => ({ paths: [], fallback: true })
export const getStaticProps = ({ params }) => ({ props: { id: params.id } })
export default function Shell({ id }) { return useRouter().isFallback ? <p>Loading</p> : <p>{id.toUpperCase()}</p> }`,
  'pages/gone.jsx': `
export const getStaticProps = () => ({ notFound: true, revalidate: 30 })
export default () => <main />`,
  'pages/old.jsx': `
export const getStaticProps = () => ({ redirect: { destination: '/posts/1', permanent: true } })
export default () => <main />`,
  'pages/search.jsx': `
export const getServerSideProps = ({ query }) => ({ props: { q: query.q ?? '' } })
export default function Search({ q }) { return <main>{q}</main> }`,
  'pages/api/hello.js': `export default (req, res) => res.status(200).json({ hello: req.query.name })`,
  'pages/api/revalidate.js': `export default async (req, res) => res.json(await res.revalidate(req.query.path))`,
  'pages/404.jsx': `export default () => <main>nothing here</main>`,
}

const CONFIG = `
import react from '@vitejs/plugin-react'
import isr from 'vite-plugin-isr'
import { createServer } from 'node:http'
const backend = createServer((req, res) => res.end('proxied ' + req.url)).listen(0).unref()
export default {
  base: '/shop/',
  build: { outDir: 'out', assetsDir: 'files' },
  preview: { proxy: { '/shop/backend': { target: 'http://localhost:' + backend.address().port } }, headers: { 'x-mine': 'yes' } },
  plugins: [react(), isr({ render: { workers: 1 } })],
}`

/** As a browser would ask, with a Host header of the test's choice. */
function get(url: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; headers: Record<string, string | string[] | undefined>; body: string }>(
    (resolve, reject) => {
      const asked = request(url, { headers }, (res) => {
        let body = ''
        res.setEncoding('utf8').on('data', (text: string) => (body += text))
        res.on('end', () => resolve({ status: res.statusCode!, headers: res.headers, body }))
      })
      asked.on('error', reject)
      asked.end()
    },
  )
}

async function until<T>(read: () => Promise<T>, isDone: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const value = await read()
    if (isDone(value) || tries === 100) return value
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe.each(['vite preview', 'node out/server/start.mjs'])('%s', (command) => {
  let site: Fixture
  let server: Running
  let base: string
  const isPreview = command === 'vite preview'
  beforeAll(async () => {
    site = await createFixture({ ...SITE, 'vite.config.mjs': CONFIG })
    const { code, stderr } = await site.vite(['build'])
    if (code !== 0) throw new Error(stderr)
    server = isPreview
      ? await site.start(['node_modules/vite/bin/vite.js', 'preview', '--port', '0'])
      : await site.start(['out/server/start.mjs'], { PORT: '0' })
    base = `${new URL(server.url).origin}/shop`
  })
  afterAll(async () => {
    await server.close()
    await site.remove()
  })

  it('S01 a prerendered page is a HIT', async () => {
    const { status, headers, body } = await get(`${base}/posts/1`)
    expect([status, headers['x-isr-cache'], headers['content-type']]).toEqual([200, 'HIT', 'text/html; charset=utf-8'])
    expect(headers['cache-control']).toMatch(/^s-maxage=\d+, stale-while-revalidate=31535940$/)
    expect(headers['etag']).toMatch(/^"[\w-]+"$/)
    expect(body).toContain('<main>1</main>')
  })
  it('R01 R02 a stale page is served at once and is new after that', async () => {
    const at = (body: string) => Number(/id="at">(\d+)/.exec(body)![1])
    const first = await until(
      () => get(`${base}/`),
      ({ headers }) => headers['x-isr-cache'] === 'STALE',
    )
    expect(first.headers['x-isr-cache']).toBe('STALE')
    const next = await until(
      () => get(`${base}/`),
      ({ body }) => at(body) > at(first.body),
    )
    expect(at(next.body)).toBeGreaterThan(at(first.body))
  })
  it('F03 an unknown path of a blocking page is a MISS, then a HIT', async () => {
    const first = await get(`${base}/posts/new`)
    expect([first.status, first.headers['x-isr-cache']]).toEqual([200, 'MISS'])
    const second = await get(`${base}/posts/new`)
    expect([second.headers['x-isr-cache'], second.body]).toEqual(['HIT', first.body])
  })
  it('N01 N04 N05 notFound and redirect, at run time and from the build', async () => {
    const none = await get(`${base}/posts/none`)
    expect([none.status, none.headers['x-isr-cache']]).toEqual([404, 'MISS'])
    expect(none.body).toContain('nothing here')
    const gone = await get(`${base}/gone`)
    expect([gone.status, gone.headers['x-isr-cache']]).toEqual([404, 'HIT'])
    const old = await get(`${base}/old`)
    expect([old.status, old.headers['location'], old.headers['x-isr-cache']]).toEqual([308, '/shop/posts/1', 'HIT'])
  })
  it('F04 the shell of fallback: true, then the page', async () => {
    const shell = await get(`${base}/shell/a`)
    expect(shell.body).toContain('Loading')
    const page = await until(
      () => get(`${base}/shell/a`),
      ({ body }) => body.includes('<p>A</p>'),
    )
    expect(page.body).toContain('<p>A</p>')
  })
  it('a dynamic page without data is one shell for all paths', async () => {
    const { status, headers, body } = await get(`${base}/plain/x`)
    expect([status, headers['x-isr-cache'], body.includes('plain')]).toEqual([200, undefined, true])
  })
  it('S08 getServerSideProps and API routes run on each request', async () => {
    const page = await get(`${base}/search?q=shoes`)
    expect(page.body).toContain('<main>shoes</main>')
    expect(page.headers['cache-control']).toContain('no-store')
    expect((await get(`${base}/api/hello?name=x`)).body).toBe('{"hello":"x"}')
  })
  it('O01 res.revalidate makes the page anew', async () => {
    const answer = await get(`${base}/api/revalidate?path=/posts/1`)
    expect(answer.body).toBe('{"status":"regenerated"}')
    expect((await get(`${base}/posts/1`)).headers['x-isr-cache']).toBe('HIT')
  })
  it('S13 assets of build.assetsDir are immutable, public files are not, and no file of the build itself is served', async () => {
    const { body } = await get(`${base}/`)
    const css = /href="(\/shop\/files\/[^"]+\.css)"/.exec(body)![1]!
    const script = /src="(\/shop\/files\/[^"]+\.js)"/.exec(body)![1]!
    for (const url of [css, script]) {
      const asset = await get(new URL(url, base).href)
      expect([asset.status, asset.headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable'])
    }
    expect((await get(`${base}/robots.txt`)).body).toBe('User-agent: *')
    expect((await get(`${base}/robots.txt`)).headers['cache-control']).toBe('public, max-age=0')
    for (const path of [
      '/.vite/manifest.json',
      '/.vite/isr-manifest.json',
      '/../isr/route-manifest.json',
      '/server/app.mjs',
    ]) {
      expect((await get(`${base}${path}`)).status).toBe(404)
    }
  })
  it('trap 9 answers below the base only', async () => {
    expect((await get(`${new URL(base).origin}/posts/1`)).status).toBe(404)
  })
  it.runIf(isPreview)('trap 9 lets preview.proxy have its paths, and adds preview.headers', async () => {
    expect((await get(`${base}/backend/x`)).body).toBe('proxied /shop/backend/x')
    expect((await get(`${base}/posts/1`)).headers['x-mine']).toBe('yes')
  })
  it.runIf(isPreview)('P13 refuses a host that Vite refuses', async () => {
    expect((await get(`${base}/posts/1`, { host: 'evil.example' })).status).toBe(403)
  })
})

describe('the end of vite preview', () => {
  it('R09 waits for a regeneration that runs, and its page is there after a restart', async () => {
    const site = await createFixture({
      'pages/slow.jsx': `
import { existsSync } from 'node:fs'
export const getStaticProps = async ({ revalidateReason }) => {
  if (revalidateReason === 'stale') {
    console.log('BEGUN')
    while (!existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 20))
    console.log('ENDED')
  }
  return { props: { reason: revalidateReason }, revalidate: 1 }
}
export default function Slow({ reason }) { return <main>{reason}</main> }`,
    })
    try {
      expect(await site.vite(['build'])).toMatchObject({ code: 0 })
      const preview = () => site.start(['node_modules/vite/bin/vite.js', 'preview', '--port', '0'])
      const first = await preview()
      await until(
        () => get(`${first.url}/slow`),
        () => first.output().includes('BEGUN'),
      )
      const closed = first.close()
      const isRefused = () =>
        get(first.url).then(
          () => false,
          () => true,
        )
      await until(isRefused, Boolean)
      await site.write({ go: '' })
      await closed
      expect(first.output()).toContain('ENDED')
      const second = await preview()
      expect((await get(`${second.url}/slow`)).body).toContain('<main>stale</main>')
      await second.close()
    } finally {
      await site.remove()
    }
  })
})
