import { IsrError } from '../errors.ts'
import { cutLeadingSlashes, hasScheme, isWebUrl } from '../routing/destination.ts'

/** What a header cannot carry, and what URL parsers drop: a tab between two slashes would leave `//`. */
// oxlint-disable-next-line no-control-regex -- see above.
const UNSENDABLE = /[\u0000-\u001f\u007f]|[^\u0000-\u007f]+/g

/**
 * The `Location` of a redirect that a page asked for: another host only where the page wrote out a whole http(s) URL,
 * otherwise a path on this one. It is sent as it was given but for what no header may hold.
 *
 * @param destination as `getStaticProps` or `getServerSideProps` returned it
 * @param base Vite's base, put before absolute paths; `/` leaves them alone
 * @throws `IsrError` `ISR_RESULT` for another scheme, such as `javascript:`
 */
export function toLocation(destination: string, base: string): string {
  // Spaces around it would be dropped by URL parsers, and what they hide with them.
  const text = destination.trim().replace(UNSENDABLE, encodeText)
  if (isWebUrl(text)) return text
  // `//host` and `/\\host` are other hosts to a browser, and `/%2Fhost` to what decodes it; a page that means one writes its scheme.
  const { slashes, rest } = cutLeadingSlashes(text)
  if (slashes !== '') return base + rest
  if (!hasScheme(text)) return text
  throw new IsrError(
    'ISR_RESULT',
    `redirect to "${text.slice(0, 100)}": only paths and http(s) URLs can be redirected to.`,
  )
}

/** What a redirect with status 308 repeats for clients that do not know it. */
export function toRefresh(location: string): string {
  return `0;url=${location}`
}

function encodeText(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}
