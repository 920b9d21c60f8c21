import type { AppAssets } from '../build/assets.ts'
import type { Pages } from '../routes/scan.ts'

/** What the app module is generated from. */
export interface AppModuleInput {
  readonly pages: Pages
  readonly buildId: string
  readonly base: string
  readonly trailingSlash: boolean
  /** The file of the package's own `runtime/render`: it has no public name, since only this module may import it. */
  readonly renderModule: string
  /** The option `logging.fetches`, and the file of `runtime/isr/fetch-log`. */
  readonly fetches: { readonly fullUrl: boolean } | false
  readonly fetchLogModule: string
  /** Scripts and styles; undefined in development, where Vite's dev server knows them. */
  readonly assets: AppAssets | undefined
  /** The URL of the client's entry script. */
  readonly entry: string
  /** What writes documents, for pages that were written for Next.js: the file of `runtime/next/server`. */
  readonly nextModule?: string | undefined
}

/**
 * The app as the server sees it. Modules are imported lazily, so that a server starts without running any page.
 *
 * The table of assets is written into the code, and not read from the manifest at run time: the worker that prerenders
 * needs it before there is a manifest, and code and assets of two builds can then never meet.
 */
export function toAppModule(input: AppModuleInput): string {
  const { pages, buildId, base, trailingSlash, assets, entry, fetches, nextModule } = input
  const { routes, special, files } = pages
  const modules = routes.map(({ pattern }) => `  ${key(pattern)}: () => import(${JSON.stringify(files.get(pattern))}),`)
  const parts = [
    `buildId: ${JSON.stringify(buildId)}`,
    `base: ${JSON.stringify(base)}`,
    `trailingSlash: ${trailingSlash}`,
    'routes',
    'modules',
    ...Object.entries(special).map(([name, file]) => `${name}: () => import(${JSON.stringify(file)})`),
    'assets: (pattern) => assets[pattern] ?? shared',
    `entry: ${JSON.stringify(entry)}`,
    ...(nextModule ? ['writeDocument: createNextDocument(dynamicAssets)'] : []),
  ]
  return [
    `import { createApp } from ${JSON.stringify(input.renderModule)}`,
    ...(nextModule ? [`import { createNextDocument } from ${JSON.stringify(nextModule)}`] : []),
    ...(fetches ? [`import { logFetches } from ${JSON.stringify(input.fetchLogModule)}`] : []),
    `const routes = ${JSON.stringify(routes, undefined, 2)}`,
    `const modules = {`,
    `  __proto__: null,`,
    ...modules,
    `}`,
    `const assets = ${toAssetTable(assets?.routes)}`,
    `const shared = ${JSON.stringify(assets?.shared ?? { css: [], js: [] })}`,
    ...(nextModule ? [`const dynamicAssets = ${toAssetTable(assets?.dynamic)}`] : []),
    `const site = createApp({`,
    ...parts.map((part) => `  ${part},`),
    `})`,
    `export const app = ${toLogged('site', fetches)}`,
    `export default app`,
    // In development an edit then runs only what it concerns again: without it Vite drops all that the server has loaded,
    // and with it the state of modules that nobody touched.
    ...(assets ? [] : ['if (import.meta.hot) import.meta.hot.accept()']),
    '',
  ].join('\n')
}

function toLogged(app: string, fetches: AppModuleInput['fetches']): string {
  return fetches ? `logFetches(${app}, { fullUrl: ${fetches.fullUrl}, log: (line) => console.log(line) })` : app
}

function toAssetTable(assets: AppAssets['routes'] | undefined): string {
  const lines = [...(assets ?? [])].map(([name, files]) => `  ${key(name)}: ${JSON.stringify(files)},`)
  // Patterns are data: one called `__proto__` must not set the prototype, nor `constructor` find it.
  return ['{', '  __proto__: null,', ...lines, '}'].join('\n')
}

function key(pattern: string): string {
  return `[${JSON.stringify(pattern)}]`
}
