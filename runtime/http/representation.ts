import type { Body, Encoding, Entry, EntryTimes } from '../types.ts'
import { secondsLeft, secondsUntilStale, toCacheControl } from './cache-control.ts'
import { toCacheStatus, type CacheState } from './cache-status.ts'

/** What a URL stands for: the document, or the data of the same generation. */
export type Form = 'html' | 'data'

/** One body in one encoding with everything about it that never changes. */
export interface Representation {
  readonly bytes: Uint8Array
  readonly etag: string
  readonly form: Form
  readonly encoding: Encoding
}

export const CONTENT_TYPES = { html: 'text/html; charset=utf-8', data: 'application/json; charset=utf-8' } as const

const SUFFIXES = { identity: '', br: '-br', zstd: '-zs', gzip: '-gz' } as const

type PageEntry = Extract<Entry, { kind: 'page' }>

/**
 * Builds the look-up of representations. Each is prepared when it is first asked for and kept as long as its entry, so a
 * hit allocates next to nothing.
 */
export function createRepresentations(): (
  entry: PageEntry,
  form: Form,
  /** What the client takes, best first. */
  encodings: readonly Encoding[],
) => Representation | undefined {
  const prepared = new WeakMap<Uint8Array, Representation>()

  return function represent(entry, form, accepted) {
    const body = form === 'html' ? entry.html : entry.data
    if (!body) return undefined
    // The best one that it can have is there by now: see `completeFor`.
    const encoding = accepted.find((each) => body[each] !== undefined)
    if (!encoding) return undefined
    const bytes = body[encoding]!
    let representation = prepared.get(bytes)
    if (!representation) prepared.set(bytes, (representation = prepare(body, bytes, form, encoding)))
    return representation
  }
}

function prepare({ digest }: Body, bytes: Uint8Array, form: Form, encoding: Encoding): Representation {
  // Each encoding is another sequence of bytes, so a strong validator needs a name for each (RFC 9110, 8.8.3.3).
  return { bytes, etag: `"${digest}${SUFFIXES[encoding]}"`, form, encoding }
}

/** Type, length, encoding, Vary: what describes the body. Made when it is needed, as there are many pages. */
export function toContent({ bytes, form, encoding }: Representation): string[] {
  const content = [
    'Content-Type',
    CONTENT_TYPES[form],
    'Content-Length',
    String(bytes.byteLength),
    'Vary',
    'Accept-Encoding',
    'X-Content-Type-Options',
    'nosniff',
  ]
  if (encoding !== 'identity') content.push('Content-Encoding', encoding)
  return content
}

export function toWhole(representation: Representation): string[] {
  return [...toContent(representation), 'ETag', representation.etag]
}

export function toUnchanged({ etag }: Representation): string[] {
  return ['ETag', etag, 'Vary', 'Accept-Encoding']
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
