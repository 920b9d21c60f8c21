/** As in Next.js: every visitor downloads a page's data with it. */
export const LARGE_DATA_BYTES = 128_000

/** What to say of a page's data above the threshold, in Next's words, so that a search for them leads somewhere. */
function toLargeDataWarning(pattern: string, path: string, bytes: number): string | undefined {
  if (bytes <= LARGE_DATA_BYTES) return undefined
  const page = pattern === path ? `"${pattern}"` : `"${pattern}" (path "${path}")`
  return (
    `[vite-plugin-isr] data for page ${page} is ${Math.round(bytes / 1000)} kB which exceeds the threshold of ` +
    `${LARGE_DATA_BYTES / 1000} kB. Every visitor downloads it with the page: return only the fields that the page shows.`
  )
}

/**
 * Warns of pages with much data.
 *
 * @param options.repeat every time, for development; otherwise once per page
 */
export function createLargeDataWarnings(
  warn: (line: string) => void,
  options: { readonly repeat: boolean },
): (pattern: string, path: string, bytes: number) => void {
  const warned = new Set<string>()

  return function warnOfLargeData(pattern, path, bytes) {
    const text = toLargeDataWarning(pattern, path, bytes)
    if (text === undefined || (!options.repeat && warned.has(pattern))) return
    warned.add(pattern)
    warn(text)
  }
}
