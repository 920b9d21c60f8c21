import { builtinModules } from 'node:module'
import { normalizePath, type Environment, type Plugin } from 'vite'
import { serverOnly, usageErrors, type Problem } from './errors.ts'

/** What the guard is told about the site. */
export interface GuardOptions {
  /** Whether a file (absolute, forward slashes, no query) is an API route. */
  isApi(file: string): boolean
}

/** Stands for a module that browsers must not have. The name is in the middle: at the end, `.json` would be read as JSON. */
const STUB = /^\0isr:server-only\/(.+)\/stub$/
const EMPTY = '\0isr:empty'

/** `vite-plugin-isr/client` and `vite-plugin-isr/next/…` are the parts of this package that are meant for browsers. */
const OWN_SERVER_MODULE = /^vite-plugin-isr(?:$|\/(?!client$|client\/|next\/|package\.json$))/
const BUILTIN = new RegExp(`^(?:node:.+|${builtinModules.filter((name) => !name.startsWith('_')).join('|')})$`)
const SERVER_FILE = /\.server\.[^/?]+(?:\?|\/stub$|$)/
/** Data and other forms of a server-only file (`?raw`): a stub in place of it would not be read as a module. */
const SERVER_FILE_AS_DATA = /\.server\.(?![cm]?[jt]sx?$)[^/]+$/
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
      filter: { id: [BUILTIN, OWN_SERVER_MODULE, SERVER_FILE_AS_DATA, /^(?:server|client)-only$/] },
      async handler(source, importer, options) {
        if (source === 'client-only') return EMPTY
        if (this.environment.name !== 'client') return source === 'server-only' ? EMPTY : undefined
        // The dependency scanner looks at what is there, before anything is known to be reached.
        if (('scan' in options && options.scan) || importer === undefined || isInPackage(importer)) return undefined
        if (source === 'server-only' || OWN_SERVER_MODULE.test(source)) return toStub(source)

        const resolved = await this.resolve(source, importer, { ...options, skipSelf: true })
        if (BUILTIN.test(source)) {
          const isBuiltin = !resolved || resolved.external || resolved.id.startsWith('__vite-browser-external')
          // Else a package of the same name, or a polyfill.
          return isBuiltin ? toStub(source) : resolved
        }
        // By its id, without a query it might also be a script (`db.server` for `db.server.ts`).
        return resolved && isServerFile(resolved.id) && SERVER_FILE_AS_DATA.test(resolved.id)
          ? toStub(resolved.id)
          : resolved
      },
    },

    load: {
      filter: { id: [/^\0isr:/, SERVER_FILE, SCRIPT] },
      handler(id) {
        if (id === EMPTY) return 'export {}'
        if (this.environment.name !== 'client' || !(STUB.test(id) || isServerFile(id))) return undefined
        if (this.environment.mode === 'dev' || !(STUB.test(id) || SCRIPT.test(id))) {
          const importers = createImporters(this.environment, (module) => this.getModuleInfo(module))
          throw usageErrors([explain(id, importers, this.environment.config.root)])
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
          .filter((id) => STUB.test(id) || isServerFile(id))
          .map((id) => explain(id, importers, this.environment.config.root))
        if (first) throw usageErrors([first, ...more])
      },
    },
  }
}

function toStub(name: string): string {
  return `\0isr:server-only/${name}/stub`
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

function explain(id: string, importers: Importers, root: string): Problem {
  const name = (module: string) => toName(module, root)
  return serverOnly(findChain(id, importers).map(name), toReason(id))
}

/** The shortest way from a module that only generated code imports, such as a page, down to the given one. */
function findChain(id: string, importers: Importers): string[] {
  const below = new Map<string, string | undefined>([[id, undefined]])
  let top = id
  // A map's iterator also visits what is added on the way, so this goes breadth first.
  for (const [module] of below) {
    top = module
    const above = importers(module)
    if (module !== id && (above.length === 0 || above.some(isGenerated))) break
    for (const importer of above) if (!isGenerated(importer) && !below.has(importer)) below.set(importer, module)
  }
  const chain: string[] = []
  for (let module: string | undefined = top; module !== undefined; module = below.get(module)) chain.push(module)
  return chain
}

function isGenerated(id: string): boolean {
  return id.startsWith('\0') || id.startsWith('virtual:')
}

function toReason(id: string): string {
  const source = STUB.exec(id)?.[1]
  if (SERVER_FILE.test(id)) return 'The last of these is a .server file'
  if (source === 'server-only') return 'The module that imports "server-only" declares itself to be so'
  if (source !== undefined && OWN_SERVER_MODULE.test(source)) return `${source} runs in Node`
  if (source !== undefined) return `${source} is a module of Node.js`
  return 'The last of these is an API route'
}

function toName(id: string, root: string): string {
  const name = STUB.exec(id)?.[1] ?? id
  const folder = `${normalizePath(root)}/`
  return name.startsWith(folder) ? name.slice(folder.length) : name
}

function toFile(id: string): string {
  return id.split('?', 1)[0]!
}

function isInPackage(id: string): boolean {
  return id.includes('/node_modules/')
}
