import { createMatcher } from '../routing/match.ts'
import { toPath } from '../routing/path.ts'
import type { Params } from '../types.ts'
import type { Address } from './address.ts'
import type { Answer, DataClient } from './data.ts'
import { DefaultError } from './defaults.tsx'
import type { AnyComponent, ClientRoute, ComponentModule } from './types.ts'
import { parseSearch, toDataUrl, toSearch, type UrlRules } from './url.ts'
import { toErrorStatus, type View } from './view.ts'

/** A page that a URL leads to. */
export interface PageMatch {
  readonly route: ClientRoute
  readonly params: Params
  /** Canonical path: the page's data is asked for by it. */
  readonly path: string
  readonly search: string
}

/** What loading a page came to. `failed`: only the server can answer this URL. */
export type Loaded =
  | { readonly view: View }
  | { readonly redirect: { readonly destination: string; readonly basePath?: false } }
  | { readonly failed: true; readonly status: number }

/** The pages of a site, as the browser loads them. */
export interface Pages {
  find(address: Address): PageMatch | undefined
  has(pattern: string): boolean
  /** Code and data, side by side. Never rejects. */
  load(match: PageMatch, shown: string, options: { fresh: boolean; signal: AbortSignal }): Promise<Loaded>
  /** Loads ahead of time. Never rejects. */
  prefetch(match: PageMatch): Promise<void>
  /** The component of a page or error page. @throws what its module throws */
  loadComponent(page: string): Promise<AnyComponent>
}

/** What the pages are loaded with. */
export interface PagesOptions {
  readonly routes: readonly ClientRoute[]
  readonly loadError: (() => Promise<ComponentModule>) | undefined
  readonly data: DataClient
  readonly buildId: string
  readonly rules: UrlRules
  readonly isPreview: boolean
}

/** Creates the table of pages. */
export function createPages({ routes, loadError, data, buildId, rules, isPreview }: PagesOptions): Pages {
  const byPattern = new Map(routes.map((route) => [route.pattern, route]))
  const match = createMatcher(
    routes.filter(({ pattern, kind }) => kind !== 'api' && toErrorStatus(pattern) === undefined),
  )

  function find({ path, search }: Address): PageMatch | undefined {
    // A catch-all page would match API routes too; the browser has no list of those.
    if (path === undefined || /^\/api(?:\/|$)/.test(path)) return undefined
    const found = match(path)
    try {
      return found && { ...found, path: toPath(found.route.pattern, found.params), search }
    } catch {
      // A segment that no page can have, such as an encoded dot.
      return undefined
    }
  }

  async function loadComponent(page: string): Promise<AnyComponent> {
    const load = byPattern.get(page)?.load ?? (toErrorStatus(page) === undefined ? undefined : loadError)
    if (load) return toComponent(await load(), page)
    return DefaultError
  }

  function loadData(
    { route, params, path, search }: PageMatch,
    fresh: boolean,
    signal: AbortSignal,
  ): Promise<Answer> | Answer {
    if (route.kind === 'static') return { pageProps: {} }
    return data.load(toUrl(route, params, path, search), { keep: route.kind === 'isr', fresh, signal })
  }

  function toUrl(route: ClientRoute, params: Params, path: string, search: string): string {
    return toDataUrl(rules, buildId, path, route.kind === 'isr' ? toSearch(params) : search)
  }

  async function load(
    found: PageMatch,
    asPath: string,
    options: { fresh: boolean; signal: AbortSignal },
  ): Promise<Loaded> {
    const { route, params, search } = found
    try {
      const [Component, answer] = await Promise.all([
        loadComponent(route.pattern),
        loadData(found, options.fresh, options.signal),
      ])
      if ('failed' in answer || 'redirect' in answer) return answer
      const query = { ...parseSearch(search), ...params }
      const state = { query, asPath, isFallback: false, isReady: true, isPreview }
      if ('notFound' in answer) return await loadNotFound(state, options.signal)
      return { view: { ...state, page: route.pattern, Component, pageProps: answer.pageProps } }
    } catch {
      // The page's module is not there any more (another build was deployed) or does not run.
      return { failed: true, status: 0 }
    }
  }

  async function loadNotFound(
    state: Omit<View, 'page' | 'Component' | 'pageProps'>,
    signal: AbortSignal,
  ): Promise<Loaded> {
    const page = '/404'
    const route = byPattern.get(page)
    const [Component, answer] = await Promise.all([
      loadComponent(page),
      route
        ? loadData({ route, params: {}, path: page, search: '' }, false, signal)
        : { pageProps: { statusCode: 404 } },
    ])
    if (!('pageProps' in answer)) return { failed: true, status: 404 }
    return { view: { ...state, page, Component, pageProps: answer.pageProps } }
  }

  return {
    find,
    has: (pattern) => byPattern.has(pattern),
    load,
    async prefetch({ route, params, path, search }) {
      const code = route.load().catch(() => undefined)
      if (route.kind === 'isr') await data.prefetch(toUrl(route, params, path, search))
      await code
    },
    loadComponent,
  }
}

function toComponent(module: ComponentModule, page: string): AnyComponent {
  if (!module.default) throw new TypeError(`${page} has no default export.`)
  return module.default as AnyComponent
}
