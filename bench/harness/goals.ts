import type { Results } from './results.ts'
import { formatNumber } from './table.ts'

/** The median of a table's cell; undefined where that was not measured. */
type Find = (table: string, row: string, column: string) => number | undefined

interface Goal {
  /** In Markdown. */
  readonly text: string
  readonly measure: (find: Find) => number | undefined
  /** Default: a ratio. */
  readonly unit?: string
  /** What was measured has to be as much. Without it `most` is there. */
  readonly least?: number
  /** What was measured must not be more. */
  readonly most?: number
  /** For the reader, where it is not met. */
  readonly obstacle?: string
}

const COST = 'cpu'
const WRITES = 'more than half of a hit is the kernel, see [where the time goes](#where-the-time-goes)'
const BUSY = '500 hits/s while 50 pages/s are made'

const GOALS: readonly Goal[] = [
  {
    text: 'Hit in the own server: at least 1.2 times as fast as `node:http` and a Map',
    measure: (find) => compare(find, 'hits-compressed', COST, 'raw', 'isr'),
    least: 1.2,
    obstacle: WRITES,
  },
  {
    text: 'Hit as a middleware: at least 0.95 of that',
    measure: (find) => compare(find, 'hits-compressed', COST, 'raw', 'isr-http'),
    least: 0.95,
    obstacle:
      'other middleware wants to see what is written, so it is written Node’s way, with more headers than the row above has',
  },
  {
    text: '304 in the own server: as fast as `node:http` and a Map',
    measure: (find) => compare(find, 'hits-unchanged', COST, 'raw', 'isr'),
    least: 1,
    obstacle: WRITES,
  },
  {
    text: 'Hit: at most 1/25 of what one costs Next.js',
    measure: (find) => compare(find, 'hits-compressed', COST, 'next', 'isr'),
    least: 25,
  },
  {
    text: 'Hit: at most 1/6 of what one costs Nitro',
    measure: (find) => compare(find, 'hits-compressed', COST, 'nitro', 'isr'),
    least: 6,
  },
  {
    text: '10 000 pages at random: at least 0.8 of `node:http` and a Map that has all of them',
    measure: (find) => compare(find, 'hits-many', COST, 'raw', 'isr'),
    least: 0.8,
    obstacle: 'their heads are made anew each second, and what is not in memory is read from the file of the build',
  },
  {
    text: 'and in at most 150 MB',
    measure: (find) => find('hits-many', 'isr', 'memory'),
    unit: 'MB',
    most: 150,
    obstacle:
      '60 MB are Node and the server, 40 the pages, and V8 collects garbage late on a machine with much memory; less with a smaller `cache.memoryBytes`',
  },
  {
    text: `${BUSY}: p99 at most 3 times the quiet one`,
    measure: (find) => find('busy-rate-500', 'isr', 'growth'),
    most: 3,
    obstacle: 'server, renders and load share two cores',
  },
  {
    text: `${BUSY}: p99 at most 1/20 of that of Next.js`,
    measure: (find) => find('busy-rate-500', 'isr', 'share'),
    most: 1 / 20,
    obstacle: 'server, renders and load share two cores',
  },
  {
    text: '300 hits/s and 100 pages/s, more than one core makes: all answered',
    measure: (find) => find('busy-rate-300', 'isr', 'unanswered'),
    unit: 'not answered',
    most: 0,
  },
  {
    text: '10 000 at once for one page: one render',
    measure: (find) => find('herd-cold-10000', 'isr', 'renders'),
    unit: 'render',
    most: 1,
  },
  {
    text: 'and all answered within the render and half a second',
    measure: (find) => find('herd-cold-10000', 'isr', 'last'),
    unit: 'ms',
    most: 550,
    obstacle: 'Node itself takes longer for so many connections on one core: see the row of `node:http` and a timer',
  },
  {
    text: 'Misses: at least 0.7 of bare `renderToString`, rendering in a worker thread',
    measure: (find) => compare(find, 'misses-identity', 'rate', 'isr', 'render'),
    least: 0.7,
    obstacle: 'the page goes from thread to thread, and is kept, compressed and stored besides',
  },
  {
    text: 'Misses: at least 0.95 of it, rendering on the thread that answers',
    measure: (find) => compare(find, 'misses-identity', 'rate', 'isr-in-process', 'render'),
    least: 0.95,
    obstacle: 'the page is kept, compressed and stored besides',
  },
  {
    text: 'Misses: at least 10 times those of Next.js',
    measure: (find) => compare(find, 'misses-identity', 'rate', 'isr', 'next'),
    least: 10,
    obstacle: 'see the two rows above',
  },
  {
    text: 'Build of 10 000 pages: at least 0.8 of the pages per second of a loop that makes the same bodies',
    measure: (find) => compare(find, 'build-10000', 'rate', 'isr', 'compressed-2'),
    least: 0.8,
    obstacle: 'an index, digests, fingerprints and checks besides, and Vite’s own memory in the same process',
  },
  {
    text: 'Build of 10 000 pages: at least 5 times the pages per second of `next build`',
    measure: (find) => compare(find, 'build-10000', 'rate', 'isr', 'next'),
    least: 5,
    obstacle: 'most of the time goes into compressing, which Next.js does at each request instead',
  },
  {
    text: 'Build again with 1 % of the data changed, 10 000 pages: at least 10 times as fast',
    measure: (find) => compare(find, 'rebuild', 'pages', 'first', 'rebuild'),
    least: 10,
    obstacle:
      'both cores are busy: `getStaticProps` runs for every page, since nothing else tells what has changed, and code is compiled that lives for half a second',
  },
  {
    text: 'Ready with 1 000 000 prerendered pages in half a second',
    measure: (find) => find('scale-start', 'isr 1000000', 'ready'),
    unit: 'ms',
    most: 500,
  },
  {
    text: 'First answer after at most 1.5 times what `node:http` takes',
    measure: (find) => compare(find, 'scale-start', 'ready', 'isr', 'bare'),
    most: 1.5,
  },
  {
    text: 'A page in memory: at most 500 bytes beside what is stored of it',
    measure: (find) => find('scale-memory', 'isr', 'overhead'),
    unit: 'bytes',
    most: 500,
    obstacle: 'objects and names that a hit needs at hand',
  },
  {
    text: 'A page in the index: at most 100 bytes',
    measure: (find) => find('scale-memory', 'isr', 'index'),
    unit: 'bytes',
    most: 100,
  },
]

