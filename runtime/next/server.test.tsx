import { Suspense, use, useId, type ReactNode } from 'react'
import { describe, expect, it, vi } from 'vitest'
import { createApp, type AppOptions } from '../render/index.ts'
import type { RenderInput } from '../types.ts'
import App, { type AppProps } from './app.tsx'
import { useRouter as useRouterOrNull } from './compat-router.ts'
import Document, { Head as DocumentHead, Html, Main, NextScript, type DocumentContext } from './document.tsx'
import dynamic from './dynamic.tsx'
import ErrorPage from './error.tsx'
import Head from './head.tsx'
import Image from './image.tsx'
import Link from './link.tsx'
import Router, { useRouter, withRouter, type NextRouter } from './router.tsx'
import Script from './script.tsx'
import { createNextDocument, type DynamicAssets } from './server.tsx'

interface Site extends Partial<AppOptions> {
  readonly page?: unknown
  readonly dynamicAssets?: DynamicAssets
  readonly _document?: unknown
  readonly _app?: unknown
}

function site({ page = Home, dynamicAssets, _document = Document, _app, ...options }: Site = {}) {
  return createApp({
    buildId: 'b1',
    base: '/',
    trailingSlash: false,
    routes: [{ pattern: '/', kind: 'isr', file: 'pages/index.tsx' }],
    modules: { '/': async () => ({ default: page }) },
    document: async () => ({ default: _document }),
    error: async () => ({ default: ErrorPage }),
    ...(_app !== undefined && { app: async () => ({ default: _app }) }),
    assets: () => ({ css: ['/a.css'], js: ['/a.js'] }),
    entry: '/entry.js',
    writeDocument: createNextDocument(dynamicAssets),
    ...options,
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

const render = (options?: Site, overrides?: Partial<RenderInput>) => site(options).render(input(overrides))
const headOf = (html: string) => /<head[^>]*>(.*?)<\/head>/s.exec(html)![1]!
const pageOf = (html: string) => /<div id="__next">(.*?)<\/div><script id="__ISR_DATA__"/s.exec(html)![1]!

function Home(): ReactNode {
  return (
    <main>
      <Head>
        <title>Home</title>
      </Head>
      Hello
    </main>
  )
}

describe('a document of Next.js', () => {
  it('is the default one: head, page, data and script in their places', async () => {
    expect(await render({}, { pageProps: { a: '</script>' } })).toBe(
      '<!DOCTYPE html><html><head><meta charSet="utf-8" data-next-head=""/>' +
        '<meta name="viewport" content="width=device-width" data-next-head=""/><title data-next-head="">Home</title>' +
        '<link rel="modulepreload" href="/a.js"/><link rel="stylesheet" href="/a.css"/></head>' +
        '<body><div id="__next"><main>Hello</main></div><script id="__ISR_DATA__" type="application/json">' +
        '{"page":"/","query":{},"pageProps":{"a":"\\u003c/script\\u003e"},"buildId":"b1","isFallback":false,"draft":false}' +
        '</script><script type="module" src="/entry.js"></script></body></html>',
    )
  })

  it('what pages and libraries write can’t be taken for a part of it', async () => {
    const page = () => (
      <div>
        <Head>
          <title>{'</head><div id="__next">$&'}</title>
        </Head>
        <p dangerouslySetInnerHTML={{ __html: '<div id="__next">$1</div></body></html>' }} />
        {'</div></body></html>'}
      </div>
    )
    const html = await render({ page })
    expect(headOf(html)).toContain(
      '<title data-next-head="">&lt;/head&gt;&lt;div id=&quot;__next&quot;&gt;$&amp;</title>',
    )
    expect(pageOf(html)).toBe(
      '<div><p><div id="__next">$1</div></body></html></p>&lt;/div&gt;&lt;/body&gt;&lt;/html&gt;</div>',
    )
  })

  it('tags that React hoists by itself are in the head, not in the page', async () => {
    const page = () => (
      <main>
        <title>Hoisted</title>
        <meta name="author" content="Ada" />
        <img src="/big.png" alt="" />
      </main>
    )
    const html = await render({ page })
    expect(headOf(html)).toContain('<meta name="author" content="Ada"/>')
    expect(headOf(html)).toContain('<link rel="preload" as="image" href="/big.png"/>')
    expect(pageOf(html)).toBe('<main><img src="/big.png" alt=""/></main>')
  })

  it('ids are those of a tree that begins with _app', async () => {
    const Id = () => <i>{useId()}</i>
    const page = () => (
      <>
        <Id />
        <Id />
      </>
    )
    const { renderToString } = await import('react-dom/server')
    const Page = page
    expect(pageOf(await render({ page, _app: ({ Component }: AppProps) => <Component /> }))).toBe(
      renderToString(<Page />),
    )
  })

  it('a class gets its own props and wraps _app, once per page', async () => {
    const enhanced = vi.fn()
    class MyDocument extends Document<{ nonce: string }> {
      static override async getInitialProps(context: DocumentContext) {
        const { renderPage } = context
        context.renderPage = () =>
          renderPage({
            enhanceApp: (App) =>
              function Enhanced(props) {
                enhanced()
                return <App {...props} />
              },
            enhanceComponent: (Component) => (props: object) => (
              <section>
                <Component {...props} />
              </section>
            ),
          })
        const initial = await Document.getInitialProps(context)
        return { ...initial, nonce: 'n1', styles: [<style key="s">{'a{}'}</style>] }
      }
      override render() {
        const { nonce, __NEXT_DATA__ } = this.props
        return (
          <Html lang="en" data-page={__NEXT_DATA__.page}>
            <DocumentHead nonce={nonce}>
              <script dangerouslySetInnerHTML={{ __html: 'theme()' }} />
            </DocumentHead>
            <body className="b">
              <Main />
              <NextScript nonce={nonce} />
            </body>
          </Html>
        )
      }
    }
    const html = await render({ _document: MyDocument })
    expect(html).toContain('<html lang="en" data-page="/">')
    expect(pageOf(html)).toBe('<section><main>Hello</main></section>')
    expect(html).toContain('<script id="__ISR_DATA__" type="application/json" nonce="n1">')
    expect(html).toContain('<script type="module" src="/entry.js" nonce="n1"></script>')
    expect(headOf(html)).toMatch(
      /<script>theme\(\)<\/script><link rel="stylesheet" href="\/a\.css" nonce="n1"\/><style>a\{\}<\/style>$/,
    )
    expect(enhanced).toHaveBeenCalledTimes(1)
  })

  it('a function may have getInitialProps, or none', async () => {
    const Plain = ({ lang = 'none' }: { lang?: string }) => (
      <Html lang={lang}>
        <DocumentHead />
        <body>
          <Main />
          <NextScript />
        </body>
      </Html>
    )
    expect(await render({ _document: Plain })).toContain('<html lang="none">')
    const Asking = Object.assign((props: object) => Plain(props), {
      getInitialProps: async (context: DocumentContext) => {
        expect([context.pathname, context.asPath, context.req]).toEqual(['/', '/', undefined])
        return { ...(await context.defaultGetInitialProps(context)), lang: 'fr' }
      },
    })
    expect(await render({ _document: Asking })).toContain('<html lang="fr">')
  })

  it('says which part a document lacks, and who uses a part elsewhere', async () => {
    const noScript = () => (
      <Html>
        <DocumentHead />
        <body>
          <Main />
        </body>
      </Html>
    )
    await expect(render({ _document: noScript })).rejects.toThrow(/did not render <NextScript \/>/)
    await expect(render({ page: () => <Main /> })).rejects.toThrow(/<Main> of next\/document was rendered outside/)
    const empty = Object.assign(() => null, { getInitialProps: async () => ({}) })
    await expect(render({ _document: empty })).rejects.toThrow(/getInitialProps returned no html/)
  })

  it('P11 a page that shows nothing is an error, and a shell may', async () => {
    await expect(render({ page: () => null })).rejects.toThrow(/rendered nothing/)
    expect(pageOf(await render({ page: () => null }, { isFallback: true }))).toBe('')
  })

  it('a page that suspends is written as a whole, its head once', async () => {
    const data = new Promise<string>((resolve) => setTimeout(resolve, 5, 'late'))
    const Late = () => {
      const text = use(data)
      return (
        <p>
          <Head>
            <meta property="og:late" content={text} />
          </Head>
          {text}
        </p>
      )
    }
    const page = () => (
      <main>
        <Head>
          <meta property="og:image" content="1" />
        </Head>
        <Suspense fallback="…">
          <Late />
        </Suspense>
        <Late />
      </main>
    )
    const html = await render({ page })
    expect(pageOf(html)).toContain('<p>late</p>')
    expect(html.match(/og:image/g)).toHaveLength(1)
    expect(html.match(/og:late/g)).toHaveLength(2)
  })

  it('X01 the default error page says its status, its title is by next/head', async () => {
    const html = await render({}, { pattern: '/404', statusCode: 404 })
    expect(pageOf(html)).toContain('404: This page could not be found.')
    expect(headOf(html)).toContain('<title data-next-head="">404: This page could not be found</title>')
    expect(await render({}, { pattern: '/500', statusCode: 500 })).toContain('500: Internal Server Error.')
  })
})

describe('next/app', () => {
  it('a class that extends App', async () => {
    class MyApp extends App {
      override render() {
        return (
          <>
            <Head>
              <title>App</title>
              <meta name="robots" content="all" />
            </Head>
            <nav>{this.props.router.pathname}</nav>
            {super.render()}
          </>
        )
      }
    }
    const html = await render({ _app: MyApp })
    expect(pageOf(html)).toBe('<nav>/</nav><main>Hello</main>')
    expect(headOf(html)).toContain(
      '<meta name="robots" content="all" data-next-head=""/><title data-next-head="">Home</title>',
    )
  })
})

describe('next/dynamic on the server', () => {
  it('shows what it loads, and names its files', async () => {
    const Chart = () => <b>chart</b>
    const Loaded = dynamic(async () => ({ default: Chart }), { loading: () => <i>wait</i> }, ['components/chart.tsx'])
    const Named = dynamic(async () => Chart)
    const Hidden = dynamic(async () => Chart, undefined, ['components/hidden.tsx'])
    const dynamicAssets = {
      'components/chart.tsx': { css: ['/a.css', '/chart.css'], js: ['/chart.js'] },
      'components/hidden.tsx': { css: ['/hidden.css'], js: ['/hidden.js'] },
    }
    const page = ({ hidden }: { hidden?: boolean }) => (
      <main>
        <Loaded />
        <Named />
        {hidden && <Hidden />}
      </main>
    )
    const html = await render({ page, dynamicAssets })
    expect(pageOf(html)).toBe('<main><b>chart</b><b>chart</b></main>')
    expect(
      headOf(html)
        .match(/href="[^"]*"/g)
        ?.toSorted(),
    ).toEqual(['href="/a.css"', 'href="/a.js"', 'href="/chart.css"', 'href="/chart.js"'])
    expect(await render({ page, dynamicAssets }, { pageProps: { hidden: true } })).toContain('/hidden.js')
  })

  it('renders once: what it loads is there before', async () => {
    const renders = vi.fn()
    const Loaded = dynamic(() => new Promise<() => ReactNode>((resolve) => setTimeout(resolve, 5, () => <b>b</b>)))
    const page = () => {
      renders()
      return <Loaded />
    }
    const app = site({ page })
    const htmls = await Promise.all([app.render(input()), app.render(input())])
    expect(htmls.map(pageOf)).toEqual(['<b>b</b>', '<b>b</b>'])
    expect(renders).toHaveBeenCalledTimes(2)
  })

  it('ssr: false is not loaded', async () => {
    const load = vi.fn(async () => () => <b>browser</b>)
    const Loaded = dynamic(load, { ssr: false, loading: ({ isLoading }) => <i>{String(isLoading)}</i> })
    expect(pageOf(await render({ page: () => <Loaded /> }))).toBe('<i>true</i>')
    const Silent = dynamic({ loader: load, ssr: false })
    expect(pageOf(await render({ page: () => <p>{<Silent />}</p> }))).toBe('<p></p>')
    expect(load).not.toHaveBeenCalled()
  })

  it('P5 what could not be loaded fails the page, and is tried again', async () => {
    let isBroken = true
    const Loaded = dynamic(async () => {
      if (isBroken) throw new Error('no chart')
      return () => <b>mended</b>
    })
    const app = site({ page: () => <Loaded /> })
    await expect(app.render(input())).rejects.toThrow('no chart')
    isBroken = false
    expect(pageOf(await app.render(input()))).toBe('<b>mended</b>')
  })
})

describe('components on the server', () => {
  it('links, in the form that they have had and in the older one', async () => {
    const page = () => (
      <>
        <Link href="/a" locale="de" prefetch={null}>
          a
        </Link>
        <Link href="/b" legacyBehavior>
          <a title="t">b</a>
        </Link>
        <Link href="/c" legacyBehavior passHref>
          <span>c</span>
        </Link>
        <Link href={{ pathname: '/posts/[id]', query: { id: 'x y', q: 1 } }} legacyBehavior>
          d
        </Link>
      </>
    )
    expect(pageOf(await render({ page, base: '/app/' }))).toBe(
      '<a href="/app/a">a</a><a title="t" href="/app/b">b</a><span href="/app/c">c</span>' +
        '<a href="/app/posts/x%20y?q=1">d</a>',
    )
  })

  it('routers: hooks, withRouter, and the singleton that has no page', async () => {
    const Inner = withRouter(({ router, mark }: { router: NextRouter; mark: string }) => (
      <p>{router.pathname + mark}</p>
    ))
    const Page = () => {
      expect(useRouterOrNull()).toBe(useRouter())
      expect(() => Router.pathname).toThrow(/before there is a page, or on the server/)
      Router.events.on('routeChangeStart', () => undefined)
      Router.ready(() => {
        throw new Error('never on the server')
      })
      return <Inner mark="!" />
    }
    expect(pageOf(await render({ page: Page }))).toBe('<p>/!</p>')
    expect(Inner.displayName).toMatch(/^withRouter\(/)
  })

  it('images are images', async () => {
    const page = () => (
      <>
        <Image src="/a.png" alt="a" width={10} height="20" quality={80} placeholder="blur" unoptimized />
        <Image src={{ src: '/b.png', width: 4, height: 3 }} alt="b" priority className="c" />
        <Image src="/c.png" alt="c" fill style={{ objectFit: 'cover' }} />
        <Image src="d" alt="d" sizes="50vw" loader={({ src, width }) => `/i/${src}/${width}`} width={5} height={5} />
      </>
    )
    const images = pageOf(await render({ page })).match(/<img[^>]*>/g)!
    expect(images[0]).toBe('<img decoding="async" loading="lazy" alt="a" width="10" height="20" src="/a.png"/>')
    expect(images[1]).toBe(
      '<img decoding="async" fetchPriority="high" alt="b" class="c" width="4" height="3" src="/b.png"/>',
    )
    expect(images[2]).toContain(
      'style="position:absolute;inset:0;width:100%;height:100%;object-fit:cover" src="/c.png"',
    )
    expect(images[3]).toContain('src="/i/d/3840" srcSet="/i/d/640 640w, /i/d/750 750w')
  })

  it('scripts: in the HTML only those that must be; a worker is refused', async () => {
    const page = () => (
      <p>
        <Script src="/later.js" />
        <Script id="now" strategy="beforeInteractive">{`now()`}</Script>
      </p>
    )
    expect(pageOf(await render({ page }))).toBe('<p><script id="now">now()</script></p>')
    await expect(render({ page: () => <Script src="/w.js" strategy="worker" /> })).rejects.toThrow(/"worker"/)
  })

  it('useRouter outside of a page says so, and its forgiving form says null', async () => {
    const { renderToString } = await import('react-dom/server')
    const Lost = () => <>{useRouter().pathname}</>
    const Forgiving = () => <>{useRouterOrNull() === null ? 'none' : 'one'}</>
    expect(() => renderToString(<Lost />)).toThrow(/no router/)
    expect(renderToString(<Forgiving />)).toBe('none')
    expect(() => renderToString(<Head />)).toThrow(/found no page/)
  })
})
