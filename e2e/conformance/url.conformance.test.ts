/** Section O: how request targets are read. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerProcess } from '../process.ts'
import { NOSTORE, send, sendTarget } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'

const pages = {
  'pages/index.jsx': `export default function Home() { return <main>home</main> }`,
  'pages/isr60.jsx': `
import { ask } from '../source.server.js'
export const getStaticProps = async (context) => ({ props: await ask('isr60', context), revalidate: 60 })
export default function Isr({ value }) { return <main>{value}</main> }`,
  'pages/x.jsx': `
import { useRouter } from 'vite-plugin-isr/client'
export const getStaticProps = () => ({ props: {}, revalidate: 60 })
export default function X() { return <main>asPath={useRouter().asPath}</main> }`,
  'pages/b/[slug].jsx': `
import { useRouter } from 'vite-plugin-isr/client'
import { ask } from '../../source.server.js'
export const getStaticPaths = () => ({ paths: ['/b/pre'], fallback: 'blocking' })
export const getStaticProps = async (context) => {
  await ask('b', context)
  return { props: { slug: context.params.slug }, revalidate: 60 }
}
export default function B({ slug }) {
  return <main>slug={JSON.stringify({ slug })} asPath={useRouter().asPath}</main>
}`,
  'pages/server/[id].jsx': `
import { useRouter } from 'vite-plugin-isr/client'
export const getServerSideProps = ({ params, query }) => ({ props: { params, query } })
export default function Server(props) {
  return <main>{JSON.stringify({ ...props, asPath: useRouter().asPath })}</main>
}`,
  'pages/api/hello.js': `export default (req, res) => res.json({ url: req.url })`,
  'public/pub.txt': 'public',
  'pages/_app.jsx': `export default function App({ Component, pageProps }) { return <Component {...pageProps} /> }`,
  'pages/_document.jsx': `export default function Document({ children }) { return <html lang="en"><head /><body>{children}</body></html> }`,
  'pages/_error.jsx': `export default function Failed({ statusCode }) { return <main>{'error ' + statusCode}</main> }`,
}

/** The text of the first element, with the comments that React puts between texts taken out. */
function textOf({ text }: { text: string }): string {
  const [, inner = ''] = /<main>(.*?)<\/main>/s.exec(text) ?? []
  return inner.replaceAll('<!-- -->', '').replaceAll('&quot;', '"').replaceAll('&amp;', '&').replaceAll('&#x27;', "'")
}

const sites: Site[] = []
afterAll(async () => {
  for (const site of sites) await site.dispose()
})

async function start(
  options: string,
  config = '',
  files: Record<string, string> = {},
): Promise<{ site: Site; server: ServerProcess; dataPrefix: string }> {
  const site = await createSite({ files: { ...pages, ...files }, options, config })
  sites.push(site)
  await site.build()
  const { buildId } = JSON.parse(await site.read('dist/isr/route-manifest.json'))
  return { site, server: await site.serve(), dataPrefix: `/_isr/data/${buildId}` }
}

describe('without trailing slashes', () => {
  let site: Site
  let server: ServerProcess
  let dataPrefix: string
  beforeAll(async () => {
    ;({ site, server, dataPrefix } = await start(''))
  })

  it.each([
    ['/x/', '/x'],
    ['/x/?a=1&b=%20', '/x?a=1&b=%20'],
    ['/x//', '/x/'],
    ['//x', '/x'],
    ['//x?a=//b', '/x?a=//b'],
    ['/b//x', '/b/x'],
    ['/b///x//', '/b/x/'],
    ['/b\\x', '/b/x'],
    ['\\x', undefined],
    ['/\\x', '/x'],
    ['/nothing/', '/nothing'],
    ['/api/hello/', '/api/hello'],
    ['/pub.txt/', '/pub.txt'],
    ['//evil.com/', '/evil.com/'],
  ])('U01 %s leads to %s', async (target, location) => {
    const answer = await sendTarget(server, target)
    if (location === undefined) {
      expect(answer.status).toBe(400)
      return
    }
    expect([answer.status, answer.headers['location']]).toEqual([308, location])
    expect(answer.headers['refresh']).toBe(`0;url=${location}`)
  })

  it('U03 paths are case-sensitive', async () => {
    expect((await send(server, '/isr60')).status).toBe(200)
    expect((await send(server, '/ISR60')).status).toBe(404)
    const [lower, upper] = [await send(server, '/b/pre'), await send(server, '/b/PRE')]
    expect([lower.cache, upper.cache]).toEqual(['HIT', 'MISS'])
    expect(textOf(upper)).toContain('slug={"slug":"PRE"}')
    expect((await send(server, '/B/pre')).status).toBe(404)
    expect((await send(server, '/API/hello')).status).toBe(404)
  })

  it.each([
    ['/b/a+b', 'a+b'],
    ['/b/a%2Bb', 'a+b'],
    ['/b/a%3Fb', 'a?b'],
    ['/b/a%23b', 'a#b'],
    ['/b/a%5Cb', 'a\\b'],
    ['/b/a%2Fb', 'a/b'],
    ['/b/a%20b', 'a b'],
    ['/b/%C3%BC', 'ü'],
    ['/b/%F0%9F%8E%89', '🎉'],
    ['/b/100%25', '100%'],
    ['/b/a%26b%3Dc', 'a&b=c'],
    ['/b/%5Bslug%5D', '[slug]'],
  ])('U06 %s has the parameter %s', async (target, slug) => {
    const answer = await sendTarget(server, target)
    expect([answer.status, textOf(answer)]).toEqual([200, expect.stringContaining(`slug=${JSON.stringify({ slug })} `)])
    // A second spelling of the same path is the same page.
    expect((await sendTarget(server, target)).cache).toBe('HIT')
  })
  it('U06 a raw fragment in a request target is dropped', async () => {
    const answer = await sendTarget(server, '/b/pre#part?not=query')
    expect([answer.status, answer.cache]).toEqual([200, 'HIT'])
    expect(textOf(answer)).toContain('slug={"slug":"pre"} asPath=/b/pre')
  })

  it('U09 the query string reaches neither getStaticProps nor the cache', async () => {
    site.source.forget()
    for (const query of ['', '?slug=evil', '?a=1&a=2', '?', '?%']) {
      const answer = await send(server, `/b/query${query}`)
      expect([answer.status, answer.cache]).toEqual([200, query === '' ? 'MISS' : 'HIT'])
      expect(textOf(answer)).toBe('slug={"slug":"query"} asPath=/b/query')
      const data = await send(server, `${dataPrefix}/b/query.json${query}`)
      expect([data.status, data.cache, data.json()]).toEqual([200, 'HIT', { pageProps: { slug: 'query' } }])
    }
    expect(site.source.calls('b').map(({ detail }) => detail.params)).toEqual([{ slug: 'query' }])
    expect(JSON.stringify(site.source.calls('b'))).not.toContain('evil')
  })

  it.each(['/index', '/index.html', '/isr60.html', '/isr60.json', '/_app', '/_document', '/_error', '/500', '/b'])(
    'U10 %s is a 404',
    async (path) => {
      const answer = await send(server, path)
      expect([answer.status, answer.headers['cache-control'], answer.cache]).toEqual([404, NOSTORE, undefined])
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    },
  )
  it('U10 /404 is the 404 page', async () => {
    const answer = await send(server, '/404')
    expect([answer.status, answer.headers['cache-control']]).toEqual([404, NOSTORE])
  })

  it('U13 the request target * is a 500', async () => {
    for (const method of ['GET', 'OPTIONS']) expect((await sendTarget(server, '*', method)).status).toBe(500)
    expect((await send(server, '/isr60')).status).toBe(200)
  })
  it('U13 the absolute form is its path', async () => {
    const answer = await sendTarget(server, 'http://other.example/isr60?x=1')
    expect([answer.status, answer.cache]).toEqual([200, 'HIT'])
  })
})

