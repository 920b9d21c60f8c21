/** How many prefetches that nobody pointed at run at a time; a click must not wait behind them. */
const PARALLEL = 4

/** Crawlers ask for the pages themselves; prefetching would only double their load. */
const CRAWLER = /bot\b|crawl|spider|slurp|mediapartners|facebookexternalhit|google-(?:pagerenderer|inspectiontool)/i

interface Connection {
  readonly saveData?: boolean
  readonly effectiveType?: string
}

/** Whether this visitor gains from prefetching: not with data saving on, on a very slow line, or as a crawler. */
export function isPrefetchWelcome({ userAgent, connection }: { userAgent: string; connection?: Connection }): boolean {
  return !CRAWLER.test(userAgent) && !connection?.saveData && !/2g/.test(connection?.effectiveType ?? '')
}

/**
 * Creates the watcher of links: each one that comes near the viewport gets its `prefetch` called once. It returns how to stop
 * watching one.
 */
export function createViewportWatcher(): (element: Element, prefetch: () => Promise<void>) => () => void {
  const links = new Map<Element, () => Promise<void>>()
  const waiting = new Set<Element>()
  let running = 0
  // One for all links, made with the first: an observer per link is slow on long lists.
  let observer: IntersectionObserver | undefined

  function see(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) waiting.add(target)
      // Scrolled past before its turn.
      else waiting.delete(target)
    }
    next()
  }

  function next(): void {
    for (const element of waiting) {
      if (running >= PARALLEL) return
      const prefetch = links.get(element)
      unwatch(element)
      if (!prefetch) continue
      running++
      void prefetch().then(() => {
        running--
        next()
      })
    }
  }

  function unwatch(element: Element): void {
    waiting.delete(element)
    links.delete(element)
    observer?.unobserve(element)
  }

  return (element, prefetch) => {
    links.set(element, prefetch)
    observer ??= new IntersectionObserver(see, { rootMargin: '200px' })
    observer.observe(element)
    return () => unwatch(element)
  }
}
