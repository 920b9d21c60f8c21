// Where each microsecond of a hit and of a miss goes, by the profiler of V8.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runLoad } from './harness/load.ts'
import { chooseCores } from './harness/machine.ts'
import { readOptions } from './harness/options.ts'
import { startServer } from './harness/process.ts'
import { writeResults, type ResultTable } from './harness/results.ts'
import { measureRounds, type Sample } from './harness/rounds.ts'
import { request } from './servers/check.ts'
import { prepareServers, type Prepared } from './servers/index.ts'
import { isr, isrInHttp } from './servers/isr.ts'
import { raw } from './servers/raw.ts'

/** As `--cpu-prof` writes it: times are in microseconds of the machine's monotonic clock. */
interface Profile {
  readonly nodes: ReadonlyArray<{ readonly id: number; readonly callFrame: Frame }>
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
  readonly startTime: number
}

interface Frame {
  readonly functionName: string
  readonly url: string
}

interface Mode {
  readonly id: 'hit' | 'miss'
  readonly title: string
  readonly connections: number
  readonly servers: readonly string[]
}

const MODES: readonly Mode[] = [
  { id: 'hit', title: 'A hit, `Accept-Encoding: gzip, br`', connections: 64, servers: ['raw', 'isr', 'isr-http'] },
  { id: 'miss', title: 'A miss, `Accept-Encoding: gzip, br`', connections: 16, servers: ['isr'] },
]

/** Of the parts of `dist/server` that both programs and the pages share, those that are ours. */
const OWN_CHUNKS = /\/chunks\/(?:protocol|errors|query|props|revalidate|api-request)-/

/** The first that fits. */
const PLACES: ReadonlyArray<{ readonly name: string; fits(frame: Frame): boolean }> = [
  {
    name: 'writing to the connection: the kernel',
    fits: ({ functionName, url }) => url === '' && /^(?:writev|write(?:Buffer|\w+String))$/.test(functionName),
  },
  { name: 'garbage collector', fits: ({ functionName }) => functionName === '(garbage collector)' },
  {
    name: 'native code: reading from the connection, the HTTP parser, the event loop',
    fits: ({ functionName }) => functionName === '(program)',
  },
  { name: '`node:http`', fits: ({ url }) => url.startsWith('node:_http') },
  { name: "Node's streams and connections", fits: ({ url }) => /^node:(?:internal\/stream|net|stream)/.test(url) },
  {
    name: "Node's timers, ticks and events",
    fits: ({ url }) => /^node:(?:internal\/(?:timers|process)|timers|events)/.test(url),
  },
  { name: 'compression', fits: ({ url }) => url === 'node:zlib' },
  {
    name: 'files, digests and messages between threads',
    fits: ({ url }) => /^node:(?:fs|internal\/(?:fs|crypto|worker|per_context\/message))/.test(url),
  },
  { name: 'the rest of Node', fits: ({ url }) => url === '' || url.startsWith('node:') },
  {
    name: 'React and the page',
    fits: ({ url }) =>
      /\/node_modules\/(?:react|scheduler)|\/server\/(?:app|chunks\/)/.test(url) && !OWN_CHUNKS.test(url),
  },
  { name: "the server's own code", fits: () => true },
]

const NOTES = {
  hit: 'All of it is the processor time of the system; the profile says how it is divided. What the kernel does for reading is in the native code.',
  miss: 'The thread that answers and the one that renders together, in proportion to all processor time of the process: what threads without JavaScript do, such as compressing in the thread pool, has no samples of its own.',
} as const
const ALL = 'all of it'
const MOST_PER_SECOND = 12_000
const options = readOptions({ rounds: 3, seconds: 5 })
const cores = chooseCores()
const warmUpSeconds = options.isSmoke ? 1 : 5
let lastPath = 1000

const { servers, leftOut } = await prepareServers([raw, isr, isrInHttp], { pages: 10 }, options)
const figures = await measureRounds(servers, options.rounds, measure)
const tables = MODES.map(toTable).filter(({ rows }) => rows.length > 0)
writeResults('profile', { method: describeMethod(), leftOut, tables }, options)

