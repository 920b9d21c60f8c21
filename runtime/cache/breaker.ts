/** Failures in a row after which something is left alone. */
const FAILURES = 5
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 15_000
/** After this long without a pause the next one is short again; a store that comes and goes is not asked all the time. */
const CALM_MS = 60_000

/** Leave to do one operation; what became of it has to be told within bounded time. */
export interface Pass {
  /** Whether it is the one that finds out if the pause can end. */
  readonly isProbe: boolean
  /** @returns whether that has ended a pause */
  succeed(now: number): boolean
  /** @returns whether that has begun a pause, or made it longer */
  fail(now: number): boolean
}

/** Decides when something that fails is left alone, and when it is tried again. */
export interface Breaker {
  /** Undefined while nothing may be done. Once a pause is over, one operation at a time is let through. */
  enter(now: number): Pass | undefined
  isPaused(): boolean
  /** Milliseconds until the next operation is let through, if none is on its way. */
  toWaitMs(now: number): number
}

interface Pause {
  readonly since: number
  readonly ms: number
  isProbed: boolean
}

/**
 * After 5 failures in a row there is a pause of 1 second; each probe that fails makes it twice as long, up to 15 seconds. The
 * first success ends it. What began before a pause began or ended changes nothing any more: it tells of another time.
 *
 * @param random a number from 0 up to 1: pauses are up to a quarter shorter, or all servers would come back at once
 */
export function createBreaker(random: () => number): Breaker {
  let failures = 0
  let pause: Pause | undefined
  let lastMs = 0
  let endedAt = -Infinity
  let era = 0

  function begin(now: number): void {
    const isCalm = now - endedAt >= CALM_MS || now < endedAt
    if (!pause && isCalm) lastMs = 0
    lastMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, 2 * lastMs))
    pause = { since: now, ms: lastMs * (1 - random() / 4), isProbed: false }
    failures = 0
    era += 1
  }

  function toWaitMs(now: number): number {
    const waited = pause ? now - pause.since : 0
    // A clock that was set back says nothing about how long the pause has been.
    return pause && waited >= 0 ? Math.max(0, pause.ms - waited) : 0
  }

  return {
    enter(now) {
      if (pause && (pause.isProbed || toWaitMs(now) > 0)) return undefined
      const isProbe = pause !== undefined
      if (pause) pause.isProbed = true
      const ownEra = era
      return {
        isProbe,
        succeed(at) {
          if (ownEra !== era) return false
          failures = 0
          if (!isProbe) return false
          pause = undefined
          endedAt = at
          era += 1
          return true
        },
        fail(at) {
          if (ownEra !== era) return false
          failures += 1
          if (!isProbe && failures < FAILURES) return false
          begin(at)
          return true
        },
      }
    },
    isPaused: () => pause !== undefined,
    toWaitMs,
  }
}
