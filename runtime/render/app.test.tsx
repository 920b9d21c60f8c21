import { lazy, Suspense, useId, type ReactNode } from 'react'
import { describe, expect, it, vi } from 'vitest'
import { useRouter } from '../client/context.ts'
import { Link } from '../client/link.tsx'
import { toInlineJson } from '../isr/props.ts'
import type { RenderInput, RouteRecord } from '../types.ts'
import { createApp, type AppOptions } from './app.ts'

const routes: RouteRecord[] = [
  { pattern: '/', kind: 'isr', file: 'pages/index.tsx' },
  { pattern: '/posts/[id]', kind: 'isr', file: 'pages/posts/[id].tsx' },
  { pattern: '/search/[area]', kind: 'server', file: 'pages/search/[area].tsx' },
  { pattern: '/about/[[...rest]]', kind: 'static', file: 'pages/about/[[...rest]].tsx' },
  { pattern: '/api/hello', kind: 'api', file: 'pages/api/hello.ts' },
]

function Probe(): ReactNode {
  const router = useRouter()
  return (
    <p>
      {JSON.stringify([
        router.pathname,
        router.asPath,
        router.query,
        router.isFallback,
        router.isReady,
        router.isPreview,
      ])}
    </p>
  )
}

function site(overrides: Partial<AppOptions> = {}, page: unknown = Probe) {
  const modules = Object.fromEntries(routes.map(({ pattern }) => [pattern, async () => ({ default: page })]))
  return createApp({
    buildId: 'b1',
    base: '/',
    trailingSlash: false,
    routes,
    modules,
    assets: () => ({ css: [], js: [] }),
    entry: '/assets/entry.js',
    ...overrides,
  })
}

const input = (overrides: Partial<RenderInput> = {}): RenderInput => ({
  pattern: '/',
  asPath: '/',
  query: {},
  pageProps: {},
  isFallback: false,
  draft: false,
  statusCode: 200,
  ...overrides,
})

const readData = (html: string) =>
  JSON.parse(/<script id="__ISR_DATA__" type="application\/json">(.*?)<\/script>/.exec(html)![1]!)
const readProbe = (html: string) => JSON.parse(/<p>(.*?)<\/p>/.exec(html)![1]!.replaceAll('&quot;', '"'))

