import { isDynamic, parsePattern } from '../routing/pattern.ts'
import { toPath } from '../routing/path.ts'
import type { Params, Query, RouteKind } from '../types.ts'
import type { AnyComponent, Router } from './types.ts'
import { toSitePath, type UrlRules } from './url.ts'

/** All that is shown at a time: which page, with which props, at which URL. */
export interface View {
  /** The page's pattern, or `/404`, `/500`, `/_error`. */
  readonly page: string
  readonly Component: AnyComponent
  readonly pageProps: Record<string, unknown>
  readonly query: Query
  readonly asPath: string
  readonly isFallback: boolean
  readonly isReady: boolean
  readonly isPreview: boolean
}

/** What a router can do, apart from the state of its view. */
export type RouterMethods = Pick<
  Router,
  'push' | 'replace' | 'reload' | 'back' | 'forward' | 'prefetch' | 'beforePopState' | 'events' | 'basePath'
>

/** The status that a built-in or `_error` page shows; undefined for the site's own pages. */
export function toErrorStatus(page: string): 404 | 500 | undefined {
  return page === '/404' ? 404 : page === '/500' || page === '/_error' ? 500 : undefined
}

/** A page of which only its pattern is known when it is rendered: a fallback shell, or a dynamic page without data functions. */
export function isShell(page: string, kind: RouteKind, isFallback: boolean): boolean {
  return isFallback || (kind === 'static' && isDynamic(page))
}

/**
 * The `asPath` that the server's HTML is rendered with. The browser computes the same one for hydration and only then shows
 * its own URL: of a page that all visitors share the server knows neither query nor hash.
 *
 * @param requested Path with query, without base, as the visitor's address bar shows it; counts for `server` pages only
 */
export function toServedPath(
  { page, kind, query, isFallback }: { page: string; kind: RouteKind; query: Query; isFallback: boolean },
  requested: string,
  rules: Pick<UrlRules, 'trailingSlash'>,
): string {
  if (toErrorStatus(page) !== undefined || isShell(page, kind, isFallback)) return page
  const path = toSitePath(toPath(page, pickParams(page, query)), rules)
  const search = /\?[^#]+/.exec(requested)
  return kind === 'server' && search ? path + search[0] : path
}

/** The route parameters of a page out of its query. */
export function pickParams(page: string, query: Query): Params {
  const params: Array<[string, Params[string]]> = []
  for (const segment of parsePattern(page)) {
    if (segment.type !== 'static' && Object.hasOwn(query, segment.name))
      params.push([segment.name, query[segment.name]])
  }
  return Object.fromEntries(params)
}

/** The router that components see. */
export function toRouter(
  { page, query, asPath, isFallback, isReady, isPreview }: View,
  methods: RouterMethods,
): Router {
  return { pathname: page, route: page, query, asPath, isFallback, isReady, isPreview, ...methods }
}
