// @vitest-environment happy-dom
import { useEffect, useState, type ReactNode } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { json, open as openSite, settle, type TestBrowser, type TestSite } from '../client/testing/browser.tsx'
import type { RenderInput } from '../types.ts'
import Document, { Head as DocumentHead, Html, Main, NextScript } from './document.tsx'
import dynamic, { type DynamicOptionsLoadingProps } from './dynamic.tsx'
import ErrorPage from './error.tsx'
import Head from './head.tsx'
import Link from './link.tsx'
import Router, { useRouter } from './router.tsx'
import Script from './script.tsx'
import { createNextDocument } from './server.tsx'
import { startNextClient } from './start.tsx'

let browser: TestBrowser | undefined

async function open(
  site: TestSite & { _document?: unknown },
  url: string,
  input: Partial<RenderInput> & { pattern: string },
): Promise<TestBrowser> {
  const { _document = Document, ...rest } = site
  const by = {
    writeDocument: createNextDocument(),
    document: async () => ({ default: _document }),
    error: async () => ({ default: ErrorPage }),
  }
  const start: typeof startNextClient = (options) => startNextClient({ ...options, error: by.error })
  browser = await openSite({ ...rest, written: { by, start } }, url, input)
  return browser
}

const find = <T extends HTMLElement = HTMLElement>(selector: string) => document.querySelector<T>(selector)!
const click = async (selector: string) => {
  find(selector).click()
  await settle()
}
const page = (title: string, more?: ReactNode) =>
  function Page() {
    const { asPath } = useRouter()
    return (
      <main>
        <Head>
          <title>{title}</title>
          <meta key="about" property="about" content={title} />
        </Head>
        <h1>{title}</h1>
        <p>{asPath}</p>
        <Link id="one" href="/one">
          one
        </Link>
        <Link href="/two" legacyBehavior>
          <a id="two" onClick={(event) => title === 'Stay' && event.preventDefault()}>
            two
          </a>
        </Link>
        {more}
      </main>
    )
  }

const routes = (...pages: Array<[pattern: string, component: () => ReactNode]>): TestSite['routes'] =>
  pages.map(([pattern, component]) => ({ pattern, kind: 'static' as const, page: component }))

