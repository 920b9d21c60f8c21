import type { EntryTimes } from '../types.ts'

/** `stale` may be served while it is regenerated; `expired` only when a generation was tried first. */
export type Freshness = 'fresh' | 'stale' | 'expired'

/** Clocks are adjusted in small steps all the time; a step back of less than this is no reason to regenerate. */
const CLOCK_TOLERANCE_MS = 2000

/**
 * Decides how an entry may be served.
 *
 * An entry from the future was made before the clock jumped back: how old it is cannot be known, so it is stale, or it
 * would be frozen until the clock has caught up. One that never becomes stale by time is not touched by that.
 *
 * @param now milliseconds since the epoch
 */
export function decide(times: EntryTimes, now: number): Freshness {
  if (times.revalidate === false) return 'fresh'
  const age = now - times.generatedAt
  if (age < -CLOCK_TOLERANCE_MS) return 'stale'
  if (age < times.revalidate * 1000) return 'fresh'
  return age < times.expire * 1000 ? 'stale' : 'expired'
}

/** The age of an entry in milliseconds; never negative, whatever the clock did. */
export function toAgeMs(times: EntryTimes, now: number): number {
  return Math.max(0, now - times.generatedAt)
}
