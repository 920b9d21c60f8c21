import type { Encoding, EntryTimes } from '../types.ts'
import { REVALIDATE_ALWAYS, secondsUntilStale } from './cache-control.ts'
import { createHead, type Head } from './reply.ts'
import { toCacheHeaders, toDescription, VARY, type Form } from './representation.ts'

/** What the headers of an answer say about how it came to be, beside what is sent. */
export interface Finding {
  readonly entry: EntryTimes
  readonly state: 'HIT' | 'STALE' | 'MISS'
  readonly detail: string | undefined
  /** Of a page without data functions, which only a new build changes. */
  readonly isStatic: boolean
}

/** What the heads of many pages have in common: all but the length and the ETag. */
export interface SharedHeads {
  /** Of an answer with the page. */
  whole(form: Form, encoding: Encoding): Head
  /** Of the one to who has it already. */
  readonly unchanged: Head
}

/** Those of answers that were found so. */
export type FindHeads = (finding: Finding, now: number) => SharedHeads

/** With all that headers about caching depend on. */
interface Known {
  readonly seconds: number
  readonly state: Finding['state']
  readonly detail: string | undefined
  readonly revalidate: number | false
  readonly expire: number
  readonly heads: SharedHeads
}

/** A few megabytes. */
const MOST = 1000

/** A new build changes them, and nothing else does. */
const STATIC = ['Cache-Control', REVALIDATE_ALWAYS]

/**
 * Headers change once a second at most. What pages have in common is kept; what is a page's own is made for each answer, since
 * a site has many: kept for a moment, it would be garbage of the kind that is collected last.
 */
export function createHeads(next: boolean): FindHeads {
  const known = new Map<string, Known>()
  const ofStatic = createSharedHeads(STATIC)
  let last: Known | undefined

  return function findHeads({ entry, state, detail, isStatic }, now) {
    if (isStatic) return ofStatic
    const { revalidate, expire } = entry
    const seconds = secondsUntilStale(entry, now)
    if (
      last?.seconds === seconds &&
      last.state === state &&
      last.detail === detail &&
      last.revalidate === revalidate &&
      last.expire === expire
    ) {
      return last.heads
    }
    const name = `${state} ${seconds} ${revalidate} ${expire} ${detail}`
    last = known.get(name)
    if (!last) {
      const heads = createSharedHeads(toCacheHeaders(entry, state, detail, now, next))
      last = { seconds, state, detail, revalidate, expire, heads }
      if (known.size >= MOST) known.clear()
      known.set(name, last)
    }
    return last.heads
  }
}

function createSharedHeads(caching: readonly string[]): SharedHeads {
  const wholes = { html: new Map<Encoding, Head>(), data: new Map<Encoding, Head>() }
  return {
    whole(form, encoding) {
      let head = wholes[form].get(encoding)
      if (!head) wholes[form].set(encoding, (head = createHead([...toDescription(form, encoding), ...caching])))
      return head
    },
    unchanged: createHead([...VARY, ...caching]),
  }
}
