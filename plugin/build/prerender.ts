import { toPlainBytes } from '../../runtime/cache/body.ts'
import { toEntry } from '../../runtime/isr/generation.ts'
import { createLargeDataWarnings } from '../../runtime/isr/large-data.ts'
import { isDynamic } from '../../runtime/routing/pattern.ts'
import type { Built, Entry, Params, ParsedPaths, Renderer, RouteRecord, Settings } from '../../runtime/types.ts'
import { usageErrors } from '../errors.ts'
import type { ServedFiles } from '../routes/served-files.ts'
import { countJobs, createJobs, type PageJob } from './jobs.ts'
import { findPathConflicts } from './path-conflicts.ts'
import { forEachAtMost } from './pool.ts'
import type { Progress } from './progress.ts'
import { SHOWN_PATHS, type PathReport } from './report.ts'
import { withRetries } from './retry.ts'
import type { Reuse } from './reuse.ts'
import { findUnreachable } from './unreachable.ts'

/** A page that could not be generated. */
export interface PageFailure {
  readonly route: RouteRecord
  /** Undefined when the page's `getStaticPaths` failed. */
  readonly path: string | undefined
  readonly params: Params
  /** It is what `fallback: true` shows for paths that are not generated yet. */
  readonly isShell: boolean
  readonly error: unknown
}

/** What became of one page. */
export interface PrerenderedRoute {
  readonly listing: ParsedPaths | undefined
  /** Prerendered paths, shells not counted. */
  paths: number
  /** The first few paths and the slowest few: enough for the table, whatever the number of paths. */
  shown: readonly PathReport[]
}

export interface Prerendered {
  readonly routes: ReadonlyMap<string, PrerenderedRoute>
  readonly failures: readonly PageFailure[]
  /** Pages and shells that are those of the build before. */
  readonly reused: number
}

export interface PrerenderOptions {
  /** Pages, API routes and the default error pages. */
  readonly routes: readonly RouteRecord[]
  /** What is served before any page. Default: nothing. */
  readonly served?: ServedFiles
  readonly renderer: Renderer
  /** Takes an entry; nothing of it is kept here. */
  readonly write: (entry: Entry) => Promise<void>
  /** Takes the record of an entry likewise; only needed with `reuse`. */
  readonly append?: ((record: Uint8Array, key: string) => Promise<void>) | undefined
  readonly settings: Settings
  /** Pages at a time. */
  readonly concurrency: number
  readonly now: () => number
  /** The time that all entries get, milliseconds since the epoch. Default: when each is made. */
  readonly madeAt?: number | undefined
  /** Pages of the build before. Default: none are taken. */
  readonly reuse?: Reuse | undefined
  readonly pause: (ms: number) => Promise<void>
  readonly progress: Progress
  readonly warn: (message: string) => void
}

/**
 * Generates every page of a build: asks each dynamic page for its paths, then renders a bounded number at a time. A
 * failing page does not stop the others; all failures come back together.
 *
 * @throws a usage error that lists all conflicts when pages claim the same path
 */
export async function prerender(options: PrerenderOptions): Promise<Prerendered> {
  const { routes, concurrency, progress } = options
  const failures: PageFailure[] = []
  const listings = await listPaths(options, failures)
  const [conflict, ...conflicts] = findPathConflicts(routes, listings, options.served)
  if (conflict) throw usageErrors([conflict, ...conflicts])

  const reports = new Map<string, PrerenderedRoute>()
  for (const { pattern } of routes) reports.set(pattern, { listing: listings.get(pattern), paths: 0, shown: [] })
  const warnOfLargeData = createLargeDataWarnings(options.warn, { repeat: false })
  let reused = 0
  progress.expect(countJobs(routes, listings))
  const ahead = createAhead(concurrency)
  await forEachAtMost(ahead.toLimit, createJobs(routes, listings), async (pageJob) => {
    const { route, path, params, job } = pageJob
    let made: Made
    try {
      made = await generate(pageJob, options)
    } catch (error) {
      failures.push({ route, path, params, isShell: job.type === 'shell' && job.isFallback, error })
      return
    } finally {
      progress.advance()
    }
    // A full disk is no failing page: it ends the build at once, so it is not caught above.
    await made.write()
    if (made.isReused) reused += 1
    ahead.note(made.durationMs)
    note(reports.get(route.pattern)!, pageJob, made)
    warnOfLargeData(route.pattern, path, made.dataBytes)
  })
  return { routes: reports, failures: inOrder(failures, routes), reused }
}

async function listPaths(options: PrerenderOptions, failures: PageFailure[]): Promise<Map<string, ParsedPaths>> {
  const { routes, renderer, settings, concurrency, pause } = options
  const timeoutMs = settings.generateTimeout * 1000
  const listings = new Map<string, ParsedPaths>()
  const dynamic = routes.filter(({ kind, pattern }) => kind === 'isr' && isDynamic(pattern))
  await forEachAtMost(concurrency, dynamic, async (route) => {
    try {
      const run = () => renderer.run({ type: 'paths', pattern: route.pattern }, { timeoutMs })
      const listing = await withRetries(run, pause)
      failures.push(...findUnreachable(route, listing, settings))
      listings.set(route.pattern, listing)
    } catch (error) {
      failures.push({ route, path: undefined, params: {}, isShell: false, error })
    }
  })
  return listings
}

