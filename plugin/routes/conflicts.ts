import {
  catchAllNotLast,
  catchAllsConflict,
  filesShareRoute,
  nameReserved,
  optionalCatchAllShadows,
  parameterNamesDiffer,
  parameterRepeated,
  segmentInvalid,
  specialNested,
  type Problem,
} from '../errors.ts'

/** A page file and the route that its place stands for. */
export interface PageFile {
  /** `/posts/[id]`; for the special files `/_app`, `/_document`, `/_error`. */
  readonly pattern: string
  /** Relative to the Vite root, for messages. */
  readonly file: string
}

const SPECIAL = ['_app', '_document', '_error']

/** Whether a route path is one of the files at the top of the pages folder that are no routes. */
export function isSpecialPath(pattern: string): boolean {
  return SPECIAL.includes(pattern.slice(1))
}

/** What is wrong with the names of the files, by themselves and together. */
export function findConflicts(pages: readonly PageFile[], pagesDir: string): Problem[] {
  const problems: Problem[] = []
  const sound: PageFile[] = []
  for (const page of pages) {
    const problem = checkName(page, pagesDir)
    if (problem) problems.push(problem)
    else sound.push(page)
  }

  const tree = createNode('/')
  for (const page of sound) insert(tree, page)
  collect(tree, problems)
  return problems
}

type Dynamic = 'param' | 'catchAll' | 'optionalCatchAll'

function readDynamic(segment: string): { type: Dynamic; name: string } | undefined {
  const match = /^\[(\[)?(\.\.\.)?([^[\].][^[\]]*)\](\])?$/.exec(segment)
  if (!match || Boolean(match[1]) !== Boolean(match[4])) return undefined
  if (match[1]) return match[2] ? { type: 'optionalCatchAll', name: match[3]! } : undefined
  return { type: match[2] ? 'catchAll' : 'param', name: match[3]! }
}

function checkName({ pattern, file }: PageFile, pagesDir: string): Problem | undefined {
  const segments = pattern.split('/').filter((segment) => segment !== '')
  const names = new Set<string>()
  for (const [index, segment] of segments.entries()) {
    if (!/[[\]]/.test(segment)) continue
    const dynamic = readDynamic(segment)
    if (!dynamic) return segmentInvalid(file, segment, explain(segment))
    // An object with this key set has another prototype instead.
    if (dynamic.name === '__proto__') return segmentInvalid(file, segment, 'has a name that objects cannot hold')
    if (names.has(dynamic.name)) return parameterRepeated(file, dynamic.name)
    if (dynamic.type !== 'param' && index < segments.length - 1) return catchAllNotLast(file, segment)
    names.add(dynamic.name)
  }
  const last = segments.at(-1)
  if (segments.length > 1 && last !== undefined && SPECIAL.includes(last) && segments[0] !== 'api') {
    return specialNested(file, last, pagesDir)
  }
  return segments[0] === '_isr' ? nameReserved(file, pattern) : undefined
}

function explain(segment: string): string {
  if (/^\[\[[^.].*\]\]$/.test(segment)) return 'is an optional parameter, which only a catch-all can be'
  if (/^\[.*\]$/.test(segment)) return 'has no valid name between its brackets'
  return 'is not a parameter as a whole'
}

interface RouteNode {
  readonly path: string
  readonly pages: PageFile[]
  readonly children: Map<string, RouteNode>
  /** Per kind of parameter: the segments at this place, each with the first file that has it. */
  readonly dynamic: Record<Dynamic, Map<string, string>>
}

function createNode(path: string): RouteNode {
  return {
    path,
    pages: [],
    children: new Map(),
    dynamic: { param: new Map(), catchAll: new Map(), optionalCatchAll: new Map() },
  }
}

function insert(tree: RouteNode, page: PageFile): void {
  let node = tree
  for (const segment of page.pattern.split('/').filter((part) => part !== '')) {
    const dynamic = readDynamic(segment)
    if (dynamic && !node.dynamic[dynamic.type].has(segment)) node.dynamic[dynamic.type].set(segment, page.file)
    const child = node.children.get(segment) ?? createNode(`${node.path === '/' ? '' : node.path}/${segment}`)
    node.children.set(segment, child)
    node = child
  }
  node.pages.push(page)
}

function collect(node: RouteNode, problems: Problem[]): void {
  const { param, catchAll, optionalCatchAll } = node.dynamic
  const [page, ...others] = node.pages
  if (page && others.length > 0) {
    problems.push(
      filesShareRoute(
        page.pattern,
        node.pages.map(({ file }) => file),
      ),
    )
  }
  for (const names of [param, catchAll, optionalCatchAll]) {
    if (names.size > 1) {
      problems.push(
        parameterNamesDiffer(
          node.path,
          [...names].map(([segment, file]) => ({ segment, file })),
        ),
      )
    }
  }
  if (catchAll.size > 0 && optionalCatchAll.size > 0) {
    problems.push(catchAllsConflict(node.path, [...catchAll.values(), ...optionalCatchAll.values()]))
  }
  const [optional] = optionalCatchAll.values()
  if (page && optional !== undefined) problems.push(optionalCatchAllShadows(page.pattern, optional, page.file))
  for (const child of node.children.values()) collect(child, problems)
}
