import { createMatcher } from '../../runtime/routing/match.ts'
import { isDynamic } from '../../runtime/routing/pattern.ts'
import type { ParsedPaths, RouteRecord } from '../../runtime/types.ts'
import { pathsConflict, pathShadowed, type Problem } from '../errors.ts'
import type { ServedFiles } from '../routes/served-files.ts'

/**
 * Finds paths that two pages claim: a path of two `getStaticPaths`, one that is another page's own, and one that requests
 * would never reach because a more specific page or a file answers it. Stored all the same, it would be served in that page's name.
 *
 * @param routes all routes, the default error pages among them
 * @param listings what each page's `getStaticPaths` returned, by pattern
 * @param served what is served before any page
 */
export function findPathConflicts(
  routes: readonly RouteRecord[],
  listings: ReadonlyMap<string, ParsedPaths>,
  served?: ServedFiles,
): Problem[] {
  const match = createMatcher(routes)
  const problems: Problem[] = []
  const listed = new Map<string, ReadonlySet<string>>()

  /** Not asked for a path that is answered as it should be: a set of all paths is only made where something is wrong. */
  function isListed(pattern: string, path: string): boolean {
    const paths = listed.get(pattern) ?? new Set(listings.get(pattern)?.paths)
    listed.set(pattern, paths)
    return paths.has(path)
  }

  for (const route of routes) {
    for (const path of listings.get(route.pattern)?.paths ?? []) {
      const answering = match(path)?.route
      if (answering && answering.pattern !== route.pattern) {
        const isClaimed = !isDynamic(answering.pattern) || isListed(answering.pattern, path)
        problems.push(
          isClaimed
            ? pathsConflict(path, [answering.file, route.file])
            : pathShadowed(path, route.file, answering.file),
        )
        continue
      }
      const shadow = served?.findShadow({ path: toFilePath(path), file: route.file })
      if (shadow) problems.push(shadow)
    }
  }
  return problems
}

/** An escaped slash is part of a name, and no file has one in its name. */
function toFilePath(path: string): string {
  return /%2f|%5c/i.test(path) ? path : decodeURIComponent(path)
}
