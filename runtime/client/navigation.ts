import type { Query } from '../types.ts'
import { isHashChange, toAddress, type Address } from './address.ts'
import { ApplicationError } from './defaults.tsx'
import { depart, type Method } from './departure.ts'
import { createDisplay, type Display, type ShowView } from './display.ts'
import { createEvents } from './events.ts'
import { createAnnouncer, resetFocus } from './focus.ts'
import { createKey, readEntry, writeEntry } from './history-entry.ts'
import type { Loaded, PageMatch, Pages } from './pages.ts'
import { forgetReload, reloadOnce } from './reload-once.ts'
import { scrollToHash, scrollToPosition, type ScrollMemory } from './scroll.ts'
import type { PopState, TransitionOptions, Url } from './types.ts'
import { parseSearch, type UrlRules } from './url.ts'
import type { RouterMethods, View } from './view.ts'

/** The router behind `useRouter` and `Link`. */
export interface Navigator extends Pick<Display, 'committed'> {
  /** What components may call. */
  readonly methods: RouterMethods
  /**
   * To be called when the first view is hydrated. The router then learns what the server could not know: the URL's query and
   * hash, and the data of a fallback shell.
   *
   * @returns how to stop
   */
  attach(show: ShowView): () => void
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
}

/** A navigation that is under way. */
interface Navigation {
  readonly controller: AbortController
  /** Undefined while a shell loads its data, of which nobody is told. */
  readonly told: readonly [asPath: string, options: { shallow: boolean }] | undefined
}

/** A navigation to come. */
interface Step {
  readonly method: Method
  readonly url: Url
  readonly as?: Url | undefined
  readonly options: TransitionOptions
  /** The history entry that a `pop` leads to. */
  readonly key?: string
  readonly redirects?: number
}

type Redirection = Extract<Loaded, { redirect: unknown }>['redirect']

const MAX_REDIRECTS = 20
/** Waits between attempts to load the data of a shell, in milliseconds. */
const RETRY_DELAYS = [500, 1500]

