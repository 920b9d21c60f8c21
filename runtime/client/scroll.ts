/** A scroll position in pixels. */
export type Position = readonly [left: number, top: number]

const STORAGE_KEY = 'isr:scroll'
const MAX_ENTRIES = 100

/** Scroll positions of the history's entries. They outlive the document: going back from another site restores too. */
export interface ScrollMemory {
  save(key: string): void
  read(key: string): Position | undefined
  /** Writes all positions to the session's storage. */
  persist(): void
}

/** Creates the memory of this tab. */
export function createScrollMemory(): ScrollMemory {
  const positions = new Map<string, Position>(readStored())
  return {
    save(key) {
      positions.delete(key)
      positions.set(key, [window.scrollX, window.scrollY])
      if (positions.size > MAX_ENTRIES) positions.delete(positions.keys().next().value!)
    },
    read: (key) => positions.get(key),
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

/**
 * Scrolls to what a hash names, as the browser does for a document.
 *
 * @param hash With `#`
 * @returns the element, where there is one
 */
export function scrollToHash(hash: string): HTMLElement | undefined {
  const name = decodeHash(hash.slice(1))
  const element = document.getElementById(name) ?? document.getElementsByName(name)[0]
  if (element) element.scrollIntoView()
  else if (name === '' || name === 'top') scrollToPosition([0, 0])
  return element ?? undefined
}

function decodeHash(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
