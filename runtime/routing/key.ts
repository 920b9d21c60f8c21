/**
 * Cache keys. Pages and shells have a space each, so neither can be asked for by the other's text, and this is the only
 * place that makes keys.
 */

/** The key of a concrete page. @param path canonical path from `toPath`, without base */
export function toPageKey(path: string): string {
  return `p:${path}`
}

/** The key of what is rendered once per pattern: a fallback shell, or a dynamic page without data functions. */
export function toShellKey(pattern: string): string {
  return `s:${pattern}`
}
