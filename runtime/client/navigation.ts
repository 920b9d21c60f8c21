import { IsrError } from '../errors.ts'
import type { Query } from '../types.ts'
import { isHashChange, toAddress, type Address } from './address.ts'
import { ApplicationError } from './defaults.tsx'
import { createEvents } from './events.ts'
import { createAnnouncer, resetFocus } from './focus.ts'
import { createKey, readEntry, writeEntry } from './history-entry.ts'
import type { Loaded, PageMatch, Pages } from './pages.ts'
import { forgetReload, reloadOnce } from './reload-once.ts'
import { scrollToHash, scrollToPosition, type Position, type ScrollMemory } from './scroll.ts'
import type { PopState, TransitionOptions, Url } from './types.ts'
import { parseSearch, type UrlRules } from './url.ts'
import type { RouterMethods, View } from './view.ts'

/** How the history changes. With `pop` the browser has changed it already. */
type Method = 'push' | 'replace' | 'pop'

/** A navigation that is under way. */
interface Navigation {
  readonly asPath: string
  readonly shallow: boolean
  readonly controller: AbortController
}

type Redirection = Extract<Loaded, { redirect: unknown }>['redirect']

/** Shows views; made by React. */
export type ShowView = (view: View) => void

/** The router behind `useRouter` and `Link`. */
export interface Navigator extends RouterMethods {
  /**
   * To be called when the first view is hydrated. The router then learns what the server could not know: the URL's query and
   * hash, and the data of a fallback shell.
   *
   * @returns how to stop
   */
  attach(show: ShowView): () => void
  /** To be called whenever a view is in the document. */
  committed(view: View): void
  /** Has the current page's data loaded again and shows it; the state of its components stays. */
  refreshData(): Promise<void>
  /** To be called when somebody reads `isReady` of the first view: only then is it rendered again because of it. */
  expectReady(): void
}

/** What the router is made of. */
export interface NavigatorOptions {
  readonly rules: UrlRules
  readonly pages: Pages
  readonly first: View
  readonly scroll: ScrollMemory
  /** Whether visitors gain from prefetching. */
  readonly prefetches: boolean
  /** Waits between attempts to load the data of a shell, in milliseconds. */
  readonly retryDelays?: readonly number[]
}

const MAX_REDIRECTS = 20

