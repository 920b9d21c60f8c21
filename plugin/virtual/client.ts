import type { Pages } from '../routes/scan.ts'
import { VIRTUAL } from './ids.ts'

/** What the browser's entry is told of the site. */
export interface ClientOptions {
  readonly base: string
  readonly trailingSlash: boolean
  /** In development, the hot update event that asks for the data of the page in view again. */
  readonly dataEvent: string | undefined
  /** What starts the site. Default: `startClient` of this package. */
  readonly start?: { readonly name: string; readonly module: string } | undefined
}

const DEFAULT_START = { name: 'startClient', module: 'vite-plugin-isr/client' }

/**
 * The browser's entry. `_app` and `_document` are part of every page and come with it; `_error` waits until it is needed.
 */
export function toClientModule(
  { special }: Pick<Pages, 'special'>,
  { base, trailingSlash, dataEvent, start = DEFAULT_START }: ClientOptions,
): string {
  const imports = [
    ...(dataEvent === undefined ? [] : ["import { refreshData } from 'vite-plugin-isr/client'"]),
    `import { ${start.name} } from ${JSON.stringify(start.module)}`,
    `import { routes } from ${JSON.stringify(VIRTUAL.routesClient)}`,
  ]
  const parts = ['routes', `base: ${JSON.stringify(base)}`, `trailingSlash: ${trailingSlash}`]
  for (const name of ['app', 'document'] as const) {
    if (special[name] === undefined) continue
    imports.push(`import * as ${name}Module from ${JSON.stringify(special[name])}`)
    parts.push(`${name}: async () => ${name}Module`)
  }
  if (special.error !== undefined) parts.push(`error: () => import(${JSON.stringify(special.error)})`)
  const lines = [...imports, `void ${start.name}({ ${parts.join(', ')} })`]
  if (dataEvent !== undefined) {
    lines.push(`if (import.meta.hot) import.meta.hot.on(${JSON.stringify(dataEvent)}, () => void refreshData())`)
  }
  return [...lines, ''].join('\n')
}
