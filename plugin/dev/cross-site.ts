import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a page of another site embeds what it asks for (as script, style or image) instead of opening it. Browsers hide
 * the answer from that page but not every trace of it; what a developer has not published yet is nobody else's to probe.
 */
export function isEmbeddedElsewhere(headers: IncomingHttpHeaders): boolean {
  return headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] === 'no-cors'
}
