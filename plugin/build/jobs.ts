import { toPageKey, toShellKey } from '../../runtime/routing/key.ts'
import { createMatcher } from '../../runtime/routing/match.ts'
import { toPath } from '../../runtime/routing/path.ts'
import { isDynamic } from '../../runtime/routing/pattern.ts'
import type { Job, Params, ParsedPaths, RouteRecord } from '../../runtime/types.ts'
import type { Known } from './reuse.ts'

/** One page or shell to prerender. */
export interface PageJob {
  readonly route: RouteRecord
  readonly key: string
  /** Position among the paths of the route. */
  readonly index: number
  /** The path, or for a shell the pattern. */
  readonly path: string
  readonly isShell: boolean
  /** Finds the parameters of its path: few pages are asked for them here. */
  readonly match: (path: string) => { readonly params: Params } | undefined
}

/** What has to be done for a page. */
export function toJob({ route, path, isShell, match }: PageJob): Extract<Job, { type: 'page' | 'shell' }> {
  const { pattern, kind } = route
  if (isShell) return { type: 'shell', pattern, isFallback: kind === 'isr' }
  return { type: 'page', pattern, params: match(path)!.params, path, reason: 'build' }
}

/** A page to prerender, and the one that the build before made, if it made one. */
export interface Candidate {
  readonly pageJob: PageJob
  readonly known: Known | undefined
}

/** How many jobs `createJobs` will yield. */
export function countJobs(routes: readonly RouteRecord[], listings: ReadonlyMap<string, ParsedPaths>): number {
  return routes.reduce((sum, route) => sum + countOf(route, listings.get(route.pattern)), 0)
}

function countOf({ kind, pattern }: RouteRecord, listing: ParsedPaths | undefined): number {
  if (kind !== 'isr' && kind !== 'static') return 0
  if (kind === 'static' || !isDynamic(pattern)) return 1
  return listing ? listing.paths.length + (listing.fallback === true ? 1 : 0) : 0
}

/**
 * Everything that a build prerenders: pages without parameters, the listed paths of dynamic ones, and what is rendered
 * once per pattern (shells of `fallback: true`, dynamic pages without data). A page whose listing failed is left out.
 */
export function* createJobs(
  routes: readonly RouteRecord[],
  listings: ReadonlyMap<string, ParsedPaths>,
): Generator<PageJob, void> {
  for (const route of routes) {
    const { kind, pattern } = route
    if (kind !== 'isr' && kind !== 'static') continue
    const match = createMatcher([route])
    const toPage = (path: string, index: number) => ({
      route,
      key: toPageKey(path),
      index,
      path,
      isShell: false,
      match,
    })
    const shell = { route, key: toShellKey(pattern), index: 0, path: pattern, isShell: true, match }
    if (!isDynamic(pattern)) yield toPage(toPath(pattern, {}), 0)
    else if (kind === 'static') yield shell
    else {
      const listing = listings.get(pattern)
      if (!listing) continue
      // First, as it is the render that most often fails: a component that takes its props for granted.
      if (listing.fallback === true) yield shell
      for (const [index, path] of listing.paths.entries()) yield toPage(path, index)
    }
  }
}

/**
 * Puts pages together that may be those of the build before: as many as asked for, of one pattern, in their order. Any other
 * page stands alone.
 */
export function* createBatches(
  jobs: Iterable<PageJob>,
  find: (key: string) => Known | undefined,
  toSize: () => number,
): Generator<readonly Candidate[], void> {
  let batch: Candidate[] = []
  for (const pageJob of jobs) {
    const candidate = { pageJob, known: find(pageJob.key) }
    const isOther = candidate.known === undefined || batch[0]?.pageJob.route !== pageJob.route
    if (batch.length > 0 && (isOther || batch.length >= toSize())) {
      yield batch
      batch = []
    }
    if (candidate.known === undefined) yield [candidate]
    else batch.push(candidate)
  }
  if (batch.length > 0) yield batch
}
