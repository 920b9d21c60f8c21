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
export function createLinkBrowser({ methods }: Navigator, rules: UrlRules, prefetches: boolean): LinkBrowser {
  const watch = createViewportWatcher()

  /** With its origin a URL is past having a base added. Undefined for what is no URL, such as a typing error of an author. */
  function toAbsolute(href: string | undefined): URL | undefined {
    return href !== undefined && URL.canParse(href, window.location.href)
      ? new URL(href, window.location.href)
      : undefined
  }

  async function prefetch(href: string, as: string | undefined): Promise<void> {
    const url = toAbsolute(href)
    if (url) await methods.prefetch(url.href, toAbsolute(as)?.href)
  }

  return {
    isInside(href) {
      const url = toAbsolute(href)
      return url?.origin === window.location.origin && stripBase(url.pathname, rules.base) !== undefined
    },
    navigate(method, href, as, options) {
      void methods[method](toAbsolute(href)!.href, toAbsolute(as)?.href, options)
    },
    prefetch(href, as) {
      void prefetch(href, as)
    },
    watch(anchor, href, as) {
      if (!prefetches) return () => undefined
      const isHere = () => toAbsolute(href)?.pathname === window.location.pathname
      const start = () => watch(anchor, () => prefetch(href, as))
      if (!isHere()) return start()
      // The page that is shown needs no second copy until it is left.
      const { events } = methods
      let stop = () => events.off('routeChangeComplete', startLater)
      function startLater(): void {
        if (isHere()) return
        stop()
        stop = start()
      }
      events.on('routeChangeComplete', startLater)
      return () => stop()
    },
  }
}
