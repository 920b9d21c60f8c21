import type { EntryTimes } from '../types.ts'

/** For everything that no cache may keep: errors, drafts, `server` pages, fallback shells. */
export const NO_STORE = 'private, no-cache, no-store, max-age=0, must-revalidate'

/** For pages without data functions: a new build changes them, and nothing else does. */
export const REVALIDATE_ALWAYS = 'public, max-age=0, must-revalidate'

/** For hashed assets, whose name changes with their content. */
export const IMMUTABLE = 'public, max-age=31536000, immutable'

const YEAR = 31_536_000

/** Whole seconds until an entry is stale, less than nothing when it is. */
export function secondsUntilStale(times: EntryTimes, now: number): number {
  return times.revalidate === false ? YEAR : Math.ceil((times.generatedAt - now) / 1000 + times.revalidate)
}

/**
 * Seconds that an entry may be kept: its whole `revalidate` when it was just made, and never below 1, so that a shared cache
 * in front asks again soon instead of keeping a stale page for another whole period. A page that never becomes stale by
 * itself counts as a year, as in Next.js.
 */
export function secondsLeft(times: EntryTimes, now: number): number {
  if (times.revalidate === false) return YEAR
  // A wall clock that went back must not make an entry live longer than it was meant to.
  return Math.min(Math.max(secondsUntilStale(times, now), 1), times.revalidate)
}

/** `Cache-Control` of a cached page. The stale part is left out where `expire` leaves no room for it. */
export function toCacheControl(times: EntryTimes, left: number): string {
  if (times.revalidate === false || times.expire <= times.revalidate) return `s-maxage=${left}`
  return `s-maxage=${left}, stale-while-revalidate=${times.expire - times.revalidate}`
}
