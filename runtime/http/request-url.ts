import { cutLeadingSlashes } from '../routing/destination.ts'
import { applyTrailingSlash } from '../routing/trailing-slash.ts'

/**
 * Splits a raw request target by hand. `new URL(target, base)` would turn `//evil.com/x` and `/\evil.com/x` into another
 * host, resolve dot segments after the guards have looked, and keep what browsers would never send.
 */

/** What the split needs to know of the app. */
export interface UrlRules {
  /** With a slash at both ends: `/` or `/app/`. */
  readonly base: string
  readonly trailingSlash: boolean
  /** Longest path in bytes. */
  readonly maxPathBytes: number
}

/** What a request target turned out to be. */
export type RequestUrl =
  /** A path below the base: starts with a slash, has no empty and no dot segments, its escapes decode. */
  | {
      readonly type: 'path'
      /** Without base, still percent-encoded: `/posts/a%20b`. */
      readonly path: string
      /** With its question mark, or empty. */
      readonly query: string
      /** Where the trailing slash rule wants the visitor; a file of exactly this path is served before it applies. */
      readonly redirect: string | undefined
    }
  /** Another spelling of a path, always on this host: the location starts with exactly one slash. */
  | { readonly type: 'redirect'; readonly location: string }
  /** A path that is not below the base. */
  | { readonly type: 'outside' }
  | { readonly type: 'refused'; readonly status: 400 | 414 | 500; readonly reason: string }

const ABSOLUTE_FORM = /^https?:\/\/[^/?#\\]*/i
// oxlint-disable-next-line no-control-regex -- these are the characters that must not get in.
const CONTROL = /[\u0000-\u001f\u007f]/
const ENCODED_CONTROL = /%(?:[01][0-9a-f]|7f)/i
const NOT_ASCII = /[\u0080-\uffff]/g
const ODD_SLASHES = /\\|\/\//
/** Legal in a request line, but not in a header that others copy into HTML. */
const UNSAFE_IN_LOCATION = /["<>^`{|}\\]/g

/**
 * Splits a request target into a base-less path and its query, or says why it is none.
 *
 * @param target `req.originalUrl ?? req.url`: origin form, or the absolute form that proxies are sent
 */
export function parseRequestUrl(target: string, rules: UrlRules): RequestUrl {
  // Only OPTIONS may ask for the server as such, and there is nothing to say about it.
  if (target === '*') return { type: 'refused', status: 500, reason: 'asterisk form' }
  if (CONTROL.test(target)) return refuse('control character')
  const { path: rawPath, query } = splitTarget(target)
  if (!rawPath.startsWith('/')) return refuse('not a path')
  if (rawPath.length > rules.maxPathBytes) return { type: 'refused', status: 414, reason: 'path too long' }
  if (ENCODED_CONTROL.test(rawPath)) return refuse('control character')
  const path = encodeBytes(rawPath)
  if (path === undefined || !isDecodable(path)) return refuse('malformed escape')
  if (hasDotSegment(path)) return refuse('dot segment')
  if (ODD_SLASHES.test(path)) return redirectTo(path.replace(/[\\/]+/g, '/'), query)

  const { base } = rules
  if (base !== '/' && `${path}/` === base) return redirectTo(base, query)
  if (!path.startsWith(base)) return { type: 'outside' }
  const inner = path.slice(base.length - 1)
  const wanted = applyTrailingSlash(inner, rules.trailingSlash)
  if (wanted === inner) return { type: 'path', path: inner, query, redirect: undefined }
  const redirect = redirectTo(base.slice(0, -1) + wanted, query)
  return redirect.type === 'redirect' ? { type: 'path', path: inner, query, redirect: redirect.location } : redirect
}

function splitTarget(target: string): { path: string; query: string } {
  const origin = ABSOLUTE_FORM.exec(target)
  let rest = origin ? target.slice(origin[0].length) : target
  const hash = rest.indexOf('#')
  if (hash !== -1) rest = rest.slice(0, hash)
  const mark = rest.indexOf('?')
  const path = mark === -1 ? rest : rest.slice(0, mark)
  return { path: origin && path === '' ? '/' : path, query: mark === -1 ? '' : rest.slice(mark) }
}

/** Node hands over raw bytes beyond ASCII as one character each; as escapes they are what the client meant. */
function encodeBytes(path: string): string | undefined {
  try {
    return path.replace(NOT_ASCII, encodeByte)
  } catch {
    return undefined
  }
}

function encodeByte(character: string): string {
  const code = character.charCodeAt(0)
  return code <= 0xff ? `%${code.toString(16).toUpperCase()}` : encodeURIComponent(character)
}

function isDecodable(path: string): boolean {
  if (!path.includes('%')) return true
  try {
    // The result has to be used: bundlers drop a call that they take for pure, with what it throws.
    return decodeURIComponent(path) !== ''
  } catch {
    return false
  }
}

function hasDotSegment(path: string): boolean {
  if (!path.includes('.') && !/%2e/i.test(path)) return false
  return path.split(/[\\/]/).some((segment) => {
    const text = segment.replaceAll(/%2e/gi, '.')
    return text === '.' || text === '..'
  })
}

function redirectTo(path: string, query: string): RequestUrl {
  // Decoded by the next hop, such a path names another host.
  if (cutLeadingSlashes(path).slashes.length > 1) return refuse('escaped slash at the start')
  const search = encodeBytes(query)
  if (search === undefined) return refuse('malformed query')
  return { type: 'redirect', location: encodeUnsafe(path) + encodeUnsafe(search) }
}

function encodeUnsafe(text: string): string {
  return text.replace(UNSAFE_IN_LOCATION, encodeURIComponent)
}

function refuse(reason: string): RequestUrl {
  return { type: 'refused', status: 400, reason }
}
