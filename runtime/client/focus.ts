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

/** Creates the function that tells screen readers which page is shown, which they otherwise only say of a new document. */
export function createAnnouncer(): (text: string) => void {
  let region: HTMLElement | undefined
  return (text) => {
    if (!region?.isConnected) {
      region = document.createElement('p')
      region.ariaLive = 'assertive'
      region.role = 'alert'
      region.id = 'isr-announcer'
      region.style.cssText =
        'position:fixed;top:0;margin:0;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap'
      document.body.append(region)
    }
    region.textContent = text
  }
}
