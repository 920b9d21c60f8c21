/**
 * A piece of a route pattern between two slashes.
 * `static` is literal text, `param` is `[id]`, `catchAll` is `[...slug]`, `optionalCatchAll` is `[[...slug]]`.
 */
export type Segment =
  | { readonly type: 'static'; readonly text: string }
  | { readonly type: 'param' | 'catchAll' | 'optionalCatchAll'; readonly name: string }

const OPTIONAL_CATCH_ALL = /^\[\[\.\.\.([^[\]]+)\]\]$/
const CATCH_ALL = /^\[\.\.\.([^[\]]+)\]$/
const PARAM = /^\[([^[\].][^[\]]*)\]$/

/**
 * Reads a pattern in Next's spelling.
 *
 * @param pattern `/`, `/posts/[id]`, `/docs/[[...slug]]`
 * @throws `SyntaxError` when brackets are unbalanced or a catch-all is not the last segment
 * @example parsePattern('/posts/[id]') // [{ type: 'static', text: 'posts' }, { type: 'param', name: 'id' }]
 * @see https://nextjs.org/docs/pages/building-your-application/routing/dynamic-routes
 */
export function parsePattern(pattern: string): Segment[] {
  const pieces = pattern.split('/').filter((piece) => piece !== '')
  const names = new Set<string>()
  return pieces.map((piece, index) => {
    const segment = parseSegment(piece, pattern)
    if (segment.type === 'static') return segment
    if (names.has(segment.name)) throw new SyntaxError(`"${pattern}" uses the parameter "${segment.name}" twice.`)
    names.add(segment.name)
    if (segment.type !== 'param' && index !== pieces.length - 1) {
      throw new SyntaxError(`"${pattern}" has the catch-all "${piece}" before its end; it must be the last segment.`)
    }
    return segment
  })
}

function parseSegment(piece: string, pattern: string): Segment {
  const optional = OPTIONAL_CATCH_ALL.exec(piece)
  if (optional) return { type: 'optionalCatchAll', name: optional[1]! }
  const catchAll = CATCH_ALL.exec(piece)
  if (catchAll) return { type: 'catchAll', name: catchAll[1]! }
  const param = PARAM.exec(piece)
  if (param) return { type: 'param', name: param[1]! }
  if (piece.startsWith('[') || piece.endsWith(']')) {
    throw new SyntaxError(`"${pattern}" has the segment "${piece}"; write [name], [...name] or [[...name]].`)
  }
  return { type: 'static', text: piece }
}

/** Whether a pattern has parameters. */
export function isDynamic(pattern: string): boolean {
  return parsePattern(pattern).some((segment) => segment.type !== 'static')
}
