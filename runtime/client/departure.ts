import { IsrError } from '../errors.ts'
import { isHashChange } from './address.ts'

/** How the history changes. With `pop` the browser has changed it already. */
export type Method = 'push' | 'replace' | 'pop'

/**
 * Hands a navigation over to the browser, which loads a whole document.
 *
 * @returns never, so that nothing goes on as if the page were there
 * @throws `IsrError` with code `ISR_CLIENT` for addresses that are code, such as `javascript:`
 */
export async function depart(method: Method, href: string): Promise<never> {
  const { protocol } = new URL(href)
  if (!/^(?:https?|mailto|tel|sms):$/.test(protocol)) {
    throw new IsrError('ISR_CLIENT', `The router does not go to ${protocol} addresses.`)
  }
  const { location } = window
  if (method === 'pop') location.reload()
  else if (isHashChange(location.href, href)) {
    // The browser would only scroll.
    history.replaceState(history.state, '', href)
    location.reload()
  } else if (method === 'replace') location.replace(href)
  else location.assign(href)
  return new Promise(() => {})
}
