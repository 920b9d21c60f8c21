/** Runs work with at most so many at a time; the rest waits in order. */
export type Limit = <T>(work: () => Promise<T>) => Promise<T>

export function createLimit(concurrency: number): Limit {
  const waiting: Array<() => void> = []
  let running = 0
  return async (work) => {
    if (running >= concurrency) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      // The slot goes over to the next one as it is: counting it free in between would let a newcomer in.
      if (next) next()
      else running -= 1
    }
  }
}
