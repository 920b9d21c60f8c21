// @vitest-environment happy-dom
import { useEffect, useState, type ReactNode } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RenderInput } from '../types.ts'
import { useRouter } from './context.ts'
import { Link } from './link.tsx'
import { refreshData } from './start.tsx'
import { json, open as openSite, settle, type TestBrowser, type TestSite } from './testing/browser.tsx'

/** Shows the router's state and the props it was given. */
function Probe({ name, ...props }: { name: string }): ReactNode {
  const { pathname, asPath, query, isFallback, isReady, isPreview } = useRouter()
  return (
    <main>
      <title>{name}</title>
      <h1>{name}</h1>
      <output>{JSON.stringify({ pathname, asPath, query, isFallback, isReady, isPreview, props })}</output>
    </main>
  )
}

const page = (name: string) => (props: object) => <Probe name={name} {...props} />

function App({ Component, pageProps }: any): ReactNode {
  const [count, setCount] = useState(0)
  return (
    <>
      <button onClick={() => setCount(count + 1)}>{count}</button>
      <Link id="home" href="/">
        home
      </Link>
      <Link id="one" href="/posts/1">
        one
      </Link>
      <Link id="tab" href="/posts/1" target="_blank">
        tab
      </Link>
      <Link id="file" href="/posts/1" download>
        file
      </Link>
      <Link id="other" href="https://other.example/">
        other
      </Link>
      <Link id="down" href="#below">
        below
      </Link>
      <h2 id="below">below</h2>
      <Component {...pageProps} />
    </>
  )
}

const site: TestSite = {
  app: App,
  routes: [
    { pattern: '/', kind: 'isr', page: page('Home') },
    { pattern: '/posts/[id]', kind: 'isr', page: page('Post') },
    { pattern: '/search', kind: 'server', page: page('Search') },
    { pattern: '/plain/[x]', kind: 'static', page: page('Plain') },
    { pattern: '/404', kind: 'static', page: page('Own 404') },
    {
      pattern: '/gone',
      kind: 'static',
      page: page('Gone'),
      load: () => Promise.reject(new TypeError('Failed to fetch dynamically imported module')),
    },
  ],
  data: (path) => json({ pageProps: { from: path } }),
}

let browser: TestBrowser
async function open(url: string, input: Partial<RenderInput> & { pattern: string }, overrides: Partial<TestSite> = {}) {
  browser = await openSite({ ...site, ...overrides }, url, input)
  return window.__ISR_ROUTER__!
}
const openHome = (overrides: Partial<TestSite> = {}) => open('/', { pattern: '/' }, overrides)

const heading = () => document.querySelector('h1')?.textContent
const state = () => JSON.parse(document.querySelector('output')!.textContent)
const shows = (name: string) => vi.waitFor(() => expect(heading()).toBe(name))
const click = (selector: string, init: MouseEventInit = {}) => {
  const event = new MouseEvent('click', { bubbles: true, cancelable: true, button: 0, ...init })
  // Only a window without router follows a link by itself; here nobody does.
  const stop = (event: Event) => event.preventDefault()
  window.addEventListener('click', stop, { once: true })
  document.querySelector(selector)!.dispatchEvent(event)
}

function defer<T>() {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => (resolve = settle))
  return { promise, resolve }
}

