import {
  isCSSRequest,
  type DevEnvironment,
  type EnvironmentModuleNode,
  type HotUpdateOptions,
  type ViteDevServer,
} from 'vite'
import type { DataHalf } from './data-half.ts'

/** Tells the client router to ask for the props of the page in view again; the state of its components stays. */
export const DATA_EVENT = 'isr:data'

/** What hot updates need to know of the site. */
export interface HotSite {
  /** Whether a file can be a page, an API route or a special file: it lies in the pages folder and ends as one. */
  isInPages(file: string): boolean
  /** A file that is served as it is, and before any page. */
  isPublic(file: string): boolean
  /** The file of a page of a kind that has data; API routes and special files are none. */
  isPage(file: string): boolean
  isDocument(file: string): boolean
  /** Looks at the pages folder again; true when the routes are no longer the same. */
  rescan(): Promise<boolean>
  /** The data half of a page as the server last ran it; undefined when it has none or was never loaded. */
  readKnownHalf(file: string): DataHalf | undefined
  /** The data half of a source text. */
  parseHalf(code: string, file: string): DataHalf | undefined
  /** Modules that are generated from the routes. */
  isGenerated(id: string): boolean
  /** Notes a change; true when an error was shown since the one before, which this one may have mended. */
  noteChange(): boolean
}

/** What a change asks of the browser. Vite's own update of the component code goes on beside `data` and `none`. */
export type HotPlan = 'reload' | 'data' | 'none'

/**
 * Creates the `hotUpdate` hook. Vite calls it once for each environment and updates the modules afterwards, so that one
 * plan is made per change and carried out when the ssr environment has its turn.
 */
export function createHotUpdate(site: HotSite, server: () => ViteDevServer) {
  // A saved file can be two changes (added, then written), and Vite does not wait for the one before it takes up the other.
  const plans = new Map<string, Promise<HotPlan>>()

  function planOnce(options: HotUpdateOptions, isLast: boolean): Promise<HotPlan> {
    const change = `${options.timestamp} ${options.type} ${options.file}`
    const plan = plans.get(change) ?? planUpdate(site, server().environments.ssr, options)
    if (isLast) plans.delete(change)
    else plans.set(change, plan)
    return plan
  }

  return async function hotUpdate(
    this: { environment: DevEnvironment },
    options: HotUpdateOptions,
  ): Promise<EnvironmentModuleNode[] | undefined> {
    const { environment } = this
    const plan = await planOnce(options, environment.name === 'ssr')
    acceptLinkedStyles(environment)
    if (plan !== 'none') invalidate(environment, options.modules, options.timestamp)
    if (plan === 'reload') invalidate(environment, findGenerated(environment, site), options.timestamp)
    if (environment.name === 'ssr') announce(server(), plan, site.noteChange())
    // A module that is reloaded with the whole document needs no update before.
    return plan === 'reload' && environment.name === 'client' ? [] : undefined
  }
}

/** Decides what a change of a file asks of the browser. */
export async function planUpdate(
  site: HotSite,
  ssr: Pick<DevEnvironment, 'moduleGraph' | 'pluginContainer'>,
  { file, type, read }: Pick<HotUpdateOptions, 'file' | 'type' | 'read'>,
): Promise<HotPlan> {
  const isInPages = site.isInPages(file)
  const known = ssr.moduleGraph.getModulesByFile(file) ?? new Set()
  // Many editors empty a file before they write it, and the watcher drops a second change so soon after the first. Vite's
  // `read` waits for the text: what was asked for before would be made of an empty module, and stay so until the next edit.
  if (type === 'update' && (isInPages || known.size > 0)) await tryRead(read)
  if (isInPages || (type !== 'update' && site.isPublic(file))) {
    if (await site.rescan()) return 'reload'
  }
  if (type !== 'update') return 'none'
  if (site.isDocument(file)) return 'reload'
  if (site.isPage(file)) {
    const before = site.readKnownHalf(file)
    const after = site.parseHalf(await read(), file)
    return before && before.fingerprint !== after?.fingerprint ? 'data' : 'none'
  }
  const modules = [...known].filter((module) => !isCSSRequest(module.url))
  for (const { page, via } of findPages(modules, (module) => module.file !== null && site.isPage(module.file))) {
    const half = site.readKnownHalf(page.file!)
    if (half && (await isImportedBy(ssr, half, page.file!, via))) return 'data'
  }
  return 'none'
}

/** A file that is gone by now is another change. */
async function tryRead(read: HotUpdateOptions['read']): Promise<void> {
  try {
    await read()
  } catch {
    // The scan finds out.
  }
}

/** Climbs from modules to the pages that import them, and says through which of its own imports each page does. */
function findPages(
  modules: Iterable<EnvironmentModuleNode>,
  isPage: (module: EnvironmentModuleNode) => boolean,
): Array<{ page: EnvironmentModuleNode; via: EnvironmentModuleNode }> {
  const found: Array<{ page: EnvironmentModuleNode; via: EnvironmentModuleNode }> = []
  const seen = new Set(modules)
  for (const via of seen) {
    for (const importer of via.importers) {
      if (isPage(importer)) found.push({ page: importer, via })
      // A page that another page imports is climbed through like any module. A set that grows is walked to its end.
      seen.add(importer)
    }
  }
  return found
}

async function isImportedBy(
  { pluginContainer }: Pick<DevEnvironment, 'pluginContainer'>,
  half: DataHalf,
  importer: string,
  module: EnvironmentModuleNode,
): Promise<boolean> {
  for (const source of half.imports) {
    const resolved = await pluginContainer.resolveId(source, importer)
    if (resolved?.id === module.id) return true
  }
  return false
}

/**
 * A stylesheet that the document links is replaced as such. For those of CSS modules Vite does not know it, and reloads the
 * page: it thinks only of their other half, the names, and those are updated with the component that imports them.
 */
function acceptLinkedStyles({ moduleGraph }: DevEnvironment): void {
  for (const module of moduleGraph.idToModuleMap.values()) {
    if (module.type === 'css') module.isSelfAccepting = true
  }
}

function findGenerated({ moduleGraph }: DevEnvironment, site: HotSite): EnvironmentModuleNode[] {
  return [...moduleGraph.idToModuleMap].filter(([id]) => site.isGenerated(id)).map(([, module]) => module)
}

function invalidate(
  { moduleGraph }: DevEnvironment,
  modules: Iterable<EnvironmentModuleNode>,
  timestamp: number,
): void {
  const seen = new Set<EnvironmentModuleNode>()
  for (const module of modules) moduleGraph.invalidateModule(module, seen, timestamp, true)
}

function announce({ environments }: ViteDevServer, plan: HotPlan, failed: boolean): void {
  const { hot } = environments.client
  if (plan === 'none' && !failed) return
  // After Vite's own updates, which follow this hook at once: new props belong to the new component.
  setImmediate(() => {
    // What shows an error has no state to lose, and often no modules that an update could replace.
    if (plan === 'reload' || failed) hot.send({ type: 'full-reload', path: '*' })
    else hot.send({ type: 'custom', event: DATA_EVENT })
  })
}
