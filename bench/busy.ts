// What visitors of pages from the cache feel while pages are made again behind them.
import { runLoad } from './harness/load.ts'
import { chooseCores } from './harness/machine.ts'
import { runOpenLoop } from './harness/open.ts'
import { readOptions } from './harness/options.ts'
import { startServer, type Running } from './harness/process.ts'
import { writeResults, type ResultTable, type Row } from './harness/results.ts'
import { measureRounds, type Sample } from './harness/rounds.ts'
import type { Figure } from './harness/statistics.ts'
import { checkSamePages } from './servers/check.ts'
import { prepareServers, type Prepared } from './servers/index.ts'
import { isr, isrInHttp, isrInProcess } from './servers/isr.ts'
import { next } from './servers/next.ts'
import { nitro } from './servers/nitro.ts'
import { listPaths } from './site/posts.ts'
import { measureWorkUnits } from './site/work.ts'

interface Scenario {
  readonly id: string
  readonly title: string
  /** Requests per second; undefined: as many as 64 connections get. */
  readonly rate: number | undefined
  /** Pages that are asked for in turn: as many are out of date each second. */
  readonly pages: number
  /** The same requests while nothing is out of date. */
  readonly isQuiet: boolean
}

interface Subject {
  readonly name: string
  readonly label: string
  /** With pages that stay fresh, and with pages that live a second. */
  readonly quiet: Prepared
  readonly busy: Prepared
  readonly place: Place
}

interface Place {
  readonly id: string
  readonly title: string
  readonly server: string | undefined
  readonly load: string | undefined
}

const RENDER_MS = 10
const PAGES = 100
const options = readOptions({ rounds: 3, seconds: 8 })
const pinned = chooseCores()
const warmUpSeconds = options.isSmoke ? 1 : 3

const quietOf = (rate: number): Scenario => ({
  id: `quiet-${rate}`,
  title: `${rate} hits/s, nothing is made`,
  rate,
  pages: 50,
  isQuiet: true,
})
const busyOf = (rate: number, pages: number): Scenario => ({
  id: `busy-${rate}-${pages}`,
  title: `${rate} hits/s while ${pages} pages/s are made`,
  rate,
  pages,
  isQuiet: false,
})
const ALL: readonly Scenario[] = [
  quietOf(200),
  busyOf(200, 20),
  busyOf(200, 50),
  quietOf(500),
  busyOf(500, 20),
  busyOf(500, 50),
  { ...quietOf(300), title: '300 hits/s, nothing is made' },
  busyOf(300, 100),
  { id: 'quiet-full', title: 'As many hits as it takes, nothing is made', rate: undefined, pages: 50, isQuiet: true },
  {
    id: 'busy-full',
    title: 'As many hits as it takes while 50 pages/s are made',
    rate: undefined,
    pages: 50,
    isQuiet: false,
  },
]
const scenarios = options.isSmoke ? ALL.filter(({ id }) => ['quiet-200', 'busy-200-20'].includes(id)) : ALL

const places: Place[] = [{ id: 'all', title: 'all cores', server: undefined, load: undefined }]
if (pinned && !options.isSmoke) places.push({ id: 'one', title: 'one core', ...pinned })

// Two builds of Next.js would take longer than all the rest of a smoke run; `herd` and `misses` start it.
const kinds = options.isSmoke ? [isr, nitro] : [isr, isrInHttp, isrInProcess, nitro, next]
const work = RENDER_MS * measureWorkUnits()
const quiet = await prepareServers(kinds, { pages: PAGES, work }, options)
const busy = await prepareServers(kinds, { pages: PAGES, work, revalidate: 1 }, options)
await checkSamePages(quiet.servers, ['/posts/1'])
const subjects = places.flatMap((place) =>
  quiet.servers.map((server, index): Subject => ({
    name: `${server.name} ${place.id}`,
    label: server.label,
    quiet: server,
    busy: busy.servers[index] ?? server,
    place,
  })),
)
const figures = await measureRounds(subjects, options.rounds, measure)
const tables = places.flatMap((place) => scenarios.map((scenario) => toTable(place, scenario)))
writeResults('busy', { method: describeMethod(), leftOut: quiet.leftOut, tables }, options)

