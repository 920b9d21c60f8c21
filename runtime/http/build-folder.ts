import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { IsrError, toErrorMessage } from '../errors.ts'
import type { RepairableStore } from '../cache/guarded-store.ts'
import type { CacheStore, CreateStore, IsrApp, RouteManifest, StoreContext } from '../types.ts'

/** Where the parts of a build lie. */
export interface BuildFolder {
  readonly manifest: RouteManifest
  readonly clientDir: string
  readonly entriesDir: string
  readonly worker: URL
  /** Imports the app; again on the next call when it failed. */
  loadApp(): Promise<IsrApp>
  /** The user's own cache store; its module is imported with the first call. */
  openStore(context: StoreContext): RepairableStore
}

/**
 * Opens what `vite build` wrote.
 *
 * @param dist the folder with `client`, `server` and `isr`
 * @throws `IsrError` `ISR_NO_BUILD` when there is no whole build of this version in it
 */
export function openBuildFolder(dist: string): BuildFolder {
  const root = resolve(dist)
  const manifest = readManifest(root)
  const toServerUrl = (name: string) => pathToFileURL(join(root, 'server', name))
  let app: Promise<IsrApp> | undefined

  return {
    manifest,
    clientDir: join(root, 'client'),
    entriesDir: join(root, 'isr'),
    worker: toServerUrl('worker.mjs'),
    loadApp() {
      app ??= importApp(toServerUrl('app.mjs'))
      app.catch(() => (app = undefined))
      return app
    },
    openStore: (context) => createLazyStore(() => importStore(toServerUrl('store.mjs'), context)),
  }
}

function readManifest(root: string): RouteManifest {
  const file = join(root, 'isr', 'route-manifest.json')
  const advice = 'Run `vite build` first, or name the folder it wrote to (`dist`).'
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new IsrError('ISR_NO_BUILD', `There is no build in ${root}: ${file} cannot be read. ${advice}`, {
      cause: error,
    })
  }
  let manifest: Partial<RouteManifest> | null
  try {
    manifest = JSON.parse(text) as Partial<RouteManifest> | null
  } catch (error) {
    const message = `The build in ${root} is damaged: ${file} is no JSON (${toErrorMessage(error)}). ${advice}`
    throw new IsrError('ISR_NO_BUILD', message, { cause: error })
  }
  if (manifest?.version !== 1 || !manifest.settings || !manifest.entries || !Array.isArray(manifest.routes)) {
    throw new IsrError('ISR_NO_BUILD', `The build in ${root} was made by another version of vite-plugin-isr. ${advice}`)
  }
  const missing = ['client', 'server/app.mjs'].find((name) => !existsSync(join(root, name)))
  if (missing !== undefined) {
    throw new IsrError('ISR_NO_BUILD', `The build in ${root} is not whole: ${missing} is missing. ${advice}`)
  }
  return manifest as RouteManifest
}

async function importApp(url: URL): Promise<IsrApp> {
  // Set before the import, which is when maps are read: errors of API routes and server pages then name the sources.
  process.setSourceMapsEnabled(true)
  const { app } = (await import(url.href)) as { app?: IsrApp }
  if (!app) throw new IsrError('ISR_NO_BUILD', `${url.pathname} exports no app. Run \`vite build\` again.`)
  return app
}

const STORE_METHODS = ['get', 'set', 'delete'] as const

async function importStore(url: URL, context: StoreContext): Promise<CacheStore> {
  const { default: createStore } = (await import(url.href)) as { default?: CreateStore }
  if (typeof createStore !== 'function') {
    throw new IsrError('ISR_STORE', 'The module of the option cache.store has no default export that is a function.')
  }
  const store: unknown = await createStore(context)
  const missing = STORE_METHODS.filter(
    (name) => typeof (store as Partial<CacheStore> | null | undefined)?.[name] !== 'function',
  )
  if (missing.length > 0) {
    const what = `What the default export of the module of the option cache.store returned has no function`
    throw new IsrError('ISR_STORE', `${what} ${missing.join(', ')}. A store needs ${STORE_METHODS.join(', ')}.`)
  }
  checkLimits((store as CacheStore).limits)
  return store as CacheStore
}

function checkLimits(limits: unknown): void {
  if (limits === undefined) return
  for (const name of ['readMs', 'writeMs'] as const) {
    const value: unknown = (limits as Partial<Record<string, unknown>> | null)?.[name]
    if (value === undefined || (typeof value === 'number' && value > 0)) continue
    throw new IsrError('ISR_STORE', `limits.${name} of the cache store is no number of milliseconds above 0.`)
  }
}

/** A server starts without waiting for a store that connects to somewhere; until it is there, its operations wait or fail. */
function createLazyStore(open: () => Promise<CacheStore>): RepairableStore {
  let opened: Promise<CacheStore> | undefined
  let store: CacheStore | undefined

  function getStore(): Promise<CacheStore> {
    if (!opened) {
      opened = open()
      opened.then(
        (ready) => (store = ready),
        // Tried again with the next operation.
        () => (opened = undefined),
      )
    }
    return opened
  }

  return {
    get limits() {
      return store?.limits ?? {}
    },
    open: () => (store ? undefined : getStore()),
    get: async (key) => (await getStore()).get(key),
    set: async (key, value, meta) => (await getStore()).set(key, value, meta),
    delete: async (key) => (await getStore()).delete(key),
    async claim(key, ms) {
      const ready = await getStore()
      if (!ready.claim) throw new Error('the store has no claims')
      return ready.claim(key, ms)
    },
    async close() {
      if (opened) await (await opened).close?.()
    },
  }
}
