import { createMatcher } from '../../runtime/routing/match.ts'
import { toPath } from '../../runtime/routing/path.ts'
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
  const owners = new Map<string, RouteRecord>()
  const problems: Problem[] = []
  for (const route of routes) if (!isDynamic(route.pattern)) owners.set(toPath(route.pattern, {}), route)
  for (const route of routes) {
    for (const { path } of listings.get(route.pattern)?.paths ?? []) {
      const owner = owners.get(path)
      const answering = match(path)?.route
      const shadow = served?.findShadow({ path: toFilePath(path), file: route.file })
      if (owner) problems.push(pathsConflict(path, [owner.file, route.file]))
      else if (answering && answering.pattern !== route.pattern)
        problems.push(pathShadowed(path, route.file, answering.file))
      else if (shadow) problems.push(shadow)
      else owners.set(path, route)
    }
  }
  return problems
}

/** An escaped slash is part of a name, and no file has one in its name. */
function toFilePath(path: string): string {
  return /%2f|%5c/i.test(path) ? path : decodeURIComponent(path)
}