beforeEach(() => {
  sessionStorage.clear()
  vi.stubGlobal('scrollTo', vi.fn())
})
afterEach(() => {
  browser.close()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe('hydration', () => {
  afterEach(() => expect(browser.complaints).toEqual([]))

  it('takes the server’s elements over, without complaint', async () => {
    await open('/posts/1', { pattern: '/posts/[id]', query: { id: '1' }, pageProps: { n: 1 } })
    expect(state()).toEqual({
      pathname: '/posts/[id]',
      asPath: '/posts/1',
      query: { id: '1' },
      isFallback: false,
      isReady: true,
      isPreview: false,
      props: { n: 1 },
    })
    expect(browser.requests).toEqual([])
    click('button')
    await vi.waitFor(() => expect(document.querySelector('button')!.textContent).toBe('1'))
  })
  it('then learns the URL’s query and hash', async () => {
    await open('/posts/1?a=1&a=2&id=evil#end', { pattern: '/posts/[id]', query: { id: '1' } })
    expect(state()).toMatchObject({
      asPath: '/posts/1?a=1&a=2&id=evil#end',
      query: { a: ['1', '2'], id: '1' },
      isReady: true,
    })
  })
  it('of a page of the server’s knows the query at once', async () => {
    const seen: unknown[] = []
    const Search = () => {
      const { asPath, query, isReady } = useRouter()
      seen.push([asPath, query, isReady])
      return 'search'
    }
    await open(
      '/search?q=x',
      { pattern: '/search', query: { q: 'x' } },
      { routes: [{ pattern: '/search', kind: 'server', page: Search }] },
    )
    expect(new Set(seen.map((item) => JSON.stringify(item)))).toEqual(new Set(['["/search?q=x",{"q":"x"},true]']))
  })
  it('F13 of a dynamic page without data functions learns the parameters', async () => {
    await open('/plain/a%20b?x', { pattern: '/plain/[x]' })
    expect(state()).toMatchObject({ asPath: '/plain/a%20b?x', query: { x: 'a b' }, isReady: true })
  })
  it('renders once where nobody asks what the server could not know', async () => {
    let renders = 0
    const Quiet = () => {
      useRouter()
      return `render ${typeof window === 'undefined' ? 0 : Math.min(1, ++renders)}`
    }
    await open('/', { pattern: '/' }, { routes: [{ pattern: '/', kind: 'isr', page: Quiet }] })
    // One by the server, one by hydration.
    expect(renders).toBe(2)
  })
  it('X02 of a 404 page keeps the visitor’s URL', async () => {
    await open('/nowhere?x', { pattern: '/404', asPath: '/404', statusCode: 404 })
    expect(state()).toMatchObject({ pathname: '/404', asPath: '/nowhere?x' })
  })
  it('works for the built-in error page', async () => {
    await open('/nowhere', { pattern: '/404', statusCode: 404 }, { routes: [] })
    expect(heading()).toBe('404: This page could not be found.')
  })
  it('D05 knows of draft mode', async () => {
    await open('/', { pattern: '/', draft: true })
    expect(state().isPreview).toBe(true)
  })
  it('works below a base with slashes', async () => {
    const router = await open(
      '/app/posts/1/',
      { pattern: '/posts/[id]', query: { id: '1' }, asPath: '/posts/1/' },
      { base: '/app/', trailingSlash: true },
    )
    expect(state().asPath).toBe('/posts/1/')
    expect(router.basePath).toBe('/app')
    expect(document.querySelector<HTMLAnchorElement>('#one')!.getAttribute('href')).toBe('/app/posts/1/')
    click('#home')
    await shows('Home')
    expect(location.pathname).toBe('/app/')
    expect(browser.requests.map(({ path }) => path)).toEqual(['/index.json'])
    await router.push('/search?q=1')
    expect(location.pathname + location.search).toBe('/app/search/?q=1')
    expect(browser.requests[1]!.path).toBe('/search.json?q=1')
  })
})

describe('a navigation', () => {
  afterEach(() => expect(browser.complaints).toEqual([]))

  it('C05 makes one request for the data of a page, none for a page without', async () => {
    const router = await openHome()
    expect(await router.push('/posts/2?x=1#y')).toBe(true)
    expect(browser.requests).toEqual([{ path: '/posts/2.json?id=2', headers: { 'x-isr-data': '1' } }])
    expect(state()).toMatchObject({
      asPath: '/posts/2?x=1#y',
      query: { x: '1', id: '2' },
      props: { from: '/posts/2.json?id=2' },
    })
    expect(document.title).toBe('Post')
    await router.push('/plain/z')
    await shows('Plain')
    expect(browser.requests).toHaveLength(1)
    await router.push('/search?q=1')
    await router.push('/')
    await router.push('/search?q=1')
    expect(browser.requests.map(({ path }) => path).filter((path) => path.startsWith('/search'))).toHaveLength(2)
    expect(browser.documents).toEqual([])
  })
  it('keeps the state of _app', async () => {
    const router = await openHome()
    click('button')
    await router.push('/posts/1')
    expect(document.querySelector('button')!.textContent).toBe('1')
  })
  it('takes a URL in parts, and Next’s older form', async () => {
    const router = await openHome()
    await router.push({ pathname: '/posts/[id]', query: { id: 'a b', x: 1 } })
    expect(state()).toMatchObject({ asPath: '/posts/a%20b?x=1', query: { id: 'a b', x: '1' } })
    await router.push('/posts/[id]', '/posts/7')
    expect(state()).toMatchObject({ asPath: '/posts/7', query: { id: '7' } })
    await router.push('/search?q=masked', '/posts/8')
    expect(heading()).toBe('Search')
    expect(state()).toMatchObject({ asPath: '/posts/8', query: { q: 'masked' } })
    expect(location.pathname).toBe('/posts/8')
    await expect(router.push({ pathname: '/posts/[id]', query: {} })).rejects.toThrow('(id)')
  })
  it('the last one wins', async () => {
    const slow = defer<Response>()
    const errors: unknown[] = []
    const router = await openHome({ data: (path) => (path.includes('/1') ? slow.promise : json({ pageProps: {} })) })
    router.events.on('routeChangeError', (error, asPath) => errors.push([error.cancelled, asPath]))
    const first = router.push('/posts/1')
    const second = router.push('/posts/2')
    expect(await second).toBe(true)
    slow.resolve(json({ pageProps: {} }))
    expect(await first).toBe(false)
    expect(location.pathname).toBe('/posts/2')
    expect(errors).toEqual([[true, '/posts/1']])
  })
  it('says what happens, in order', async () => {
    const router = await openHome()
    const heard: unknown[] = []
    for (const name of [
      'routeChangeStart',
      'beforeHistoryChange',
      'routeChangeComplete',
      'hashChangeStart',
      'hashChangeComplete',
    ] as const) {
      router.events.on(name, (...values) => heard.push([name, location.pathname, ...values]))
    }
    await router.push('/posts/1')
    await router.push('/posts/1#x')
    expect(heard).toEqual([
      ['routeChangeStart', '/', '/posts/1', { shallow: false }],
      ['beforeHistoryChange', '/', '/posts/1', { shallow: false }],
      ['routeChangeComplete', '/posts/1', '/posts/1', { shallow: false }],
      ['hashChangeStart', '/posts/1', '/posts/1#x', { shallow: false }],
      ['hashChangeComplete', '/posts/1', '/posts/1#x', { shallow: false }],
    ])
    const listener = vi.fn()
    router.events.on('routeChangeStart', listener)
    router.events.off('routeChangeStart', listener)
    await router.push('/')
    expect(listener).not.toHaveBeenCalled()
  })
  it('is not lost when it begins while another one is on its way to the screen', async () => {
    const answer = defer<Response>()
    const router = await openHome({
      data: (path) => (path.startsWith('/posts/2') ? answer.promise : json({ pageProps: {} })),
    })
    const seen: string[] = []
    for (const name of ['routeChangeComplete', 'routeChangeError'] as const) {
      router.events.on(
        name,
        (...values: unknown[]) => void seen.push(`${name} ${values.find((it) => typeof it === 'string') as string}`),
      )
    }
    let second: Promise<boolean> | undefined
    router.events.on('beforeHistoryChange', () => queueMicrotask(() => (second ??= router.push('/posts/2'))))
    expect(await router.push('/posts/1')).toBe(false)
    expect(state().asPath).toBe('/posts/1')
    answer.resolve(json({ pageProps: {} }))
    expect(await second).toBe(true)
    expect(state().asPath).toBe('/posts/2')
    expect(seen).toEqual(['routeChangeError /posts/1', 'routeChangeComplete /posts/2'])
  })
  it('is stopped by a listener that throws', async () => {
    const router = await openHome()
    router.events.on('routeChangeStart', () => {
      throw new Error('unsaved changes')
    })
    await expect(router.push('/posts/1')).rejects.toThrow('unsaved changes')
    await settle()
    expect(heading()).toBe('Home')
    expect(location.pathname).toBe('/')
  })
  it('C10 a shallow one makes no request, a replacement by the same path reads the data again', async () => {
    let version = 0
    const router = await open(
      '/posts/1',
      { pattern: '/posts/[id]', query: { id: '1' } },
      { data: () => json({ pageProps: { version: ++version } }) },
    )
    await router.push('/posts/1?tab=2', undefined, { shallow: true })
    expect(browser.requests).toEqual([])
    expect(state()).toMatchObject({ asPath: '/posts/1?tab=2', query: { tab: '2', id: '1' } })
    expect(window.scrollTo).not.toHaveBeenCalled()
    const entries = history.length
    await router.replace('/posts/1?tab=2')
    await router.replace('/posts/1?tab=2')
    expect(state().props).toEqual({ version: 2 })
    expect(history.length).toBe(entries)
    await router.push('/posts/2', undefined, { shallow: true })
    // The parameters are another page's, but the page is the same.
    expect(browser.requests).toHaveLength(2)
    await router.push('/', undefined, { shallow: true })
    expect(browser.requests).toHaveLength(3)
  })
  it('C07 shows the 404 page where the data says so, at that URL', async () => {
    const router = await openHome({ data: () => json({ notFound: true }, { status: 404 }) })
    await router.push('/posts/9')
    expect(heading()).toBe('Own 404')
    expect(state()).toMatchObject({ pathname: '/404', asPath: '/posts/9' })
    expect(location.pathname).toBe('/posts/9')
    expect(browser.documents).toEqual([])
  })
  it('C07 follows redirects, and leaves external ones to the browser', async () => {
    const to: Record<string, string> = {
      '/posts/in.json?id=in': '/posts/1?from=in',
      '/posts/out.json?id=out': 'https://other.example/x',
      '/posts/slashes.json?id=slashes': '//other.example/x',
      '/posts/bad.json?id=bad': 'javascript:alert(1)',
    }
    const router = await openHome({
      data: (path) => json(to[path] ? { redirect: { destination: to[path], statusCode: 307 } } : { pageProps: {} }),
    })
    await router.push('/posts/in')
    expect(state().asPath).toBe('/posts/1?from=in')
    void router.push('/posts/out')
    await vi.waitFor(() => expect(browser.documents).toEqual(['assign https://other.example/x']))
    // SEC-77: a path stays a path.
    void router.push('/posts/slashes')
    await vi.waitFor(() => expect(browser.documents[1]).toBe('assign http://localhost:3000/other.example/x'))
    // SEC-79
    await expect(router.push('/posts/bad')).rejects.toThrow('javascript:')
  })
  it('gives up on redirects that lead in a circle', async () => {
    const router = await openHome({ data: () => json({ redirect: { destination: '/posts/1', statusCode: 307 } }) })
    void router.push('/posts/1')
    await vi.waitFor(() => expect(browser.documents).toHaveLength(1))
  })
  it.each([
    ['an unlisted path', '/posts/9', undefined],
    ['a page that does not exist', '/nowhere', undefined],
    ['an API route', '/api/x', undefined],
    ['a failing server', '/posts/9', () => json({}, { status: 500 })],
    ['no network', '/posts/9', () => Promise.reject(new TypeError('network'))],
    ['code that is gone', '/gone', undefined],
  ])('C06 %s is the document’s affair', async (_, url, data) => {
    const none = () => new Response('<p>', { status: 404, headers: { 'content-type': 'text/html' } })
    const router = await openHome({ data: data ?? none })
    const failed = vi.fn()
    router.events.on('routeChangeError', failed)
    void router.push(url)
    await vi.waitFor(() => expect(browser.documents).toEqual([`assign http://localhost:3000${url}`]))
    expect(failed).toHaveBeenCalledOnce()
    void router.replace(url)
    await vi.waitFor(() => expect(browser.documents[1]).toBe(`replace http://localhost:3000${url}`))
    expect(heading()).toBe('Home')
  })
  it('refuses addresses that are code', async () => {
    const router = await openHome()
    await expect(router.push('javascript:alert(1)')).rejects.toMatchObject({ code: 'ISR_CLIENT' })
    expect(browser.documents).toEqual([])
  })
  it('C03 a prefetched page comes from memory', async () => {
    let version = 0
    const router = await openHome({ data: () => json({ pageProps: { version: ++version } }) })
    await router.prefetch('/posts/1')
    expect(browser.requests).toEqual([
      { path: '/posts/1.json?id=1', headers: { 'x-isr-data': '1', purpose: 'prefetch' } },
    ])
    await router.push('/posts/1')
    expect(state().props).toEqual({ version: 1 })
    expect(browser.requests[1]!.headers).toEqual({ 'x-isr-data': '1' })
    await router.prefetch('/search')
    await router.prefetch('/plain/1')
    await router.prefetch('/nowhere')
    await router.prefetch('/gone')
    expect(browser.requests).toHaveLength(2)
  })
  it('W01 development prefetches nothing', async () => {
    const router = await openHome({ buildId: 'development' })
    await router.prefetch('/posts/1')
    expect(browser.requests).toEqual([])
  })
  it('tells screen readers, and moves the focus to the start', async () => {
    const router = await openHome()
    document.querySelector<HTMLElement>('#home')!.focus()
    await router.push('/posts/1')
    await vi.waitFor(() => expect(document.querySelector('#isr-announcer')!.textContent).toBe('Post'))
    expect(document.activeElement).toBe(document.body)
    expect(document.body.hasAttribute('tabindex')).toBe(false)
    document.querySelector<HTMLElement>('#home')!.focus()
    await router.push('/posts/1?filter=x')
    expect(document.activeElement).toBe(document.body)
    document.querySelector('button')!.focus()
    await router.push('/posts/1?filter=y')
    expect(document.activeElement!.tagName).toBe('BUTTON')
  })
  it('AX04 AX05 says the heading or the path of a page without title, and nothing of the first page', async () => {
    const bare = (content: ReactNode) => () => content
    const router = await openHome({
      routes: [
        ...site.routes,
        { pattern: '/heading', kind: 'static', page: bare(<h1> Heading </h1>) },
        { pattern: '/nothing', kind: 'static', page: bare('nothing') },
      ],
    })
    const region = document.querySelector('#isr-announcer')!
    expect(region.textContent).toBe('')
    await router.push('/heading')
    await vi.waitFor(() => expect(region.textContent).toBe('Heading'))
    await router.push('/nothing?a=1')
    await vi.waitFor(() => expect(region.textContent).toBe('/nothing?a=1'))
    expect(document.querySelectorAll('[aria-live]')).toHaveLength(1)
    browser.close()
    expect(region.isConnected).toBe(false)
  })
  it('from an effect of the first page is done', async () => {
    const Moves = () => {
      const { push } = useRouter()
      useEffect(() => void push('/posts/1'), [push])
      return 'moves'
    }
    await openHome({ routes: [{ pattern: '/', kind: 'static', page: Moves }, ...site.routes.slice(1)] })
    await shows('Post')
  })
})

describe('the history', () => {
  afterEach(() => expect(browser.complaints).toEqual([]))
  /** What the browser does on a step: the entry is current before anybody is told. */
  const step = (entry: { state: any; url: string }) => {
    history.replaceState(entry.state, '', entry.url)
    window.dispatchEvent(new PopStateEvent('popstate', { state: entry.state }))
  }
  const current = () => ({ state: history.state, url: location.pathname + location.search + location.hash })
  const setScroll = (top: number) => vi.stubGlobal('scrollY', top)

  it('back shows the page before, where it was', async () => {
    const router = await openHome()
    const home = current()
    setScroll(500)
    await router.push('/posts/1')
    expect(window.scrollTo).toHaveBeenLastCalledWith({ left: 0, top: 0, behavior: 'instant' })
    const post = current()
    setScroll(70)
    step(home)
    await shows('Home')
    await settle()
    expect(window.scrollTo).toHaveBeenLastCalledWith({ left: 0, top: 500, behavior: 'instant' })
    step(post)
    await shows('Post')
    await settle()
    expect(window.scrollTo).toHaveBeenLastCalledWith({ left: 0, top: 70, behavior: 'instant' })
  })
  it('the position of a page is not put down to an entry that was never shown', async () => {
    const slow = defer<Response>()
    const router = await openHome({ data: (path) => (path.includes('/1') ? slow.promise : json({ pageProps: {} })) })
    const home = current()
    setScroll(500)
    await router.push('/plain/1')
    const plain = current()
    await router.push('/plain/2')
    setScroll(70)
    // A step back, given up before its page was there.
    step({ ...home, url: '/posts/1', state: { isr: { ...home.state.isr, url: '/posts/1', as: '/posts/1' } } })
    await router.push('/plain/3')
    step(home)
    await shows('Home')
    await settle()
    expect(window.scrollTo).toHaveBeenLastCalledWith({ left: 0, top: 500, behavior: 'instant' })
    step(plain)
    await shows('Plain')
  })
  it('a hash scrolls to its element', async () => {
    await openHome()
    const scrollIntoView = vi.fn()
    document.getElementById('below')!.scrollIntoView = scrollIntoView
    const focus = vi.spyOn(document.getElementById('below')!, 'focus')
    click('#down')
    await vi.waitFor(() => expect(state().asPath).toBe('/#below'))
    expect(scrollIntoView).toHaveBeenCalledOnce()
    expect(focus).toHaveBeenCalledOnce()
    expect(browser.requests).toEqual([])
  })
  it('a plain link to a hash is noticed', async () => {
    await openHome()
    step({ state: null, url: '/#x' })
    await vi.waitFor(() => expect(state().asPath).toBe('/#x'))
    expect(history.state.isr.as).toBe('/#x')
    expect(browser.requests).toEqual([])
  })
  it('scroll: false stays', async () => {
    const router = await openHome()
    await router.push('/posts/1', undefined, { scroll: false })
    expect(window.scrollTo).not.toHaveBeenCalled()
  })
  it('beforePopState decides', async () => {
    const router = await openHome()
    const home = current()
    await router.push('/posts/1')
    const decide = vi.fn(() => false)
    router.beforePopState(decide)
    step(home)
    await settle()
    expect(decide).toHaveBeenCalledWith({ url: '/', as: '/', options: { shallow: false } })
    expect(heading()).toBe('Post')
  })
  it('a step to a page that only the server can show loads the document', async () => {
    const router = await openHome()
    const home = current()
    await router.push('/plain/1')
    browser.requests.length = 0
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('network')))
    step(home)
    await vi.waitFor(() => expect(browser.documents).toEqual(['reload']))
  })
  it('positions outlive the document', async () => {
    await openHome()
    const home = current()
    setScroll(300)
    window.dispatchEvent(new Event('pagehide'))
    browser.close()
    history.replaceState(home.state, '', '/')
    browser = await openSite({ ...site, reopens: true }, '/', { pattern: '/' })
    expect(window.scrollTo).toHaveBeenCalledWith({ left: 0, top: 300, behavior: 'instant' })
  })
  it('leaves the state of other code alone', async () => {
    const router = await openHome()
    history.replaceState({ ...history.state, mine: 1 }, '')
    await router.replace('/?x')
    expect(history.state).toMatchObject({ mine: 1, isr: { as: '/?x' } })
  })
})

