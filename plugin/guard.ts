import { builtinModules } from 'node:module'
import { normalizePath, type Environment, type Plugin } from 'vite'
import { serverOnly, toProblemMessage, usageErrors } from './errors.ts'

/** What the guard is told about the site. */
export interface GuardOptions {
  /** Whether a file (absolute, forward slashes, no query) is an API route. */
  isApi(file: string): boolean
}

/** Stands for a module that browsers don't have; the rest of the id is the name that was imported. */
const STUB = '\0isr:server-only/'
const EMPTY = '\0isr:empty'

/** `vite-plugin-isr/client` is the part of this package that is meant for browsers. */
const OWN_SERVER_MODULE = /^vite-plugin-isr(?:$|\/(?!client$|client\/|package\.json$))/
const BUILTIN = new RegExp(`^(?:node:.+|${builtinModules.filter((name) => !name.startsWith('_')).join('|')})$`)
const SERVER_FILE = /\.server\.[^/?]+(?:\?|$)/
const SCRIPT = /\.[cm]?[jt]sx?$/

/**
 * The second lock behind the strip: a server-only module that a browser's module really reaches fails the build, and in
 * development its page, with the chain of imports that leads to it.
 *
 * Server-only are Node's built-in modules, `*.server.*` files, files with `import 'server-only'`, API routes, and this
 * package's plugin and runtime. What packages in `node_modules` import is left to Vite: many of them ask for Node's
 * modules behind a check that no bundler understands.
 */
export function guardPlugin({ isApi }: GuardOptions): Plugin {
  const isServerFile = (id: string) => !isInPackage(id) && (SERVER_FILE.test(id) || isApi(toFile(id)))

  return {
    name: 'isr:guard',
    enforce: 'pre',

    configEnvironment(name) {
      // As an external package, `server-only` throws wherever it is not resolved for React server components.
      return name === 'client' ? undefined : { resolve: { noExternal: ['server-only', 'client-only'] } }
    },

    resolveId: {
      filter: { id: [BUILTIN, OWN_SERVER_MODULE, /^(?:server|client)-only$/] },
      async handler(source, importer, options) {
        if (source === 'client-only') return EMPTY
        if (this.environment.name !== 'client') return source === 'server-only' ? EMPTY : undefined
        // The dependency scanner looks at what is there, before anything is known to be reached.
        if (('scan' in options && options.scan) || importer === undefined || isInPackage(importer)) return undefined
        if (BUILTIN.test(source)) {
          const resolved = await this.resolve(source, importer, { ...options, skipSelf: true })
          // A package of the same name, or a polyfill.
          if (resolved && !resolved.external && !resolved.id.startsWith('__vite-browser-external')) return resolved
        }
        return STUB + source
      },
    },

    load: {
      filter: { id: [/^\0isr:/, SERVER_FILE, SCRIPT] },
      handler(id) {
        if (id === EMPTY) return 'export {}'
        if (this.environment.name !== 'client' || !(id.startsWith(STUB) || isServerFile(id))) return undefined
        if (this.environment.mode === 'dev' || !(id.startsWith(STUB) || SCRIPT.test(id))) {
          const importers = createImporters(this.environment, (module) => this.getModuleInfo(module))
          return this.error(toProblemMessage(explain(id, importers, this.environment.config.root, isApi)))
        }
        // Known for sure when the bundle is there: a bundler drops what nothing reaches. CommonJS, because its exports
        // have any name, and with an effect, because that is never dropped while something reaches it.
        return { code: 'module.exports = {}; throw new Error()', moduleSideEffects: true }
      },
    },

    generateBundle: {
      // Before plugins that write files for the bundle.
      order: 'pre',
      handler(_, bundle) {
        if (this.environment.name !== 'client') return
        const importers = createImporters(this.environment, (module) => this.getModuleInfo(module))
        const reached = new Set(Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? file.moduleIds : [])))
        const [first, ...more] = [...reached]
          .filter((id) => id.startsWith(STUB) || isServerFile(id))
          .map((id) => explain(id, importers, this.environment.config.root, isApi))
        if (first) throw usageErrors([first, ...more])
      },
    },
  }
}

type Importers = (id: string) => readonly string[]

function createImporters(
  environment: Environment,
  getModuleInfo: (id: string) => { importers: readonly string[]; dynamicImporters: readonly string[] } | null,
): Importers {
  if (environment.mode === 'dev') {
    return (id) =>
      [...(environment.moduleGraph.getModuleById(id)?.importers ?? [])].flatMap((module) => module.id ?? [])
  }
  return (id) => {
    const info = getModuleInfo(id)
    return info ? [...info.importers, ...info.dynamicImporters] : []
  }
}

function explain(id: string, importers: Importers, root: string, isApi: GuardOptions['isApi']) {
  const name = (module: string) => toName(module, root)
  return serverOnly(findChain(id, importers).map(name), toReason(id, isApi))
}

/** The shortest way from a module that only generated code imports, such as a page, down to the given one. */
function findChain(id: string, importers: Importers): string[] {
  const below = new Map<string, string | undefined>([[id, undefined]])
  let top = id
  // A map's iterator also visits what is added on the way, so this goes breadth first.
  for (const [module] of below) {
    top = module
    const above = importers(module).filter((importer) => !importer.startsWith('\0') && !importer.startsWith('virtual:'))
    if (above.length === 0 && module !== id) break
    for (const importer of above) if (!below.has(importer)) below.set(importer, module)
  }
  const chain: string[] = []
  for (let module: string | undefined = top; module !== undefined; module = below.get(module)) chain.push(module)
  return chain
}

function toReason(id: string, isApi: GuardOptions['isApi']): string {
  const source = id.startsWith(STUB) ? id.slice(STUB.length) : undefined
  if (source === 'server-only') return 'The module that imports "server-only" declares itself to be so'
  if (source !== undefined && OWN_SERVER_MODULE.test(source)) return `${source} runs in Node`
  if (source !== undefined) return `${source} is a module of Node.js`
  return isApi(toFile(id)) ? 'The last of these is an API route' : 'The last of these is a .server file'
}

function toName(id: string, root: string): string {
  if (id.startsWith(STUB)) return id.slice(STUB.length)
  const folder = `${normalizePath(root)}/`
  return id.startsWith(folder) ? id.slice(folder.length) : id
}

function toFile(id: string): string {
  return id.split('?', 1)[0]!
}

function isInPackage(id: string): boolean {
  return id.includes('/node_modules/')
}
