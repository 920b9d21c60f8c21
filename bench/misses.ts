// How many pages a second are made because somebody asks for them, against a server that only renders.
import { chooseGenerator, runLoad, type LoadResult } from './harness/load.ts'
import { chooseCores } from './harness/machine.ts'
import { readOptions } from './harness/options.ts'
import { startServer } from './harness/process.ts'
import { writeResults, type ResultTable } from './harness/results.ts'
import { measureRounds, type Sample } from './harness/rounds.ts'
import type { Figure } from './harness/statistics.ts'
import { checkSamePages } from './servers/check.ts'
import { prepareServers, type Prepared } from './servers/index.ts'
import { isr, isrInProcess } from './servers/isr.ts'
import { next } from './servers/next.ts'
import { nitro } from './servers/nitro.ts'
import { render } from './servers/render.ts'

interface Mode {
  readonly id: string
  readonly title: string
  readonly headers: Readonly<Record<string, string>>
}

const MODES: readonly Mode[] = [
  { id: 'misses-identity', title: 'Misses, not compressed', headers: {} },
  {
    id: 'misses-compressed',
    title: 'Misses, `Accept-Encoding: gzip, br`',
    headers: { 'accept-encoding': 'gzip, br' },
  },
]
const CONNECTIONS = 16
const PRERENDERED = 10
/** More than any of them renders in a second. */
const MOST_PER_SECOND = 12_000

const options = readOptions({ rounds: 3, seconds: 8 })
const cores = chooseCores()
const warmUpSeconds = options.isSmoke ? 1 : 3
let lastPath = 1000

const { servers, leftOut } = await prepareServers(
  [render, isr, isrInProcess, nitro, next],
  { pages: PRERENDERED },
  options,
)
await checkSamePages(servers, takePaths(1))
const figures = await measureRounds(servers, options.rounds, measure)
writeResults('misses', { method: describeMethod(), leftOut, tables: MODES.map(toTable) }, options)

async function measure(prepared: Prepared): Promise<Sample> {
  const sample: Record<string, number> = {}
  for (const mode of MODES) Object.assign(sample, await measureMode(prepared, mode))
  return sample
}

async function measureMode({ command, label }: Prepared, { id, title, headers }: Mode): Promise<Sample> {
  const server = await startServer(command, { cores: cores?.server })
  try {
    const load = { url: server.url, headers, connections: CONNECTIONS, cores: cores?.load, isOnce: true }
    await runLoad({ ...load, paths: takePaths(warmUpSeconds * MOST_PER_SECOND), seconds: warmUpSeconds })
    const cpuBefore = server.readCpuMs()
    const paths = takePaths(options.seconds * MOST_PER_SECOND)
    const result = await runLoad({ ...load, paths, seconds: options.seconds })
    const cpuMs = server.readCpuMs() - cpuBefore
    refuseFailures(result, `${label}, ${title}`)
    return {
      [`${id} rate`]: result.perSecond,
      [`${id} cpu`]: (cpuMs * 1000) / result.requests,
      [`${id} p50`]: result.p50,
      [`${id} p99`]: result.p99,
      [`${id} memory`]: server.readMemory() / 1e6,
    }
  } finally {
    await server.stop()
  }
}

/** Addresses that nobody has asked for yet. */
function takePaths(count: number): string[] {
  const first = lastPath + 1
  lastPath += count
  return Array.from({ length: count }, (_, index) => `/posts/${first + index}`)
}

function refuseFailures({ badStatuses, failures, requests }: LoadResult, what: string): void {
  if (badStatuses + failures === 0) return
  throw new Error(`${what}: of ${requests} answers ${badStatuses} were errors, and ${failures} requests had none.`)
}

function toTable({ id, title }: Mode): ResultTable {
  return {
    id,
    title,
    notes:
      'Each page is asked for once and made by a blocking fallback. Processor time is that of the whole server: what it ' +
      'compresses and stores behind the answers is in it as far as it happened during the run.',
    reference: 'render',
    columns: [
      { key: 'rate', label: 'misses/s', isCompared: true },
      { key: 'cpu', label: 'processor time of a miss', unit: 'µs', isCompared: true },
      { key: 'p50', label: 'p50', unit: 'ms', digits: 1 },
      { key: 'p99', label: 'p99', unit: 'ms', digits: 1 },
      { key: 'memory', label: 'memory', unit: 'MB' },
    ],
    rows: servers.map(({ name, label }) => ({ name, label, cells: pickCells(figures.get(name) ?? {}, id) })),
    chart: { column: 'rate', title: `${title.replaceAll('`', '')}: misses per second`, scale: 'linear' },
  }
}

function pickCells(all: Readonly<Record<string, Figure>>, id: string): Record<string, Figure> {
  const own = Object.entries(all).filter(([key]) => key.startsWith(`${id} `))
  return Object.fromEntries(own.map(([key, figure]) => [key.slice(id.length + 1), figure]))
}

function describeMethod(): string {
  const pinned = cores === undefined ? '' : `, server on core ${cores.server}, load on core ${cores.load}`
  return `${options.rounds} interleaved rounds of fresh processes, ${options.seconds} s each after ${warmUpSeconds} s of warm-up, ${CONNECTIONS} connections of ${chooseGenerator()}${pinned}; median (least–most), ratio to bare \`renderToString\``
}
