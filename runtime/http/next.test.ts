import { afterEach, describe, expect, it } from 'vitest'
import type { GetStaticProps } from '../types.ts'
import { ask } from './testing/client.ts'
import { SETTINGS } from './testing/manifest.ts'
import { startSite, type TestPage, type TestSite } from './testing/site.ts'

let site: TestSite | undefined
afterEach(async () => {
  await site?.close()
  site = undefined
})

const staticPage = (getStaticProps: GetStaticProps, extra: Partial<TestPage> = {}): TestPage => ({
  module: { getStaticProps },
  ...extra,
})
const moved = (destination: string, basePath?: false): TestPage =>
  staticPage(() => ({
    redirect: { destination, permanent: true, ...(basePath === false && { basePath }) },
    revalidate: 60,
  }))
const pages: Record<string, TestPage> = {
  '/': staticPage(() => ({ props: { a: 1 }, revalidate: 60 })),
  '/plain': {},
  '/moved': moved('/'),
  '/away': moved('https://other.example/', false),
  '/gone': staticPage(() => ({ notFound: true, revalidate: 60 })),
  '/posts/[id]': staticPage(({ params }) => ({ props: { id: params?.['id'] }, revalidate: 60 }), { fallback: true }),
  '/now': {
    module: {
      getServerSideProps: ({ query }) =>
        query['to'] === undefined
          ? { props: { query } }
          : { redirect: { destination: String(query['to']), permanent: false } },
    },
  },
}

const start = (next: boolean, base = '/') =>
  startSite(pages, { manifest: { base, settings: { ...SETTINGS, next } } }).then((started) => (site = started))

describe('settings.next', () => {
  it('W1 x-nextjs-cache says what x-isr-cache says', async () => {
    const { port, clock } = await start(true)
    const states = async (path: string) => {
      const { headers } = await ask(port, path)
      return [headers['x-isr-cache'], headers['x-nextjs-cache']]
    }
    expect(await states('/')).toEqual(['MISS', 'MISS'])
    expect(await states('/')).toEqual(['HIT', 'HIT'])
    clock.now += 61_000
    expect(await states('/')).toEqual(['STALE', 'STALE'])
    expect(await states('/moved')).toEqual(['MISS', 'MISS'])
    expect(await states('/moved')).toEqual(['HIT', 'HIT'])
    expect(await states('/gone')).toEqual(['MISS', 'MISS'])
    expect(await states('/posts/1')).toEqual(['MISS', 'MISS'])
    expect(await states('/plain')).toEqual([undefined, undefined])
    expect(await states('/now')).toEqual([undefined, undefined])
    const { headers } = await ask(port, '/')
    const again = await ask(port, '/', { headers: { 'if-none-match': String(headers.etag) } })
    expect([again.status, again.headers['x-nextjs-cache']]).toEqual([304, 'HIT'])
  })

  it('J01 navigation data lies at Next’s address too, below the base', async () => {
    for (const base of ['/', '/app/']) {
      const { port } = await start(true, base)
      const data = (path: string) => ask(port, `${base}_next/data/build1/${path}`)
      const home = await data('index.json')
      expect([home.status, home.text]).toEqual([200, '{"pageProps":{"a":1}}'])
      expect(home.headers).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'x-nextjs-cache': 'MISS',
      })
      expect((await data('index.json')).headers).toMatchObject({ 'x-nextjs-cache': 'HIT', etag: home.headers.etag })
      expect((await data('posts/1.json?id=1')).text).toBe('{"pageProps":{"id":"1"}}')
      expect((await data('now.json?a=b')).text).toBe('{"pageProps":{"query":{"a":"b"}}}')
      const gone = await data('gone.json')
      expect([gone.status, gone.text]).toEqual([404, '{"notFound":true}'])
      for (const path of ['plain.json', 'none.json', 'index/index.json', 'index']) {
        const { status, headers } = await data(path)
        expect([path, status, headers['content-type']]).toEqual([path, 404, 'text/html; charset=utf-8'])
      }
      expect((await ask(port, `${base}_next/data/other/index.json`)).status).toBe(404)
      expect((await ask(port, `${base}_next/static/chunks/main.js`)).status).toBe(404)
      await site?.close()
    }
  })

  it('N05 a redirect has the form of the address that it was asked for by', async () => {
    const { port } = await start(true)
    const own = async (path: string) => JSON.parse((await ask(port, `/_isr/data/build1/${path}`)).text)
    const next = async (path: string) => JSON.parse((await ask(port, `/_next/data/build1/${path}`)).text)
    // Made by the one, served from the cache to the other, and back.
    expect(await own('moved.json')).toEqual({ redirect: { destination: '/', statusCode: 308 } })
    expect(await next('moved.json')).toEqual({ pageProps: { __N_REDIRECT: '/', __N_REDIRECT_STATUS: 308 } })
    expect(await own('moved.json')).toEqual({ redirect: { destination: '/', statusCode: 308 } })
    expect(await next('away.json')).toEqual({
      pageProps: {
        __N_REDIRECT: 'https://other.example/',
        __N_REDIRECT_STATUS: 308,
        __N_REDIRECT_BASE_PATH: false,
      },
    })
    expect(await next('now.json?to=/a')).toEqual({ pageProps: { __N_REDIRECT: '/a', __N_REDIRECT_STATUS: 307 } })
  })

  it('without it nothing of that is there', async () => {
    const { port } = await start(false)
    expect((await ask(port, '/')).headers['x-nextjs-cache']).toBeUndefined()
    expect((await ask(port, '/')).headers['x-nextjs-cache']).toBeUndefined()
    expect((await ask(port, '/_next/data/build1/index.json')).status).toBe(404)
  })
})
