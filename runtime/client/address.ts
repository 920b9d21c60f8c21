import type { Url } from './types.ts'
import { stripBase, toHref, toSitePath, type UrlRules } from './url.ts'

/** Where a URL leads, as seen from the current document. */
export interface Address {
  /** Absolute. */
  readonly href: string
  /** Without base and trailing slash, as routes are matched; undefined outside of this site. */
  readonly path: string | undefined
  /** Without base, in the site's form, with query and hash. */
  readonly asPath: string
  readonly search: string
  readonly hash: string
}

/**
 * Resolves a URL as the browser would, and tells whether it lies within this site.
 *
 * @param current The address of the document
 * @throws `TypeError` when it is none
 */
export function toAddress(url: Url, current: string, rules: UrlRules): Address {
  const { href, origin, pathname, search, hash } = new URL(toHref(url, rules), current)
  const below = origin === new URL(current).origin ? stripBase(pathname, rules.base) : undefined
  return {
    href,
    path: below && toSitePath(below, { trailingSlash: false }),
    asPath: toSitePath(below ?? pathname, rules) + search + hash,
    search,
    hash,
  }
}

/**
 * Whether a URL differs from the one shown in its hash only, so that no page is loaded. The very same URL asks for the page
 * again unless it has a hash, as a link in a document does.
 *
 * @example isHashChange('/a#x', '/a#y') // true
 */
export function isHashChange(from: string, to: string): boolean {
  const [page] = from.split('#', 1)
  if (page !== to.split('#', 1)[0]) return false
  return from !== to || to.includes('#')
}
