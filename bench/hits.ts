// How many requests a second, and how much processor time for each, where nothing has to be rendered.
import { runLoad, chooseGenerator, type LoadResult } from './harness/load.ts'
import { chooseCores } from './harness/machine.ts'
import { readOptions } from './harness/options.ts'
import { startServer, type Running } from './harness/process.ts'
import { writeResults, type ResultTable } from './harness/results.ts'
import { measureRounds, type Sample } from './harness/rounds.ts'
import type { Figure } from './harness/statistics.ts'
import { formatNumber } from './harness/table.ts'
import { checkSamePages, request } from './servers/check.ts'
import { ALL_SERVERS, prepareServers, type Prepared } from './servers/index.ts'
import { listPaths } from './site/posts.ts'

interface Mode {
  readonly id: string
  readonly title: string
  readonly notes?: string
  /** Default: `warmUpSeconds` below. */
  readonly warmUpSeconds?: number
  readonly paths: readonly string[]
  readonly headers: (url: string) => Promise<Record<string, string>>
  readonly status: number
}

const COMPRESSED = { 'accept-encoding': 'gzip, br' }
const POST = '/posts/1'

const options = readOptions({ rounds: 3, seconds: 3 })
const cores = options.isSmoke ? undefined : chooseCores()
const pages = options.isSmoke ? 10 : 10_000
const warmUpSeconds = 1
const connections = options.isSmoke ? 4 : 64

const modes: readonly Mode[] = [
  {
    id: 'hits-compressed',
    title: 'Hits, `Accept-Encoding: gzip, br`',
    paths: [POST],
    headers: async () => COMPRESSED,
    status: 200,
  },
  { id: 'hits-identity', title: 'Hits, not compressed', paths: [POST], headers: async () => ({}), status: 200 },
  {
    id: 'hits-unchanged',
    title: 'Hits, `If-None-Match` (304)',
    paths: [POST],
    headers: async (url) => ({ ...COMPRESSED, 'if-none-match': await readValidator(url) }),
    status: 304,
  },
  {
    id: 'hits-many',
    title: `${formatNumber(pages, 0)} pages at random, \`Accept-Encoding: gzip, br\``,
    notes:
      'Six seconds of warm-up, in which a fast server is asked for each page once or more. Memory is resident memory of the server and its children after the run.',
    warmUpSeconds: 6,
    paths: listPaths(pages),
    headers: async () => COMPRESSED,
    status: 200,
  },
]

const { servers, leftOut } = await prepareServers(ALL_SERVERS, { pages }, options)
await checkSamePages(servers, listPaths(Math.min(pages, 3)))
const figures = await measureRounds(servers, options.rounds, measure, options.isSmoke)
writeResults('hits', { method: describeMethod(), leftOut, tables: modes.map(toTable) }, options)

async function measure({ command, label }: Prepared): Promise<Sample> {
  const server = await startServer(command, { cores: cores?.server })
  try {
    const sample: Record<string, number> = {}
    for (const mode of modes) Object.assign(sample, await measureMode(server, mode, label))
    return sample
  } finally {
    await server.stop()
  }
}

async function measureMode(server: Running, mode: Mode, label: string): Promise<Sample> {
  const headers = await mode.headers(server.url + POST)
  const answer = await request(server.url + POST, headers)
  if (answer.status !== mode.status)
    throw new Error(`${label}, ${mode.title}: status ${answer.status}, not ${mode.status}.`)
  const load = { url: server.url, paths: mode.paths, headers, connections, cores: cores?.load }
  if (!options.isSmoke) await runLoad({ ...load, seconds: mode.warmUpSeconds ?? warmUpSeconds })
  const cpuBefore = server.readCpuMs()
  const result = await runLoad({ ...load, seconds: options.seconds })
  const cpuMs = server.readCpuMs() - cpuBefore
  refuseFailures(result, `${label}, ${mode.title}`)
  return {
    [`${mode.id} rate`]: result.perSecond,
    [`${mode.id} cpu`]: (cpuMs * 1000) / result.requests,
    [`${mode.id} p99`]: result.p99,
    [`${mode.id} memory`]: server.readMemory() / 1e6,
  }
}

function refuseFailures({ badStatuses, failures, requests }: LoadResult, what: string): void {
  if (badStatuses + failures === 0) return
  throw new Error(`${what}: of ${requests} answers ${badStatuses} were errors, and ${failures} requests had none.`)
}

async function readValidator(url: string): Promise<string> {
  const { headers } = await request(url, COMPRESSED)
  return headers.etag ?? ''
}

function toTable({ id, title, notes }: Mode): ResultTable {
  return {
    id,
    title,
    ...(notes !== undefined && { notes }),
    reference: 'raw',
    columns: [
      { key: 'rate', label: 'requests/s', isCompared: true },
      { key: 'cpu', label: 'processor time of a request', unit: 'µs', digits: 1, isCompared: true },
      { key: 'p99', label: 'p99', unit: 'ms', digits: 1 },
      { key: 'memory', label: 'memory', unit: 'MB' },
    ],
    rows: servers.map(({ name, label }) => ({ name, label, cells: pickCells(figures.get(name) ?? {}, id) })),
    chart: {
      column: 'cpu',
      title: `${title.replaceAll('`', '')}: processor time of a request, µs`,
    },
  }
}

function pickCells(all: Readonly<Record<string, Figure>>, id: string): Record<string, Figure> {
  const own = Object.entries(all).filter(([key]) => key.startsWith(`${id} `))
  return Object.fromEntries(own.map(([key, figure]) => [key.slice(id.length + 1), figure]))
}

function describeMethod(): string {
  const pinned = cores === undefined ? '' : `, server on core ${cores.server}, load on core ${cores.load}`
  return `${options.rounds} interleaved rounds of fresh processes, ${options.seconds} s each after ${warmUpSeconds} s of warm-up, ${connections} connections of ${chooseGenerator()}${pinned}; median (least–most), ratio to \`node:http\``
}
