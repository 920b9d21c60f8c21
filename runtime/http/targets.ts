import { toPageKey, toShellKey } from '../routing/key.ts'
import { createMatcher } from '../routing/match.ts'
import { toPath } from '../routing/path.ts'
import { isDynamic } from '../routing/pattern.ts'
import type { ManifestRoute, Params, RouteManifest, Target } from '../types.ts'

/** Finds what a path stands for. */
export interface Targets {
  /** The page at a base-less, still encoded path; undefined where there is none. Error pages have no path of their own. */
  findPage(path: string): Target | undefined
  /** The API route at a path. */
  findApi(path: string): { route: ManifestRoute; params: Params } | undefined
  /** What is shown for a `fallback: true` page until it is there. */
  toShell(target: Target): Target
  /** The page that is shown with an error; the build has a default of each. */
  readonly errors: { readonly 404: Target; readonly 500: Target }
  /** The pattern of that page. */
  findPattern(path: string): string | undefined
  /** The key of the page whose canonical path this is, if it is one; undefined for names that no page answers to. */
  toKey(path: string): string | undefined
}

/** Modules with these names shape pages; they are none. */
const RESERVED = new Set(['/404', '/_app', '/_document', '/_error'])

export function createTargets(manifest: RouteManifest): Targets {
  const matchPage = createMatcher(manifest.routes.filter((route) => route.kind !== 'api'))
  const matchApi = createMatcher(manifest.routes.filter((route) => route.kind === 'api'))
  const hasErrorPage = manifest.routes.some((route) => route.pattern === '/500')
  const shared = new Set(
    manifest.routes
      .filter((route) => route.kind === 'static' && isDynamic(route.pattern))
      .map((route) => route.pattern),
  )

  function toErrorTarget(pattern: '/404' | '/500'): Target {
    const route = manifest.routes.find((candidate) => candidate.pattern === pattern) ?? {
      pattern,
      kind: 'static',
      file: `the default ${pattern} page`,
      css: [],
      js: [],
      paths: 0,
    }
    return { key: toPageKey(pattern), route, params: {}, path: pattern }
  }

  const errors = { 404: toErrorTarget('/404'), 500: toErrorTarget('/500') }

  function findPage(path: string): Target | undefined {
    const bare = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
    const match = matchPage(bare)
    if (!match) return undefined
    const canonical = toCanonicalPath(match.route.pattern, match.params)
    // Asked of the one spelling, or `/%34%30%34` would be another name of the 404 page.
    if (canonical === undefined || RESERVED.has(canonical) || (canonical === '/500' && !hasErrorPage)) return undefined
    // A dynamic page without data functions is the same document for every path.
    const key = shared.has(match.route.pattern) ? toShellKey(match.route.pattern) : toPageKey(canonical)
    return { key, route: match.route, params: match.params, path: canonical }
  }

  return {
    findPage,
    findPattern: (path) => findPage(path)?.route.pattern,
    findApi: matchApi,
    toShell: (target) => ({
      key: toShellKey(target.route.pattern),
      route: target.route,
      params: {},
      path: target.route.pattern,
    }),
    errors,
    toKey: (path) => (RESERVED.has(path) || path === '/500' ? undefined : toPageKey(path)),
  }
}

function toCanonicalPath(pattern: string, params: Params): string | undefined {
  try {
    return toPath(pattern, params)
  } catch {
    // A parameter that has no spelling, such as a dot segment that was hidden behind an escape.
    return undefined
  }
}