/** Creates the router of this document. */
export function createNavigator({ rules, pages, first, scroll, prefetches }: NavigatorOptions): Navigator {
  const events = createEvents()
  const announcer = createAnnouncer()
  const display = createDisplay(first)
  let current: Navigation | undefined
  /** Names the history entry whose page is shown. */
  let key = readEntry(history.state)?.key ?? createKey()
  let isReadyWanted = false
  let allowPop: ((state: PopState) => boolean) | undefined

  const locate = (url: Url) => toAddress(url, window.location.href, rules)
  const here = () => locate(window.location.href)

  function begin(told?: Navigation['told']): Navigation {
    current?.controller.abort()
    current = { controller: new AbortController(), told }
    return current
  }

  /** Goes somewhere. Resolves true when the page is shown, false when another navigation took its place. */
  async function go(step: Step): Promise<boolean> {
    const { method, options } = step
    const address = locate(step.url)
    const shown = step.as === undefined ? address : locate(step.as)
    if (address.path === undefined || shown.path === undefined) return leave(method, address.href)
    const { shallow = false } = options
    const { scroll: scrolls = !shallow } = options
    const told = [shown.asPath, { shallow }] as const
    const from = display.view
    const place = { step, address, shown, shallow, scrolls }

    if (current?.told) {
      const error = Object.assign(new Error('Another navigation began.'), { cancelled: true })
      const [asPath, about] = current.told
      current.controller.abort()
      current = undefined
      events.emit('routeChangeError', error, asPath, about)
    }
    if (isHashChange(from.asPath, shown.asPath)) {
      events.emit('hashChangeStart', ...told)
      const target = enter(place, true)()
      // A skip link is of use only when the next Tab goes on behind its target.
      if (target) resetFocus(document.activeElement, target)
      await display.show({ ...from, asPath: shown.asPath })
      events.emit('hashChangeComplete', ...told)
      return true
    }

    events.emit('routeChangeStart', ...told)
    const navigation = begin(told)
    const loaded = await load(address, shown, shallow, navigation.controller.signal)
    if (current !== navigation) return false
    if (!('view' in loaded)) {
      current = undefined
      if ('redirect' in loaded) {
        return follow(loaded.redirect, { ...step, method: method === 'pop' ? 'replace' : method })
      }
      events.emit('routeChangeError', new Error(`Loading ${shown.asPath} failed.`), ...told)
      return leave(method, shown.href)
    }

    events.emit('beforeHistoryChange', ...told)
    const finish = enter(place)
    const { activeElement: focused, title } = document
    if (!(await display.show(loaded.view))) return false
    const target = finish()
    const isOther = toPathname(from.asPath) !== toPathname(shown.asPath)
    // Of the same page only a link leads elsewhere; a field that changes the query is still being typed into.
    if (scrolls && (isOther || focused instanceof HTMLAnchorElement)) resetFocus(focused, target)
    if (isOther || document.title !== title) announcer.announce(shown.asPath)
    // Another navigation has begun, and told that this one has ended.
    if (current !== navigation) return false
    current = undefined
    events.emit('routeChangeComplete', ...told)
    return true
  }

  async function load(address: Address, shown: Address, shallow: boolean, signal: AbortSignal): Promise<Loaded> {
    const match = findPage(address, shown)
    if (!match) return { failed: true, status: 404 }
    const { route, params, search } = match
    const { view } = display
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

  function follow({ destination, basePath }: Redirection, step: Step): Promise<boolean> {
    const { method, options, redirects = 0 } = step
    // Only who writes an absolute URL means another host; repeated slashes come from data.
    const url = destination.replace(/^[\\/]+/, '/')
    if (basePath !== false && url.startsWith('/') && redirects < MAX_REDIRECTS) {
      return go({ method, url, options, redirects: redirects + 1 })
    }
    return leave(method, new URL(url, window.location.href).href)
  }

  function leave(method: Method, href: string): Promise<never> {
    scroll.save(key)
    return depart(method, href)
  }

  /**
   * Makes a place the history's current entry. Returns what to do when its page is shown: scroll to where it is to be looked
   * at, which returns what its hash names.
   */
  function enter(
    place: { step: Step; address: Address; shown: Address; shallow: boolean; scrolls: boolean },
    isHere = false,
  ) {
    const { step, address, shown, shallow, scrolls } = place
    let nextKey = step.key ?? key
    scroll.save(key)
    if (step.method !== 'pop') {
      // As in a document, the same address again makes no second entry.
      const adds = step.method === 'push' && shown.href !== window.location.href
      if (adds) nextKey = createKey()
      writeEntry(adds ? 'push' : 'replace', shown.href, {
        key: nextKey,
        url: address.asPath,
        as: shown.asPath,
        shallow,
      })
    }
    return (): HTMLElement | undefined => {
      key = nextKey
      if (!scrolls || (step.key !== undefined && scroll.restore(step.key))) return undefined
      if (shown.hash !== '') return scrollToHash(shown.hash, isHere)
      scrollToPosition([0, 0])
      return undefined
    }
  }

  function onPopState({ state }: PopStateEvent): void {
    const entry = readEntry(state)
    if (entry) {
      const { url, as, shallow } = entry
      if (allowPop && !allowPop({ url, as, options: { shallow } })) return
      report(go({ method: 'pop', url, as, options: { shallow, scroll: true }, key: entry.key }))
      return
    }
    // A plain link to a hash, after which the browser has scrolled already; or an entry of other code.
    const address = here()
    const scrolls = !isHashChange(display.view.asPath, address.asPath)
    const plainKey = createKey()
    writeEntry('replace', address.href, { key: plainKey, url: address.asPath, as: address.asPath, shallow: false })
    report(go({ method: 'pop', url: address.href, options: { scroll: scrolls }, key: plainKey }))
  }

  function onPageHide(): void {
    scroll.save(key)
    scroll.persist()
  }

  /** Completes the first view with what only the browser knows. */
  async function settle(): Promise<void> {
    const address = here()
    const match = pages.find(address)
    const { view } = display
    if (view.isFallback) return settleShell(address, match)
    if (address.asPath === view.asPath && !(isReadyWanted && !view.isReady)) return
    const params = match?.route.pattern === view.page ? match.params : view.query
    const query: Query = { ...parseSearch(address.search), ...params }
    await display.show({ ...view, query, asPath: address.asPath, isReady: true })
  }

  async function settleShell(address: Address, match: PageMatch | undefined): Promise<void> {
    const navigation = begin()
    const { signal } = navigation.controller
    let loaded: Loaded = match ? await loadShell(match, address.asPath, signal) : { failed: true, status: 404 }
    if (current !== navigation) return
    current = undefined
    if ('redirect' in loaded) {
      await follow(loaded.redirect, { method: 'replace', url: address.href, options: {} })
      return
    }
    const { asPath, hash } = here()
    const { title } = document
    const tell = () => document.title !== title && announcer.announce(asPath)
    if ('view' in loaded) {
      forgetReload()
      if (!(await display.show({ ...loaded.view, asPath }))) return
      tell()
      if (scroll.restore(key) || hash === '') return
      const target = scrollToHash(hash, false)
      if (target) resetFocus(null, target)
      return
    }
    // Another build, or a page that is gone: the document knows. Unless it has just been asked.
    if (isFinal(loaded.status) && reloadOnce(`shell ${address.asPath}`)) return
    loaded = {
      view: { ...display.view, asPath, Component: ApplicationError, pageProps: {}, isFallback: false, isReady: true },
    }
    if (await display.show(loaded.view)) tell()
  }

  async function loadShell(match: PageMatch, asPath: string, signal: AbortSignal): Promise<Loaded> {
    const attempt = () => pages.load(match, asPath, { fresh: true, signal })
    let loaded = await attempt()
    for (const delay of RETRY_DELAYS) {
      if (!('failed' in loaded) || isFinal(loaded.status)) break
      await new Promise((resolve) => setTimeout(resolve, delay))
      if (signal.aborted) break
      loaded = await attempt()
    }
    return loaded
  }

  return {
    methods: {
      basePath: rules.base.slice(0, -1),
      events,
      push: (url, as, options = {}) => go({ method: 'push', url, as, options }),
      replace: (url, as, options = {}) => go({ method: 'replace', url, as, options }),
      reload: () => window.location.reload(),
      back: () => history.back(),
      forward: () => history.forward(),
      async prefetch(url, as) {
        if (!prefetches) return
        const address = locate(url)
        const match = findPage(address, as === undefined ? address : locate(as))
        if (match) await pages.prefetch(match)
      },
      beforePopState(callback) {
        allowPop = callback
      },
    },
    attach(show) {
      const { href, asPath } = here()
      const isUntouched = display.view === first
      if (isUntouched) writeEntry('replace', href, { key, url: asPath, as: asPath, shallow: false })
      display.attach(show)
      const unmount = announcer.mount()
      if (isUntouched) report(settle())
      window.addEventListener('popstate', onPopState)
      window.addEventListener('pagehide', onPageHide)
      return () => {
        window.removeEventListener('popstate', onPopState)
        window.removeEventListener('pagehide', onPageHide)
        unmount()
      }
    },
    committed: display.committed,
    async refreshData() {
      // A navigation brings fresh data by itself.
      if (current) return
      const before = display.view
      const match = pages.find(here())
      // An error page may be none any more.
      if (match?.route.pattern !== before.page) return window.location.reload()
      const loaded = await pages.load(match, before.asPath, { fresh: true, signal: new AbortController().signal })
      if (display.view !== before) return
      if ('view' in loaded && loaded.view.page === before.page) {
        await display.show({ ...before, pageProps: loaded.view.pageProps })
      } else window.location.reload()
    },
    expectReady() {
      isReadyWanted = true
      // A part of the page that is hydrated after the rest. Not now: this is called while it renders.
      if (display.isAttached) queueMicrotask(() => !display.view.isReady && !current && report(settle()))
    },
  }
}

function toPathname(asPath: string): string {
  return asPath.split(/[?#]/, 1)[0]!
}

/** No answer and answers of a server in trouble may get better; others do not. */
function isFinal(status: number): boolean {
  return status > 0 && status < 500
}

/** A navigation that nobody waits for: what its listeners throw is the page's own affair, and belongs to the console. */
function report(work: Promise<unknown>): void {
  work.catch((error: unknown) => reportError(error))
}
