/** A scroll position in pixels. */
export type Position = readonly [left: number, top: number]

const STORAGE_KEY = 'isr:scroll'
const MAX_ENTRIES = 100
/** How long a page that is too short for its position may take to grow. In milliseconds. */
const GROWTH_LIMIT = 5000

/** Scroll positions of the history's entries. They outlive the document: going back from another site restores too. */
export interface ScrollMemory {
  /** To be called before an entry is left. */
  save(key: string): void
  /**
   * Scrolls to where an entry was left. A page that is too short gets some time to grow, until the visitor does something.
   * Done again, as when a shell has become a page, it leaves a visitor alone who has scrolled since.
   *
   * @returns false when nothing is known of it
   */
  restore(key: string): boolean
  /** Writes all positions to the session's storage. */
  persist(): void
}

/** Creates the memory of this tab. */
export function createScrollMemory(): ScrollMemory {
  const positions = new Map<string, Position>(readStored())
  let waiting: { readonly key: string; readonly stop: () => void } | undefined
  /** Where the page of an entry came to be, by its key. */
  let placed: { readonly key: string; readonly at: Position } | undefined

  function place(key: string, position: Position): boolean {
    scrollToPosition(position)
    placed = { key, at: [window.scrollX, window.scrollY] }
    return isAt(position)
  }

  function waitForGrowth(key: string, position: Position): void {
    const controller = new AbortController()
    const observer = new ResizeObserver(() => {
      if (place(key, position)) stop()
    })
    for (const element of [document.documentElement, document.body]) observer.observe(element)
    for (const input of ['wheel', 'touchmove', 'pointerdown', 'keydown']) {
      window.addEventListener(input, stop, { passive: true, signal: controller.signal })
    }
    const timer = setTimeout(stop, GROWTH_LIMIT)

    function stop(): void {
      waiting = undefined
      observer.disconnect()
      controller.abort()
      clearTimeout(timer)
    }
    waiting = { key, stop }
  }

  return {
    save(key) {
      // Where the page is now is not where its visitor was.
      if (waiting?.key !== key) {
        positions.delete(key)
        positions.set(key, [window.scrollX, window.scrollY])
        if (positions.size > MAX_ENTRIES) positions.delete(positions.keys().next().value!)
      }
      waiting?.stop()
      placed = undefined
    },
    restore(key) {
      waiting?.stop()
      const position = positions.get(key)
      if (!position) return false
      const hasScrolled = placed?.key === key && !isAt(placed.at)
      if (!hasScrolled && !place(key, position)) waitForGrowth(key, position)
      return true
    },
    persist() {
      try {
        sessionStorage.setItem(STORAGE_KEY, JSON.stringify([...positions]))
      } catch {
        // Storage is full or forbidden: positions last as long as the document.
      }
    },
  }
}

function readStored(): Array<[string, Position]> {
  try {
    return JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? '[]') as Array<[string, Position]>
  } catch {
    return []
  }
}

/** Scrolls without the animation that a site's own styles may ask for. */
export function scrollToPosition([left, top]: Position): void {
  window.scrollTo({ left, top, behavior: 'instant' })
}

/** Positions are fractions on some screens. */
function isAt([left, top]: Position): boolean {
  return Math.abs(window.scrollX - left) < 1 && Math.abs(window.scrollY - top) < 1
}

/**
 * Scrolls to what a hash names, as the browser does for a document.
 *
 * @param hash With `#`
 * @param isHere Whether the page was there before: only then is it moved as the site's styles say, unless the visitor wants
 *   less motion
 * @returns the element, where there is one
 */
export function scrollToHash(hash: string, isHere: boolean): HTMLElement | undefined {
  const name = decodeHash(hash.slice(1))
  const element = document.getElementById(name) ?? document.getElementsByName(name)[0]
  const moves = isHere && !window.matchMedia('(prefers-reduced-motion: reduce)').matches
  const behavior = moves ? 'auto' : 'instant'
  if (element) element.scrollIntoView({ behavior })
  else if (name === '' || name === 'top') window.scrollTo({ left: 0, top: 0, behavior })
  return element ?? undefined
}

function decodeHash(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
