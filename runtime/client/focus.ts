/**
 * Puts the focus where a new document would have it: at its start, or at what the hash names. A page that has taken the
 * focus itself (`autoFocus`) keeps it.
 *
 * @param before What had the focus before the new page was shown
 */
export function resetFocus(before: Element | null, target: HTMLElement | undefined): void {
  const { activeElement } = document
  if (activeElement !== before && activeElement !== document.body && activeElement) return
  const element = target ?? document.body
  const tabIndex = element.getAttribute('tabindex')
  // An element without a tab index can't have the focus. Taken off again, the next Tab still goes on from here.
  element.tabIndex = -1
  element.focus({ preventScroll: true })
  if (tabIndex === null) element.removeAttribute('tabindex')
  else element.setAttribute('tabindex', tabIndex)
}

/** Tells screen readers which page is shown, which they otherwise only say of a new document. */
export interface Announcer {
  /** Puts the live region into the document: one that comes with its text is not heard by all. Returns how to take it away. */
  mount(): () => void
  /** Says the title of the page that has just been shown, else its heading, else its path. */
  announce(path: string): void
}

/** Long enough for a title that an effect of the page sets. In milliseconds. */
const ANNOUNCE_DELAY = 50

/** Creates the announcer of this document. */
export function createAnnouncer(): Announcer {
  const region = document.createElement('p')
  region.setAttribute('aria-live', 'assertive')
  region.setAttribute('role', 'alert')
  region.id = 'isr-announcer'
  region.style.cssText =
    'position:fixed;top:0;margin:0;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap'
  let timer: ReturnType<typeof setTimeout> | undefined

  return {
    mount() {
      document.body.append(region)
      return () => {
        clearTimeout(timer)
        region.remove()
      }
    },
    announce(path) {
      // A page may have replaced the body.
      if (!region.isConnected) document.body.append(region)
      // Text that stays the same is not said again.
      region.textContent = ''
      clearTimeout(timer)
      timer = setTimeout(() => {
        region.textContent = document.title || document.querySelector('h1')?.textContent.trim() || path
      }, ANNOUNCE_DELAY)
    },
  }
}
