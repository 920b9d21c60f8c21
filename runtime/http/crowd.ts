/** Who waits for which pages at this moment. */
export interface Crowd {
  /** A visitor begins to wait for a page. */
  enter(key: string): void
  /** They have it, or never will. */
  leave(key: string): void
  /** Whether a visitor who is the only one to wait for their page takes time that those who wait for others need. */
  isHeldUpBy(key: string): boolean
}

/** Fewer pages than this are no storm: on an idle server each of their visitors gets the smallest form. */
const STORM = 4

/** @param isBusy whether the process has no time to give away */
export function createCrowd(isBusy: () => boolean): Crowd {
  const pages = new Map<string, number>()
  /**
   * The most of them since nobody waited. A thread that renders itself answers many in a row before it hears of the next ones:
   * when it comes to the last of them, there are but few.
   */
  let most = 0

  return {
    enter(key) {
      pages.set(key, (pages.get(key) ?? 0) + 1)
      most = Math.max(most, pages.size)
    },
    leave(key) {
      const others = (pages.get(key) ?? 1) - 1
      if (others > 0) pages.set(key, others)
      else pages.delete(key)
      if (pages.size === 0) most = 0
    },
    // A load that is all about one page is one compression away from its end.
    isHeldUpBy: (key) => most >= STORM && pages.get(key) === 1 && isBusy(),
  }
}
