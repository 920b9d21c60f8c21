import type { Params, Query } from '../types.ts'

/**
 * The query of a request as pages and API routes see it: repeated keys become arrays, a bare key is an empty string, and
 * route parameters win over query keys of their name.
 *
 * @param search with or without its question mark
 */
export function parseQuery(search: string, params: Params = {}): Query {
  const query: Query = {}
  for (const [key, value] of new URLSearchParams(search)) {
    // Assigning it would change the prototype of what user code reads.
    if (key === '__proto__') continue
    const earlier = Object.hasOwn(query, key) ? query[key] : undefined
    if (earlier === undefined) query[key] = value
    else if (Array.isArray(earlier)) earlier.push(value)
    else query[key] = [earlier, value]
  }
  for (const [name, value] of Object.entries(params)) {
    Object.defineProperty(query, name, { value, enumerable: true, writable: true, configurable: true })
  }
  return query
}
