// What grows with the size of a site: start, memory, and the way to a page.
import { statfsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROW_BYTES } from '../dist/runtime/cache/pack-format.js'
import { compileProgram } from './harness/compile.ts'
import { BENCH_ROOT } from './harness/folders.ts'
import { chooseCores } from './harness/machine.ts'
import { readOptions } from './harness/options.ts'
import { run, startServer, type Command, type Running } from './harness/process.ts'
import { writeResults, type Cell, type ResultTable } from './harness/results.ts'
import { measureRounds, type Sample } from './harness/rounds.ts'
import { toFigure } from './harness/statistics.ts'
import { CACHED_FILE_BYTES, fillBuild, fillCache, liftLimits, readManifest } from './scale/entries.ts'
import { ALL_SERVERS, prepareServers } from './servers/index.ts'
import { buildIsr } from './servers/isr.ts'

interface Subject {
  readonly name: string
  readonly label: string
  readonly command: Command
  readonly env?: Readonly<Record<string, string>>
  /** In the pack, or in the run-time cache. */
  readonly entries?: number
}

const options = readOptions({ rounds: 7, seconds: 1 })
const cores = chooseCores()
const { isSmoke } = options
const ENTRIES = isSmoke ? [100, 1000] : [10_000, 100_000, 1_000_000]
const CACHED = isSmoke ? [100] : [10_000, 100_000, ...(options.isLarge ? [1_000_000] : [])]
const ROUTES = isSmoke ? [10, 100] : [10, 100, 1000, 10_000]
const LOOKED_UP = isSmoke ? [1000] : [1000, 10_000, 100_000, 1_000_000]
const MEMORY_PAGES = isSmoke ? 400 : 10_000
const SITE = { pages: 10 }
/** Peers whose start says something of ours; the other forms of each start in the same way. */
const STARTED = new Set(['isr-http', 'next', 'nitro', 'vinext'])

const dist = await buildIsr(SITE)
const tables = [await measureStart(), await measureCache(), await measureLookups(), await measureMemory()]
writeResults('scale', { method: describeMethod(), leftOut: tables.flatMap(({ leftOut }) => leftOut), tables }, options)

type Findings = ResultTable & { readonly leftOut: readonly string[] }

/** From the start of the process to its first good answer. */
async function measureStart(): Promise<Findings> {
  const bare = await compileProgram('servers/programs/bare.ts')
  const kinds = ALL_SERVERS.filter(({ name }) => STARTED.has(name))
  const { servers, leftOut } = await prepareServers(kinds, SITE, options)
  const subjects: Subject[] = [
    { name: 'bare', label: '`node:http`, one answer', command: toCommand(bare, `${dist}/server/app.mjs`) },
    { name: 'isr', label: `**vite-plugin-isr**, ${SITE.pages} pages`, command: toCommand(`${dist}/server/start.mjs`) },
  ]
  for (const entries of ENTRIES) {
    const command = toCommand(`${await fillBuild(dist, entries)}/server/start.mjs`)
    subjects.push({ name: `isr ${entries}`, label: `the same, ${format(entries)} pages`, command, entries })
  }
  for (const { name, label, command } of servers)
    subjects.push({ name, label: `${label}, ${SITE.pages} pages`, command })
  const figures = await measureRounds(subjects, options.rounds, (subject) => measureServer(subject, readStart))
  return {
    id: 'scale-start',
    title: 'From the start of the process to its first answer',
    reference: 'bare',
    columns: [
      { key: 'ready', label: 'first answer', unit: 'ms', isCompared: true },
      { key: 'cpu', label: 'processor time', unit: 'ms', isCompared: true },
      { key: 'memory', label: 'memory', unit: 'MB' },
    ],
    rows: subjects.map(({ name, label }) => ({ name, label, cells: figures.get(name) ?? {} })),
    chart: { column: 'ready', title: 'Start of the process to its first answer, ms', scale: 'logarithmic' },
    leftOut,
  }
}

/** What pages that were generated in an earlier life of the server cost when it starts again. */
async function measureCache(): Promise<Findings> {
  const unlimited = await liftLimits(dist)
  const command = toCommand(`${unlimited}/server/start.mjs`)
  const subjects: Subject[] = [{ name: '0', label: 'no pages', command, entries: 0 }]
  const leftOut: string[] = []
  for (const entries of CACHED) {
    const obstacle = findObstacle(entries)
    if (obstacle !== undefined) {
      leftOut.push(`${format(entries)} files in the run-time cache: ${obstacle}`)
      continue
    }
    const env = { ISR_CACHE_DIR: await fillCache(unlimited, entries) }
    subjects.push({ name: String(entries), label: `${format(entries)} pages`, command, env, entries })
  }
  const figures = await measureRounds(subjects, isSmoke ? 1 : 3, (subject) => measureServer(subject, readScan))
  const without = figures.get('0')
  return {
    id: 'scale-cache',
    title: 'Pages in the run-time cache on disk, each a file',
    notes:
      'The server is ready first and looks through the folder then. Bytes of a page: what the process has grown by.',
    reference: '0',
    columns: [
      { key: 'ready', label: 'first answer', unit: 'ms', isCompared: true },
      { key: 'scan', label: 'processor time of the look', unit: 'ms' },
      { key: 'memory', label: 'memory after it', unit: 'MB' },
      { key: 'bytes', label: 'bytes of a page' },
    ],
    rows: subjects.map(({ name, label, entries = 0 }) => {
      const cells = figures.get(name) ?? {}
      const growth = ((cells['memory']?.median ?? 0) - (without?.['memory']?.median ?? 0)) * 1e6
      const bytes: Cell = entries < 10_000 ? '–' : toFigure([growth / entries])
      return { name, label, cells: { ...cells, bytes } }
    }),
    leftOut,
  }
}

