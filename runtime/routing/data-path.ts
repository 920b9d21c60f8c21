/**
 * The names of navigation data. `/` is called `index`, so a page that is really called so, and all below it, get one more
 * `index` in front: no two pages share a name, as in Next.js.
 */

/** @param path canonical path without base @example toDataName('/') // '/index' */
export function toDataName(path: string): string {
  if (path === '/') return '/index'
  return isBelowIndex(path) ? `/index${path}` : path
}

/** The path that a name stands for; undefined for a name that no path has. */
export function parseDataName(name: string): string | undefined {
  if (name === '/index') return '/'
  if (!isBelowIndex(name)) return name
  const path = name.slice('/index'.length)
  return isBelowIndex(path) ? path : undefined
}

function isBelowIndex(path: string): boolean {
  return path === '/index' || path.startsWith('/index/')
}
