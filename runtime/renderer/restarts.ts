const WINDOW_MS = 30_000

/** How fast workers may follow each other. */
export interface Restarts {
  /** Notes that a worker was lost. */
  add(): void
  /** Milliseconds to wait before the next one is started. */
  toDelayMs(): number
}

/**
 * Starting a worker costs a quarter of a second of a processor. The first few that are lost within 30 seconds are replaced at
 * once; after those each start waits twice as long as the one before.
 *
 * @param options.free how many are replaced at once
 * @param options.longestMs the longest wait
 * @param options.now milliseconds, on a clock that never jumps
 */
export function createRestarts(options: {
  readonly free: number
  readonly longestMs: number
  readonly now: () => number
}): Restarts {
  const { free, longestMs, now } = options
  let losses: number[] = []

  return {
    add() {
      losses = [...losses.filter((at) => now() - at < WINDOW_MS), now()].slice(-100)
    },
    toDelayMs() {
      const last = losses.at(-1)
      if (last === undefined) return 0
      const recent = losses.filter((at) => now() - at < WINDOW_MS).length
      if (recent <= free) return 0
      const wait = Math.min(100 * 2 ** (recent - free), longestMs)
      return Math.max(0, last + wait - now())
    },
  }
}
