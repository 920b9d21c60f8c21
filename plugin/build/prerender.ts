import { toPlainBytes } from '../../runtime/cache/body.ts'
import { toRowHash } from '../../runtime/cache/pack-format.ts'
import type { RecordFacts } from '../../runtime/cache/codec.ts'
import { toEntry } from '../../runtime/isr/generation.ts'
import { createLargeDataWarnings } from '../../runtime/isr/large-data.ts'
import { isDynamic } from '../../runtime/routing/pattern.ts'
import type {
  Built,
  BuiltPage,
  Entry,
  Params,
  ParsedPaths,
  Renderer,
  RouteRecord,
  Settings,
} from '../../runtime/types.ts'
import { usageErrors } from '../errors.ts'
import type { ServedFiles } from '../routes/served-files.ts'
import { countJobs, createBatches, createJobs, toJob, type Candidate, type PageJob } from './jobs.ts'
import { findPathConflicts } from './path-conflicts.ts'
import { forEachAtMost } from './pool.ts'
import type { Progress } from './progress.ts'
import { SHOWN_PATHS, type PathReport } from './report.ts'
import { withRetries } from './retry.ts'
import type { Known, Reuse } from './reuse.ts'
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
  readonly append?: ((record: Uint8Array, key: string, hash: Buffer) => Promise<void>) | undefined
  readonly settings: Settings
  /** Pages at a time. */
  readonly concurrency: number
  readonly now: () => number
  /** The time that all entries get, milliseconds since the epoch. Default: when each is made. */
  readonly madeAt?: number | undefined
  /** Pages of the build before, which are opened while the paths are listed. Default: none are taken. */
  readonly reuse?: Promise<Reuse | undefined> | undefined
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
  const [listings, reuse] = await Promise.all([listPaths(options, failures), options.reuse])
  const work = { ...options, reuse }
  const [conflict, ...conflicts] = findPathConflicts(routes, listings, options.served)
  if (conflict) throw usageErrors([conflict, ...conflicts])

  const reports = new Map<string, PrerenderedRoute>()
  for (const { pattern } of routes) reports.set(pattern, { listing: listings.get(pattern), paths: 0, shown: [] })
  const warnOfLargeData = createLargeDataWarnings(options.warn, { repeat: false })
  let reused = 0
  progress.expect(countJobs(routes, listings))
  const ahead = createAhead(concurrency)

  async function take(candidate: Candidate): Promise<void> {
    const { route, path, isShell } = candidate.pageJob
    let made: Made
    try {
      made = await generate(candidate, work)
    } catch (error) {
      const job = toJob(candidate.pageJob)
      const params = job.type === 'page' ? job.params : {}
      failures.push({ route, path, params, isShell: isShell && route.kind === 'isr', error })
      progress.advance()
      return
    }
    ahead.note(made.durationMs)
    if (candidate.known !== undefined) ahead.noteSame(made.isReused ? 1 : 0, 1)
    // A full disk is no failing page: it ends the build at once, so it is not caught above.
    await keep(candidate.pageJob, made)
  }

  function keep(pageJob: PageJob, made: Made): Promise<void> {
    progress.advance()
    if (made.isReused) reused += 1
    note(reports.get(pageJob.route.pattern)!, pageJob, made)
    warnOfLargeData(pageJob.route.pattern, pageJob.path, made.dataBytes)
    return made.write()
  }

  /** @returns how many are done, from the first on */
  async function takeSome(batch: readonly Candidate[]): Promise<number> {
    const begin = options.now()
    // Whatever it is, each of them by itself shows whose it is.
    const built = batch.length > 1 ? await build(batch, work).catch(() => undefined) : undefined
    if (!built) {
      await forEachAtMost(concurrency, batch, take)
      return batch.length
    }
    const { same, made } = built
    ahead.noteSame(same, batch.length)
    const damaged: Candidate[] = []
    const written: Array<Promise<void>> = []
    // At once: its bodies lie in memory that is used again.
    if (made) {
      const { pageJob } = batch[same]!
      written.push(keep(pageJob, takeMade(pageJob, made, begin, work)))
    }
    // All in one turn: what is read together lies together.
    for (const [index, { pageJob, known }] of batch.slice(0, same).entries()) {
      // Slow ones are answered one by one: it is the last one that took so long.
      const durationMs = index === same - 1 ? options.now() - begin : 0
      const earlier = takeEarlier(pageJob, known!, durationMs, work)
      if (earlier) written.push(keep(pageJob, earlier))
      else damaged.push({ pageJob, known: undefined })
    }
    await Promise.all(written)
    for (const candidate of damaged) await take(candidate)
    return made ? same + 1 : same
  }

  const find = (key: string) => reuse?.find(key)
  const batches = createBatches(createJobs(routes, listings), find, ahead.toSize)
  await forEachAtMost(ahead.toLimit, batches, async (batch) => {
    for (let rest = batch; rest.length > 0;) rest = rest.slice(await takeSome(rest))
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
/** Pages of the build before that the worker is asked about together. More in a message saves no more. */
const MOST_SAME = 128

/** The options, with what the build before has left. */
interface Work extends Omit<PrerenderOptions, 'reuse'> {
  readonly reuse: Reuse | undefined
}

interface Ahead {
  /** Jobs that the worker may be told of. */
  readonly toLimit: () => number
  /** Pages that are asked about together. */
  readonly toSize: () => number
  readonly note: (durationMs: number) => void
  /** Of the pages that were asked about together, so many are the same, from the first on, before one was not or time was up. */
  readonly noteSame: (same: number, asked: number) => void
}

/**
 * Decides how many pages the worker is told of. No more than `concurrency` of them run at a time, but a message costs more than
 * looking at a page that is the same: of quick pages many travel together. Slow ones gain nothing from it.
 */
function createAhead(concurrency: number): Ahead {
  let limit = concurrency
  let size = 1
  return {
    // One of them for each page that may run at a time, and as many that wait for their turn.
    toLimit: () => (size > 1 ? Math.max(limit, 2 * concurrency) : limit),
    toSize: () => size,
    note(durationMs) {
      limit = durationMs < QUICK_MS ? Math.max(limit, Math.min(limit + 1, MOST_AHEAD)) : concurrency
    },
    noteSame(same, asked) {
      if (same < asked) size = Math.max(1, Math.floor((size + same) / 2))
      else if (asked >= size) size = Math.min(2 * size, MOST_SAME)
    },
  }
}

/** A page that was made, or that is the one of the build before. */
interface Made extends RecordFacts {
  /** Hands it to the pack; resolves when there is room for the next one. */
  readonly write: () => Promise<void>
  readonly durationMs: number
  readonly isReused: boolean
}

async function generate({ pageJob, known }: Candidate, work: Work): Promise<Made> {
  const { now, pause } = work
  return withRetries(async () => {
    const begin = now()
    let { made } = await build([{ pageJob, known }], work)
    if (!made) {
      const earlier = takeEarlier(pageJob, known!, now() - begin, work)
      if (earlier) return earlier
      // Damaged: the page is made after all.
      made = (await build([{ pageJob, known: undefined }], work)).made
    }
    return takeMade(pageJob, made!, begin, work)
  }, pause)
}

async function build(pages: readonly Candidate[], { renderer, settings, reuse }: Work): Promise<Built> {
  const limits = { timeoutMs: settings.generateTimeout * 1000 }
  const { pageJob } = pages[0]!
  if (!reuse)
    return { same: 0, made: { fingerprint: undefined, generated: await renderer.run(toJob(pageJob), limits) } }
  return renderer.run(
    {
      type: 'build',
      pattern: pageJob.route.pattern,
      paths: pages.map(({ pageJob: { path, isShell } }) => (isShell ? undefined : path)),
      known: pages.map(({ known }) => known?.fingerprint),
      inputs: reuse.inputs,
    },
    limits,
  )
}

function takeMade(
  { key }: PageJob,
  { fingerprint, generated }: BuiltPage,
  begin: number,
  { settings, now, madeAt, reuse, write }: Work,
): Made {
  if (fingerprint !== undefined) reuse?.note(toRowHash(key), fingerprint)
  const times = { startedAt: madeAt ?? begin, generatedAt: madeAt ?? now() }
  const entry = toEntry(key, generated, times, settings)
  return toMade(toFacts(entry), () => write(entry), now() - begin, false)
}

/** The record is only there until the next one is read, so it goes into the pack at once. */
function takeEarlier(
  { key }: PageJob,
  { hash, fingerprint }: Known,
  durationMs: number,
  { reuse, append }: Work,
): Made | undefined {
  const earlier = reuse?.read(key, hash)
  if (!earlier || !append) return undefined
  reuse?.note(hash, fingerprint)
  const written = append(earlier.record, key, hash)
  // Heard by whoever writes.
  written.catch(() => {})
  return toMade(earlier, () => written, durationMs, true)
}

/**
 * Each field by name: where facts are spread beside a function, each page gets a hidden class of its own, and those were most of
 * what piled up between two full collections.
 */
function toMade(
  { revalidate, expire, htmlBytes, dataBytes }: RecordFacts,
  write: Made['write'],
  durationMs: number,
  isReused: boolean,
): Made {
  return { write, revalidate, expire, htmlBytes, dataBytes, durationMs, isReused }
}

function toFacts(entry: Entry): RecordFacts {
  const { revalidate, expire } = entry
  if (entry.kind !== 'page') return { revalidate, expire, htmlBytes: 0, dataBytes: 0 }
  const { html, data } = entry
  return { revalidate, expire, htmlBytes: toPlainBytes(html), dataBytes: data ? toPlainBytes(data) : 0 }
}

function note(report: PrerenderedRoute, { route, isShell, path, index }: PageJob, made: Made): void {
  // The shell of a page with data is not one of its paths; that of a page without is all that it has.
  if (isShell && route.kind === 'isr') return
  const { revalidate, expire, htmlBytes, durationMs } = made
  report.paths += 1
  const { shown } = report
  // Most are neither: they are not worth a list each.
  const isSlow = shown.length < SHOWN_PATHS || shown.some((other) => other.durationMs < durationMs)
  if (index >= SHOWN_PATHS && !isSlow) return
  report.shown = pickShown([...shown, { path, index, htmlBytes, revalidate, expire, durationMs }])
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
