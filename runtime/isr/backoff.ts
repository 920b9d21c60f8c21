const FIRST_DELAY_MS = 1000
const LONGEST_DELAY_MS = 30_000
/** Keys that are remembered. The one that failed longest ago is forgotten first: it merely is tried sooner. */
const DEFAULT_LIMIT = 10_000

/** How long to leave a failing page alone. */
export interface Backoff {
  /** Notes a failure: the next try is due 1 s later, then 2 s, doubling to 30 s, less up to a fifth of jitter. */
  fail(key: string, now: number): void
  /** Forgets the failures of a key. */
  succeed(key: string): void
  /** Whether the last try failed and the next is not due. */
  isBlocked(key: string, now: number): boolean
  /** Whether the last try failed. */
  isFailing(key: string): boolean
}

/**
 * @param random a number from 0 up to 1
 * @param limit keys to remember at most
 */
export function createBackoff(random: () => number, limit: number = DEFAULT_LIMIT): Backoff {
  const failures = new Map<string, { count: number; dueAt: number }>()

  return {
    fail(key, now) {
      const count = (failures.get(key)?.count ?? 0) + 1
      const delay = Math.min(FIRST_DELAY_MS * 2 ** Math.min(count - 1, 16), LONGEST_DELAY_MS)
      failures.delete(key)
      failures.set(key, { count, dueAt: now + delay * (1 - random() / 5) })
      if (failures.size <= limit) return
      const [oldest] = failures.keys()
      if (oldest !== undefined) failures.delete(oldest)
    },
    succeed(key) {
      failures.delete(key)
    },
    isBlocked(key, now) {
      const failure = failures.get(key)
      // A wait longer than the longest delay means that the clock jumped back: it must not freeze the page.
      return failure !== undefined && now < failure.dueAt && failure.dueAt - now <= LONGEST_DELAY_MS
    },
    isFailing: (key) => failures.has(key),
  }
}
