import { dirname, join, resolve } from 'node:path'
import type { ResolvedConfig } from 'vite'
import type { AppAssets } from './build/assets.ts'
import { internalError } from './errors.ts'
import { resolveOptions, type IsrOptions, type ResolvedOptions } from './options.ts'
import { createPageFilter, findPagesDir, type PageFilter } from './routes/folder.ts'
import { scanPages, type Pages, type ScanCache } from './routes/scan.ts'
import { readServedFiles, type ServedFiles } from './routes/served-files.ts'
import { createRouteTypesFile, ROUTE_TYPES_FILE, type RouteTypesFile } from './routes/types-file.ts'

/** What `vite build` knows while it runs. */
export interface BuildState {
  /** What stands for the id in the server's code, until all is there that the id is made from. */
  readonly buildId: string
  /** Scripts and styles of each route; there once the client is built. */
  assets: AppAssets | undefined
}

/**
 * What the plugins of one `isr()` share. Vite resolves its config several times, so the config arrives late and more than
 * once; whoever reads it before that gets an error and not a guess.
 */
export interface IsrContext {
  readonly options: ResolvedOptions
  /** The config of Vite. */
  readonly config: ResolvedConfig
  /** Vite's root: absolute, with forward slashes. */
  readonly root: string
  /** Vite's base, with a slash at both ends. */
  readonly base: string
  /** The folder of pages: absolute, with forward slashes. It need not exist. */
  readonly pagesDir: string
  /** Tells pages and API routes from other modules, by their path alone. */
  readonly filter: PageFilter
  /** The folder of the build, which holds `client`, `server` and `isr`. */
  readonly dist: string
  /** The pages and API routes; found at the first call and kept until `forgetPages`. */
  pages(): Promise<Pages>
  /** The files that are served before any page, as they are now. */
  servedFiles(): Promise<ServedFiles>
  /** A page was added, removed or got other exports: look again at the next call. */
  forgetPages(): void
  /** Brings `isr-env.d.ts` up to date, unless the option `types` is false. Never rejects: a file of types stops no build. */
  updateRouteTypes(): Promise<void>
  /** Set while `vite build` runs. */
  build: BuildState | undefined
  /** @internal Called with each config that Vite resolves. */
  use(config: ResolvedConfig): void
}

export function createContext(userOptions: IsrOptions | undefined): IsrContext {
  const options = resolveOptions(userOptions)
  let resolved: ResolvedConfig | undefined
  let scan: Promise<Pages> | undefined
  let types: RouteTypesFile | undefined
  const cache: ScanCache = new Map()

  function config(): ResolvedConfig {
    if (!resolved) throw internalError("Vite's config was read before it was resolved")
    return resolved
  }

  const pagesDir = () => findPagesDir(config().root, options.pagesDir)

  function servedFiles(): Promise<ServedFiles> {
    const { root, publicDir, environments } = config()
    const { assetsDir, copyPublicDir } = environments['client']!.build
    const { trailingSlash } = options
    return readServedFiles({ assetsDir, publicDir: copyPublicDir ? publicDir : undefined, root, trailingSlash })
  }

  async function scanSite(): Promise<Pages> {
    return scanPages({
      root: config().root,
      pagesDir: options.pagesDir,
      pageExtensions: options.pageExtensions,
      cache,
      next: options.settings.next,
      served: await servedFiles(),
    })
  }

  function pages(): Promise<Pages> {
    scan ??= scanSite()
    return scan
  }

  return {
    options,
    filter: createPageFilter(pagesDir, options.pageExtensions),
    build: undefined,
    get config() {
      return config()
    },
    get root() {
      return config().root
    },
    get base() {
      return config().base
    },
    get pagesDir() {
      return pagesDir()
    },
    get dist() {
      return dirname(resolve(config().root, config().environments['client']!.build.outDir))
    },
    pages,
    servedFiles,
    forgetPages() {
      scan = undefined
    },
    async updateRouteTypes() {
      if (!options.types) return
      types ??= createRouteTypesFile({
        path: join(config().root, ROUTE_TYPES_FILE),
        readRoutes: async () => (await pages()).routes,
        warn: (message) => config().logger.warn(`[vite-plugin-isr] ${message}`),
      })
      await types.update()
    },
    use(config) {
      resolved = config
    },
  }
}
