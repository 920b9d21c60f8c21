import { createContext, useContext } from 'react'
import { IsrError } from '../errors.ts'
import type { Router, TransitionOptions, Url } from './types.ts'

/** What links need of the site. It never changes, so that a navigation renders no link anew. */
export interface LinkTools {
  /** Writes an `href`, with base. */
  toHref(url: Url): string
  /** Absent on the server. */
  readonly browser?: LinkBrowser
}

/** What links do in the browser. They hand over what they have as `href`, with base. */
export interface LinkBrowser {
  /** Whether an address lies within the site. */
  isInside(href: string): boolean
  navigate(method: 'push' | 'replace', href: string, as: string | undefined, options: TransitionOptions): void
  /** Loads a page ahead of time. */
  prefetch(href: string, as: string | undefined): void
  /** Prefetches when the link comes near the viewport. Returns how to stop. */
  watch(anchor: HTMLAnchorElement, href: string, as: string | undefined): () => void
}

export const RouterContext = createContext<Router | undefined>(undefined)
export const LinkContext = createContext<LinkTools | undefined>(undefined)

/**
 * The router, in a component of a page, `_app` or `_document`.
 *
 * @throws `IsrError` with code `ISR_CLIENT` outside of those
 * @example const { query, isFallback } = useRouter()
 * @see https://nextjs.org/docs/pages/api-reference/functions/use-router
 */
export function useRouter(): Router {
  const router = useContext(RouterContext)
  if (!router) {
    throw new IsrError(
      'ISR_CLIENT',
      'useRouter found no router. Call it in a component that a page renders; if it is one, there are two copies of vite-plugin-isr.',
    )
  }
  return router
}
