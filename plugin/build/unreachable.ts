import { IsrError } from '../../runtime/errors.ts'
import { parseRequestUrl } from '../../runtime/http/request-url.ts'
import { createMatcher } from '../../runtime/routing/match.ts'
import type { ParsedPaths, RouteRecord, Settings } from '../../runtime/types.ts'
import type { PageFailure } from './prerender.ts'

/**
 * Finds paths that the server refuses to be asked for, by the rules that it has itself. Their pages would be built, and nobody
 * would ever see them.
 */
export function findUnreachable(
  route: RouteRecord,
  { paths }: ParsedPaths,
  { maxPathBytes }: Pick<Settings, 'maxPathBytes'>,
): PageFailure[] {
  const match = createMatcher([route])
  return paths.flatMap((path): PageFailure[] => {
    const url = parseRequestUrl(path, { base: '/', trailingSlash: false, maxPathBytes })
    if (url.type !== 'refused') return []
    const advice =
      url.status === 414
        ? `It has ${path.length} bytes, and the option \`maxPathBytes\` allows ${maxPathBytes}.`
        : 'Take it out of the paths.'
    const message = `${route.file}: getStaticPaths returned a path that no request can ask for (${url.reason}). ${advice}`
    const error = new IsrError('ISR_PATHS', message, { page: route.file, path })
    return [{ route, path, params: match(path)!.params, isShell: false, error }]
  })
}
