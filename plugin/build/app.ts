import { readdir, readFile, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import pc from 'picocolors'
import { normalizePath, type Manifest, type Rolldown, type ViteBuilder } from 'vite'
import { writeFileAtomic } from '../../runtime/cache/atomic-write.ts'
import { createPackWriter } from '../../runtime/cache/pack-writer.ts'
import { toDefaultMemory } from '../../runtime/renderer/memory.ts'
import { createWorkerRenderer } from '../../runtime/renderer/worker-thread.ts'
import { toErrorMessage } from '../../runtime/errors.ts'
import type { RouteManifest, RouteRecord } from '../../runtime/types.ts'
import { PRIVATE_MANIFEST, warnWithoutReact } from '../config.ts'
import type { IsrContext } from '../context.ts'
import { internalError, unwrapUsageErrors, usageError } from '../errors.ts'
import type { Pages } from '../routes/scan.ts'
import { VIRTUAL } from '../virtual/ids.ts'
import { collectAssets, findEntryKey, type AppAssets, type RouteAssets } from './assets.ts'
import { PENDING_BUILD_ID, toBuildId, writeBuildId } from './build-id.ts'
import { createEncoder } from './encoder.ts'
import { renderFailures } from './failures.ts'
import { readInputs } from './inputs.ts'
import { createManifest } from './manifest.ts'
import { prerender, type Prerendered } from './prerender.ts'
import { createProgress } from './progress.ts'
import { openReuse, type Reuse } from './reuse.ts'
import { renderReport, renderReused, type RouteReport } from './report.ts'
import { measureScripts, toClientFile } from './script-sizes.ts'
import { moveServerAssets } from './server-assets.ts'

/** So many keep up with one render thread. Fewer cores than threads are no loss: what is behind gets more of them. */
const MAX_ENCODERS = 3
/** Pages leave next to nothing behind: a smaller nursery is emptied as fast, and the processor's cache holds more of it. */
const YOUNG_MB = 24

/**
 * One `vite build`, from an empty folder to the manifest. The manifest is the last thing written, and the first thing
 * removed: a folder that has one holds a whole build.
 */
export async function buildApp(context: IsrContext, builder: ViteBuilder): Promise<void> {
  const folders = {
    client: join(context.dist, 'client'),
    server: join(context.dist, 'server'),
    isr: join(context.dist, 'isr'),
  }
  const build = (context.build = { buildId: PENDING_BUILD_ID, assets: undefined as AppAssets | undefined })
  try {
    await removeOldBuild(folders.isr)
    warnWithoutReact(context.config)
    const pages = await context.pages()
    await context.updateRouteTypes()

    const client = await buildEnvironment(builder, 'client')
    const assets = (build.assets = await readAssets(context, pages, folders.client))

    const server = await buildEnvironment(builder, 'ssr')
    await moveServerAssets(server, folders.server, folders.client)
    const buildId = toBuildId([client, server])
    await writeBuildId(buildId, server, folders.server)

    const scripts = measureScripts(assets, (url) => toClientFile(folders.client, context.base, url))
    // Whoever waits for it hears of it.
    scripts.catch(() => {})
    const { prerendered, entries, reuse } = await generatePages(context, pages, folders, { buildId, server })
    const manifest = createManifest({
      buildId,
      base: context.base,
      trailingSlash: context.options.trailingSlash,
      assetsDir: context.config.environments['client']!.build.assetsDir,
      settings: context.options.settings,
      routes: pages.routes,
      assets,
      prerendered: prerendered.routes,
      entries,
    })
    // Together: each of them waits for the disk.
    await Promise.all([
      writeFileAtomic(join(folders.isr, 'route-manifest.json'), JSON.stringify(manifest)),
      keepPages(context, reuse, folders.isr, entries),
    ])
    context.config.logger.info(describe(pages, assets, prerendered, await scripts))
  } finally {
    context.build = undefined
  }
}

async function buildEnvironment(builder: ViteBuilder, name: 'client' | 'ssr'): Promise<Rolldown.RolldownOutput> {
  try {
    // One output and no watcher: anything else was refused with the config.
    return (await builder.build(builder.environments[name]!)) as Rolldown.RolldownOutput
  } catch (error) {
    throw unwrapUsageErrors(error)
  }
}

/** Only files that are ours: the folder may be one that the user keeps other things in. */
async function removeOldBuild(dir: string): Promise<void> {
  await rm(join(dir, 'route-manifest.json'), { force: true })
  const names = await readdir(dir).catch(() => [])
  for (const name of names.filter((name) => /^(?:entries|route-manifest\.json)\./.test(name)))
    await rm(join(dir, name), { force: true })
}

/** Reads the client's manifest, and takes it away when it is only ours: it names source files, and the folder is public. */
async function readAssets(context: IsrContext, pages: Pages, clientDir: string): Promise<AppAssets> {
  const { manifest } = context.config.environments['client']!.build
  const file = join(clientDir, typeof manifest === 'string' ? manifest : '.vite/manifest.json')
  let parsed: Manifest
  try {
    parsed = JSON.parse(await readFile(file, 'utf8')) as Manifest
  } catch (error) {
    throw usageError(
      'ISR_BUILD',
      `The client build wrote no ${file}. Does another plugin or \`build.write: false\` keep it from the disk?`,
      error,
    )
  }
  if (manifest === PRIVATE_MANIFEST) await rm(join(clientDir, '.vite'), { recursive: true, force: true })
  const entry = findEntryKey(parsed, VIRTUAL.client)
  if (!entry) throw internalError(`${file} has no ${VIRTUAL.client}`)
  const browserPages = pages.routes.filter(({ kind }) => kind !== 'api')
  const toKey = ({ pattern }: RouteRecord) => normalizePath(relative(context.root, pages.files.get(pattern)!))
  const keys = new Map(browserPages.map((route) => [route.pattern, toKey(route)]))
  return collectAssets(parsed, { base: context.base, entry, pages: keys })
}

/** Every site has these two pages, whether it has files for them or not. */
function withErrorPages(routes: readonly RouteRecord[]): RouteRecord[] {
  const missing = ['/404', '/500'].filter((pattern) => !routes.some((route) => route.pattern === pattern))
  return [
    ...routes,
    ...missing.map((pattern): RouteRecord => ({ pattern, kind: 'static', file: `the default ${pattern} page` })),
  ]
}

/** @returns undefined where no page may be taken from the build before */
async function openEarlierPages(
  { config, options, root }: IsrContext,
  code: { buildId: string; server: Rolldown.RolldownOutput },
): Promise<Reuse | undefined> {
  if (!options.prerender.reuse) return undefined
  const { mode, envDir } = config
  const isReproducible = readSourceDate() !== undefined
  const inputs = await readInputs({ ...code, root, mode, envDir, isReproducible, settings: options.settings })
  if ('hash' in inputs) return openReuse(join(config.cacheDir, 'isr'), inputs.hash, Date.now())
  config.logger.info(`[vite-plugin-isr] All pages are made anew in each build: ${inputs.unknown}.`)
  return undefined
}

async function keepPages(
  { config }: IsrContext,
  reuse: Reuse | undefined,
  dir: string,
  entries: RouteManifest['entries'],
): Promise<void> {
  try {
    await reuse?.keep(dir, entries)
  } catch (error) {
    config.logger.warn(
      pc.yellow(`[vite-plugin-isr] The next build will make all pages anew: ${toErrorMessage(error)}.`),
    )
  }
}

async function generatePages(
  context: IsrContext,
  pages: Pages,
  folders: { server: string; isr: string },
  code: { buildId: string; server: Rolldown.RolldownOutput },
) {
  const { logger } = context.config
  const { options } = context
  const { logLevel = 'info' } = context.config
  const plain = !process.stdout.isTTY || Boolean(process.env['CI']) || logLevel !== 'info'
  const renderer = createWorkerRenderer({
    worker: pathToFileURL(join(folders.server, 'worker.mjs')),
    workers: 1,
    maxPageBytes: options.settings.maxPageBytes,
    compress: false,
    packBodies: true,
    concurrency: options.prerender.concurrency,
    memoryBytes: toDefaultMemory(Infinity),
    youngMegabytes: YOUNG_MB,
  })
  const sourceDate = readSourceDate()
  const isReproducible = sourceDate !== undefined
  const checkedAt = sourceDate ?? Date.now()
  const writer = await createPackWriter(folders.isr, { reproducible: isReproducible, checkedAt })
  const encoder = createEncoder({
    thread: new URL('./encoder-thread.js', import.meta.url),
    threads: Math.min(availableParallelism(), MAX_ENCODERS),
    pack: writer,
  })
  const served = await context.servedFiles()
  // While the worker starts and lists the paths.
  const reuse = openEarlierPages(context, code)
  const progress = createProgress({
    stream: process.stdout,
    plain,
    log: (line) => logger.info(line),
    now: () => performance.now(),
    every(ms, callback) {
      const timer = setInterval(callback, ms)
      return () => clearInterval(timer)
    },
  })
  try {
    const prerendered = await prerender({
      routes: withErrorPages(pages.routes),
      served,
      renderer,
      write: (entry) => encoder.add(entry),
      append: (record, key, hash) => writer.append(record, { key, hash, startedAt: checkedAt }),
      settings: options.settings,
      concurrency: options.prerender.concurrency,
      now: () => Date.now(),
      // They get that of the pack: the same pages are the same bytes, whenever they were made.
      madeAt: isReproducible ? 0 : undefined,
      reuse,
      pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      progress,
      warn: (message) => logger.warn(pc.yellow(message)),
    })
    if (prerendered.failures.length > 0) {
      throw usageError('ISR_PRERENDER', renderFailures(prerendered.failures, context.root))
    }
    await encoder.flush()
    // Nothing is rendered any more, and the thread takes as long to end as the pack.
    const [entries] = await Promise.all([writer.finish(), renderer.close()])
    return { prerendered, entries, reuse: await reuse }
  } catch (error) {
    await writer.abort()
    throw error
  } finally {
    try {
      ;(await reuse)?.close()
      // Timers and database pools that the pages opened would keep this process alive for ever.
      await Promise.all([renderer.close(), encoder.close()])
    } finally {
      // Last: its interval is what keeps this process alive. Without it Node would find nothing left to do while the worker
      // ends, and a failing build would end in silence with exit code 0.
      progress.stop()
    }
  }
}

/**
 * The time that a reproducible build is said to be made at, in milliseconds since the epoch.
 *
 * @see https://reproducible-builds.org/specs/source-date-epoch/
 */
function readSourceDate(): number | undefined {
  const text = process.env['SOURCE_DATE_EPOCH'] ?? ''
  if (text === '') return undefined
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1000
  throw usageError(
    'ISR_BUILD',
    `The environment variable SOURCE_DATE_EPOCH is ${JSON.stringify(text)}. Give whole seconds since 1970, as in ` +
      '`SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)`, or unset it.',
  )
}

function describe(
  pages: Pages,
  assets: AppAssets,
  prerendered: Prerendered,
  jsBytesOf: (route: RouteAssets) => number,
): string {
  const reports = withErrorPages(pages.routes)
    // Next's table has no line for a 500 page that nobody wrote.
    .filter(({ pattern }) => pattern !== '/500' || pages.files.has(pattern))
    .map(({ pattern, kind }): RouteReport => {
      const made = prerendered.routes.get(pattern)
      return {
        pattern,
        kind,
        fallback: made?.listing?.fallback,
        jsBytes: kind === 'api' ? undefined : jsBytesOf(assets.routes.get(pattern) ?? assets.shared),
        paths: made?.paths ?? 0,
        shown: made?.shown ?? [],
      }
    })
  if (pages.special.app) {
    reports.push({
      pattern: '/_app',
      kind: 'static',
      fallback: undefined,
      jsBytes: jsBytesOf(assets.shared),
      paths: 0,
      shown: [],
    })
  }
  return `\n${renderReport(reports, pc)}\n${renderReused(prerendered.reused, pc)}`
}