describe('Link', () => {
  it('navigates on a plain click', async () => {
    await openHome()
    click('#one')
    await shows('Post')
    expect(browser.complaints).toEqual([])
  })
  it.each([
    ['with Ctrl', '#one', { ctrlKey: true }],
    ['with Meta', '#one', { metaKey: true }],
    ['with Shift', '#one', { shiftKey: true }],
    ['by the middle button', '#one', { button: 1 }],
    ['on a link to another tab', '#tab', {}],
    ['on a download', '#file', {}],
    ['on another host', '#other', {}],
  ])('leaves a click %s to the browser', async (_, selector, init) => {
    await openHome()
    click(selector, init)
    await settle()
    expect(heading()).toBe('Home')
    expect(browser.requests).toEqual([])
    expect(browser.documents).toEqual([])
  })
  it('hands over handlers, ref and the rest; onNavigate and onClick may stop it', async () => {
    const heard: string[] = []
    const ref = { current: null as HTMLAnchorElement | null }
    const Page = () => (
      <>
        <Link
          id="a"
          href="/posts/1"
          ref={ref}
          className="c"
          onClick={() => heard.push('click')}
          onNavigate={(event) => event.preventDefault()}
        >
          a
        </Link>
        <Link id="b" href="/posts/1" onClick={(event) => event.preventDefault()}>
          b
        </Link>
      </>
    )
    await openHome({ routes: [{ pattern: '/', kind: 'static', page: Page }, ...site.routes.slice(1)] })
    expect(ref.current).toBe(document.querySelector('#a'))
    expect(ref.current!.className).toBe('c')
    click('#a')
    click('#b')
    await settle()
    expect(heard).toEqual(['click'])
    expect(location.pathname).toBe('/')
    expect(browser.complaints).toEqual([])
  })
  it('an address that is none takes no page down', async () => {
    const Page = () => (
      <>
        <Link id="bad" href="https://[">
          bad
        </Link>
        <Link id="shell" href={{ pathname: '/posts/[id]' }}>
          no parameter
        </Link>
        <h1>fine</h1>
      </>
    )
    await openHome({ routes: [{ pattern: '/', kind: 'static', page: Page }, ...site.routes.slice(1)] })
    document.querySelector('#bad')!.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }))
    click('#bad')
    await settle()
    expect(heading()).toBe('fine')
    expect(browser.complaints).toEqual([])
  })
  it('C01 prefetches when pointed at', async () => {
    await openHome()
    document.querySelector('#one')!.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }))
    await vi.waitFor(() => expect(browser.requests.map(({ path }) => path)).toEqual(['/posts/1.json?id=1']))
  })
})

