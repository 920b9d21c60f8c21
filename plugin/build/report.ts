import type { Colors } from 'picocolors/types.js'
import type { Fallback, RouteKind } from '../../runtime/types.ts'
import { formatBytes, formatMs, formatSeconds } from './format.ts'

/** One prerendered path. */
export interface PathReport {
  readonly path: string
  /** Position among the listed paths of the page. */
  readonly index: number
  readonly htmlBytes: number
  readonly revalidate: number | false
  readonly expire: number
  readonly durationMs: number
}

/** One line of the table, or for a dynamic page several. */
export interface RouteReport {
  readonly pattern: string
  readonly kind: RouteKind
  /** Of a page with `getStaticPaths`. */
  readonly fallback: Fallback | undefined
  /** Compressed bytes of all scripts that the page loads; undefined for API routes. */
  readonly jsBytes: number | undefined
  /** Prerendered paths: how many. */
  readonly paths: number
  /** Some of the paths; on a page without parameters its only one. */
  readonly shown: readonly PathReport[]
}

/** Paths of a page that the table shows, as in Next.js. */
export const SHOWN_PATHS = 3
/** Next.js's bound: what is quicker is not worth a word. */
const SLOW_MS = 300
/** Next.js's bounds of what is much for a first load. */
const HEAVY_JS = 170_000
const LARGE_JS = 130_000

type Paint = (text: string) => string
type Cell = { readonly text: string; readonly paint?: Paint }
type Row = readonly Cell[]

const HEADER = ['Route (pages)', 'JS', 'HTML', 'Revalidate', 'Expire']

/**
 * The table at the end of a build, in the manner that users know from Next.js.
 *
 * @param routes pages and API routes in any order, with an entry of pattern `/_app` if there is one
 * @returns lines, without a line break at the end
 */
export function renderReport(routes: readonly RouteReport[], colors: Colors): string {
  const sorted = [...routes].sort((one, other) => (toSortKey(one) < toSortKey(other) ? -1 : 1))
  const rows = sorted.flatMap((route, index) => toRows(route, toBranch(index, sorted.length), colors))
  const legend = toLegend(sorted, colors)
  return [...layOut([HEADER.map((text) => ({ text, paint: colors.underline })), ...rows]), ...legend].join('\n')
}

/** The line below the table, where there is something to say. */
export function renderReused(pages: number, colors: Colors): string {
  if (pages === 0) return ''
  const what = pages === 1 ? '1 page is that' : `${pages} pages are those`
  return `${colors.dim(`${what} of the last build: neither their code nor their data has changed.`)}\n`
}

/** As Next.js has it, `_app` comes right after the home page. */
function toSortKey({ pattern }: RouteReport): string {
  return pattern === '/_app' ? '/\u0001' : pattern
}

function toBranch(index: number, length: number): { corner: string; line: string } {
  if (index === length - 1) return { corner: length === 1 ? '─' : '└', line: ' ' }
  return { corner: index === 0 ? '┌' : '├', line: '│' }
}

function toRows(route: RouteReport, { corner, line }: { corner: string; line: string }, colors: Colors): Row[] {
  const js = toJsCell(route.jsBytes, colors)
  if (!isDynamicPage(route)) {
    const [own] = route.shown
    const name = `${corner} ${symbolOf(route)} ${route.pattern}${own ? toDuration(own.durationMs) : ''}`
    return [[{ text: name }, js, ...toPathCells(own)]]
  }
  const shown = pickShown(route.shown)
  const rest = route.paths - shown.length
  // As in Next.js: with children the symbol stands before each of them.
  const head: Row = [{ text: `${corner} ${shown.length > 0 ? ' ' : symbolOf(route)} ${route.pattern}` }, js]
  const children = shown.map((path, index): Row => {
    const last = index === shown.length - 1 && rest === 0
    const name = `${line} ${last ? '└' : '├'} ${symbolOf(route)} ${path.path}${toDuration(path.durationMs)}`
    return [{ text: name }, { text: '' }, ...toPathCells(path)]
  })
  const more: Row[] =
    rest > 0 ? [[{ text: `${line} └ ${symbolOf(route)} [+${rest} more paths]`, paint: colors.dim }]] : []
  return [head, ...children, ...more]
}

function isDynamicPage({ pattern, kind }: RouteReport): boolean {
  return pattern.includes('[') && kind === 'isr'
}

/** The slow ones are worth a look; else the first. */
function pickShown(paths: readonly PathReport[]): readonly PathReport[] {
  const slow = paths
    .filter(({ durationMs }) => durationMs > SLOW_MS)
    .sort((one, other) => other.durationMs - one.durationMs)
  return [...slow, ...paths.filter((path) => !slow.includes(path))].slice(0, SHOWN_PATHS)
}

function symbolOf({ pattern, kind }: RouteReport): string {
  if (pattern === '/_app') return ' '
  return { static: '○', isr: '●', server: 'ƒ', api: 'ƒ' }[kind]
}

function toJsCell(bytes: number | undefined, colors: Colors): Cell {
  if (bytes === undefined) return { text: '' }
  const paint = bytes > HEAVY_JS ? colors.red : bytes > LARGE_JS ? colors.yellow : colors.green
  return { text: formatBytes(bytes), paint }
}

function toPathCells(path: PathReport | undefined): Row {
  if (!path) return []
  const html = { text: path.htmlBytes > 0 ? formatBytes(path.htmlBytes) : '' }
  // A page that is never stale does not expire either.
  if (path.revalidate === false) return [html]
  return [html, { text: formatSeconds(path.revalidate) }, { text: formatSeconds(path.expire) }]
}

function toDuration(ms: number): string {
  return ms > SLOW_MS ? ` (${formatMs(ms)})` : ''
}

/** Pads every column to its widest cell; colours come last, since they have no width. */
function layOut(rows: readonly Row[]): string[] {
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column]?.text.length ?? 0)))
  return rows.map((row) =>
    row
      .map(
        ({ text, paint }, column) => (paint && text ? paint(text) : text) + ' '.repeat(widths[column]! - text.length),
      )
      .join('  ')
      .trimEnd(),
  )
}

function toLegend(routes: readonly RouteReport[], colors: Colors): string[] {
  const kinds = new Set(routes.filter(({ pattern }) => pattern !== '/_app').map(({ kind }) => kind))
  const lines = [
    kinds.has('static') && ['○', '(Static)', 'prerendered as static content'],
    kinds.has('isr') && ['●', '(SSG)', 'prerendered as static HTML (uses getStaticProps)'],
    (kinds.has('server') || kinds.has('api')) && ['ƒ', '(Dynamic)', 'server-rendered on demand'],
  ].filter((line) => line !== false)
  const width = Math.max(0, ...lines.map(([, name]) => name!.length))
  return ['', ...lines.map(([symbol, name, meaning]) => `${symbol}  ${colors.dim(name!.padEnd(width))}  ${meaning}`)]
}