beforeEach(() => {
  vi.stubGlobal(
    'IntersectionObserver',
    class {
      observe() {}
      unobserve() {}
    },
  )
})
afterEach(() => {
  // Only here do the server and the browser render in one process.
  expect(browser?.complaints.filter((text) => !text.startsWith('Detected multiple renderers'))).toEqual([])
  browser?.close()
  browser = undefined
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('startNextClient', () => {
  it('takes over the page and leaves the document around it alone', async () => {
    const MyDocument = () => (
      <Html className="theme">
        <DocumentHead>
          <meta name="foreign" content="kept" />
        </DocumentHead>
        <body>
          <Main />
          <aside id="portal" />
          <NextScript />
        </body>
      </Html>
    )
    const site = { routes: routes(['/one', page('One')], ['/two', page('Two')]), _document: MyDocument }
    await open(site, '/one', { pattern: '/one' })
    const portal = find('#portal')
    portal.textContent = 'open'
    document.documentElement.className = 'dark'
    await click('#two')
    expect(find('h1').textContent).toBe('Two')
    expect(document.title).toBe('Two')
    expect(find('#portal')).toBe(portal)
    expect([portal.textContent, document.documentElement.className]).toEqual(['open', 'dark'])
    expect(find('meta[name=foreign]').getAttribute('content')).toBe('kept')
    expect([...document.querySelectorAll('meta[property=about]')].map((tag) => tag.getAttribute('content'))).toEqual([
      'Two',
    ])
  })

  it('offers what scripts on Next.js pages look for', async () => {
    await open({ routes: routes(['/one', page('One')], ['/two', page('Two')]) }, '/one', {
      pattern: '/one',
      pageProps: { a: 1 },
    })
    expect(window.next?.router).toBe(Router)
    expect(window.__NEXT_DATA__).toEqual({
      page: '/one',
      query: {},
      buildId: 'b1',
      props: { pageProps: { a: 1 } },
      isFallback: false,
    })
    const heard: string[] = []
    Router.events.on('routeChangeComplete', (url) => heard.push(url))
    await Router.push('/two')
    expect([Router.pathname, heard, find('p').textContent]).toEqual(['/two', ['/two'], '/two'])
  })

  it('the singleton is there for the first effect of a page', async () => {
    const seen: string[] = []
    function Page() {
      useEffect(() => {
        seen.push(Router.pathname)
      }, [])
      return <main>{seen.length}</main>
    }
    await open({ routes: routes(['/one', Page]) }, '/one', { pattern: '/one' })
    expect(seen).toEqual(['/one'])
  })

  it('F11 a page that is not found is the error page of next/error, with its title', async () => {
    const site: TestSite = {
      routes: [
        { pattern: '/one', kind: 'static', page: page('One') },
        { pattern: '/two', kind: 'isr', page: page('Two') },
      ],
      data: () => json({ notFound: true }, { status: 404 }),
    }
    await open(site, '/one', { pattern: '/one' })
    await click('#two')
    expect(find('h1').textContent).toBe('404: This page could not be found.')
    expect(document.title).toBe('404: This page could not be found')
  })

  it('a link in the older form: its child decides first', async () => {
    await open({ routes: routes(['/one', page('Stay')], ['/two', page('Two')]) }, '/one', { pattern: '/one' })
    await click('#two')
    expect(find('h1').textContent).toBe('Stay')
  })
})

describe('next/head in the browser', () => {
  it('follows state, and _app stands in when a page has nothing to say', async () => {
    function Counter() {
      const [count, setCount] = useState(0)
      return (
        <main>
          {count < 2 && (
            <Head>
              <title>{`Count ${count}`}</title>
            </Head>
          )}
          <button id="more" onClick={() => setCount(count + 1)} />
        </main>
      )
    }
    const app = ({ Component, pageProps }: any) => (
      <>
        <Head>
          <title>App</title>
        </Head>
        <Component {...pageProps} />
      </>
    )
    await open({ routes: routes(['/one', Counter]), app }, '/one', { pattern: '/one' })
    expect(document.title).toBe('Count 0')
    await click('#more')
    expect(document.title).toBe('Count 1')
    await click('#more')
    expect(document.title).toBe('App')
  })
})

describe('next/dynamic in the browser', () => {
  const Chart = () => {
    const [count, setCount] = useState(0)
    return (
      <button id="chart" onClick={() => setCount(count + 1)}>
        {count}
      </button>
    )
  }
  const Loading = ({ error, retry }: DynamicOptionsLoadingProps) => (
    <i id="loading" onClick={retry}>
      {error ? error.message : 'wait'}
    </i>
  )

  it('is hydrated as the server wrote it, and never shows that it loads', async () => {
    const Loaded = dynamic(async () => ({ default: Chart }), { loading: Loading })
    const shown: string[] = []
    const site = { routes: routes(['/one', () => <main>{<Loaded />}</main>]) }
    const observer = new MutationObserver(() => shown.push(document.body.innerHTML))
    await open(site, '/one', { pattern: '/one' })
    observer.disconnect()
    expect(shown.join()).not.toContain('wait')
    await click('#chart')
    expect(find('#chart').textContent).toBe('1')
  })

  it('shows that it loads on the way to another page, then itself', async () => {
    let arrive: (component: unknown) => void
    const Loaded = dynamic(() => new Promise<any>((resolve) => (arrive = resolve)), { loading: Loading })
    const site = { routes: routes(['/one', page('One')], ['/two', page('Two', <Loaded />)]) }
    await open(site, '/one', { pattern: '/one' })
    await click('#two')
    expect(find('#loading').textContent).toBe('wait')
    arrive!(Chart)
    await settle()
    expect(find('#chart').textContent).toBe('0')
  })

  it('ssr: false comes after hydration', async () => {
    const load = vi.fn(async () => Chart)
    const Loaded = dynamic(load, { ssr: false, loading: Loading })
    await open({ routes: routes(['/one', () => <main>{<Loaded />}</main>]) }, '/one', { pattern: '/one' })
    await settle()
    expect(load).toHaveBeenCalledTimes(1)
    expect(find('#chart').textContent).toBe('0')
  })

  it('what could not be loaded says why, and can be tried again', async () => {
    let isBroken = true
    const Loaded = dynamic(
      async () => {
        if (isBroken) throw new Error('no line')
        return Chart
      },
      { ssr: false, loading: Loading },
    )
    await open({ routes: routes(['/one', () => <main>{<Loaded />}</main>]) }, '/one', { pattern: '/one' })
    await settle()
    expect(find('#loading').textContent).toBe('no line')
    expect(browser!.complaints.splice(0).join()).toContain('no line')
    isBroken = false
    await click('#loading')
    expect(find('#chart').textContent).toBe('0')
  })
})

describe('next/script in the browser', () => {
  it('runs an inline script once, and tells each who asks', async () => {
    const ready = vi.fn()
    const script = (
      <Script id="inline" onReady={ready}>
        {'window.ran = (window.ran ?? 0) + 1'}
      </Script>
    )
    const site = { routes: routes(['/one', page('One', script)], ['/two', page('Two', script)]) }
    await open(site, '/one', { pattern: '/one' })
    await click('#two')
    expect(document.querySelectorAll('script#inline')).toHaveLength(1)
    expect(ready).toHaveBeenCalledTimes(2)
  })
})