async function measure(prepared: Prepared): Promise<Sample> {
  const sample: Record<string, number> = {}
  for (const mode of MODES) {
    if (mode.servers.includes(prepared.name)) Object.assign(sample, await profile(prepared, mode))
  }
  return sample
}

async function profile({ command }: Prepared, { id, connections }: Mode): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), 'isr-bench-profile-'))
  const flags = ['--cpu-prof', '--cpu-prof-interval=200', `--cpu-prof-dir=${folder}`]
  // A process that is killed writes no profile.
  const ending = "--import=data:text/javascript,process.once('SIGTERM',()=>process.exit())"
  const server = await startServer({ ...command, args: [...flags, ending, ...command.args] }, { cores: cores?.server })
  try {
    const load = { url: server.url, headers: { 'accept-encoding': 'gzip, br' }, connections, cores: cores?.load }
    const run = (seconds: number) =>
      runLoad(
        id === 'hit'
          ? { ...load, paths: ['/posts/1'], seconds }
          : { ...load, paths: takePaths(seconds * MOST_PER_SECOND), isOnce: true, seconds },
      )
    // The thread that renders, with a profiler in it, may take longer to start than the warm-up.
    if (id === 'miss') await request(server.url + takePaths(1).join(), load.headers)
    await run(warmUpSeconds)
    const cpuBefore = server.readCpuMs()
    const from = readClock()
    const { requests } = await run(options.seconds)
    const to = readClock()
    const cpu = ((server.readCpuMs() - cpuBefore) * 1000) / requests
    await server.stop()
    const times = sumPlaces(folder, from, to)
    const sum = [...times.values()].reduce((all, time) => all + time, 0)
    const parts = [...times].map(([place, time]) => [`${id} ${place}`, (time / sum) * cpu] as const)
    return Object.fromEntries([...parts, [`${id} ${ALL}`, cpu]])
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Microseconds of the machine's monotonic clock, which all its processes share. */
function readClock(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

/** Addresses that nobody has asked for yet. */
function takePaths(count: number): string[] {
  const first = lastPath + 1
  lastPath += count
  return Array.from({ length: count }, (_, index) => `/posts/${first + index}`)
}

/** Microseconds by place, of all threads of the process together. */
function sumPlaces(folder: string, from: number, to: number): Map<string, number> {
  const times = new Map(PLACES.map(({ name }) => [name, 0]))
  const files = readdirSync(folder)
  if (files.length === 0) throw new Error('The server ended without writing a profile.')
  for (const file of files) {
    const { nodes, samples, timeDeltas, startTime } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile
    const places = new Map(nodes.map(({ id, callFrame }) => [id, findPlace(callFrame)]))
    let clock = startTime
    for (const [index, id] of samples.entries()) {
      clock += timeDeltas[index] ?? 0
      const place = places.get(id)
      // A sample stands for the time until the next one.
      if (place !== undefined && clock >= from && clock < to) add(times, place, timeDeltas[index + 1] ?? 0)
    }
  }
  return times
}

function findPlace(frame: Frame): string | undefined {
  if (frame.functionName === '(idle)' || frame.functionName === '(root)') return undefined
  return PLACES.find((place) => place.fits(frame))?.name
}

function add(times: Map<string, number>, place: string, time: number): void {
  times.set(place, (times.get(place) ?? 0) + time)
}

function toTable({ id, title, servers: names }: Mode): ResultTable {
  const columns = servers.filter(({ name }) => names.includes(name))
  return {
    id: `profile-${id}`,
    title,
    notes: NOTES[id],
    columns: columns.map(({ name, label }) => ({ key: name, label, unit: 'µs', digits: 2 })),
    rows: [ALL, ...PLACES.map(({ name }) => name)].map((name) => ({
      name,
      label: name,
      cells: Object.fromEntries(
        columns.map((server) => [server.name, figures.get(server.name)?.[`${id} ${name}`] ?? '–']),
      ),
    })),
  }
}

function describeMethod(): string {
  const pinned = cores === undefined ? '' : `, server on core ${cores.server}, load on core ${cores.load}`
  return `${options.rounds} rounds, ${options.seconds} s each after ${warmUpSeconds} s of warm-up, a sample every 200 µs${pinned}; microseconds of a request, median (least–most)`
}
