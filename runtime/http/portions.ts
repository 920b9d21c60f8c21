/** Lets a crowd through in portions, with everybody else's turn in between. */
export interface Portions {
  /** Resolves when it is one's turn; undefined when it is already. In the order of the calls. */
  next(): Promise<void> | undefined
}

/**
 * All who waited for one page are woken at once, and ten thousand answers in a row would keep hits waiting for as long as
 * they take (promise P10).
 *
 * @param size how many pass before the event loop looks at what else there is
 */
export function createPortions(size: number): Portions {
  const waiting: Array<() => void> = []
  let first = 0
  let passed = 0

  function open(): void {
    passed = 0
    const end = Math.min(waiting.length, first + size)
    for (; first < end; first += 1) pass(waiting[first]!)
    if (first < waiting.length) return
    waiting.length = 0
    first = 0
  }

  function pass(resolve: () => void): void {
    count()
    resolve()
  }

  function count(): void {
    passed += 1
    if (passed === 1) setImmediate(open)
  }

  return {
    next() {
      if (waiting.length === 0 && passed < size) {
        count()
        return undefined
      }
      return new Promise((resolve) => waiting.push(resolve))
    },
  }
}
