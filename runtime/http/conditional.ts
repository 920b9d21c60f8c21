import fresh from 'fresh'
import type { IncomingHttpHeaders } from 'node:http'

/** A list longer than this is no browser's; the whole answer is the safe one. */
const MAX_LENGTH = 4096

/**
 * Whether the client already has exactly these bytes, so that 304 is the answer: `If-None-Match` names the ETag (weakly
 * compared, in a list, or `*`), and the client did not ask for an end-to-end reload with `Cache-Control: no-cache`.
 */
export function isNotModified(headers: IncomingHttpHeaders, etag: string): boolean {
  const validators = headers['if-none-match']
  // What most clients send.
  if (validators === etag && headers['cache-control'] === undefined) return true
  return validators !== undefined && validators.length <= MAX_LENGTH && fresh(headers, { etag })
}
