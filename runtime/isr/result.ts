import { IsrError } from '../errors.ts'
import { nearestName } from '../nearest-name.ts'
import { cutLeadingSlashes, hasScheme, isWebUrl } from '../routing/destination.ts'
import { createMatcher } from '../routing/match.ts'
import { writePath } from '../routing/path.ts'
import { parsePattern, type Segment } from '../routing/pattern.ts'
import type { Params, ParsedPaths, Redirect } from '../types.ts'
import { findPropsProblem } from './props.ts'

/** Where a result came from, for messages. */
export interface ResultSource {
  /** The page's file, `pages/posts/[id].tsx`. */
  readonly page: string
  readonly path?: string
}

/** A checked redirect: status resolved, destination fit for a header. */
export interface ParsedRedirect {
  readonly destination: string
  readonly status: 301 | 302 | 303 | 307 | 308
  readonly basePath: boolean
}

/** A checked result of `getStaticProps` or, without lifetimes, of `getServerSideProps`. */
export type ParsedResult =
  | { readonly kind: 'page'; readonly props: Record<string, unknown> }
  | { readonly kind: 'notFound' }
  | { readonly kind: 'redirect'; readonly redirect: ParsedRedirect }

/** Checked lifetimes, in seconds. */
export interface ParsedLifetime {
  /** Undefined when the result did not say. */
  readonly revalidate: number | false | undefined
  readonly expire: number | undefined
}

const STATIC_KEYS = ['props', 'revalidate', 'expire', 'notFound', 'redirect']
const SERVER_KEYS = ['props', 'notFound', 'redirect']
const REDIRECT_KEYS = ['destination', 'permanent', 'statusCode', 'basePath']
const REDIRECT_STATUSES = [301, 302, 303, 307, 308]

/**
 * Checks what `getStaticProps` returned.
 *
 * @throws `IsrError` `ISR_RESULT` for a wrong shape, `ISR_PROPS` for props that JSON cannot carry
 * @see https://nextjs.org/docs/pages/api-reference/functions/get-static-props
 */
export async function parseStaticProps(result: unknown, source: ResultSource): Promise<ParsedResult & ParsedLifetime> {
  const fields = parseFields(result, 'getStaticProps', STATIC_KEYS, source)
  const lifetime = { revalidate: parseRevalidate(fields, source), expire: parseExpire(fields, source) }
  return { ...(await parseOutcome(fields, 'getStaticProps', source)), ...lifetime }
}

/** Checks what `getServerSideProps` returned. @throws as `parseStaticProps` */
export async function parseServerSideProps(result: unknown, source: ResultSource): Promise<ParsedResult> {
  return parseOutcome(parseFields(result, 'getServerSideProps', SERVER_KEYS, source), 'getServerSideProps', source)
}

function parseFields(result: unknown, name: string, allowed: string[], source: ResultSource): Record<string, unknown> {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) {
    throw refuse(
      source,
      `${name} returned ${describe(result)}. Return an object with \`props\`, \`notFound\` or \`redirect\`; is a \`return\` missing?`,
    )
  }
  const fields = result as Record<string, unknown>
  const unknown = Object.keys(fields).filter((key) => !allowed.includes(key))
  if (unknown.length > 0) {
    throw refuse(
      source,
      `${name} returned the unknown key${unknown.length > 1 ? 's' : ''} ${unknown.map((key) => `\`${key}\``).join(', ')}. ` +
        `Allowed are ${allowed.map((key) => `\`${key}\``).join(', ')}; ${suggest(unknown, allowed)}`,
    )
  }
  return fields
}

function suggest(unknown: readonly string[], allowed: readonly string[]): string {
  const meant = unknown.flatMap((key) => nearestName(key, allowed) ?? [])
  if (meant.length === unknown.length) return `did you mean ${meant.map((key) => `\`${key}\``).join(' and ')}?`
  return `did you mean to put ${unknown.length > 1 ? 'them' : 'it'} under \`props\`?`
}

async function parseOutcome(
  fields: Record<string, unknown>,
  name: string,
  source: ResultSource,
): Promise<ParsedResult> {
  const { notFound, redirect } = fields
  if (notFound !== undefined && typeof notFound !== 'boolean') {
    throw refuse(source, `${name} returned \`notFound: ${describe(notFound)}\`. It must be \`true\` or left out.`)
  }
  if (notFound && redirect !== undefined) {
    throw refuse(source, `${name} returned both \`notFound\` and \`redirect\`. Return one of them.`)
  }
  if (notFound) return { kind: 'notFound' }
  if (redirect !== undefined) return { kind: 'redirect', redirect: parseRedirect(redirect, name, source) }
  if (!('props' in fields)) {
    throw refuse(
      source,
      `${name} returned an object without \`props\`, \`notFound\` or \`redirect\`. Return one of them.`,
    )
  }
  const props = await fields['props']
  const problem = findPropsProblem(props)
  if (problem) {
    throw new IsrError(
      'ISR_PROPS',
      `${place(source)}: error serializing ${problem.path === '' ? 'props' : `\`${problem.path}\``} returned from \`${name}\`. Reason: ${problem.reason}.`,
      details(source),
    )
  }
  return { kind: 'page', props: props as Record<string, unknown> }
}