/** Creates the router of this document. */
export function createNavigator({
  rules,
  pages,
  first,
  scroll,
  prefetches,
  retryDelays = [500, 1500],
}: NavigatorOptions): Navigator {
  const events = createEvents()
  const announce = createAnnouncer()
  /** The newest view, shown or about to be. */
  let view = first
  let show: ShowView | undefined
  let settleCommit: ((committed: boolean) => void) | undefined
  let current: Navigation | undefined
  let key = readEntry(history.state)?.key ?? createKey()
  let isReadyWanted = false
  let allowPop: ((state: PopState) => boolean) | undefined

  const locate = (url: Url) => toAddress(url, window.location.href, rules)

  /** Resolves when React has put the view into the document; false when another one came first. */
  function display(next: View): Promise<boolean> {
    settleCommit?.(false)
    view = next
    return new Promise((resolve) => {
      settleCommit = resolve
      show?.(next)
    })
  }

  function cancel(): void {
    if (!current) return
    const { controller, asPath, shallow } = current
    current = undefined
    controller.abort()
    const error = Object.assign(new Error('Another navigation began.'), { cancelled: true })
    if (asPath !== '') events.emit('routeChangeError', error, asPath, { shallow })
  }

  async function change(
    method: Method,
    url: Url,
    as: Url | undefined,
    options: TransitionOptions,
    { position, redirects = 0 }: { position?: Position | undefined; redirects?: number } = {},
  ): Promise<boolean> {
    const address = locate(url)
    const shown = as === undefined ? address : locate(as)
    if (address.path === undefined || shown.path === undefined) return leave(method, address.href)
    const { shallow = false } = options
    const { scroll: scrolls = !shallow } = options
    const from = view
    const move = () => {
      if (position) scrollToPosition(position)
      else if (scrolls) return scrollTo(shown)
      return undefined
    }

    cancel()
    if (isHashChange(from.asPath, shown.asPath)) {
      events.emit('hashChangeStart', shown.asPath, { shallow })
      record(method, address, shown, shallow)
      move()
      await display({ ...from, asPath: shown.asPath })
      events.emit('hashChangeComplete', shown.asPath, { shallow })
      return true
    }

    events.emit('routeChangeStart', shown.asPath, { shallow })
    const navigation: Navigation = { asPath: shown.asPath, shallow, controller: new AbortController() }
    current = navigation
    const loaded = await load(findPage(address, shown), shown, shallow, navigation.controller.signal)
    if (current !== navigation) return false
    if ('redirect' in loaded) {
      current = undefined
      return follow(method === 'pop' ? 'replace' : method, loaded.redirect, options, redirects + 1)
    }
    if ('failed' in loaded) {
      current = undefined
      events.emit('routeChangeError', new Error(`Loading ${shown.asPath} failed.`), shown.asPath, { shallow })
      return leave(method, shown.href)
    }

    events.emit('beforeHistoryChange', shown.asPath, { shallow })
    record(method, address, shown, shallow)
    const focused = document.activeElement
    if (!(await display(loaded.view))) return false
    current = undefined
    const target = move()
    if (toPathname(from.asPath) !== toPathname(shown.asPath)) {
      if (scrolls) resetFocus(focused, target)
      announce(document.title || shown.asPath)
    }
    events.emit('routeChangeComplete', shown.asPath, { shallow })
    return true
  }

  function follow(
    method: Method,
    { destination, basePath }: Redirection,
    options: TransitionOptions,
    redirects: number,
  ): Promise<boolean> {
    // Only who writes an absolute URL means another host; repeated slashes come from data.
    const url = destination.replace(/^[\\/]+/, '/')
    if (basePath !== false && url.startsWith('/') && redirects <= MAX_REDIRECTS) {
      return change(method, url, undefined, options, { redirects })
    }
    return leave(method, new URL(url, window.location.href).href)
  }

  async function load(
    match: PageMatch | undefined,
    shown: Address,
    shallow: boolean,
    signal: AbortSignal,
  ): Promise<Loaded> {
    if (!match) return { failed: true, status: 404 }
    const { route, params, search } = match
    if (shallow && route.pattern === view.page && !view.isFallback) {
      return { view: { ...view, asPath: shown.asPath, query: { ...parseSearch(search), ...params }, isReady: true } }
    }
    return pages.load(match, shown.asPath, { fresh: shown.asPath === view.asPath, signal })
  }

  /** In Next's older form the URL is the pattern itself, and `as` has the parameters. */
  function findPage(address: Address, shown: Address): PageMatch | undefined {
    const isPattern = address.path?.includes('[') && pages.has(address.path)
    return pages.find(isPattern ? { ...shown, search: address.search || shown.search } : address)
  }

  /** Writes a navigation into the history. */
  function record(method: Method, address: Address, shown: Address, shallow: boolean): void {
    if (method === 'pop') return
    scroll.save(key)
    // As in a document, the same address again makes no second entry.
    const adds = method === 'push' && shown.href !== window.location.href
    if (adds) key = createKey()
    writeEntry(adds ? 'push' : 'replace', shown.href, { key, url: address.asPath, as: shown.asPath, shallow })
  }

  /** Hands over to the browser. Never resolves, so that nothing goes on as if the page were there. */
  function leave(method: Method, href: string): Promise<boolean> {
    const { protocol } = new URL(href)
    if (!/^(?:https?|mailto|tel|sms):$/.test(protocol)) {
      return Promise.reject(new IsrError('ISR_CLIENT', `The router does not go to ${protocol} addresses.`))
    }
    scroll.save(key)
    const { location } = window
    if (method === 'pop') location.reload()
    else if (isHashChange(location.href, href)) {
      // The browser would only scroll.
      writeEntry('replace', href, { key, url: view.asPath, as: view.asPath, shallow: false })
      location.reload()
    } else if (method === 'replace') location.replace(href)
    else location.assign(href)
    return new Promise(() => {})
  }

  function onPopState({ state }: PopStateEvent): void {
    scroll.save(key)
    const entry = readEntry(state)
    if (!entry) {
      const address = locate(window.location.href)
      key = createKey()
      writeEntry('replace', address.href, { key, url: address.asPath, as: address.asPath, shallow: false })
      // A plain link to a hash: the browser has scrolled already. Anything else was put there by other code.
      report(change('pop', address.href, undefined, { scroll: !isHashChange(view.asPath, address.asPath) }))
      return
    }
    key = entry.key
    const { url, as, shallow } = entry
    if (allowPop && !allowPop({ url, as, options: { shallow } })) return
    report(change('pop', url, as, { shallow }, { position: scroll.read(key) }))
  }

  function onPageHide(): void {
    scroll.save(key)
    scroll.persist()
  }

  /** Completes the first view with what only the browser knows. */
  async function settle(): Promise<void> {
    const address = locate(window.location.href)
    const match = pages.find(address)
    if (view.isFallback) return settleShell(address, match)
    const params = match?.route.pattern === view.page ? match.params : view.query
    const query: Query = { ...parseSearch(address.search), ...params }
    if (address.asPath !== view.asPath || (isReadyWanted && !view.isReady))
      await display({ ...view, query, asPath: address.asPath, isReady: true })
  }

  /** Loads a shell's data. Undefined when a navigation took its place. */
  async function loadShell(match: PageMatch, shown: Address): Promise<Loaded | undefined> {
    const navigation: Navigation = { asPath: '', shallow: false, controller: new AbortController() }
    const { signal } = navigation.controller
    current = navigation
    let loaded = await pages.load(match, shown.asPath, { fresh: true, signal })
    for (const delay of retryDelays) {
      // No answer and answers of a server in trouble get better; others do not.
      if (signal.aborted || !('failed' in loaded) || (loaded.status > 0 && loaded.status < 500)) break
      await wait(delay)
      if (!signal.aborted) loaded = await pages.load(match, shown.asPath, { fresh: true, signal })
    }
    if (current !== navigation) return undefined
    current = undefined
    return loaded
  }

  async function settleShell(address: Address, match: PageMatch | undefined): Promise<void> {
    const loaded = match ? await loadShell(match, address) : ({ failed: true, status: 404 } as const)
    if (!loaded) return
    if ('redirect' in loaded) {
      await follow('replace', loaded.redirect, {}, 1)
      return
    }
    if (!('failed' in loaded)) {
      forgetReload()
      if (await display(loaded.view)) restoreScroll(address)
      return
    }
    const { status } = loaded
    // Another build, or a page that is gone: the document knows. Unless it has just been asked.
    if (status > 0 && status < 500 && reloadOnce(`shell ${address.asPath}`)) return
    await display({
      ...view,
      asPath: address.asPath,
      Component: ApplicationError,
      pageProps: {},
      isFallback: false,
      isReady: true,
    })
  }

  function restoreScroll({ hash }: Address): void {
    const position = scroll.read(key)
    if (position) scrollToPosition(position)
    else if (hash !== '') scrollToHash(hash)
  }

  function toPathname(asPath: string): string {
    return asPath.split(/[?#]/, 1)[0]!
  }

  return {
    basePath: rules.base.slice(0, -1),
    events,
    push: (url, as, options = {}) => change('push', url, as, options),
    replace: (url, as, options = {}) => change('replace', url, as, options),
    reload: () => window.location.reload(),
    back: () => window.history.back(),
    forward: () => window.history.forward(),
    async prefetch(url, as) {
      if (!prefetches) return
      const address = locate(url)
      const match = findPage(address, as === undefined ? address : locate(as))
      if (match) await pages.prefetch(match)
    },
    beforePopState(callback) {
      allowPop = callback
    },
    attach(showView) {
      show = showView
      const address = locate(window.location.href)
      writeEntry('replace', address.href, { key, url: address.asPath, as: address.asPath, shallow: false })
      // A page that navigates in its first effect did so before there was anybody to show it.
      if (view !== first) showView(view)
      else report(settle())
      window.addEventListener('popstate', onPopState)
      window.addEventListener('pagehide', onPageHide)
      return () => {
        window.removeEventListener('popstate', onPopState)
        window.removeEventListener('pagehide', onPageHide)
      }
    },
    committed(shown) {
      if (shown !== view) return
      settleCommit?.(true)
      settleCommit = undefined
    },
    async refreshData() {
      const before = view
      const address = locate(window.location.href)
      const match = pages.find(address)
      // A navigation brings fresh data by itself; an error page may be none any more.
      if (current) return
      if (match?.route.pattern !== before.page) return window.location.reload()
      const loaded = await pages.load(match, before.asPath, { fresh: true, signal: new AbortController().signal })
      if (view !== before) return
      if ('view' in loaded && loaded.view.page === before.page)
        await display({ ...before, pageProps: loaded.view.pageProps })
      else window.location.reload()
    },
    expectReady() {
      isReadyWanted = true
      // A part of the page that is hydrated after the rest.
      if (show) queueMicrotask(() => !view.isReady && !current && report(settle()))
    },
  }
}

function scrollTo({ hash }: Address): HTMLElement | undefined {
  if (hash === '') scrollToPosition([0, 0])
  return hash === '' ? undefined : scrollToHash(hash)
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

/** A navigation that nobody waits for: what its listeners throw is the page's own affair, and belongs to the console. */
function report(work: Promise<unknown>): void {
  work.catch((error: unknown) => reportError(error))
}
