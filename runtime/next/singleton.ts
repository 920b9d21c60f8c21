import type { RouterEventMap, RouterEvents } from '../client/events.ts'
import { IsrError } from '../errors.ts'
import type { NextRouter, SingletonRouter } from './router-types.ts'

type Registration = Parameters<RouterEvents['on']>

const METHODS = ['push', 'replace', 'reload', 'back', 'forward', 'prefetch', 'beforePopState'] as const
const FIELDS = ['pathname', 'route', 'query', 'asPath', 'basePath', 'isFallback', 'isReady', 'isPreview'] as const

/** A singleton router, and how the document's router is told to it. */
export interface Singleton {
  readonly router: SingletonRouter
  /** Called with the router of each page that is shown. */
  attach(router: NextRouter): void
}

/** Creates the router that code outside of components uses; what it is told before there is a page waits for it. */
export function createSingleton(): Singleton {
  let current: NextRouter | null = null
  const waiting: Array<() => void> = []
  let registrations: Registration[] = []

  function read(): NextRouter {
    if (current) return current
    throw new IsrError(
      'ISR_CLIENT',
      'The Router of next/router was used before there is a page, or on the server. Use it in effects and event handlers, or in Router.ready().',
    )
  }

  const events: RouterEvents = {
    on(...registration) {
      if (current) current.events.on(...registration)
      // On the server nobody navigates, and modules are loaded again and again.
      else if (typeof window !== 'undefined') registrations.push(registration as unknown as Registration)
    },
    off(...registration) {
      current?.events.off(...registration)
      registrations = registrations.filter((known) => known.some((part, index) => part !== registration[index]))
    },
    emit<Name extends keyof RouterEventMap>(name: Name, ...values: RouterEventMap[Name]) {
      current?.events.emit(name, ...values)
    },
  }

  const router = {
    get router() {
      return current
    },
    ready(callback: () => void) {
      if (current) callback()
      else if (typeof window !== 'undefined') waiting.push(callback)
    },
    events,
  }
  for (const name of FIELDS) Object.defineProperty(router, name, { enumerable: true, get: () => read()[name] })
  for (const name of METHODS) {
    Object.assign(router, {
      [name]: (...values: unknown[]): unknown => Reflect.apply(read()[name], undefined, values),
    })
  }

  return {
    router: router as unknown as SingletonRouter,
    attach(next) {
      current = next
      for (const [name, listener] of registrations.splice(0)) next.events.on(name, listener)
      for (const callback of waiting.splice(0)) callback()
    },
  }
}
