import { createRecent } from '../cache/recent.ts'
import { toDataName } from '../routing/data-path.ts'
import { toPageKey, toShellKey } from '../routing/key.ts'
import { createMatcher } from '../routing/match.ts'
import { toPath } from '../routing/path.ts'
import { isDynamic } from '../routing/pattern.ts'
import type { ManifestRoute, Params, RouteManifest, Target } from '../types.ts'
import { applyTrailingSlash } from '../routing/trailing-slash.ts'
import { toDataPrefix } from './data-url.ts'
import type { Form } from './representation.ts'

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
  /** What was found before for exactly this raw path, with base. */
  recall(rawPath: string): Known | undefined
  /** Keeps what a raw path stands for, if that is its one canonical spelling. */
  remember(rawPath: string, target: Target, form: Form): void
}

/** A path that has been found before. */
export interface Known {
  readonly target: Target
  readonly form: Form
}

/** Modules with these names shape pages; they are none. */
const RESERVED = new Set(['/404', '/_app', '/_document', '/_error'])

/** Each remembered path costs about half a kilobyte, and four times its length: in the key, the path, the parameters and itself. */
const MAX_KNOWN = 16_384
const KNOWN_BYTES = 512
const MAX_KNOWN_BYTES = MAX_KNOWN * 1024

export function createTargets(manifest: RouteManifest): Targets {
  const { base, trailingSlash } = manifest
  const basePrefix = base.slice(0, -1)
  const dataPrefix = basePrefix + toDataPrefix(manifest.buildId)
  const matchPage = createMatcher(manifest.routes.filter((route) => route.kind !== 'api'))
  const matchApi = createMatcher(manifest.routes.filter((route) => route.kind === 'api'))
  const hasErrorPage = manifest.routes.some((route) => route.pattern === '/500')
  const shared = new Set(
    manifest.routes
      .filter((route) => route.kind === 'static' && isDynamic(route.pattern))
      .map((route) => route.pattern),
  )
  const known = createRecent<Known>({
    max: MAX_KNOWN,
    maxSize: MAX_KNOWN_BYTES,
    toSize: (_found, rawPath) => KNOWN_BYTES + 4 * rawPath.length,
  })

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

  function toRawPath(target: Target, form: Form): string {
    if (form === 'html') return basePrefix + applyTrailingSlash(target.path, trailingSlash)
    return `${dataPrefix}${toDataName(target.path).slice(1)}.json`
  }

  return {
    findPage,
    findApi: matchApi,
    toShell: (target) => ({
      key: toShellKey(target.route.pattern),
      route: target.route,
      params: {},
      path: target.route.pattern,
    }),
    errors,
    recall: (rawPath) => known.get(rawPath),
    remember(rawPath, target, form) {
      // Other spellings of the path would let a visitor fill the memory with names for one page.
      const spelling = toRawPath(target, form)
      if (spelling !== rawPath) return
      // Texts of our own: the visitor's are parts of the whole request target, which they would keep in memory, query and all.
      const { key, route, path } = target
      // Not by `structuredClone`, after which each has a hidden class of its own.
      known.set(spelling, {
        target: { key, route, params: JSON.parse(JSON.stringify(target.params)) as Params, path },
        form,
      })
    },
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
