import { toDataName } from '../routing/data-path.ts'
import { isDynamic, parsePattern } from '../routing/pattern.ts'
import { toPath } from '../routing/path.ts'
import { applyTrailingSlash } from '../routing/trailing-slash.ts'
import type { Params, Query } from '../types.ts'
import type { QueryValue, Url } from './types.ts'

/** What the form of a site's URLs depends on. */
export interface UrlRules {
  /** With a slash at both ends: `/` or `/app/`. */
  readonly base: string
  readonly trailingSlash: boolean
}

/**
 * Writes a URL as text. Parameters of a pattern are taken out of the query into the path.
 *
 * @throws `TypeError` naming the parameter that the query lacks
 * @example formatUrl({ pathname: '/posts/[id]', query: { id: 1, sort: 'up' } }) // '/posts/1?sort=up'
 */
export function formatUrl(url: Url): string {
  if (typeof url === 'string') return url
  if (url instanceof URL) return url.href
  const { query } = url
  let path = url.pathname ?? ''
  let search = url.search ?? ''
  if (typeof query === 'string') search = query
  else if (query) {
    const rest = { ...query }
    if (path.includes('[') && isDynamic(path)) {
      const params: Params = {}
      for (const segment of parsePattern(path)) {
        if (segment.type === 'static') continue
        const value = rest[segment.name]
        if (value !== undefined && value !== null)
          params[segment.name] = Array.isArray(value) ? value.map(String) : String(value)
        delete rest[segment.name]
      }
      path = toPath(path, params)
    }
    search = toSearch(rest)
  }
  return path + prefix('?', search) + prefix('#', url.hash ?? '')
}

function prefix(mark: string, text: string): string {
  return text === '' || text.startsWith(mark) ? text : mark + text
}

/** Writes a query, without question mark; a repeated key stands for an array. */
export function toSearch(query: Readonly<Record<string, QueryValue | readonly QueryValue[]>>): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? (value as readonly QueryValue[]) : [value as QueryValue]) {
      search.append(key, item === undefined || item === null ? '' : String(item))
    }
  }
  return search.toString()
}

/** Reads a query; a repeated key becomes an array. */
export function parseSearch(search: string): Query {
  const query = new Map<string, string | string[]>()
  for (const [key, value] of new URLSearchParams(search)) {
    const known = query.get(key)
    query.set(key, known === undefined ? value : [known, value].flat())
  }
  // `fromEntries` defines own properties, so a key called `__proto__` is an ordinary one.
  return Object.fromEntries(query)
}

/** Gives a path the site's form: `/x` or `/x/`. A last segment with a dot in it never ends with a slash. */
export function toSitePath(path: string, { trailingSlash }: Pick<UrlRules, 'trailingSlash'>): string {
  let end = path.length
  while (path[end - 1] === '/') end -= 1
  return end === 0 ? '/' : applyTrailingSlash(path.slice(0, end), trailingSlash)
}

/**
 * Writes a URL as an `href`: a path of this site gets its base and its slash. Other URLs stay as they are: those of other
 * hosts, and those that the browser resolves against the current one (`?page=2`, `#end`).
 *
 * @example toHref('/posts/1', { base: '/app/', trailingSlash: true }) // '/app/posts/1/'
 */
export function toHref(url: Url, rules: UrlRules): string {
  // Browsers drop tabs and line ends, so that `/<tab>/evil.example` would be another host.
  const text = formatUrl(url).replace(/[\t\n\r]/g, '')
  if (!/^[\\/]/.test(text)) return text
  const end = text.search(/[?#]/)
  // Repeated slashes and backslashes would make the next segment a host; such a path comes from data, not from its author.
  const path = (end < 0 ? text : text.slice(0, end)).replace(/[\\/]+/g, '/')
  return rules.base.slice(0, -1) + toSitePath(path, rules) + (end < 0 ? '' : text.slice(end))
}

/** The path below the base, or undefined when a path is not below it. */
export function stripBase(path: string, base: string): string | undefined {
  if (path.startsWith(base)) return path.slice(base.length - 1)
  return `${path}/` === base ? '/' : undefined
}

/**
 * The address of a page's navigation data.
 *
 * @param path Canonical path without base and trailing slash
 * @param search Without question mark
 */
export function toDataUrl({ base }: Pick<UrlRules, 'base'>, buildId: string, path: string, search: string): string {
  return `${base}_isr/data/${buildId}${toDataName(path)}.json${prefix('?', search)}`
}
