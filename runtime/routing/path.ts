import type { Params } from '../types.ts'
import { parsePattern, type Segment } from './pattern.ts'

/**
 * The one spelling of a concrete path: every parameter percent-encoded with `encodeURIComponent`, no trailing slash. Two
 * requests that mean the same page come to the same text, whatever escapes they used, and two different parameter sets of a
 * pattern never do.
 *
 * @throws `TypeError` naming the parameter when one is missing, empty, of the wrong type, a dot segment or not encodable
 * @example toPath('/posts/[id]', { id: 'a b' }) // '/posts/a%20b'
 */
export function toPath(pattern: string, params: Params): string {
  return writePath(parsePattern(pattern), params)
}

/** The same for a pattern that was read before: thousands of paths have one pattern. */
export function writePath(segments: readonly Segment[], params: Params): string {
  let path = ''
  for (const segment of segments) {
    if (segment.type === 'static') {
      path += `/${encodeSegment(segment.text, segment.text)}`
      continue
    }
    const value: unknown = Object.hasOwn(params, segment.name) ? params[segment.name] : undefined
    if (segment.type === 'param') {
      if (typeof value !== 'string') throw new TypeError(describe(segment.name, 'a string', value))
      path += `/${encodeSegment(value, segment.name)}`
    } else if (Array.isArray(value) && (value.length > 0 || segment.type === 'optionalCatchAll')) {
      for (const piece of value) {
        if (typeof piece !== 'string') throw new TypeError(describe(segment.name, 'an array of strings', piece))
        path += `/${encodeSegment(piece, segment.name)}`
      }
    } else if (segment.type === 'catchAll' || (value !== undefined && value !== null && value !== false)) {
      // Next.js takes all three for "no segment" of an optional catch-all.
      throw new TypeError(describe(segment.name, 'an array', value))
    }
  }
  return path || '/'
}

function describe(name: string, expected: string, value: unknown): string {
  const received = Array.isArray(value)
    ? value.length === 0
      ? 'an empty array'
      : 'array'
    : value === null
      ? 'null'
      : typeof value
  return `A required parameter (${name}) was not provided as ${expected} received ${received}`
}

function encodeSegment(text: string, name: string): string {
  if (text === '') throw new TypeError(`The parameter (${name}) is an empty string; a path segment needs text`)
  // Browsers and proxies resolve these two before anybody asks for them, so such a page could never be reached.
  if (text === '.' || text === '..')
    throw new TypeError(`The parameter (${name}) is "${text}", which URLs resolve away`)
  if (!text.isWellFormed()) throw new TypeError(`The parameter (${name}) holds half of a surrogate pair`)
  return encodeURIComponent(text)
}