describe('F11 a fallback shell', () => {
  const shell = (url: string, overrides: Partial<TestSite> = {}) =>
    open(url, { pattern: '/posts/[id]', isFallback: true }, overrides)

  it('asks for its data and fills itself in', async () => {
    await shell('/posts/5?x=1#y')
    await vi.waitFor(() => expect(state().isFallback).toBe(false))
    expect(browser.requests).toEqual([{ path: '/posts/5.json?id=5', headers: { 'x-isr-data': '1' } }])
    expect(state()).toMatchObject({
      asPath: '/posts/5?x=1#y',
      query: { x: '1', id: '5' },
      isReady: true,
      props: { from: '/posts/5.json?id=5' },
    })
    expect(browser.complaints).toEqual([])
  })
  it('becomes the 404 page, URL kept', async () => {
    await shell('/posts/5', { data: () => json({ notFound: true }, { status: 404 }) })
    await shows('Own 404')
    expect(location.pathname).toBe('/posts/5')
    expect(browser.documents).toEqual([])
  })
  it('follows a redirect', async () => {
    await shell('/posts/5', {
      data: (path) =>
        json(path.includes('/5') ? { redirect: { destination: '/plain/1', statusCode: 307 } } : { pageProps: {} }),
    })
    await shows('Plain')
    expect(location.pathname).toBe('/plain/1')
  })
  it('tries three times, then says that it failed', async () => {
    const waits: number[] = []
    const start = setTimeout
    vi.stubGlobal('setTimeout', (run: () => void, delay = 0) => {
      if (delay >= 500) waits.push(delay)
      return start(run, delay >= 500 ? 0 : delay)
    })
    await shell('/posts/5', { data: () => json({}, { status: 500 }) })
    await shows('Application error: a client-side exception has occurred')
    expect(waits).toEqual([500, 1500])
    expect(browser.requests).toHaveLength(3)
    expect(browser.documents).toEqual([])
  })
  it('of another build loads the document once, not for ever', async () => {
    const gone = () => new Response('<p>', { status: 404, headers: { 'content-type': 'text/html' } })
    await shell('/posts/5', { data: gone })
    expect(browser.documents).toEqual(['reload'])
    browser.close()
    vi.restoreAllMocks()
    await shell('/posts/5', { data: gone })
    expect(browser.documents).toEqual([])
    expect(heading()).toBe('Application error: a client-side exception has occurred')
  })
  it('goes on loading when a navigation was stopped', async () => {
    const slow = defer<Response>()
    const router = await shell('/posts/5', { data: () => slow.promise })
    router.events.on('routeChangeStart', () => {
      throw new Error('stay')
    })
    await expect(router.push('/plain/1')).rejects.toThrow('stay')
    slow.resolve(json({ pageProps: { n: 1 } }))
    await vi.waitFor(() => expect(state().isFallback).toBe(false))
    expect(state()).toMatchObject({ asPath: '/posts/5', props: { n: 1 } })
  })
  it('gives way to a navigation', async () => {
    const slow = defer<Response>()
    const router = await shell('/posts/5', {
      data: (path) => (path.includes('/5') ? slow.promise : json({ pageProps: {} })),
    })
    await router.push('/plain/1')
    slow.resolve(json({ pageProps: {} }))
    await settle()
    expect(heading()).toBe('Plain')
  })
})

