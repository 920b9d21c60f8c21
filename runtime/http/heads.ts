import type { EntryTimes } from '../types.ts'
import { REVALIDATE_ALWAYS, secondsUntilStale } from './cache-control.ts'
import { createHead, type Head } from './reply.ts'
import { toCacheHeaders, toUnchanged, toWhole, type Representation } from './representation.ts'

/** What the headers of an answer say about how it came to be, beside what is sent. */
export interface Finding {
  readonly entry: EntryTimes
  readonly state: 'HIT' | 'STALE' | 'MISS'
  readonly detail: string | undefined
  /** Of a page without data functions, which only a new build changes. */
  readonly isStatic: boolean
}

/** The heads of the answers with a page: of the whole one, and of the one to who has it already. */
export interface Heads {
  whole(finding: Finding, representation: Representation, now: number): Head
  unchanged(finding: Finding, representation: Representation, now: number): Head
}

/** The last heads of a page, with all that its headers about caching depend on. */
interface Known {
  readonly seconds: number
  readonly state: Finding['state']
  readonly detail: string | undefined
  readonly revalidate: number | false
  readonly expire: number
  readonly isStatic: boolean
  /** The headers about caching, which all pages have in common that were found so. */
  readonly shared: Head
  whole: Head | undefined
  unchanged: Head | undefined
}

/** Of each kind: a megabyte in all. */
const MOST = 1000

/** A new build changes them, and nothing else does. */
const STATIC = ['Cache-Control', REVALIDATE_ALWAYS]

/**
 * Headers change once a second at most. Those of pages that are asked for more often are kept, by their ETag, which is
 * another one for each sequence of bytes and type; of the others only what pages have in common, as a site has many.
 */
export function createHeads(next: boolean): Heads {
  const known = new Map<string, Known>()
  const shared = new Map<string, Head>()

  function find({ entry, state, detail, isStatic }: Finding, { etag }: Representation, now: number): Known {
    const { revalidate, expire } = entry
    const seconds = isStatic ? 0 : secondsUntilStale(entry, now)
    const found = known.get(etag)
    if (
      found?.seconds === seconds &&
      found.state === state &&
      found.detail === detail &&
      found.revalidate === revalidate &&
      found.expire === expire &&
      found.isStatic === isStatic
    ) {
      return found
    }
    const name = isStatic ? '' : `${state} ${seconds} ${revalidate} ${expire} ${detail}`
    let head = shared.get(name)
    if (!head)
      keep(shared, name, (head = createHead(isStatic ? STATIC : toCacheHeaders(entry, state, detail, now, next))))
    const made = {
      seconds,
      state,
      detail,
      revalidate,
      expire,
      isStatic,
      shared: head,
      whole: undefined,
      unchanged: undefined,
    }
    keep(known, etag, made)
    return made
  }

  return {
    whole(finding, representation, now) {
      const found = find(finding, representation, now)
      return (found.whole ??= createHead(toWhole(representation), found.shared))
    },
    unchanged(finding, representation, now) {
      const found = find(finding, representation, now)
      return (found.unchanged ??= createHead(toUnchanged(representation), found.shared))
    },
  }
}

function keep<V>(map: Map<string, V>, key: string, value: V): void {
  if (map.size >= MOST && !map.has(key)) map.clear()
  map.set(key, value)
}