describe('the document', () => {
  it('has doctype, default head, page, data and entry', async () => {
    const html = await site({}, () => <h1>Hi</h1>).render(input())
    expect(html).toBe(
      '<!DOCTYPE html><html lang="en"><head><meta charSet="utf-8"/>' +
        '<meta name="viewport" content="width=device-width, initial-scale=1"/></head><body><h1>Hi</h1>' +
        '<script id="__ISR_DATA__" type="application/json">' +
        '{"page":"/","query":{},"pageProps":{},"buildId":"b1","isFallback":false,"draft":false}</script>' +
        '<script type="module" src="/assets/entry.js"></script></body></html>',
    )
  })
  it('W22 props that are JSON already make the same document', async () => {
    const pageProps = { text: '</script>\u2028<!--"pageProps":null', query: { id: '1' }, none: null, list: [1, [2]] }
    const query = { id: '"pageProps":null' }
    const propsJson = toInlineJson(pageProps)
    const known = await site().render(
      input({ pattern: '/posts/[id]', asPath: '/posts/1', query, pageProps, propsJson }),
    )
    expect(known).toBe(await site().render(input({ pattern: '/posts/[id]', asPath: '/posts/1', query, pageProps })))
    expect(readData(known)).toMatchObject({ query, pageProps })
  })
  it('the props of an error page are told its status, whatever was JSON before', async () => {
    const html = await site().render(
      input({ pattern: '/404', pageProps: { own: 1 }, propsJson: '{"own":1}', statusCode: 404 }),
    )
    expect(readData(html)).toMatchObject({ pageProps: { own: 1, statusCode: 404 } })
  })
  it('puts stylesheets, preloads and development tags at the start of the head, after the encoding', async () => {
    const app = site({
      assets: (pattern) => ({ css: [`/assets/a.css?p=${pattern}&x`], js: ['/assets/"page".js'] }),
      headHtml: '<script type="module">dev</script>',
    })
    expect(await app.render(input())).toContain(
      '<head><meta charSet="utf-8"/><script type="module">dev</script>' +
        '<link rel="stylesheet" href="/assets/a.css?p=/&amp;x">' +
        '<link rel="modulepreload" href="/assets/&quot;page&quot;.js"><meta name="viewport"',
    )
  })
  it('asks for development tags after the render', async () => {
    const order: string[] = []
    const app = site(
      {
        headHtml: async (pattern) => {
          order.push(`head ${pattern}`)
          return '<i></i>'
        },
      },
      () => {
        order.push('render')
        return 'x'
      },
    )
    expect(await app.render(input())).toContain('<i></i>')
    expect(order).toEqual(['render', 'head /'])
  })
  it('renders the site’s own _document and _app, and hoists head tags', async () => {
    const app = site(
      {
        document: async () => ({
          default: ({ children }: { children: ReactNode }) => (
            <html lang="de" className="a&gt;b">
              <body data-x="<body>">{children}</body>
            </html>
          ),
        }),
        app: async () => ({
          default: ({ Component, pageProps, router }: any) => (
            <main title={router.asPath}>
              <Component {...pageProps} />
            </main>
          ),
        }),
      },
      ({ name }: { name: string }) => (
        <>
          <title>{name}</title>
          <b>{name}</b>
        </>
      ),
    )
    const html = await app.render(input({ pageProps: { name: 'N' } }))
    expect(html).toContain(
      '<html lang="de" class="a&gt;b"><head><title>N</title></head><body data-x="&lt;body&gt;"><main title="/"><b>N</b></main><script',
    )
  })
  it('SEC-85 HD02 takes nothing of a page for a placeholder and escapes the data', async () => {
    const text = "$& $' $` $1 </body></html> </script><!--$!--> \u2028 <head>"
    const html = await site({}, ({ text }: { text: string }) => <p>{text}</p>).render(input({ pageProps: { text } }))
    expect(readData(html).pageProps.text).toBe(text)
    expect(html.split('</body>').length).toBe(2)
    expect(html.split('</script>').length).toBe(3)
    expect(html).toContain('$&amp; $&#x27; $` $1 ')
  })
  it('holds the props as the page found them', async () => {
    const html = await site({}, ({ items }: { items: number[] }) => items.reverse().join()).render(
      input({ pageProps: { items: [1, 2, 3] } }),
    )
    expect(html).toContain('<body>3,2,1<script')
    expect(readData(html).pageProps.items).toEqual([1, 2, 3])
  })
  it('W22 holds route parameters, not the URL query', async () => {
    const html = await site().render(
      input({ pattern: '/search/[area]', asPath: '/search/x?q=1', query: { q: '1', area: 'x' }, draft: true }),
    )
    expect(readData(html)).toEqual({
      page: '/search/[area]',
      query: { area: 'x' },
      pageProps: {},
      buildId: 'b1',
      isFallback: false,
      draft: true,
    })
    expect(readProbe(html)).toEqual(['/search/[area]', '/search/x?q=1', { q: '1', area: 'x' }, false, true, true])
  })
})

