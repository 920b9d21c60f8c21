import type { Encoding, Entry, EntryTimes } from '../types.ts'
import { secondsLeft, secondsUntilStale, toCacheControl } from './cache-control.ts'
import { toCacheStatus, type CacheState } from './cache-status.ts'

/** What a URL stands for: the document, or the data of the same generation. */
export type Form = 'html' | 'data'

/** One body in one encoding. */
export interface Representation {
  readonly bytes: Uint8Array
  readonly etag: string
  readonly form: Form
  readonly encoding: Encoding
}

export const CONTENT_TYPES = { html: 'text/html; charset=utf-8', data: 'application/json; charset=utf-8' } as const

const SUFFIXES = { identity: '', br: '-br', zstd: '-zs', gzip: '-gz' } as const

type PageEntry = Extract<Entry, { kind: 'page' }>

/** What varies with the headers of a request. */
export const VARY = ['Vary', 'Accept-Encoding']

/**
 * What is sent to this client. Made for each answer: kept, it would cost more for each page in memory than to make it.
 *
 * @param accepted what the client takes, best first
 */
export function represent(entry: PageEntry, form: Form, accepted: readonly Encoding[]): Representation | undefined {
  const body = form === 'html' ? entry.html : entry.data
  if (!body) return undefined
  // The best one that it can have is there by now: see `completeFor`.
  const encoding = accepted.find((each) => body[each] !== undefined)
  const bytes = encoding && body[encoding]
  // Each encoding is another sequence of bytes, so a strong validator needs a name for each (RFC 9110, 8.8.3.3).
  return bytes && { bytes, etag: `"${body.digest}${SUFFIXES[encoding]}"`, form, encoding }
}

/** Type, encoding, Vary: what describes all bodies of a kind. */
export function toDescription(form: Form, encoding: Encoding): string[] {
  const description = ['Content-Type', CONTENT_TYPES[form], ...VARY, 'X-Content-Type-Options', 'nosniff']
  if (encoding !== 'identity') description.push('Content-Encoding', encoding)
  return description
}

/** All that describes a body. */
export function toContent({ bytes, form, encoding }: Representation): string[] {
  return ['Content-Length', String(bytes.byteLength), ...toDescription(form, encoding)]
}

/**
 * The word for how the cache came to an answer.
 *
 * @param next under Next's name too; that has no word for a cache that was passed by
 */
export function toStateHeaders(state: CacheState, next: boolean): string[] {
  const headers = ['x-isr-cache', state]
  if (next && state !== 'BYPASS') headers.push('x-nextjs-cache', state)
  return headers
}

/** The headers that say how the cache came to this answer and how long it is good for. */
export function toCacheHeaders(
  entry: EntryTimes,
  state: 'HIT' | 'STALE' | 'MISS',
  detail: string | undefined,
  now: number,
  next = false,
): string[] {
  const left = secondsLeft(entry, now)
  return [
    ...toStateHeaders(state, next),
    'Cache-Status',
    toCacheStatus(
      state,
      detail,
      state === 'STALE' ? secondsStale(entry, now) : entry.revalidate === false ? undefined : left,
    ),
    'Cache-Control',
    toCacheControl(entry, left),
  ]
}

/** The lifetime of a stale entry as RFC 9211 counts it: what is left, which is less than nothing. */
function secondsStale(entry: EntryTimes, now: number): number | undefined {
  return entry.revalidate === false ? undefined : Math.min(secondsUntilStale(entry, now), 0)
}