async function measure(subject: Subject): Promise<Sample> {
  const sample: Record<string, number> = {}
  for (const scenario of scenarios) {
    const { command } = scenario.isQuiet ? subject.quiet : subject.busy
    const server = await startServer(command, { cores: subject.place.server })
    try {
      // Each page once: Nitro makes them with their first request.
      const paths = listPaths(scenario.pages)
      for (const path of paths) await fetch(server.url + path).then((answer) => answer.arrayBuffer())
      const measured = await measureScenario(server, scenario, subject.place)
      for (const [key, value] of Object.entries(measured)) sample[`${scenario.id} ${key}`] = value
    } finally {
      await server.stop()
    }
  }
  return sample
}

async function measureScenario(server: Running, { rate, pages }: Scenario, place: Place): Promise<Sample> {
  const paths = listPaths(pages)
  const common = { url: server.url, paths, cores: place.load, seconds: options.seconds }
  if (rate === undefined) {
    await runLoad({ ...common, seconds: warmUpSeconds })
    const { perSecond, p50, p99, p999, failures, badStatuses } = await runLoad(common)
    return { rate: perSecond, p50, p99, p999, unanswered: failures + badStatuses }
  }
  const result = await runOpenLoop({ ...common, rate, warmUpSeconds })
  const { p50, p99, p999, longest, unanswered, badStatuses, ageP50, ageP99, late, renders } = result
  return {
    p50,
    p99,
    p999,
    longest,
    unanswered: unanswered + badStatuses,
    ageP50: ageP50 / 1000,
    ageP99: ageP99 / 1000,
    renders: renders / options.seconds,
    late,
  }
}

function toTable(place: Place, { id, title, rate, isQuiet }: Scenario): ResultTable {
  const own = subjects.filter((subject) => subject.place === place)
  return {
    id: `${id}-${place.id}`,
    title: `${title}, ${place.title}`,
    ...(!isQuiet && { notes: describeBusy(rate) }),
    ...(own.some(({ name }) => name.startsWith('isr ')) && { reference: `isr ${place.id}` }),
    columns: [
      ...(rate === undefined ? [{ key: 'rate', label: 'requests/s', isCompared: true }] : []),
      { key: 'p50', label: 'p50', unit: 'ms', digits: 2 },
      { key: 'p99', label: 'p99', unit: 'ms', digits: 2, isCompared: true },
      { key: 'p999', label: 'p99.9', unit: 'ms', digits: 2 },
      { key: 'quiet', label: 'p99 while nothing is made', unit: 'ms', digits: 2 },
      { key: 'unanswered', label: 'not answered' },
      ...(rate === undefined || isQuiet
        ? []
        : [
            { key: 'renders', label: 'pages/s made' },
            { key: 'ageP50', label: 'age p50', unit: 's', digits: 2 },
            { key: 'ageP99', label: 'age p99', unit: 's', digits: 2 },
          ]),
    ],
    rows: own.map((subject) => toRow(subject, { id, rate, isQuiet })),
    ...(!isQuiet && {
      chart: { column: 'p99', title: `${title}, ${place.title}: p99, ms`, scale: 'logarithmic' as const },
    }),
  }
}

function toRow({ name, label }: Subject, { id, rate, isQuiet }: Pick<Scenario, 'id' | 'rate' | 'isQuiet'>): Row {
  const all = figures.get(name) ?? {}
  const cells = pickCells(all, id)
  const quietP99 = all[`quiet-${rate ?? 'full'} p99`]
  return { name, label, cells: { ...cells, ...(!isQuiet && quietP99 && { quiet: quietP99 }) } }
}

function describeBusy(rate: number | undefined): string {
  const made = `A render takes ${RENDER_MS} ms, and each page is out of date after a second.`
  return rate === undefined
    ? made
    : `${made} Age is how long ago what was served had been rendered: what is above one second is the time from stale to fresh.`
}

function pickCells(all: Readonly<Record<string, Figure>>, id: string): Record<string, Figure> {
  const own = Object.entries(all).filter(([key]) => key.startsWith(`${id} `))
  return Object.fromEntries(own.map(([key, figure]) => [key.slice(id.length + 1), figure]))
}

function describeMethod(): string {
  return (
    `${options.rounds} interleaved rounds, a fresh process for each measurement, ${options.seconds} s after ${warmUpSeconds} s of ` +
    'warm-up; an open loop of our own (bench/harness/open-loop.ts): requests are sent at their times, whether or not earlier ones ' +
    'are answered; on one core the load has another one; median (least–most)'
  )
}