function parseRevalidate(fields: Record<string, unknown>, source: ResultSource): number | false | undefined {
  const { revalidate } = fields
  if (revalidate === undefined || revalidate === false) return revalidate
  // Next's documentation: `true` means "at most once a second".
  if (revalidate === true) return 1
  if (typeof revalidate === 'number' && Number.isSafeInteger(revalidate) && revalidate > 0) return revalidate
  throw refuse(
    source,
    `getStaticProps returned \`revalidate: ${describe(revalidate)}\`. It must be a positive whole number of seconds, \`true\` for 1, or \`false\` for never` +
      (revalidate === 0 ? '; for a page that is never cached use getServerSideProps.' : '.'),
  )
}

function parseExpire(fields: Record<string, unknown>, source: ResultSource): number | undefined {
  const { expire } = fields
  if (expire === undefined) return undefined
  if (typeof expire === 'number' && Number.isSafeInteger(expire) && expire > 0) return expire
  throw refuse(
    source,
    `getStaticProps returned \`expire: ${describe(expire)}\`. It must be a positive whole number of seconds.`,
  )
}

/** A scheme other than http(s) could run script in the browser; control characters end or bend a header. */
function isSafeDestination(destination: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (destination === '' || /[\u0000-\u001f\u007f]/.test(destination)) return false
  const text = destination.trim()
  return isWebUrl(text) || !hasScheme(text)
}

function joinLeadingSlashes(destination: string): string {
  const { slashes, rest } = cutLeadingSlashes(destination)
  return slashes === '' ? destination : `/${rest}`
}

function parseRedirect(redirect: unknown, name: string, source: ResultSource): ParsedRedirect {
  const wrong = (what: string) => refuse(source, `${name} returned a wrong \`redirect\`: ${what}.`)
  if (typeof redirect !== 'object' || redirect === null) throw wrong(`it is ${describe(redirect)}, not an object`)
  const { destination, permanent, statusCode, basePath } = redirect as Partial<Record<keyof Redirect, unknown>>
  const unknown = Object.keys(redirect).filter((key) => !REDIRECT_KEYS.includes(key))
  if (unknown.length > 0) throw wrong(`unknown key \`${unknown[0]}\``)
  if (typeof destination !== 'string')
    throw wrong(`\`destination\` must be a string, received ${describe(destination)}`)
  if (!isSafeDestination(destination)) {
    throw wrong(
      `\`destination\` must be a path or an http(s) URL without control characters, received ${JSON.stringify(destination)}`,
    )
  }
  if (permanent !== undefined && statusCode !== undefined) throw wrong('give `permanent` or `statusCode`, not both')
  if (permanent !== undefined && typeof permanent !== 'boolean') throw wrong('`permanent` must be `true` or `false`')
  if (statusCode !== undefined && !REDIRECT_STATUSES.includes(statusCode as number)) {
    throw wrong(`\`statusCode\` must be one of ${REDIRECT_STATUSES.join(', ')}, received ${describe(statusCode)}`)
  }
  if (basePath !== undefined && basePath !== false) throw wrong('`basePath` can only be `false`')
  return {
    // What browsers would read as another host was a path with a parameter in it, unless the author wrote a whole URL.
    destination: joinLeadingSlashes(destination),
    status: (statusCode as ParsedRedirect['status'] | undefined) ?? (permanent ? 308 : 307),
    basePath: basePath !== false,
  }
}

/**
 * Checks what `getStaticPaths` returned and resolves each of its paths.
 *
 * @throws `IsrError` `ISR_PATHS` with what was seen and what to return instead
 * @see https://nextjs.org/docs/pages/api-reference/functions/get-static-paths
 */
