import { toEntry } from '../../runtime/isr/generation.ts'
import { createLargeDataWarnings } from '../../runtime/isr/large-data.ts'
import { isDynamic } from '../../runtime/routing/pattern.ts'
import type { Entry, Generated, Params, ParsedPaths, Renderer, RouteRecord, Settings } from '../../runtime/types.ts'
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
  readonly settings: Settings
  /** Pages at a time. */
  readonly concurrency: number
  readonly now: () => number
  /** When all entries are said to be made, milliseconds since the epoch. Default: when each is. */
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
  await forEachAtMost(concurrency, createJobs(routes, listings), async (pageJob) => {
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
    await options.write(made.entry)
    if (made.isReused) reused += 1
    note(reports.get(route.pattern)!, pageJob, made)
    warnOfLargeData(route.pattern, path, toDataBytes(made.entry))
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

/** An entry, and how it came to be. */
interface Made {
  readonly entry: Entry
  readonly durationMs: number
  readonly isReused: boolean
}

async function generate(pageJob: PageJob, options: PrerenderOptions): Promise<Made> {
  const { settings, now, madeAt, pause } = options
  return withRetries(async () => {
    const begin = now()
    const made = await generateOnce(pageJob, options)
    const end = now()
    const times = { startedAt: madeAt ?? begin, generatedAt: madeAt ?? end }
    const isReused = 'key' in made
    const entry = isReused ? { ...made, ...times } : toEntry(pageJob.key, made, times, settings)
    return { entry, durationMs: end - begin, isReused }
  }, pause)
}

async function generateOnce(
  { key, job }: PageJob,
  { renderer, settings, reuse }: PrerenderOptions,
): Promise<Generated | Entry> {
  const limits = { timeoutMs: settings.generateTimeout * 1000 }
  if (!reuse) return renderer.run(job, limits)
  const { pattern } = job
  const { inputs } = reuse
  const build = (known: string | undefined) => renderer.run({ type: 'build', pattern, job, inputs, known }, limits)
  let built = await build(reuse.find(key))
  const earlier = built.generated ? undefined : reuse.read(key)
  // Damaged: the page is made after all.
  if (!built.generated && !earlier) built = await build(undefined)
  if (built.fingerprint !== undefined) reuse.note(key, built.fingerprint)
  return earlier ?? built.generated!
}

function note(report: PrerenderedRoute, { job, path, index }: PageJob, made: Made): void {
  // The shell of a page with data is not one of its paths; that of a page without is all that it has.
  if (job.type === 'shell' && job.isFallback) return
  const { entry, durationMs } = made
  const { revalidate, expire } = entry
  const htmlBytes = entry.kind === 'page' ? entry.html.identity.byteLength : 0
  report.paths += 1
  report.shown = pickShown([...report.shown, { path, index, htmlBytes, revalidate, expire, durationMs }])
}

function pickShown(paths: readonly PathReport[]): PathReport[] {
  const slowest = [...paths].sort((one, other) => other.durationMs - one.durationMs).slice(0, SHOWN_PATHS)
  return paths
    .filter((path) => path.index < SHOWN_PATHS || slowest.includes(path))
    .sort((one, other) => one.index - other.index)
}

function toDataBytes(entry: Entry): number {
  return entry.kind === 'page' ? (entry.data?.identity.byteLength ?? 0) : 0
}

/** By page and then as they came, so that a list reads the same whichever page was quicker. */
function inOrder(failures: readonly PageFailure[], routes: readonly RouteRecord[]): PageFailure[] {
  const positions = new Map(routes.map((route, position) => [route.pattern, position]))
  return [...failures].sort((one, other) => positions.get(one.route.pattern)! - positions.get(other.route.pattern)!)
}
