import { startClient, type ClientOptions } from '../client/start.tsx'
import type { AnyComponent } from '../client/types.ts'
import type { PageData } from '../types.ts'
import App from './app.tsx'
import { createNextApp, NoDocument } from './frame.tsx'
import { createHeadManager } from './head-manager.ts'
import { toNextData, type NextData } from './next-data.ts'
import { ROOT_ID } from './root-id.ts'
import { Router as singleton, type SingletonRouter } from './router.tsx'

declare global {
  interface Window {
    /** What scripts on Next.js pages look for. */
    next?: { version: string; router: SingletonRouter }
    __NEXT_DATA__?: NextData
  }
}

/**
 * Makes the server's HTML a running app, as Next.js does: the page in its element, the document around it left alone.
 *
 * @returns how to end it, which takes the page away
 * @throws `IsrError` with code `ISR_CLIENT` when the document was not rendered by this package
 * @internal
 */
export async function startNextClient(options: Omit<ClientOptions, 'document' | 'container'>): Promise<() => void> {
  const { app } = options
  const surroundings = { head: createHeadManager(document) }
  window.next = { version: 'vite-plugin-isr', router: singleton }
  offerNextData()
  return startClient({
    ...options,
    container: document.getElementById(ROOT_ID) ?? undefined,
    app: async () => {
      const UserApp = app ? ((await app()).default as AnyComponent) : App
      return { default: createNextApp(UserApp, surroundings) }
    },
    document: async () => ({ default: NoDocument }),
  })
}

/** Parsed when somebody looks: a page's data may be large, and is parsed for the page itself already. */
function offerNextData(): void {
  const text = document.getElementById('__ISR_DATA__')?.textContent
  if (!text) return
  let data: NextData | undefined
  Object.defineProperty(window, '__NEXT_DATA__', {
    configurable: true,
    get: () => (data ??= toNextData(JSON.parse(text) as PageData)),
  })
}