/** More in a message saves no more; and when a page ends the worker, as many are tried again one by one. */
const MOST_AHEAD = 64
const QUICK_MS = 200

/**
 * Decides how many pages the worker is told of. No more than `concurrency` of them run at a time, but a message costs more than
 * looking at a page that is the same: of quick pages many travel together. Slow ones gain nothing from it.
 */
function createAhead(concurrency: number): { toLimit: () => number; note: (durationMs: number) => void } {
  let limit = concurrency
  return {
    toLimit: () => limit,
    note(durationMs) {
      limit = durationMs < QUICK_MS ? Math.max(limit, Math.min(limit + 1, MOST_AHEAD)) : concurrency
    },
  }
}

/** A page that was made, or that is the one of the build before. */
interface Made {
  /** Hands it to the pack; resolves when there is room for the next one. */
  readonly write: () => Promise<void>
  readonly revalidate: number | false
  readonly expire: number
  readonly htmlBytes: number
  readonly dataBytes: number
  readonly durationMs: number
  readonly isReused: boolean
}

async function generate(pageJob: PageJob, options: PrerenderOptions): Promise<Made> {
  const { settings, now, madeAt, pause, reuse } = options
  return withRetries(async () => {
    const begin = now()
    let built = await build(pageJob, options, reuse?.find(pageJob.key))
    if (!built.generated) {
      const earlier = takeEarlier(pageJob, options)
      if (earlier) {
        reuse?.note(pageJob.key, built.fingerprint!)
        return { ...earlier, durationMs: now() - begin }
      }
      // Damaged: the page is made after all.
      built = await build(pageJob, options, undefined)
    }
    if (built.fingerprint !== undefined) reuse?.note(pageJob.key, built.fingerprint)
    const times = { startedAt: madeAt ?? begin, generatedAt: madeAt ?? now() }
    const entry = toEntry(pageJob.key, built.generated!, times, settings)
    return { ...toFacts(entry), write: () => options.write(entry), durationMs: now() - begin, isReused: false }
  }, pause)
}

async function build(
  { job }: PageJob,
  { renderer, settings, reuse }: PrerenderOptions,
  known: string | undefined,
): Promise<Built> {
  const limits = { timeoutMs: settings.generateTimeout * 1000 }
  if (!reuse) return { fingerprint: undefined, generated: await renderer.run(job, limits) }
  return renderer.run({ type: 'build', pattern: job.pattern, job, inputs: reuse.inputs, known }, limits)
}

/** The record is only there until the next one is read, so it goes into the pack at once. */
function takeEarlier({ key }: PageJob, { reuse, append }: PrerenderOptions): Omit<Made, 'durationMs'> | undefined {
  const earlier = reuse?.read(key)
  if (!earlier || !append) return undefined
  const { record, ...facts } = earlier
  const written = append(record, key)
  // Heard by whoever writes.
  written.catch(() => {})
  return { ...facts, write: () => written, isReused: true }
}

function toFacts(entry: Entry): Pick<Made, 'revalidate' | 'expire' | 'htmlBytes' | 'dataBytes'> {
  const { revalidate, expire } = entry
  if (entry.kind !== 'page') return { revalidate, expire, htmlBytes: 0, dataBytes: 0 }
  const { html, data } = entry
  return { revalidate, expire, htmlBytes: toPlainBytes(html), dataBytes: data ? toPlainBytes(data) : 0 }
}

function note(report: PrerenderedRoute, { job, path, index }: PageJob, made: Made): void {
  // The shell of a page with data is not one of its paths; that of a page without is all that it has.
  if (job.type === 'shell' && job.isFallback) return
  const { revalidate, expire, htmlBytes, durationMs } = made
  report.paths += 1
  report.shown = pickShown([...report.shown, { path, index, htmlBytes, revalidate, expire, durationMs }])
}

function pickShown(paths: readonly PathReport[]): PathReport[] {
  const slowest = [...paths].sort((one, other) => other.durationMs - one.durationMs).slice(0, SHOWN_PATHS)
  return paths
    .filter((path) => path.index < SHOWN_PATHS || slowest.includes(path))
    .sort((one, other) => one.index - other.index)
}

/** By page and then as they came, so that a list reads the same whichever page was quicker. */
function inOrder(failures: readonly PageFailure[], routes: readonly RouteRecord[]): PageFailure[] {
  const positions = new Map(routes.map((route, position) => [route.pattern, position]))
  return [...failures].sort((one, other) => positions.get(one.route.pattern)! - positions.get(other.route.pattern)!)
}
