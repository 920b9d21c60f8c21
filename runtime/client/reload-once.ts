const STORAGE_KEY = 'isr:reloaded'

/**
 * Loads the document again to get out of a fault such as a deployment in between, but never twice in a row for the same
 * fault: that would be an endless loop.
 *
 * @param fault Text that names what failed; the same fault gives the same text
 * @returns false when it has been tried before
 */
export function reloadOnce(fault: string): boolean {
  try {
    if (sessionStorage.getItem(STORAGE_KEY) === fault) return false
    sessionStorage.setItem(STORAGE_KEY, fault)
  } catch {
    // Without storage nobody could tell a second time from the first.
    return false
  }
  window.location.reload()
  return true
}

/** To be called when all went well, so that a later fault may reload again. */
export function forgetReload(): void {
  try {
    sessionStorage.removeItem(STORAGE_KEY)
  } catch {
    // Nothing was stored either.
  }
}
