import type { Clock } from '../types.ts'

/** The clock of a real server. Its timers keep the process alive: each belongs to work that somebody waits for. */
export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    setTimeout: (callback, ms) => setTimeout(callback, ms),
    clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout | undefined),
  }
}
