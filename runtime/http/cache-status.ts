/** How the cache came to an answer; the first word of each is `x-isr-cache`. */
export type CacheState = 'HIT' | 'STALE' | 'MISS' | 'BYPASS'

const NAME = 'vite-plugin-isr'

/**
 * The `Cache-Status` header (RFC 9211). HIT and STALE were answered from the cache (a negative `ttl` says how stale),
 * MISS and BYPASS were not.
 *
 * @param ttl seconds of freshness left, negative when stale, undefined for a page that never becomes stale by itself
 * @param detail why: `stale-time`, `fallback-shell`, …
 */
export function toCacheStatus(state: CacheState, detail: string | undefined, ttl: number | undefined): string {
  const lifetime = ttl === undefined ? '' : `; ttl=${ttl}`
  const reason = detail === undefined ? '' : `; detail=${toToken(detail)}`
  switch (state) {
    case 'HIT':
    case 'STALE':
      return `${NAME}; hit${lifetime}${reason}`
    case 'MISS':
      return `${NAME}; fwd=uri-miss${lifetime}${reason}`
    case 'BYPASS':
      return `${NAME}; fwd=bypass${reason}`
  }
}

/** RFC 8941 tokens start with a letter; anything else must not break the header. */
function toToken(text: string): string {
  const token = text.replaceAll(/[^a-zA-Z0-9!#$%&'*+.^_`|~:/-]/g, '-')
  return /^[a-zA-Z*]/.test(token) ? token : `x${token}`
}
