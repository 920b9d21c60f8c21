import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { glob } from 'tinyglobby'
import { normalizePath } from 'vite'
import { pageOutside, pagesDirMissing, usageErrors, type Problem } from '../errors.ts'
import type { RouteKind, RouteRecord } from '../../runtime/types.ts'
import { findConflicts, isSpecialPath } from './conflicts.ts'
import { findExportProblems } from './export-rules.ts'
import { readPageExports, type PageExports } from './exports.ts'
import { defaultPageExtensions, findPagesDir, isApiPath, toRealPath, toRoutePath } from './folder.ts'
import type { ServedFiles } from './served-files.ts'

/** What the pages folder holds. */
export interface Pages {
  /** The folder: absolute, with forward slashes. */
  readonly pagesDir: string
  /** Pages and API routes, sorted by pattern. */
  readonly routes: readonly RouteRecord[]
  /** The files that shape every page: absolute, links followed. */
  readonly special: { readonly app?: string; readonly document?: string; readonly error?: string }
  /** The file of each route: absolute, links followed, as Vite names the module. */
  readonly files: ReadonlyMap<string, string>
  /** The exports of each route, by pattern; a file with a syntax error is missing here, and Vite reports it. */
  readonly exports: ReadonlyMap<string, PageExports>
}

/** Keeps what was read of each file, so that a scan after an edit parses one file. The caller owns it. */
export type ScanCache = Map<string, { readonly hash: string; readonly exports: PageExports | undefined }>

export interface ScanOptions {
  /** Vite's root, absolute. */
  readonly root: string
  /** The option of the same name: absolute, or relative to the root. Default: `pages`, else `src/pages`. */
  readonly pagesDir?: string | undefined
  readonly pageExtensions?: readonly string[] | undefined
  readonly cache?: ScanCache | undefined
  /** Whether pages are written for Next.js: `_document` may have `getInitialProps`. Default false. */
  readonly next?: boolean | undefined
  /** What is served before any page. Default: nothing. */
  readonly served?: ServedFiles | undefined
}

/** How many files are open at a time: thousands of pages must not run into the limit of the system. */
const FILES_AT_A_TIME = 64

/**
 * Finds the pages and API routes of a site.
 *
 * @throws `UsageError` that lists everything that is wrong: no folder, names that are no routes, files with one URL,
 *   pages behind assets or public files, exports that don't go together.
 */
export async function scanPages(options: ScanOptions): Promise<Pages> {
  const root = normalizePath(options.root)
  const extensions = options.pageExtensions ?? defaultPageExtensions
  const pagesDir = findPagesDir(root, options.pagesDir)
  if (!(await isFolder(pagesDir))) throw usageErrors([explainMissing(root, pagesDir)])

  const found = await findFiles(pagesDir, extensions)
  const problems: Problem[] = []
  const pages: ScannedFile[] = []
  const realPagesDir = toRealPath(pagesDir)
  await forEachAtMost(FILES_AT_A_TIME, found, async ({ pattern, path }) => {
    const file = toName(root, path)
    const real = toRealPath(path)
    const code = await readText(real)
    // Gone since it was listed.
    if (code === undefined) return
    if (!real.startsWith(`${realPagesDir}/`)) {
      problems.push(pageOutside(file, toName(root, real), toName(root, pagesDir)))
      return
    }
    pages.push({ pattern, file, path: real, exports: readExports(real, code, options.cache) })
  })
  pages.sort((a, b) => compare(a.pattern, b.pattern) || compare(a.file, b.file))
  problems.push(...findConflicts(pages, toName(root, pagesDir)))
  for (const { pattern, file } of pages) {
    const shadow = isSpecialPath(pattern) ? undefined : options.served?.findShadow({ path: pattern, file })
    if (shadow) problems.push(shadow)
  }
  for (const page of pages) if (page.exports) problems.push(...findExportProblems(page, page.exports, options))
  const [first, ...more] = problems
  if (first) throw usageErrors([first, ...more])

  return toPages(pagesDir, pages)
}

interface ScannedFile {
  readonly pattern: string
  /** Relative to the root, for messages. */
  readonly file: string
  readonly path: string
  readonly exports: PageExports | undefined
}

function toPages(pagesDir: string, pages: readonly ScannedFile[]): Pages {
  const special: { app?: string; document?: string; error?: string } = {}
  const routes: RouteRecord[] = []
  const files = new Map<string, string>()
  const exports = new Map<string, PageExports>()
  for (const page of pages) {
    if (page.pattern === '/_app') special.app = page.path
    else if (page.pattern === '/_document') special.document = page.path
    else if (page.pattern === '/_error') special.error = page.path
    if (isSpecialPath(page.pattern)) continue
    routes.push({ pattern: page.pattern, kind: toKind(page), file: page.file })
    files.set(page.pattern, page.path)
    if (page.exports) exports.set(page.pattern, page.exports)
  }
  return { pagesDir, routes, special, files, exports }
}

function toKind({ pattern, exports }: ScannedFile): RouteKind {
  if (isApiPath(pattern)) return 'api'
  if (exports?.names.includes('getServerSideProps')) return 'server'
  return exports?.names.includes('getStaticProps') ? 'isr' : 'static'
}

async function findFiles(
  pagesDir: string,
  extensions: readonly string[],
): Promise<{ pattern: string; path: string }[]> {
  const names = await glob('**/*', { cwd: pagesDir, expandDirectories: false })
  return names.map(normalizePath).flatMap((name) => {
    const pattern = toRoutePath(name, extensions)
    return pattern === undefined ? [] : [{ pattern, path: `${pagesDir}/${name}` }]
  })
}

function readExports(path: string, code: string, cache: ScanCache | undefined): PageExports | undefined {
  const hash = createHash('sha1').update(code).digest('base64')
  const known = cache?.get(path)
  if (known?.hash === hash) return known.exports
  // While a page is being typed it often does not parse. Its last known exports keep its kind, and so the route table.
  const exports = readPageExports(code, path) ?? known?.exports
  cache?.set(path, { hash, exports })
  return exports
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function explainMissing(root: string, pagesDir: string): Problem {
  const name = toName(root, pagesDir)
  const isDefault = name === 'pages' || name === 'src/pages'
  return isDefault ? pagesDirMissing(['pages', 'src/pages'], root) : pagesDirMissing([name])
}

/** The path relative to the root where it lies in it, else the path itself. */
function toName(root: string, path: string): string {
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}

/** Code units, not a locale's rules: the same order on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

async function forEachAtMost<T>(limit: number, items: readonly T[], visit: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  await Promise.all(
    Array.from({ length: Math.min(limit, items.length) }, async () => {
      for (const item of queue) await visit(item)
    }),
  )
}
