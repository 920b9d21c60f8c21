/**
 * Runs a task for each item, a bounded number at a time. Items are taken from the iterator one by one, so a long list
 * need never exist as a whole.
 *
 * @throws what the first failing task threw, once no task runs any more; no new one is begun after it
 */
export async function forEachAtMost<T>(
  limit: number,
  items: Iterable<T>,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]()
  let failed = false
  async function work(): Promise<void> {
    for (let next = iterator.next(); !next.done && !failed; next = iterator.next()) {
      try {
        await run(next.value)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const results = await Promise.allSettled(Array.from({ length: limit }, work))
  const rejected = results.find((result) => result.status === 'rejected')
  if (rejected) throw rejected.reason
}
