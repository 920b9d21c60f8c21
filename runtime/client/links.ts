import type { LinkBrowser, LinkTools } from './context.ts'
import type { Navigator } from './navigation.ts'
import { createViewportWatcher } from './prefetch.ts'
import { formatUrl, stripBase, toHref, type UrlRules } from './url.ts'

/** Creates what links need; without `browser` it is what they need on the server. */
export function createLinkTools(rules: UrlRules, browser?: LinkBrowser): LinkTools {
  return {
    toHref(url) {
      try {
        return toHref(url, rules)
      } catch {
        // A parameter is missing, as in a shell. The link must not take the page down: it leads somewhere once the data is there.
        return formatUrl(typeof url === 'string' ? url : { ...url, query: null })
      }
    },
    ...(browser && { browser }),
  }
}

/** Creates what links do in the browser. */
export function createLinkBrowser(navigator: Navigator, rules: UrlRules, prefetches: boolean): LinkBrowser {
  const watch = createViewportWatcher()
  // With its origin a URL is past having a base added.
  const toAbsolute = (href: string) => new URL(href, window.location.href).href

  return {
    isInside(href) {
      const { origin, pathname } = new URL(href, window.location.href)
      return origin === window.location.origin && stripBase(pathname, rules.base) !== undefined
    },
    navigate(method, href, as, options) {
      void navigator[method](toAbsolute(href), as === undefined ? undefined : toAbsolute(as), options)
    },
    prefetch(href, as) {
      void navigator.prefetch(toAbsolute(href), as === undefined ? undefined : toAbsolute(as))
    },
    watch(anchor, href, as) {
      // The page that is shown needs no second copy; when it is left, pointing at the link is early enough.
      if (!prefetches || new URL(href, window.location.href).pathname === window.location.pathname)
        return () => undefined
      return watch(anchor, () => navigator.prefetch(toAbsolute(href), as === undefined ? undefined : toAbsolute(as)))
    },
  }
}
