import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { normalizePath, type Plugin } from 'vite'
import type { IsrContext } from '../context.ts'
import { DATA_EVENT } from '../dev/hot.ts'
import { internalError, usageError, type UsageError } from '../errors.ts'
import { toNextFile } from '../next/modules.ts'
import { toBrowserPages, toServerPages } from '../next/pages.ts'
import type { ResolvedOptions } from '../options.ts'
import { toAppModule } from './app.ts'
import { toClientModule } from './client.ts'
import { toDevUrl, toResolvedId, VIRTUAL, type VirtualId } from './ids.ts'
import { toRoutesClientModule } from './routes-client.ts'
import { toEnvironmentModule, toStartModule, toStoreModule, toWorkerModule } from './server.ts'

const RENDER_MODULE = toRuntimeFile('render/index.js')
const FETCH_LOG_MODULE = toRuntimeFile('isr/fetch-log.js')

/** The client's only entry. */
export function toClientInput(): Record<string, string> {
  return { client: VIRTUAL.client }
}

/** The server's entries, by the names that they have in `dist/server`. */
export function toServerInput({ store }: ResolvedOptions): Record<string, string> {
  const input: Record<string, string> = { app: VIRTUAL.app, worker: VIRTUAL.worker, start: VIRTUAL.start }
  return store === undefined ? input : { ...input, store: VIRTUAL.store }
}

/** Serves the generated modules. */
export function virtualPlugin(context: IsrContext): Plugin {
  return {
    name: 'isr:virtual',
    resolveId: {
      filter: { id: /^virtual:isr\// },
      handler: (id) => (isVirtualId(id) ? toResolvedId(id) : undefined),
    },
    load: {
      // oxlint-disable-next-line no-control-regex -- the NUL marks ids of generated modules
      filter: { id: /^\0virtual:isr\// },
      async handler(id) {
        const name = id.slice(1)
        if (name === VIRTUAL.store) {
          const file = toStoreFile(context)
          // The bundler would only say that a generated module, which nobody wrote, imports what is not there.
          if (!(await this.resolve(file, id))) throw storeMissing(context.options.store!, file)
        }
        return isVirtualId(name) ? generate(name, context) : undefined
      },
    },
  }
}

function toStoreFile({ root, options }: IsrContext): string {
  return normalizePath(resolve(root, options.store!))
}

function storeMissing(store: string, file: string): UsageError {
  return usageError(
    'ISR_OPTION',
    `Option \`cache.store\` is ${JSON.stringify(store)}, and there is no module ${file}. ` +
      "Give the path of the store's module, relative to Vite's root, or remove the option.",
  )
}

/** A file of this package, in its built form. */
function toRuntimeFile(name: string): string {
  return normalizePath(fileURLToPath(new URL(`../../runtime/${name}`, import.meta.url)))
}

function isVirtualId(id: string): id is VirtualId {
  return (Object.values(VIRTUAL) as string[]).includes(id)
}

async function generate(id: VirtualId, context: IsrContext): Promise<string> {
  const { options, config, base } = context
  const isBuild = config.command === 'build'
  const { next } = options.settings
  switch (id) {
    case VIRTUAL.routesClient:
      return toRoutesClientModule(await context.pages())
    case VIRTUAL.client:
      return toClientModule(next ? toBrowserPages(await context.pages()) : await context.pages(), {
        base,
        trailingSlash: options.trailingSlash,
        dataEvent: isBuild ? undefined : DATA_EVENT,
        start: next ? { name: 'startNextClient', module: toNextFile('start') } : undefined,
      })
    case VIRTUAL.app: {
      const { build } = context
      if (isBuild && !build?.assets) throw internalError('The server was built before the client')
      return toAppModule({
        pages: next ? toServerPages(await context.pages()) : await context.pages(),
        buildId: build?.buildId ?? 'development',
        base,
        trailingSlash: options.trailingSlash,
        renderModule: RENDER_MODULE,
        fetches: options.settings.logging.fetches,
        fetchLogModule: FETCH_LOG_MODULE,
        assets: build?.assets,
        entry: build?.assets?.entry ?? base + toDevUrl(VIRTUAL.client),
        nextModule: next ? toNextFile('server') : undefined,
      })
    }
    case VIRTUAL.worker:
      return toWorkerModule()
    case VIRTUAL.start:
      return toStartModule()
    case VIRTUAL.environment:
      return toEnvironmentModule(process.env['NODE_ENV'] || 'production')
    case VIRTUAL.store:
      return toStoreModule(toStoreFile(context))
  }
}
