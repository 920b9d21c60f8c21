/** Keys that are remembered one by one. */
const DEFAULT_LIMIT = 20_000

/**
 * Remembers since when each page that was revalidated on demand must have been generated. Such a page may be lost from
 * memory and from the store (a failed write, an eviction), and an older copy still be on disk or in the build: it must
 * not come back as if nothing had happened (promise P12).
 */
export interface Floors {
  /** From now on a copy whose generation started earlier is outdated. */
  raise(key: string, startedAt: number): void
  /** @param prerendered whether the copy is from the build, which is older than any revalidation at run time */
  isOutdated(key: string, startedAt: number, prerendered: boolean): boolean
}

/**
 * @param limit keys to remember. Past it the oldest is given up and its floor becomes that of every key: some pages that
 *   were never revalidated are then generated once more, but none is served too old.
 */
export function createFloors(limit: number = DEFAULT_LIMIT): Floors {
  const floors = new Map<string, number>()
  let common = -Infinity

  return {
    raise(key, startedAt) {
      const floor = Math.max(startedAt, floors.get(key) ?? -Infinity)
      floors.delete(key)
      floors.set(key, floor)
      if (floors.size <= limit) return
      for (const [oldest, given] of floors) {
        floors.delete(oldest)
        common = Math.max(common, given)
        break
      }
    },
    isOutdated(key, startedAt, prerendered) {
      const floor = floors.get(key)
      if (floor === undefined) return startedAt < common
      return prerendered || startedAt < floor
    },
  }
}
