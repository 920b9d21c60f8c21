import type { Pages } from '../routes/scan.ts'
import { VIRTUAL } from './ids.ts'

/**
 * The browser's entry. `_app` and `_document` are part of every page and imported with it; `_error` waits until it is
 * needed.
 *
 * @param dataEvent in development, the hot update event that asks for the data of the page in view again
 */
export function toClientModule({ special }: Pick<Pages, 'special'>, { base, trailingSlash, dataEvent }: ClientOptions): string {
  const parts = [`routes`, `base: ${JSON.stringify(base)}`, `trailingSlash: ${trailingSlash}`]
  const lines = [
    `import { startClient } from 'vite-plugin-isr/client'`,
    `import { routes } from ${JSON.stringify(VIRTUAL.routesClient)}`,
  ]
  if (special.app) {
    lines.push(`import * as app from ${JSON.stringify(special.app)}`)
    parts.push('app')
  }
  if (special.document) {
    lines.push(`import * as document from ${JSON.stringify(special.document)}`)
    parts.push('document')
  }
  if (special.error) parts.push(`error: () => import(${JSON.stringify(special.error)})`)
  lines.push(`const client = startClient({ ${parts.join(', ')} })`)
  if (dataEvent !== undefined) {
    lines.push(`if (import.meta.hot) import.meta.hot.on(${JSON.stringify(dataEvent)}, () => client.refreshData())`)
  }
  return [...lines, ''].join('\n')
}

export interface ClientOptions {
  readonly base: string
  readonly trailingSlash: boolean
  readonly dataEvent: string | undefined
}
