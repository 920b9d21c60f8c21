/**
 * Runs a task for each item, a bounded number at a time. Items are taken from the iterator one by one, so a long list
 * need never exist as a whole.
 *
 * @param limit asked again after each task, if it is a function
 * @throws what the first failing task threw, once no task runs any more; no new one is begun after it
 */
export async function forEachAtMost<T>(
  limit: number | (() => number),
  items: Iterable<T>,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const toLimit = typeof limit === 'number' ? () => limit : limit
  const iterator = items[Symbol.iterator]()
  let running = 0
  let isOver = false
  let failure: { readonly error: unknown } | undefined

  function fail(error: unknown): void {
    failure ??= { error }
    isOver = true
  }

  await new Promise<void>((resolve) => {
    function startNext(): void {
      try {
        while (!isOver && running < toLimit()) {
          const next = iterator.next()
          if (next.done) isOver = true
          else void work(next.value)
        }
      } catch (error) {
        fail(error)
      }
      if (running === 0) resolve()
    }

    async function work(item: T): Promise<void> {
      running += 1
      try {
        await run(item)
      } catch (error) {
        fail(error)
      } finally {
        running -= 1
        startNext()
      }
    }
    startNext()
  })
  if (failure) throw failure.error
}
