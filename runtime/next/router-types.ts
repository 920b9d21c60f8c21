import type { Router, TransitionOptions as PlainOptions, Url } from '../client/types.ts'

/** How a navigation is done. */
export interface TransitionOptions extends PlainOptions {
  /** Internationalised routing is out of scope: it is taken and changes nothing. */
  locale?: string | false
}

/** The router, with URLs as Next.js types them: any path is taken. */
export interface NextRouter extends Omit<Router, 'push' | 'replace' | 'prefetch'> {
  /** As `push` of this package's router. */
  push(url: Url, as?: Url, options?: TransitionOptions): Promise<boolean>
  /** As `replace` of this package's router. */
  replace(url: Url, as?: Url, options?: TransitionOptions): Promise<boolean>
  /** As `prefetch` of this package's router. */
  prefetch(url: Url, as?: Url, options?: { priority?: boolean; locale?: string | false }): Promise<void>
  /** Never there: internationalised routing is out of scope. */
  readonly locale?: string | undefined
  readonly locales?: readonly string[] | undefined
  readonly defaultLocale?: string | undefined
}

/** The one router of a document, for code outside of components. */
export interface SingletonRouter extends NextRouter {
  /** The router of the page in view; null before the page is hydrated, and on the server. */
  readonly router: NextRouter | null
  /** Calls back when there is a router: at once, or after hydration. Never on the server. */
  ready(callback: () => void): void
}