describe('what goes wrong', () => {
  it('REL-04 an error in the browser shows a screen, and the next page is shown again', async () => {
    const Broken = (): ReactNode => {
      if (typeof document !== 'undefined') throw new Error('broken in the browser')
      return null
    }
    const router = await openHome({ routes: [...site.routes, { pattern: '/broken', kind: 'static', page: Broken }] })
    await router.push('/broken')
    expect(heading()).toBe('Application error: a client-side exception has occurred')
    expect(browser.complaints.join()).toContain('broken in the browser')
    await router.push('/posts/1')
    expect(heading()).toBe('Post')
  })
  it('code that is gone at the start loads the document once, then leaves the page readable', async () => {
    const gone = () => Promise.reject(new TypeError('Failed to fetch dynamically imported module'))
    const routes = [{ ...site.routes[0]!, load: gone }]
    browser = await openSite({ ...site, routes }, '/', { pattern: '/' })
    expect(browser.documents).toEqual(['reload'])
    vi.restoreAllMocks()
    await expect(openSite({ ...site, routes }, '/', { pattern: '/' })).rejects.toThrow('dynamically imported')
    expect(heading()).toBe('Home')
  })
})

describe('refreshData', () => {
  it('W01 shows new props and keeps state', async () => {
    let version = 1
    await openHome({
      buildId: 'development',
      data: () => json({ pageProps: { version: ++version } }, { control: 'no-store' }),
    })
    click('button')
    await refreshData()
    expect(state().props).toEqual({ version: 2 })
    expect(document.querySelector('button')!.textContent).toBe('1')
    expect(browser.documents).toEqual([])
  })
  it('W01 a failing data function loads the document, for the overlay', async () => {
    await openHome({ data: () => json({}, { status: 500 }) })
    await refreshData()
    expect(browser.documents).toEqual(['reload'])
  })
  it('an error page may be one no longer', async () => {
    await open('/nowhere', { pattern: '/404', statusCode: 404 })
    await refreshData()
    expect(browser.documents).toEqual(['reload'])
  })
})