describe('the router on the server', () => {
  it('HD04 knows of a page its parameters and path only', async () => {
    const html = await site().render(input({ pattern: '/posts/[id]', asPath: '/posts/a%20b', query: { id: 'a b' } }))
    expect(readProbe(html)).toEqual(['/posts/[id]', '/posts/a%20b', { id: 'a b' }, false, false, false])
  })
  it('HD04 F13 of a shell it knows nothing', async () => {
    const html = await site().render(
      input({ pattern: '/posts/[id]', asPath: '/posts/1', query: { id: '1' }, isFallback: true }),
    )
    expect(readProbe(html)).toEqual(['/posts/[id]', '/posts/[id]', {}, true, false, false])
    expect(readData(html)).toMatchObject({ query: {}, isFallback: true })
  })
  it('of a dynamic page without data functions it knows the pattern', async () => {
    const html = await site().render(input({ pattern: '/about/[[...rest]]', asPath: '/about/[[...rest]]' }))
    expect(readProbe(html).slice(0, 3)).toEqual(['/about/[[...rest]]', '/about/[[...rest]]', {}])
  })
  it('U02 asPath ends with a slash where the site’s paths do', async () => {
    const app = site({ trailingSlash: true })
    expect(
      readProbe(await app.render(input({ pattern: '/posts/[id]', asPath: '/posts/1', query: { id: '1' } })))[1],
    ).toBe('/posts/1/')
    expect(
      readProbe(await app.render(input({ pattern: '/posts/[id]', asPath: '/posts/1/', query: { id: '1' } })))[1],
    ).toBe('/posts/1/')
    const server = input({ pattern: '/search/[area]', asPath: '/search/1/?a=b', query: { area: '1', a: 'b' } })
    expect(readProbe(await app.render(server))[1]).toBe('/search/1/?a=b')
  })
  it('refuses to navigate', async () => {
    const app = site({}, () => {
      void useRouter().push('/x')
      return 'x'
    })
    await expect(app.render(input())).rejects.toThrow(
      'router.push was called while the page was rendered on the server',
    )
  })
  it('links have base and slash, and are plain anchors', async () => {
    const page = () => (
      <>
        <Link href="/posts/1?x=1#y" className="c" prefetch={false} replace scroll={false} shallow>
          1
        </Link>
        <Link href={{ pathname: '/posts/[id]', query: { id: 'a b', z: [1, 2] } }}>2</Link>
        <Link href={{ pathname: '/posts/[id]', query: {} }}>3</Link>
        <Link href="https://other.example/x">4</Link>
        <Link href="?page=2">5</Link>
        <Link href="//evil.example/x">6</Link>
      </>
    )
    const html = await site({ base: '/app/', trailingSlash: true }, page).render(input())
    expect(/<body>(.*?)<script/.exec(html)![1]).toBe(
      '<a class="c" href="/app/posts/1/?x=1#y">1</a><a href="/app/posts/a%20b/?z=1&amp;z=2">2</a>' +
        '<a href="/posts/[id]">3</a><a href="https://other.example/x">4</a><a href="?page=2">5</a><a href="/app/evil.example/x/">6</a>',
    )
  })
})

describe('error pages', () => {
  it('X01 the default 404 page', async () => {
    const html = await site().render(input({ pattern: '/404', asPath: '/nowhere', statusCode: 404 }))
    expect(html).toContain('>404: This page could not be found.</h1>')
    expect(html).toContain('<title>404: This page could not be found.</title>')
    expect(readData(html)).toMatchObject({ page: '/404', pageProps: { statusCode: 404 } })
  })
  it('X04 the default 500 page', async () => {
    for (const pattern of ['/500', '/_error']) {
      expect(await site().render(input({ pattern, statusCode: 500 }))).toContain('>500: Internal Server Error.</h1>')
    }
  })
  it('X04 _error is used where neither 404 nor 500 exists', async () => {
    const app = site({ error: async () => ({ default: ({ statusCode }: any) => <p>{`own ${statusCode}`}</p> }) })
    expect(await app.render(input({ pattern: '/404', statusCode: 404 }))).toContain('own 404')
    expect(await app.render(input({ pattern: '/500', statusCode: 500 }))).toContain('own 500')
  })
  it('X02 the site’s own 404 page wins, and sees /404 as its path', async () => {
    const app = site({
      modules: { '/404': async () => ({ default: Probe }) },
      error: () => Promise.reject(new Error('not this')),
    })
    expect(
      readProbe(await app.render(input({ pattern: '/404', asPath: '/nowhere?x', statusCode: 404 }))).slice(0, 2),
    ).toEqual(['/404', '/404'])
  })
})