export function parseStaticPaths(result: unknown, pattern: string, source: ResultSource): ParsedPaths {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) {
    throw refusePaths(
      source,
      `getStaticPaths returned ${describe(result)}. Return \`{ paths: [...], fallback: boolean | 'blocking' }\`.`,
    )
  }
  const unknown = Object.keys(result).filter((key) => key !== 'paths' && key !== 'fallback')
  if (unknown.length > 0) {
    throw refusePaths(
      source,
      `getStaticPaths returned extra keys: ${unknown.join(', ')}. Allowed are \`paths\` and \`fallback\`.`,
    )
  }
  const { paths, fallback } = result as { paths?: unknown; fallback?: unknown }
  if (fallback !== true && fallback !== false && fallback !== 'blocking') {
    throw refusePaths(
      source,
      `the \`fallback\` key must be returned from getStaticPaths as \`true\`, \`false\` or \`'blocking'\`, received ${describe(fallback)}.`,
    )
  }
  if (!Array.isArray(paths)) {
    throw refusePaths(
      source,
      `getStaticPaths returned \`paths: ${describe(paths)}\`. It must be an array of strings or \`{ params }\` objects.`,
    )
  }
  const matchPattern = createMatcher([{ pattern }])
  const segments = parsePattern(pattern)
  const unique = new Set<string>()
  for (const item of paths as unknown[]) {
    const params =
      typeof item === 'string' ? parsePathString(item, pattern, matchPattern, source) : parsePathObject(item, source)
    unique.add(resolvePath(pattern, segments, params, source))
  }
  return { fallback, paths: [...unique] }
}

function parsePathString(
  item: string,
  pattern: string,
  matchPattern: (path: string) => { params: Params } | undefined,
  source: ResultSource,
): Params {
  const trimmed = item.length > 1 && item.endsWith('/') ? item.slice(0, -1) : item
  const match = matchPattern(trimmed)
  if (match) return match.params
  throw refusePaths(
    source,
    `the path ${JSON.stringify(item)} returned from getStaticPaths does not match the page "${pattern}".`,
  )
}

function parsePathObject(item: unknown, source: ResultSource): Params {
  if (typeof item !== 'object' || item === null) {
    throw refusePaths(
      source,
      `getStaticPaths returned ${describe(item)} among \`paths\`. Each must be a string or \`{ params }\`.`,
    )
  }
  const extra = Object.keys(item).filter((key) => key !== 'params' && key !== 'locale')
  if (extra.length > 0) {
    throw refusePaths(
      source,
      `additional keys were returned from getStaticPaths beside \`params\`: ${extra.join(', ')}. ` +
        `URL parameters belong under \`params\`: \`{ params: { ${extra.map((key) => `${key}: …`).join(', ')} } }\`.`,
    )
  }
  const { params } = item as { params?: unknown }
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    throw refusePaths(
      source,
      `getStaticPaths returned a path with \`params: ${describe(params)}\`. It must be an object.`,
    )
  }
  return params as Params
}

function resolvePath(pattern: string, segments: readonly Segment[], params: Params, source: ResultSource): string {
  try {
    return writePath(segments, params)
  } catch (error) {
    const { message } = error as Error
    const advice = message.startsWith('A required parameter') ? advise(pattern, params) : ''
    throw refusePaths(source, `${message} in getStaticPaths for ${pattern}.${advice}`)
  }
}

/** What to do about the first parameter that is a number or another value which could be made text. */
function advise(pattern: string, params: Readonly<Record<string, unknown>>): string {
  for (const segment of parsePattern(pattern)) {
    if (segment.type === 'static') continue
    const { name, type } = segment
    const value = Object.hasOwn(params, name) ? params[name] : undefined
    if (type === 'param') {
      if (typeof value === 'string') continue
      return isScalar(value) ? ` Its value is ${value}, and parameters are text: make it \`String(${name})\`.` : ''
    }
    if (Array.isArray(value)) {
      const piece: unknown = value.find((piece) => typeof piece !== 'string')
      return isScalar(piece) ? ` Its value is ${piece}, and segments are text: make them \`${name}.map(String)\`.` : ''
    }
    return typeof value === 'number' || typeof value === 'string'
      ? ` Its value is ${describe(value)}: return the segments of the path, such as \`['a', 'b']\`.`
      : ''
  }
  return ''
}

function isScalar(value: unknown): value is number | bigint | boolean {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
}

function place(source: ResultSource): string {
  return source.path === undefined ? source.page : `${source.page} (${source.path})`
}

function details(source: ResultSource): { page: string; path?: string } {
  return source.path === undefined ? { page: source.page } : { page: source.page, path: source.path }
}

function refuse(source: ResultSource, what: string): IsrError {
  return new IsrError('ISR_RESULT', `${place(source)}: ${what}`, details(source))
}

function refusePaths(source: ResultSource, what: string): IsrError {
  return new IsrError('ISR_PATHS', `${place(source)}: ${what}`, details(source))
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined) return String(value)
  return `a value of type ${typeof value}`
}
