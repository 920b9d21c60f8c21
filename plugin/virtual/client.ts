import type { Pages } from '../routes/scan.ts'
import { VIRTUAL } from './ids.ts'

/** What the browser's entry is told of the site. */
export interface ClientOptions {
  readonly base: string
  readonly trailingSlash: boolean
  /** In development, the hot update event that asks for the data of the page in view again. */
  readonly dataEvent: string | undefined
}

/**
 * The browser's entry. `_app` and `_document` are part of every page and come with it; `_error` waits until it is needed.
 */
export function toClientModule(
  { special }: Pick<Pages, 'special'>,
  { base, trailingSlash, dataEvent }: ClientOptions,
): string {
  const imported = dataEvent === undefined ? 'startClient' : 'refreshData, startClient'
  const imports = [
    `import { ${imported} } from 'vite-plugin-isr/client'`,
    `import { routes } from ${JSON.stringify(VIRTUAL.routesClient)}`,
  ]
  const parts = ['routes', `base: ${JSON.stringify(base)}`, `trailingSlash: ${trailingSlash}`]
  for (const name of ['app', 'document'] as const) {
    if (special[name] === undefined) continue
    imports.push(`import * as ${name}Module from ${JSON.stringify(special[name])}`)
    parts.push(`${name}: async () => ${name}Module`)
  }
  if (special.error !== undefined) parts.push(`error: () => import(${JSON.stringify(special.error)})`)
  const lines = [...imports, `void startClient({ ${parts.join(', ')} })`]
  if (dataEvent !== undefined) {
    lines.push(`if (import.meta.hot) import.meta.hot.on(${JSON.stringify(dataEvent)}, () => void refreshData())`)
  }
  return [...lines, ''].join('\n')
}
