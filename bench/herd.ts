// What thousands of requests at once for one page cost: how often it is rendered, and when the last one has its answer.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { compileProgram } from './harness/compile.ts'
import { chooseCores } from './harness/machine.ts'
import { readOptions } from './harness/options.ts'
import { run, startServer } from './harness/process.ts'
import { writeResults, type ResultTable } from './harness/results.ts'
import { measureRounds, type Sample } from './harness/rounds.ts'
import type { Figure } from './harness/statistics.ts'
import { checkSamePages } from './servers/check.ts'
import { prepareServers, type Prepared } from './servers/index.ts'
import { createHold } from './servers/hold.ts'
import { isr, isrInProcess } from './servers/isr.ts'
import { next } from './servers/next.ts'
import { nitro } from './servers/nitro.ts'
import { measureWorkUnits } from './site/work.ts'

const RENDER_MS = 50
const WARM_UP_PATHS = Array.from({ length: 5 }, (_, index) => `/posts/${3000 + index}`)
const options = readOptions({ rounds: 2, seconds: 1 })
const cores = chooseCores()
// A smoke run takes the builds of `busy`.
const site = options.isSmoke
  ? { pages: 10, revalidate: 1 }
  : { pages: 2, revalidate: 5, work: RENDER_MS * measureWorkUnits() }
/** Seconds: what nobody waits for longer. */
const patience = 30
const hold = createHold(RENDER_MS)
const client = await compileProgram('harness/herd-client.ts')
const wanted = options.isSmoke ? [200] : [1_000, 10_000]
const sizes = wanted.filter((size) => size + 500 < readOpenFilesLimit())
const kinds = ['cold', 'stale'] as const

const { servers, leftOut } = await prepareServers(
  options.isSmoke ? [hold, isr, nitro] : [hold, isr, isrInProcess, nitro, next],
  site,
  options,
)
await checkSamePages(servers, ['/posts/1'])
const figures = await measureRounds(servers, options.rounds, measure, options.isSmoke)
const tooLarge = wanted
  .filter((size) => !sizes.includes(size))
  .map((size) => `Herds of ${size}: too few open files (ulimit -n)`)
const tables = sizes.flatMap((size) => kinds.map((kind) => toTable(size, kind)))
writeResults('herd', { method: describeMethod(), leftOut: [...leftOut, ...tooLarge], tables }, options)

async function measure(prepared: Prepared): Promise<Sample> {
  const sample: Record<string, number> = {}
  for (const size of sizes) {
    for (const kind of kinds) Object.assign(sample, await measureHerd(prepared, size, kind))
  }
  return sample
}

async function measureHerd({ name, command, label }: Prepared, size: number, kind: 'cold' | 'stale'): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), 'isr-bench-herd-'))
  const file = join(folder, 'renders')
  const server = await startServer(command, { cores: cores?.server, env: { BENCH_RENDERS: file } })
  try {
    // A server that has run for a while: what renders is there.
    for (const path of WARM_UP_PATHS) await fetch(server.url + path).then((answer) => answer.arrayBuffer())
    // The page that it was asked for when it started: made a moment ago, or by the build.
    if (kind === 'stale') await sleep(site.revalidate * 1000 + 500)
    if (name !== hold.name) await settle(file, 0)
    const before = countBytes(file)
    const path = kind === 'stale' ? '/posts/1' : '/posts/4000'
    const cpuBefore = server.readCpuMs()
    const plan = JSON.stringify({ port: Number(new URL(server.url).port), path, count: size, patience })
    const { stderr } = await run({ file: process.execPath, args: [client, plan] }, cores?.load)
    const result = JSON.parse(stderr.slice(stderr.indexOf('{"answered"'))) as {
      answered: number
      first: number
      last: number
    }
    if (result.answered < size) console.log(`${label}: ${size - result.answered} of ${size} were not answered`)
    if (name !== hold.name) await settle(file, before + 1)
    const id = `${kind}-${size}`
    return {
      ...(name !== hold.name && { [`${id} renders`]: countBytes(file) - before }),
      ...(result.answered > 0 && { [`${id} first`]: result.first }),
      // Opening the connections is in it.
      ...(result.answered === size && {
        [`${id} last`]: result.last,
        [`${id} cpu`]: ((server.readCpuMs() - cpuBefore) * 1000) / size,
      }),
      [`${id} answered`]: result.answered,
      [`${id} memory`]: server.readMemory() / 1e6,
    }
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Until so many renders have been made, which takes no longer than ten seconds, and no more are. */
async function settle(file: string, least: number): Promise<void> {
  const end = performance.now() + 10_000
  let last = -1
  while (countBytes(file) !== last || (last < least && performance.now() < end)) {
    last = countBytes(file)
    await sleep(8 * RENDER_MS)
  }
}

function countBytes(file: string): number {
  return existsSync(file) ? statSync(file).size : 0
}

/** Node raises its limit of open files to the most that is allowed. */
function readOpenFilesLimit(): number {
  const text = spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout.trim()
  return text === 'unlimited' ? Infinity : Number(text)
}

function toTable(size: number, kind: 'cold' | 'stale'): ResultTable {
  const id = `${kind}-${size}`
  const count = size.toLocaleString('en-US')
  const what = kind === 'cold' ? 'a page that nobody has asked for yet' : 'a page that is out of date'
  return {
    id: `herd-${id}`,
    title: `${count} requests at once for ${what}`,
    notes: `A render takes ${RENDER_MS} ms. All connections are open before the first request is sent, and stay open, as those of browsers do; renders are counted where the data is read. Not answered: what was not there after ${patience} s.`,
    reference: hold.name,
    columns: [
      { key: 'renders', label: 'renders' },
      { key: 'answered', label: 'answered' },
      { key: 'first', label: 'first answer', unit: 'ms' },
      { key: 'last', label: 'last answer', unit: 'ms', isCompared: true },
      { key: 'cpu', label: 'processor time of a visitor', unit: 'µs' },
      { key: 'memory', label: 'memory', unit: 'MB' },
    ],
    rows: servers.map(({ name, label }) => ({ name, label, cells: pickCells(figures.get(name) ?? {}, id) })),
    chart: { column: 'last', title: `${count} at once, ${kind} page: ms until the last answer`, scale: 'linear' },
  }
}

function pickCells(all: Readonly<Record<string, Figure>>, id: string): Record<string, Figure> {
  const own = Object.entries(all).filter(([key]) => key.startsWith(`${id} `))
  return Object.fromEntries(own.map(([key, figure]) => [key.slice(id.length + 1), figure]))
}

function describeMethod(): string {
  const pinned = cores === undefined ? '' : `, server on core ${cores.server}, client on core ${cores.load}`
  return `${options.rounds} interleaved rounds, a fresh process for each herd${pinned}; median (least–most)`
}
