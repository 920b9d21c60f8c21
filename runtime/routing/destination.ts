/**
 * What the beginning of a redirect's destination means: as it is, and to everything behind us that decodes it first, however
 * often.
 */

/** Slashes of either kind, with what URL parsers drop between them, and the dot segments that they resolve. */
const HOST_START = /^(?:[/\\]|%(?:25)*(?:2f|5c|0[9ad]))+(?:(?:\.|%(?:25)*2e){1,2}(?:[/\\]|%(?:25)*(?:2f|5c|0[9ad]))+)*/i

/** A scheme, some or all of its characters escaped, and what URL parsers drop between them. */
const SCHEME =
  /^(?:[a-z]|%(?:25)*(?:[46][1-9a-f]|[57][0-9a]))(?:[a-z\d+.-]|%(?:25)*(?:0[9ad]|2[bde]|3\d|[46][1-9a-f]|[57][0-9a]))*(?::|%(?:25)*3a)/i

const WEB_URL = /^https?:\/\//i

/** Whether it is a whole URL, written out: the only form that may lead to another host. */
export function isWebUrl(destination: string): boolean {
  return WEB_URL.test(destination)
}

/** Whether it begins with a scheme, `javascript:` for one. */
export function hasScheme(destination: string): boolean {
  return SCHEME.test(destination)
}

/** Splits off the slashes that it begins with, escaped ones included: two of them would name another host. */
export function cutLeadingSlashes(destination: string): { readonly slashes: string; readonly rest: string } {
  const slashes = HOST_START.exec(destination)?.[0] ?? ''
  return { slashes, rest: destination.slice(slashes.length) }
}
