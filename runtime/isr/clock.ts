import type { Clock } from '../types.ts'

/** Timers count in 31 bits of milliseconds, 24 days, and fire at once beyond: `closeTimeout: Infinity` must not mean 1 ms. */
const LONGEST_MS = 2 ** 31 - 1

/** The clock of a real server. Its timers keep the process alive: each belongs to work that somebody waits for. */
export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    setTimeout: (callback, ms) => setTimeout(callback, Math.min(ms, LONGEST_MS)),
    clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout | undefined),
  }
}
