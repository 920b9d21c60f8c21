/** The visitors that wait for pages that are being made; each holds a request, an answer and a connection. */
export interface Waiters {
  /** Whether one more is too many. */
  isFull(): boolean
  /** Waits with the work, as one more visitor. */
  wait<T>(work: Promise<T>): Promise<T>
}

/** @param limit visitors at once */
export function createWaiters(limit: number): Waiters {
  let waiting = 0
  return {
    isFull: () => waiting >= limit,
    async wait(work) {
      waiting += 1
      try {
        return await work
      } finally {
        waiting -= 1
      }
    },
  }
}
