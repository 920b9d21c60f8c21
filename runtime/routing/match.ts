import type { Params } from '../types.ts'
import { parsePattern, type Segment } from './pattern.ts'

/** A path found its route. */
export interface Match<R> {
  readonly route: R
  readonly params: Params
}

interface Node<R> {
  /** Static children by their decoded text. */
  readonly children: Map<string, Node<R>>
  param: { readonly name: string; readonly node: Node<R> } | undefined
  catchAll: { readonly name: string; readonly route: R } | undefined
  optionalCatchAll: { readonly name: string; readonly route: R } | undefined
  route: R | undefined
}

/**
 * Builds the matcher for a table of routes. At each level a static name wins over `[id]`, that over `[...slug]`, that over
 * `[[...slug]]`; a branch that leads nowhere is left for the next one, as in Next.js. Matching costs time in the number of
 * segments, not of routes.
 *
 * The matcher takes a path without base and query, still percent-encoded. It splits at `/` first and decodes each segment
 * once, so `%2F` stays data inside its segment. It answers undefined where no route fits or the encoding is malformed.
 *
 * @example createMatcher([{ pattern: '/posts/[id]' }])('/posts/a%2Fb') // { route, params: { id: 'a/b' } }
 */
export function createMatcher<R extends { readonly pattern: string }>(
  routes: readonly R[],
): (path: string) => Match<R> | undefined {
  const root = createNode<R>()
  for (const route of routes) insert(root, parsePattern(route.pattern), route)

  return function matchPath(path) {
    const segments = decodeSegments(path)
    return segments && descend(root, segments, 0, [])
  }
}

function createNode<R>(): Node<R> {
  return { children: new Map(), param: undefined, catchAll: undefined, optionalCatchAll: undefined, route: undefined }
}

function insert<R>(root: Node<R>, segments: readonly Segment[], route: R): void {
  let node = root
  for (const segment of segments) {
    if (segment.type === 'static') {
      let child = node.children.get(segment.text)
      if (!child) node.children.set(segment.text, (child = createNode()))
      node = child
    } else if (segment.type === 'param') {
      node.param ??= { name: segment.name, node: createNode() }
      node = node.param.node
    } else {
      node[segment.type] ??= { name: segment.name, route }
      return
    }
  }
  node.route ??= route
}

/** The decoded segments of a path, or undefined when an escape is malformed. An empty segment matches nothing, so it is kept. */
function decodeSegments(path: string): string[] | undefined {
  const pieces = path.split('/').slice(1)
  if (pieces.length === 1 && pieces[0] === '') return []
  try {
    return path.includes('%') ? pieces.map(decodeURIComponent) : pieces
  } catch {
    return undefined
  }
}

type Captured = ReadonlyArray<readonly [name: string, value: string | string[]]>

function descend<R>(
  node: Node<R>,
  segments: readonly string[],
  index: number,
  captured: Captured,
): Match<R> | undefined {
  if (index === segments.length) {
    if (node.route) return { route: node.route, params: toParams(captured) }
    // The parameter of an empty optional catch-all is absent, not an empty array.
    return node.optionalCatchAll && { route: node.optionalCatchAll.route, params: toParams(captured) }
  }
  const segment = segments[index]!
  if (segment === '') return undefined
  const child = node.children.get(segment)
  const viaChild = child && descend(child, segments, index + 1, captured)
  if (viaChild) return viaChild
  const viaParam =
    node.param && descend(node.param.node, segments, index + 1, [...captured, [node.param.name, segment]])
  if (viaParam) return viaParam
  const rest = node.catchAll ?? node.optionalCatchAll
  if (!rest) return undefined
  const tail = segments.slice(index)
  return tail.includes('') ? undefined : { route: rest.route, params: toParams([...captured, [rest.name, tail]]) }
}

/** `Object.fromEntries` defines own properties, so a parameter called `__proto__` is an ordinary one. */
function toParams(captured: Captured): Params {
  return Object.fromEntries(captured)
}
