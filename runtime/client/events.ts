/** What a listener of each router event is called with. */
export interface RouterEventMap {
  /** A navigation begins. Throwing here stops it. */
  routeChangeStart: [asPath: string, options: { shallow: boolean }]
  /** The history is about to change. */
  beforeHistoryChange: [asPath: string, options: { shallow: boolean }]
  /** The new page is shown. */
  routeChangeComplete: [asPath: string, options: { shallow: boolean }]
  /** A navigation failed, or (`error.cancelled`) another one took its place. */
  routeChangeError: [error: Error & { cancelled?: boolean }, asPath: string, options: { shallow: boolean }]
  /** Only the hash changes: no page is loaded. */
  hashChangeStart: [asPath: string, options: { shallow: boolean }]
  hashChangeComplete: [asPath: string, options: { shallow: boolean }]
}

type Listener<Name extends keyof RouterEventMap> = (...values: RouterEventMap[Name]) => void

/**
 * The router's events.
 * @see https://nextjs.org/docs/pages/api-reference/functions/use-router#routerevents
 */
export interface RouterEvents {
  on<Name extends keyof RouterEventMap>(name: Name, listener: Listener<Name>): void
  off<Name extends keyof RouterEventMap>(name: Name, listener: Listener<Name>): void
  emit<Name extends keyof RouterEventMap>(name: Name, ...values: RouterEventMap[Name]): void
}

/** Creates the events of one router. */
export function createEvents(): RouterEvents {
  const listeners = new Map<keyof RouterEventMap, Set<unknown>>()
  return {
    on(name, listener) {
      const known = listeners.get(name)
      if (known) known.add(listener)
      else listeners.set(name, new Set([listener]))
    },
    off(name, listener) {
      listeners.get(name)?.delete(listener)
    },
    emit(name, ...values) {
      for (const listener of (listeners.get(name) ?? []) as Iterable<
        (...values: RouterEventMap[typeof name]) => void
      >) {
        listener(...values)
      }
    },
  }
}
