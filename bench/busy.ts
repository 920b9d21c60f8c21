// What visitors of pages from the cache feel while pages are made again behind them.
import { runLoad } from './harness/load.ts'
import { chooseCores } from './harness/machine.ts'
import { runOpenLoop } from './harness/open.ts'
import { readOptions } from './harness/options.ts'
import { startServer, type Running } from './harness/process.ts'
import { writeResults, type Cell, type ResultTable, type Row } from './harness/results.ts'
import { measureRounds, type Sample } from './harness/rounds.ts'
import { toFigure, type Figure } from './harness/statistics.ts'
import { formatNumber } from './harness/table.ts'
import { checkSamePages } from './servers/check.ts'
import { prepareServers, type Prepared } from './servers/index.ts'
import { isr, isrInProcess } from './servers/isr.ts'
import { next } from './servers/next.ts'
import { nitro } from './servers/nitro.ts'
import { listPaths } from './site/posts.ts'
import { measureWorkUnits } from './site/work.ts'

interface Load {
  readonly id: string
  readonly title: string
  /** Requests per second; undefined: as many as 64 connections get. */
  readonly rate: number | undefined
  /** Pages per second that are made meanwhile: as many are asked for in turn, and each is out of date after a second. */
  readonly made: readonly number[]
  readonly isOneCore?: boolean
}

interface Subject {
  readonly name: string
  readonly label: string
  /** With pages that stay fresh, and with pages that live a second. */
  readonly quiet: Prepared
  readonly busy: Prepared
}

const RENDER_MS = 10
const DAY_MS = 86_400_000
/** Pages that are asked for in turn where nothing is made. */
const QUIET_PAGES = 50
const options = readOptions({ rounds: 2, seconds: 4 })
// A smoke run takes the builds of the questions before it.
const pages = options.isSmoke ? 10 : 100
const pinned = chooseCores()
const warmUpSeconds = options.isSmoke ? 1 : 1.5

// What leaves work behind comes last: one process goes through all that it is asked for on its cores.
const ALL: readonly Load[] = [
  { id: 'rate-200', title: '200 hits/s', rate: 200, made: [20, 50] },
  { id: 'rate-500', title: '500 hits/s', rate: 500, made: [20, 50] },
  { id: 'full', title: 'As many hits as it takes', rate: undefined, made: [50] },
  { id: 'rate-300', title: '300 hits/s and more pages than one core makes', rate: 300, made: [100] },
  { id: 'one-core', title: '500 hits/s, the server on one core', rate: 500, made: [50], isOneCore: true },
]
const loads = options.isSmoke
  ? [{ id: 'rate-200', title: '200 hits/s', rate: 200, made: [20] }]
  : ALL.filter(({ isOneCore }) => !isOneCore || pinned !== undefined)

// Two builds of Next.js would take longer than all the rest of a smoke run; `misses` starts it.
const kinds = options.isSmoke ? [isr, nitro] : [isr, isrInProcess, nitro, next]
const work = options.isSmoke ? 0 : RENDER_MS * measureWorkUnits()
const quiet = await prepareServers(kinds, { pages, work }, options)
const busy = await prepareServers(kinds, { pages, work, revalidate: 1 }, options)
await checkSamePages(quiet.servers, ['/posts/1'])
const subjects = quiet.servers.map((server, index): Subject => ({
  name: server.name,
  label: server.label,
  quiet: server,
  busy: busy.servers[index] ?? server,
}))
const figures = await measureRounds(subjects, options.rounds, measure, options.isSmoke)
writeResults('busy', { method: describeMethod(), leftOut: quiet.leftOut, tables: loads.map(toTable) }, options)

async function measure(subject: Subject): Promise<Sample> {
  const sample: Record<string, number> = {}
  for (const isOneCore of [false, true]) {
    const own = loads.filter((load) => (load.isOneCore ?? false) === isOneCore)
    if (own.length === 0) continue
    Object.assign(sample, await measureServer(subject.quiet, own, () => [0]))
    Object.assign(sample, await measureServer(subject.busy, own, ({ made }) => made))
  }
  return sample
}

/** One process, which is asked in all these ways, one after the other. */
async function measureServer(
  { command }: Prepared,
  own: readonly Load[],
  listMade: (load: Load) => readonly number[],
): Promise<Sample> {
  const isOneCore = own[0]?.isOneCore ?? false
  const server = await startServer(command, { cores: isOneCore ? pinned?.server : undefined })
  try {
    // Each page once: Nitro makes them with their first request.
    for (const path of listPaths(pages)) await fetch(server.url + path).then((answer) => answer.arrayBuffer())
    const sample: Record<string, number> = {}
    for (const load of own) {
      for (const made of listMade(load)) {
        const measured = await measureLoad(server, load, made)
        for (const [key, value] of Object.entries(measured)) sample[`${load.id} ${made} ${key}`] = value
      }
    }
    return sample
  } finally {
    await server.stop()
  }
}

