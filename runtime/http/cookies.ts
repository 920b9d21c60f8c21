import type { IncomingMessage } from 'node:http'
import { parse } from 'cookie'

/** A request whose cookies can be read by name. */
export type WithCookies<R extends IncomingMessage> = R & { cookies: Record<string, string> }

/** Gives a request its `cookies`, parsed when they are first read. */
export function withCookies<R extends IncomingMessage>(req: R): WithCookies<R> {
  let cookies: Record<string, string> | undefined
  Object.defineProperty(req, 'cookies', {
    configurable: true,
    enumerable: true,
    get: () => (cookies ??= parse(req.headers.cookie ?? '') as Record<string, string>),
    set(value: Record<string, string>) {
      cookies = value
    },
  })
  return req as WithCookies<R>
}
