import type { ComponentType, ReactNode } from 'react'
import type { Href, Url } from '../routes.ts'
import type { AnyProps, RouteKind } from '../types.ts'
import type { RouterEvents } from './events.ts'

export type { Href, QueryValue, Url, UrlObject } from '../routes.ts'

/** How a navigation is done. */
export interface TransitionOptions {
  /** Change the URL without asking for data; works between URLs of one page. Default false. */
  shallow?: boolean | undefined
  /** Scroll to the top, or to the hash. Default true, with `shallow` false. */
  scroll?: boolean | undefined
}

/** What `beforePopState` callbacks are handed. */
export interface PopState {
  readonly url: string
  readonly as: string
  readonly options: { readonly shallow: boolean }
}

/**
 * The router, as Next.js's Pages Router has it. A component gets a new object with each change.
 *
 * @see https://nextjs.org/docs/pages/api-reference/functions/use-router
 */
export interface Router {
  /** The page's pattern: `/posts/[id]`. */
  readonly pathname: string
  /** The same as `pathname`, under Next's older name. */
  readonly route: string
  /** Route parameters and, where they are known, the URL's query. Parameters win. `{}` in a fallback shell. */
  readonly query: Readonly<Record<string, string | string[] | undefined>>
  /** The path in the address bar with query and hash, without base. */
  readonly asPath: string
  /** Vite's `base` without its last slash: `''` or `/app`. */
  readonly basePath: string
  /** True while the shell of a `fallback: true` page waits for its data. */
  readonly isFallback: boolean
  /** False while a static page has not been told the URL's query yet: on the server and during hydration. */
  readonly isReady: boolean
  /** True for visitors in draft mode. */
  readonly isPreview: boolean
  /** Hear of navigations. */
  readonly events: RouterEvents
  /**
   * Goes to a page and adds an entry to the history. External URLs are left to the browser.
   *
   * @param url Where to go; what is known of it is checked against the routes of the site
   * @param as What the address bar shows instead. Default: `url`
   * @returns true when the page is shown, false when a later navigation took its place
   * @throws on the server, and whatever a listener of `routeChangeStart` throws
   * @example await router.push({ pathname: '/posts/[id]', query: { id: '1' } })
   * @see https://nextjs.org/docs/pages/api-reference/functions/use-router#routerpush
   */
  push<const To extends Url>(url: Href<To>, as?: Url, options?: TransitionOptions): Promise<boolean>
  /**
   * As `push`, in place of the current history entry. With the current path it asks for the page's data again.
   *
   * @throws as `push`
   * @example await router.replace(router.asPath)
   */
  replace<const To extends Url>(url: Href<To>, as?: Url, options?: TransitionOptions): Promise<boolean>
  /** Loads the document again. @throws on the server */
  reload(): void
  /** As the browser's button. @throws on the server */
  back(): void
  /** As the browser's button. @throws on the server */
  forward(): void
  /**
   * Loads a page's code and, for a page with `getStaticProps`, its data ahead of time. In production only.
   *
   * @returns resolves when that is done or has failed
   * @throws on the server
   */
  prefetch<const To extends Url>(url: Href<To>, as?: Url): Promise<void>
  /**
   * Lets a callback decide about steps through the history: when it returns false, the router does nothing.
   *
   * @throws on the server
   * @example router.beforePopState(({ as }) => as !== '/protected')
   */
  beforePopState(callback: (state: PopState) => boolean): void
}

/** A component whose props only its author knows. */
// oxlint-disable-next-line typescript/no-explicit-any -- The pages of a site have nothing in common.
export type AnyComponent = ComponentType<any>

/** What `_app` is given. */
export interface AppProps<Props = AnyProps> {
  Component: AnyComponent
  pageProps: Props
  router: Router
}

/** What `_document` is given. */
export interface DocumentProps {
  children: ReactNode
}

/** A module whose default export is a component. */
export interface ComponentModule {
  default: unknown
}

/** A page as the browser knows it. */
export interface ClientRoute {
  readonly pattern: string
  readonly kind: RouteKind
  /** Imports the page's module, in its form without server code. */
  readonly load: () => Promise<ComponentModule>
}
