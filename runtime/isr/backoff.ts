const FIRST_DELAY_MS = 1000

/** How long the pauses get, and for how many keys. */
export interface BackoffLimits {
  /** Failures in a row that lead to no pause yet. Default 0. */
  readonly free?: number
  /** The longest pause in milliseconds. Default 30 000. */
  readonly longestMs?: number
  /** Keys that are remembered. The one that failed longest ago is forgotten first: it merely is tried sooner. Default 10 000. */
  readonly keys?: number
}

/** How long to leave a failing page alone. */
export interface Backoff {
  /** Notes a failure: the next try is due 1 s later, then 2 s, doubling to the longest, less up to a fifth of jitter. */
  fail(key: string, now: number): void
  /** Forgets the failures of a key. */
  succeed(key: string): void
  /** Whether the last try failed and the next is not due. */
  isBlocked(key: string, now: number): boolean
  /** Whether the last try failed. */
  isFailing(key: string): boolean
}

/** @param random a number from 0 up to 1 */
export function createBackoff(random: () => number, limits: BackoffLimits = {}): Backoff {
  const { free = 0, longestMs = 30_000, keys = 10_000 } = limits
  const failures = new Map<string, { count: number; dueAt: number }>()

  return {
    fail(key, now) {
      const count = (failures.get(key)?.count ?? 0) + 1
      const paused = count - free
      const delay = paused > 0 ? Math.min(FIRST_DELAY_MS * 2 ** Math.min(paused - 1, 16), longestMs) : 0
      failures.delete(key)
      failures.set(key, { count, dueAt: now + delay * (1 - random() / 5) })
      if (failures.size <= keys) return
      const [oldest] = failures.keys()
      if (oldest !== undefined) failures.delete(oldest)
    },
    succeed(key) {
      failures.delete(key)
    },
    isBlocked(key, now) {
      const failure = failures.get(key)
      // A wait longer than the longest delay means that the clock jumped back: it must not freeze the page.
      return failure !== undefined && now < failure.dueAt && failure.dueAt - now <= longestMs
    },
    isFailing: (key) => failures.has(key),
  }
}
