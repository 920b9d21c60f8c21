import type { Plugin, ViteDevServer } from 'vite'
import { warnWithoutReact } from '../config.ts'
import type { IsrContext } from '../context.ts'
import { createPageFilter } from '../routes/folder.ts'
import { VIRTUAL, toResolvedId } from '../virtual/ids.ts'
import { readDataHalf, type DataHalf } from './data-half.ts'
import { createHotUpdate, type HotSite } from './hot.ts'
import { createDevSite, type DevSite } from './server.ts'

/** Serves the site in `vite`: pages through the ssr module runner, edits as hot updates. */
export function devPlugin(context: IsrContext): Plugin {
  const filter = createPageFilter(() => context.pagesDir, context.options.pageExtensions)
  /** The data halves of pages as the server last loaded them. */
  const halves = new Map<string, DataHalf>()
  const generated = new Set<string>(Object.values(VIRTUAL).map(toResolvedId))
  let server: ViteDevServer
  let site: DevSite | undefined
  /** By their ssr environment: a server that restarts is there twice for a moment. */
  const sites = new WeakMap<object, DevSite>()
  let routes: string | undefined
  let documentFile: string | undefined

  /** The routes as text, to tell whether they changed; a folder that can't be read as routes has its error for a text. */
  async function describeRoutes(): Promise<string> {
    try {
      const { routes, special } = await context.pages()
      documentFile = special.document
      await context.updateRouteTypes()
      return JSON.stringify([routes, special])
    } catch (error) {
      return String(error)
    }
  }

  const hotSite: HotSite = {
    isInPages: (file) => filter.isPage(file) || filter.isApi(file),
    isPublic: (file) => server.config.publicDir !== '' && file.startsWith(`${server.config.publicDir}/`),
    isPage: (file) => filter.isPage(file),
    isDocument: (file) => file === documentFile,
    async rescan() {
      const before = routes
      context.forgetPages()
      routes = await describeRoutes()
      if (routes === before) return false
      site?.forgetRoutes()
      return true
    },
    readKnownHalf: (file) => halves.get(file),
    parseHalf: readDataHalf,
    isGenerated: (id) => generated.has(id),
    noteChange: () => site?.noteChange() ?? false,
  }

  return {
    name: 'isr:dev',
    apply: (_config, { command, isPreview }) => command === 'serve' && !isPreview,

    async configureServer(created) {
      server = created
      warnWithoutReact(created.config)
      const pages = createDevSite(context, created)
      site = pages
      sites.set(created.environments.ssr, pages)
      halves.clear()
      routes = await describeRoutes()
      return () => created.middlewares.use((req, res) => pages.serve(req, res))
    },

    transform: {
      order: 'pre',
      handler(code, id) {
        if (this.environment.name !== 'ssr' || !filter.isPage(id)) return
        const half = readDataHalf(code, id)
        if (half) halves.set(id, half)
        else halves.delete(id)
      },
    },

    // Last, so that Vite's own updates follow at once.
    hotUpdate: { order: 'post', handler: createHotUpdate(hotSite, () => server) },

    async closeBundle() {
      await sites.get(this.environment)?.close()
    },
  }
}