describe('what is refused', () => {
  const nothing = 'pages/index.tsx: the page rendered nothing'
  it.each([
    ['null', () => null, nothing],
    ['a blank', () => ' ', nothing],
    ['comments', () => ['', ' ', <Suspense key="s">{null}</Suspense>], nothing],
  ])('REL-05 a page that renders %s', async (_, page, message) => {
    await expect(site({}, page).render(input())).rejects.toMatchObject({
      code: 'ISR_GENERATE',
      message: expect.stringContaining(message),
    })
  })
  it.each([
    ['null', () => null],
    ['a blank', () => ' '],
    ['a title alone', () => <title>nothing else</title>],
  ])('REL-05 a page that renders %s, in the elements that _document and _app put around it', async (_, page) => {
    const document = async () => ({
      default: ({ children }: any) => (
        <html lang="en">
          <head />
          <body>
            <div id="root">{children}</div>
          </body>
        </html>
      ),
    })
    const frame = async () => ({
      default: ({ Component, pageProps }: any) => (
        <section>
          <Component {...pageProps} />
        </section>
      ),
    })
    await expect(site({ document, app: frame }, page).render(input())).rejects.toThrow(nothing)
    // A page without a word is a page all the same.
    const map = site({ document, app: frame }, () => <canvas id="map" />)
    expect(await map.render(input())).toContain('<canvas id="map">')
  })
  it('REL-05 not a shell that renders nothing', async () => {
    expect(await site({}, () => null).render(input({ pattern: '/posts/[id]', isFallback: true }))).toContain(
      '<body><script',
    )
  })
  it('looks at comments in linear time', async () => {
    const page = () => <div dangerouslySetInnerHTML={{ __html: '<!----> '.repeat(50_000) }} />
    expect((await site({}, page).render(input())).length).toBeGreaterThan(400_000)
    const only = () => ['x', ...Array.from({ length: 20_000 }, () => '')]
    expect(await site({}, only).render(input())).toContain('x')
  })
  it.each([
    ['a fragment', ({ children }: any) => <main>{children}</main>],
    ['html without body', ({ children }: any) => <html lang="en">{children === 1 ? children : null}</html>],
    ['nothing', () => null],
  ])('REL-05 a _document that renders %s', async (_, Document) => {
    const app = site({ document: async () => ({ default: Document }) })
    await expect(app.render(input())).rejects.toMatchObject({
      code: 'ISR_GENERATE',
      message: expect.stringContaining('_document must return <html> with <head> and <body>'),
    })
  })
  it('REL-05 a _document that leaves out its children', async () => {
    const app = site({
      document: async () => ({
        default: () => (
          <html lang="en">
            <body />
          </html>
        ),
      }),
    })
    await expect(app.render(input())).rejects.toThrow(nothing)
  })
  it('a page whose default export is no component', async () => {
    await expect(site({}, 'text').render(input())).rejects.toThrow(
      'pages/index.tsx: the default export is no React component but string',
    )
  })
  it.each(['/nowhere', '__proto__', 'constructor'])('a page that does not exist: %s', async (pattern) => {
    await expect(site().render(input({ pattern }))).rejects.toMatchObject({ code: 'ISR_PAGE' })
    await expect(site().load(pattern)).rejects.toMatchObject({ code: 'ISR_PAGE' })
  })
})