describe('with trailing slashes', () => {
  let server: ServerProcess
  let dataPrefix: string
  beforeAll(async () => {
    ;({ server, dataPrefix } = await start('{ trailingSlash: true }'))
  })

  it.each([
    ['/x', '/x/'],
    ['/x?a=1', '/x/?a=1'],
    ['/b/pre', '/b/pre/'],
    ['/b/a.b/', '/b/a.b'],
    ['/b/a.b/?a=1', '/b/a.b?a=1'],
    ['/api/hello', '/api/hello/'],
    ['/pub.txt/', '/pub.txt'],
    ['/nothing', '/nothing/'],
    ['/x//', '/x/'],
    ['/b//x', '/b/x'],
  ])('U02 %s leads to %s', async (target, location) => {
    const answer = await sendTarget(server, target)
    expect([answer.status, answer.headers['location']]).toEqual([308, location])
    expect(answer.headers['refresh']).toBe(`0;url=${location}`)
  })
  it('U02 the right form is served, and asPath has the slash', async () => {
    const page = await send(server, '/x/')
    expect([page.status, page.cache, textOf(page)]).toEqual([200, 'HIT', 'asPath=/x/'])
    expect(textOf(await send(server, '/b/new/'))).toBe('slug={"slug":"new"} asPath=/b/new/')
    const dotted = await send(server, '/b/a.b')
    expect([dotted.status, textOf(dotted)]).toEqual([200, 'slug={"slug":"a.b"} asPath=/b/a.b'])
    expect(JSON.parse(textOf(await send(server, '/server/1/?q=2')))).toEqual({
      params: { id: '1' },
      query: { q: '2', id: '1' },
      asPath: '/server/1/?q=2',
    })
    expect((await send(server, '/')).status).toBe(200)
    expect((await send(server, '/api/hello/')).json()).toEqual({ url: '/api/hello/' })
    expect((await send(server, '/pub.txt')).text).toBe('public')
  })
  it('U02 the data of a page has no slash', async () => {
    const data = await send(server, `${dataPrefix}/b/pre.json`)
    expect([data.status, data.json()]).toEqual([200, { pageProps: { slug: 'pre' } }])
    expect((await send(server, `${dataPrefix}/b/a.b.json`)).json()).toEqual({ pageProps: { slug: 'a.b' } })
  })
})

describe('with a base', () => {
  it('U01 U10 slashes and unknown paths below the base', async () => {
    const failed = `export default function Failed() { return <main>own 500</main> }`
    const { server } = await start('', `base: '/shop/',`, { 'pages/500.jsx': failed })
    const answer = await send(server, '/shop/x/?a=1')
    expect([answer.status, answer.headers['location']]).toEqual([308, '/shop/x?a=1'])
    expect(textOf(await send(server, '/shop/x'))).toBe('asPath=/x')
    expect((await send(server, '/shop')).status).toBe(308)
    expect((await send(server, '/shop/')).status).toBe(200)
    const failure = await send(server, '/shop/500')
    expect([failure.status, textOf(failure), failure.headers['cache-control']]).toEqual([500, 'own 500', NOSTORE])
    expect((await send(server, '/x')).status).toBe(404)
    expect((await send(server, '/shopping/x')).status).toBe(404)
  })
})