async function measureLoad(server: Running, { rate, isOneCore }: Load, made: number): Promise<Sample> {
  const paths = listPaths(made === 0 ? QUIET_PAGES : made)
  const common = { url: server.url, paths, cores: isOneCore ? pinned?.load : undefined, seconds: options.seconds }
  if (rate === undefined) {
    const load = { ...common, mayStandStill: true }
    await runLoad({ ...load, seconds: 1 })
    const { requests, perSecond, p50, p99, p999, failures, badStatuses } = await runLoad(load)
    return { rate: perSecond, ...(requests > 0 && { p50, p99, p999 }), unanswered: failures + badStatuses }
  }
  const result = await runOpenLoop({ ...common, rate, warmUpSeconds, lifetime: made === 0 ? DAY_MS : 1000 })
  const { p50, p99, p999, unanswered, badStatuses, lagP50, lagP99, late, renders } = result
  return {
    p50,
    p99,
    p999,
    unanswered: unanswered + badStatuses,
    lagP50,
    lagP99,
    renders: renders / options.seconds,
    late,
  }
}

function toTable(load: Load): ResultTable {
  const { id, title, rate, made } = load
  const most = made.at(-1) ?? 0
  return {
    id: `busy-${id}`,
    title,
    notes: `Times are p50 / p99 / p99.9. Busy : quiet and the share of Next.js are of the p99 at ${most} pages/s.`,
    columns: [
      { key: 'quiet', label: 'nothing is made, ms' },
      ...made.map((count) => ({ key: `made-${count}`, label: `${count} pages/s, ms` })),
      { key: 'growth', label: 'busy : quiet', digits: 1 },
      { key: 'share', label: 'of Next.js', digits: 3 },
      { key: 'unanswered', label: 'not answered' },
      ...(rate === undefined
        ? [
            { key: 'quietRate', label: 'requests/s while nothing is made' },
            { key: 'rate', label: `requests/s at ${most} pages/s` },
          ]
        : [
            { key: 'renders', label: `pages/s made, of ${most}` },
            { key: 'lag', label: 'lag p50 / p99, ms' },
          ]),
    ],
    rows: subjects.map((subject) => toRow(subject, load, most)),
    chart: { column: 'p99', title: `${title}, ${most} pages/s are made: p99, ms`, scale: 'logarithmic' },
  }
}

function toRow({ name, label }: Subject, { id, made }: Load, most: number): Row {
  const all = figures.get(name) ?? {}
  const pick = (count: number, key: string): Figure | undefined => all[`${id} ${count} ${key}`]
  const p99 = pick(most, 'p99')
  const cells: Record<string, Cell | undefined> = {
    quiet: formatTimes(0),
    ...Object.fromEntries(made.map((count) => [`made-${count}`, formatTimes(count)])),
    growth: toRatio(p99, pick(0, 'p99')),
    share: name === next.name ? undefined : toRatio(p99, figures.get(next.name)?.[`${id} ${most} p99`]),
    unanswered: pick(most, 'unanswered'),
    quietRate: pick(0, 'rate'),
    rate: pick(most, 'rate'),
    renders: pick(most, 'renders'),
    lag: `${formatMedian(pick(most, 'lagP50'), 0)} / ${formatMedian(pick(most, 'lagP99'), 0)}`,
    // Of the chart.
    p99,
  }
  const known = Object.entries(cells).filter((cell): cell is [string, Cell] => cell[1] !== undefined)
  return { name, label, cells: Object.fromEntries(known) }

  function formatTimes(count: number): string {
    return ['p50', 'p99', 'p999'].map((key) => formatMedian(pick(count, key), 2)).join(' / ')
  }
}

function toRatio(one: Figure | undefined, other: Figure | undefined): Figure | undefined {
  return one && other && other.median > 0 ? toFigure([one.median / other.median]) : undefined
}

function formatMedian(figure: Figure | undefined, digits: number): string {
  return figure === undefined ? '–' : formatNumber(figure.median, digits)
}

function describeMethod(): string {
  return (
    `${options.rounds} interleaved rounds, ${options.seconds} s each after ${warmUpSeconds} s of warm-up, medians. In each round a ` +
    'server has one process for what is measured while nothing is made and one for the rest, and two more on one core. An open ' +
    'loop of our own (bench/harness/open-loop.ts) sends requests at their times, whether or not earlier ones are answered. ' +
    `A render takes ${RENDER_MS} ms, each page is out of date after a second and is asked for several times a second. Lag: how long ` +
    'ago a page that was served should have been replaced, counted from when it was first asked for at that rate'
  )
}