describe('Suspense', () => {
  const soon = (component: () => ReactNode) => lazy(async () => ({ default: component }))
  const inDocument = (html: string) => /<body>(.*?)<script/.exec(html)![1]

  it('waits for what suspends, inside and outside of boundaries', async () => {
    const Inside = soon(() => <b>{'in'.repeat(20_000)}</b>)
    const Outside = soon(() => <i>out</i>)
    const html = await site({}, () => (
      <>
        <Outside />
        <Suspense fallback="waiting">
          <Inside />
        </Suspense>
      </>
    )).render(input())
    expect(inDocument(html)).toBe(`<i>out</i><!--$--><b>${'in'.repeat(20_000)}</b><!--/$-->`)
    expect(html.match(/<!DOCTYPE html>/g)).toHaveLength(1)
  })
  it('both renderers write the same bytes for a page without suspension', async () => {
    const Never = soon(() => null)
    const Content = ({ suspends }: { suspends: boolean }) => (
      <>
        <title>{`A & B`}</title>
        <link rel="stylesheet" href="/x.css" precedence="default" />
        <script async src="/x.js" />
        <img src="/i.png" alt="" />
        <label htmlFor={useId()}>
          a{1}
          {'b'}
          <select defaultValue="2">
            <option value="2">&lt;</option>
          </select>
        </label>
        <Suspense fallback="x">
          <textarea defaultValue="t" />
          {'long'.repeat(10_000)}
        </Suspense>
        <div style={{ color: 'red', lineHeight: 2 }} dangerouslySetInnerHTML={{ __html: '<p>raw</p>' }} />
        {suspends && <Never />}
      </>
    )
    const [quick, complete] = await Promise.all(
      [false, true].map((suspends) => site({}, () => <Content suspends={suspends} />).render(input())),
    )
    expect(complete).toBe(quick)
  })
  it('REL-04 SEC-89 an error in a late boundary rejects, with that error', async () => {
    const error = new Error('late')
    const Late = lazy(async () => {
      await Promise.resolve()
      throw error
    })
    const slow = vi.fn(() => null)
    const Slow = lazy(() => new Promise<{ default: () => null }>(() => slow))
    const page = () => (
      <>
        <Suspense fallback="waiting">
          <Late />
        </Suspense>
        <Suspense fallback="waiting">
          <Slow />
        </Suspense>
      </>
    )
    await expect(site({}, page).render(input())).rejects.toBe(error)
  })
  it('REL-04 so do errors in a boundary, in the page, in _app and in _document', async () => {
    const error = new Error('boom')
    const Boom = (): ReactNode => {
      throw error
    }
    const inBoundary = () => (
      <Suspense fallback="waiting">
        <Boom />
      </Suspense>
    )
    await expect(site({}, inBoundary).render(input())).rejects.toBe(error)
    await expect(site({}, Boom).render(input())).rejects.toBe(error)
    await expect(site({ app: async () => ({ default: Boom }) }).render(input())).rejects.toBe(error)
    await expect(site({ document: async () => ({ default: Boom }) }).render(input())).rejects.toBe(error)
  })
  it('REL-03 a page may throw anything', async () => {
    for (const thrown of [null, undefined, 'text', Object.freeze({}), 0]) {
      const page = () => {
        // oxlint-disable-next-line typescript/only-throw-error -- that is what is tested
        throw thrown
      }
      await expect(site({}, page).render(input())).rejects.toBe(thrown)
      const Part = page as () => ReactNode
      const inBoundary = () => (
        <Suspense fallback="waiting">
          <Part />
        </Suspense>
      )
      await expect(site({}, inBoundary).render(input())).rejects.toBe(thrown)
    }
  })
})

describe('modules', () => {
  it('are imported once, and again after a failure', async () => {
    let calls = 0
    const load = async () => {
      if (++calls === 1) throw new Error('database is down')
      return { default: () => 'page', getStaticProps: () => ({ props: {} }) }
    }
    const app = site({ modules: { '/': load } })
    await expect(app.load('/')).rejects.toThrow('database is down')
    expect(await app.render(input())).toContain('page')
    expect(await app.load('/')).toHaveProperty('getStaticProps')
    expect(calls).toBe(2)
  })
  it('are asked for each time in development', async () => {
    let version = 0
    const app = site({
      buildId: 'development',
      modules: { '/': async () => ({ default: () => `v${++version}` }) },
      headHtml: () => `<meta name="v${version}">`,
    })
    expect(await app.render(input())).toContain('<meta name="v1">')
    expect(await app.render(input())).toContain('<meta name="v2">')
  })
  it('API routes are loaded, and have no page', async () => {
    const handler = () => undefined
    const app = site({ modules: { '/api/hello': async () => ({ default: handler }) } })
    expect((await app.load('/api/hello')).default).toBe(handler)
  })
})
