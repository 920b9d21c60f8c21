import { hydrateRoot } from 'react-dom/client'
import { IsrError } from '../errors.ts'
import type { PageData } from '../types.ts'
import { createDataClient } from './data.ts'
import { DefaultApp, DefaultDocument } from './defaults.tsx'
import { readEntry } from './history-entry.ts'
import { createLinkBrowser, createLinkTools } from './links.ts'
import { createNavigator, type Navigator } from './navigation.ts'
import { createPages } from './pages.ts'
import { isPrefetchWelcome } from './prefetch.ts'
import { forgetReload, reloadOnce } from './reload-once.ts'
import { Root } from './root.tsx'
import { createScrollMemory } from './scroll.ts'
import type { AnyComponent, ClientRoute, ComponentModule } from './types.ts'
import { parseSearch, type UrlRules } from './url.ts'
import { toServedPath, type RouterMethods, type View } from './view.ts'

declare global {
  interface Window {
    /** The running router: for the browser's console, and for hot updates. */
    __ISR_ROUTER__?: RouterMethods & Pick<Navigator, 'refreshData'>
  }
}

/** The site, as the generated browser entry describes it. */
export interface ClientOptions extends UrlRules {
  readonly routes: readonly ClientRoute[]
  /** Imports `_app`. */
  readonly app?: (() => Promise<ComponentModule>) | undefined
  /** Imports `_document`. */
  readonly document?: (() => Promise<ComponentModule>) | undefined
  /** Imports `_error`. */
  readonly error?: (() => Promise<ComponentModule>) | undefined
  /** What is taken over. Default: the whole document. */
  readonly container?: Element | undefined
}

/**
 * Makes the server's HTML a running app. Called once, by the generated browser entry.
 *
 * @returns how to end it, which takes the page away
 * @throws `IsrError` with code `ISR_CLIENT` when the document was not rendered by this package
 * @internal
 */
export async function startClient(options: ClientOptions): Promise<() => void> {
  const { routes, base, trailingSlash } = options
  const rules: UrlRules = { base, trailingSlash }
  const data = readPageData()
  // At once: the HTML is all there, and waiting for the code would show its top first.
  history.scrollRestoration = 'manual'
  const scroll = createScrollMemory()
  scroll.restore(readEntry(history.state)?.key ?? '')

  const connection = 'connection' in navigator ? (navigator.connection as { saveData?: boolean }) : undefined
  const prefetches =
    data.buildId !== 'development' &&
    isPrefetchWelcome({ userAgent: navigator.userAgent, ...(connection && { connection }) })
  const pages = createPages({
    routes,
    loadError: options.error,
    data: createDataClient((url, init) => fetch(url, init), Date.now),
    buildId: data.buildId,
    rules,
    isPreview: data.draft,
  })

  let loaded: [AnyComponent, AnyComponent, AnyComponent]
  try {
    loaded = await Promise.all([
      pages.loadComponent(data.page),
      options.app ? toDefault(options.app) : DefaultApp,
      options.document ? toDefault(options.document) : DefaultDocument,
    ])
  } catch (error) {
    // An HTML copy of an earlier build, somewhere on the way, names code that is gone. What was served stays readable.
    if (reloadOnce(`start ${window.location.href}`)) return () => undefined
    throw error
  }
  const [Component, App, Document] = loaded
  const first = toFirstView(data, Component, options)
  const router = createNavigator({ rules, pages, first, scroll, prefetches })
  const links = createLinkTools(rules, createLinkBrowser(router, rules, prefetches))
  const root = hydrateRoot(
    options.container ?? document,
    <Root frame={{ Document, App, links }} first={first} navigator={router} />,
  )
  if (!data.isFallback) forgetReload()
  window.__ISR_ROUTER__ = { ...router.methods, refreshData: router.refreshData }
  return () => root.unmount()
}

/**
 * Loads the current page's props again and shows them; the state of components stays. For hot updates of data functions.
 *
 * @internal
 */
export async function refreshData(): Promise<void> {
  await window.__ISR_ROUTER__?.refreshData()
}

function readPageData(): PageData {
  const script = document.getElementById('__ISR_DATA__')
  if (!script?.textContent) {
    throw new IsrError(
      'ISR_CLIENT',
      'No __ISR_DATA__ script: vite-plugin-isr did not render this document, or it was changed.',
    )
  }
  return JSON.parse(script.textContent) as PageData
}

async function toDefault(load: () => Promise<ComponentModule>): Promise<AnyComponent> {
  return (await load()).default as AnyComponent
}

/** Exactly what the server rendered. */
function toFirstView(data: PageData, Component: AnyComponent, { routes, ...rules }: ClientOptions): View {
  const { page, query, pageProps, isFallback, draft } = data
  const kind = routes.find((route) => route.pattern === page)?.kind ?? 'static'
  const { search } = window.location
  return {
    page,
    Component,
    pageProps,
    query: kind === 'server' ? { ...parseSearch(search), ...query } : query,
    asPath: toServedPath({ page, kind, query, isFallback }, search, rules),
    isFallback,
    isReady: kind === 'server',
    isPreview: draft,
  }
}