/** Twice the space is wanted, so that nothing else on this machine runs out of it. */
function findObstacle(files: number): string | undefined {
  const { bavail, bsize, ffree, files: inodes } = statfsSync(BENCH_ROOT)
  const wanted = 2 * files * CACHED_FILE_BYTES
  if (bavail * bsize < wanted) return `they want ${Math.round(wanted / 1e9)} GB of free disk`
  return inodes > 0 && ffree < 2 * files ? `they want ${2 * files} free inodes` : undefined
}

/** The way from a path to its route, and from a key to its place in the pack. */
async function measureLookups(): Promise<Findings> {
  const program = await compileProgram('scale/lookups.ts')
  const subjects: Subject[] = ROUTES.map((count) => ({
    name: `routes ${count}`,
    label: `a path among ${format(count)} routes`,
    command: toCommand(program, 'routes', String(count), dist),
  }))
  for (const count of LOOKED_UP) {
    const command = toCommand(program, 'entries', String(count), await fillBuild(dist, count))
    subjects.push({ name: `entries ${count}`, label: `a page among ${format(count)} in the pack`, command })
  }
  const figures = await measureRounds(subjects, options.rounds, async ({ command }) => {
    const { nanoseconds } = await readJson<{ nanoseconds: number }>(command)
    return { nanoseconds }
  })
  return {
    id: 'scale-lookups',
    title: 'Finding a page',
    notes: 'A path that was found before costs neither: it is in a map.',
    columns: [{ key: 'nanoseconds', label: 'processor time', unit: 'ns' }],
    rows: subjects.map(({ name, label }) => ({ name, label, cells: figures.get(name) ?? {} })),
    leftOut: [],
  }
}

/** What the process grows by for each page that it keeps in memory, beside the page itself. */
async function measureMemory(): Promise<Findings> {
  const site = await liftLimits(await buildIsr({ pages: MEMORY_PAGES }))
  const { bytes: packed, count } = readManifest(site).entries
  const program = await compileProgram('scale/memory.ts')
  const command = {
    ...toCommand(program, site, String(MEMORY_PAGES)),
    args: ['--expose-gc', program, site, String(MEMORY_PAGES)],
  }
  const subject = { name: 'isr', label: `**vite-plugin-isr**, ${format(MEMORY_PAGES)} pages`, command }
  const figures = await measureRounds([subject], isSmoke ? 1 : 3, async () => {
    const { bytes } = await readJson<{ bytes: number }>(command)
    return { stored: packed / count, bytes, overhead: bytes - packed / count, index: ROW_BYTES }
  })
  return {
    id: 'scale-memory',
    title: 'Memory of a page that is kept in memory',
    notes:
      'Stored: its record, with HTML and navigation data, compressed where that is worth it. Index: what finds it in the pack, whether it is in memory or not.',
    columns: [
      { key: 'stored', label: 'stored', unit: 'bytes' },
      { key: 'bytes', label: 'in memory', unit: 'bytes' },
      { key: 'overhead', label: 'overhead', unit: 'bytes' },
      { key: 'index', label: 'index', unit: 'bytes' },
    ],
    rows: [{ name: 'isr', label: subject.label, cells: figures.get('isr') ?? {} }],
    leftOut: [],
  }
}

async function measureServer({ command, env }: Subject, read: (server: Running) => Promise<Sample>): Promise<Sample> {
  const server = await startServer(command, { cores: cores?.server, ...(env && { env }) })
  try {
    return await read(server)
  } finally {
    await server.stop()
  }
}

async function readStart(server: Running): Promise<Sample> {
  return { ready: server.readyMs, cpu: server.readCpuMs(), memory: server.readMemory() / 1e6 }
}

/** The look through the folder begins a second after the start, and is over when the process has nothing to do any more. */
async function readScan(server: Running): Promise<Sample> {
  const { readyMs: ready } = server
  const atStart = server.readCpuMs()
  await sleep(2_500)
  for (let before = -20, now = server.readCpuMs(); now > before + 20; now = server.readCpuMs()) {
    before = now
    await sleep(1_000)
  }
  return { ready, scan: server.readCpuMs() - atStart, memory: server.readMemory() / 1e6 }
}

function toCommand(...args: string[]): Command {
  return { file: process.execPath, args }
}

async function readJson<T>(command: Command): Promise<T> {
  return JSON.parse((await run(command, cores?.server)).stdout) as T
}

function format(count: number): string {
  return count.toLocaleString('en-US').replaceAll(',', '\u202f')
}

function describeMethod(): string {
  const pinned = cores === undefined ? '' : `, server on core ${cores.server}`
  return `${options.rounds} interleaved rounds of fresh processes${pinned}; median (least–most), ratio to the first row`
}