/** What each goal came to, as a table in Markdown. */
export function toGoals(all: readonly Results[]): string {
  const tables = new Map(all.flatMap(({ tables: list }) => list.map((table) => [table.id, table] as const)))
  const find: Find = (table, row, column) => {
    const cell = tables.get(table)?.rows.find(({ name }) => name === row)?.cells[column]
    return typeof cell === 'object' ? cell.median : undefined
  }
  const rows = GOALS.map((goal) => [goal.text, ...judge(goal, goal.measure(find))])
  return [['Goal', 'Measured', 'Met'], ['---', '---:', '---'], ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')
}

function judge({ unit, least, most, obstacle }: Goal, value: number | undefined): [measured: string, met: string] {
  if (value === undefined) return ['–', 'not measured']
  const isMet = (least === undefined || value >= least) && (most === undefined || value <= most)
  const digits = unit !== undefined || value >= 100 ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 3
  const measured = `${formatNumber(value, digits)}${unit === undefined ? '×' : ` ${unit}`}`
  return [measured, isMet ? 'yes' : ['**no**', ...(obstacle === undefined ? [] : [obstacle])].join(': ')]
}

function compare(find: Find, table: string, column: string, one: string, other: string): number | undefined {
  const [value, reference] = [find(table, one, column), find(table, other, column)]
  return value === undefined || reference === undefined || reference === 0 ? undefined : value / reference
}
