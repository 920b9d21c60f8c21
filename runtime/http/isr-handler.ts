import { join, resolve } from 'node:path'
import { toOwnBuffer } from '../cache/body.ts'
import { createDiskStore } from '../cache/disk.ts'
import { createOldBuilds } from '../cache/old-builds.ts'
import { openPack } from '../cache/pack.ts'
import { createLeisure } from '../cache/leisure.ts'
import { createSystemClock } from '../isr/clock.ts'
import { createEngine } from '../isr/engine.ts'
import { checkBuild } from '../renderer/build-check.ts'
import { createInProcessRenderer } from '../renderer/in-process.ts'
import { toDefaultMemory } from '../renderer/memory.ts'
import { createWorkerRenderer } from '../renderer/worker-thread.ts'
import type { IsrEvent, Renderer } from '../types.ts'
import { openBuildFolder, type BuildFolder } from './build-folder.ts'
import { checkOptions, FLAG_RULE, FUNCTION_RULE, PATH_RULE, type OptionRule } from './check-options.ts'
import { createEventListener } from './events.ts'
import { createFailures } from './failures.ts'
import { createHandler, type IsrHandler } from './handler.ts'
import { createLoad } from './load.ts'
import { createConsoleLog, type Log } from './log.ts'

/** What `createIsrHandler` is set up with. */
export interface IsrHandlerOptions {
  /** The folder that `vite build` wrote: the one with `client`, `server` and `isr` in it. */
  readonly dist: string
  /**
   * Folder for pages that were generated at run time; those of each build get a folder in it. It may be missing or not
   * writable: pages then live in memory alone.
   *
   * Default: the variable `ISR_CACHE_DIR`, else the plugin's option `cache.dir` (`.isr-cache`), seen from the working directory.
   */
  readonly cacheDir?: string | undefined
  /** Hand paths that are no page to the next middleware instead of answering with the 404 page. Default `false`. */
  readonly fallthrough?: boolean | undefined
  /**
   * Whether a `User-Agent` is a bot: bots wait for the page instead of getting the shell of a `fallback: true` page.
   *
   * Default: the list of the package `isbot`.
   */
  readonly isBot?: ((userAgent: string) => boolean) | undefined
  /** Hears of each decision of the cache, for metrics. It must not throw; what it throws is logged. */
  readonly onEvent?: ((event: IsrEvent) => void) | undefined
  /** Where log lines go. Default: standard output and standard error. */
  readonly log?: Log | undefined
  /** Milliseconds that `close` waits for running generations and pending writes. Default 10 000. */
  readonly closeTimeout?: number | undefined
}

const CLOSE_TIMEOUT_MS = 10_000

const RULES: Readonly<Record<keyof IsrHandlerOptions, OptionRule>> = {
  dist: { ...PATH_RULE, required: true },
  cacheDir: PATH_RULE,
  fallthrough: FLAG_RULE,
  isBot: { ...FUNCTION_RULE, allowed: 'a function that gets a User-Agent and returns whether it is a bot' },
  onEvent: { ...FUNCTION_RULE, allowed: 'a function that gets each event' },
  log: { test: isLog, allowed: 'an object with the functions info, warn and error' },
  closeTimeout: {
    test: (value) => typeof value === 'number' && value >= 0,
    allowed: 'a number of milliseconds, 0 or more',
  },
}

/**
 * Serves a built site from your own server: a middleware for `node:http`, connect, Express and Fastify, with a
 * fetch-standard form. Nothing of the site's code is imported before the first request that needs it.
 *
 * With `ISR_DEBUG_CACHE=1` in the environment it prints one line for each decision of the cache.
 *
 * @throws `IsrError` with code `ISR_NO_BUILD` when `dist` holds no whole build, `ISR_OPTION` for unknown or wrong options
 * @example
 * import { createServer } from 'node:http'
 * import { createIsrHandler } from 'vite-plugin-isr/runtime'
 *
 * const handler = createIsrHandler({ dist: 'dist' })
 * createServer(handler).listen(3000)
 * @example
 * // Express: mount it last
 * app.use(createIsrHandler({ dist: 'dist' }))
 */
export function createIsrHandler(options: IsrHandlerOptions): IsrHandler {
  checkOptions('createIsrHandler', options, RULES)
  const { log = createConsoleLog(), closeTimeout = CLOSE_TIMEOUT_MS } = options
  const build = openBuildFolder(options.dist)
  const { manifest, clientDir } = build
  const { settings } = manifest
  const clock = createSystemClock()
  const now = () => clock.now()
  const failures = createFailures(log, now)
  const { env } = process
  const debug = env['ISR_DEBUG_CACHE'] === '1' || (settings.next === true && env['NEXT_PRIVATE_DEBUG_CACHE'] === '1')
  // Without anybody to tell, an answer makes no event.
  const hearsAnswers = debug || options.onEvent !== undefined
  const onEvent = createEventListener({ failures, log, debug, now, onEvent: options.onEvent })

  const isBusy = createLoad()
  const renderer = createRenderer(build, (error) => failures.report(error, {}))
  const prerendered = openPack(build.entriesDir, manifest.entries)
  const store = openStore(build, options.cacheDir, log)
  const engine = createEngine({
    clock,
    random: Math.random,
    renderer,
    prerendered,
    store,
    settings,
    // Of a view the whole memory would go to the other thread: both bodies of a page.
    compress: (bytes) =>
      renderer.run({ type: 'compress', bytes: toOwnBuffer(bytes) }, { timeoutMs: settings.generateTimeout * 1000 }),
    // Other servers may wait for what goes to a store of the project's own.
    leisure: settings.cache.customStore ? undefined : createLeisure({ clock, isBusy }),
    onEvent,
    hearsAnswers,
  })

  return createHandler({
    manifest,
    loadApp: () => build.loadApp(),
    engine,
    renderer,
    clientDir,
    isBot: options.isBot,
    fallthrough: options.fallthrough,
    log,
    failures,
    onEvent,
    isBusy,
    now,
    async onClose() {
      await engine.close(closeTimeout)
      await renderer.close()
    },
  })
}

function isLog(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return (['info', 'warn', 'error'] as const).every((name) => typeof (value as Partial<Log>)[name] === 'function')
}

function createRenderer(build: BuildFolder, onLost: (error: unknown) => void): Renderer {
  const { buildId, settings } = build.manifest
  const { maxPageBytes } = settings
  const { workers, memoryBytes = toDefaultMemory() } = settings.render
  if (workers === 0) {
    return createInProcessRenderer(async () => checkBuild(await build.loadApp(), buildId), {
      maxPageBytes,
      compress: false,
    })
  }
  return createWorkerRenderer({
    worker: build.worker,
    workers,
    buildId,
    maxPageBytes,
    compress: false,
    givesWay: true,
    memoryBytes,
    onLost,
  })
}

function openStore(build: BuildFolder, cacheDir: string | undefined, log: Log) {
  const { buildId, settings } = build.manifest
  const { dir: configuredDir, diskBytes, diskEntries, notFoundEntries, customStore } = settings.cache
  // An empty variable is how shells and compose files say "not set".
  const root = cacheDir ?? (process.env['ISR_CACHE_DIR'] || configuredDir)
  const dir = join(resolve(root), buildId)
  if (customStore) return build.openStore({ buildId, dir })
  const store = createDiskStore({ dir, maxBytes: diskBytes, maxEntries: diskEntries, notFoundEntries, log })
  const oldBuilds = createOldBuilds({ dir })
  return {
    ...store,
    async close() {
      await Promise.all([store.close(), oldBuilds.close()])
    },
  }
}
