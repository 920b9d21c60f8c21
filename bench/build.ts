// How long the pages of a build take, beside loops that do nothing else.
import { existsSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { compileProgram } from './harness/compile.ts'
import { BENCH_ROOT, BUILDS } from './harness/folders.ts'
import { readOptions } from './harness/options.ts'
import { measureCommand, type Command, type Measured } from './harness/process.ts'
import { writeResults, type ResultTable } from './harness/results.ts'
import { measureRounds, type Sample } from './harness/rounds.ts'
import type { Figure } from './harness/statistics.ts'
import { toSiteEnv } from './servers/kinds.ts'

interface Builder {
  readonly name: string
  readonly label: string
  /** Builds above this would take minutes and say nothing new. */
  readonly maxPages: number
  toCommand(pages: number): Command
  /** Milliseconds that went into pages alone. */
  readPhase(measured: Measured): number
}

const OUT = join(BUILDS, 'build')
const NEXT_CLI = join(BENCH_ROOT, 'node_modules/next/dist/bin/next')
const NEXT_OUT = join(BENCH_ROOT, 'apps/next/.builds/build')

const options = readOptions({ rounds: 3, seconds: 1 })
const sizes = options.isSmoke ? [100] : [1000, 10_000, 100_000]
/** One round takes minutes there. */
const countRounds = (pages: number) => (pages > 10_000 ? 1 : options.rounds)
const threads = Math.min(2, availableParallelism())

const program = await compileProgram('servers/programs/loop.ts')
const leftOut = existsSync(NEXT_CLI) ? [] : ['Next.js: it is not installed.']
const builders = [
  ...[...new Set([1, threads])].flatMap((count) => createLoops(count)),
  createIsr(),
  ...(leftOut.length === 0 ? [createNext()] : []),
]
const chosen = builders.filter(({ name }) => options.only.length === 0 || options.only.includes(name))

const commands = new Map<string, Map<number, number>>()
const tables: ResultTable[] = []
for (const pages of sizes) {
  const able = chosen.filter(({ maxPages }) => pages <= maxPages)
  if (able.length > 0) tables.push(await measureSize(pages, able))
}
for (const folder of [OUT, NEXT_OUT]) rmSync(folder, { recursive: true, force: true })
const [smaller, larger] = sizes
if (smaller !== undefined && larger !== undefined) tables.push(...toMarginalTable(smaller, larger))
writeResults('build', { method: describeMethod(), leftOut, tables }, options)

async function measureSize(pages: number, able: readonly Builder[]): Promise<ResultTable> {
  const figures = await measureRounds(able, countRounds(pages), (builder) => measure(builder, pages))
  for (const [name, { command }] of figures) {
    if (command) commands.set(name, new Map(commands.get(name)).set(pages, command.median))
  }
  return {
    id: `build-${pages}`,
    title: `${pages.toLocaleString('en-US')} pages`,
    notes: compareWithLoops(figures),
    reference: `compressed-${threads}`,
    columns: [
      { key: 'rate', label: 'pages/s', isCompared: true },
      { key: 'command', label: 'whole command', unit: 's', digits: 1 },
      { key: 'cpu', label: 'processor time of a page, whole command', unit: 'ms', digits: 2 },
      { key: 'memory', label: 'most memory', unit: 'MB' },
    ],
    rows: able.map(({ name, label }) => ({ name, label, cells: figures.get(name) ?? {} })),
    ...(pages === 10_000 && {
      chart: { column: 'rate', title: 'Pages per second, 10 000 pages', scale: 'logarithmic' },
    }),
  }
}

async function measure(builder: Builder, pages: number): Promise<Sample> {
  for (const folder of [OUT, NEXT_OUT]) rmSync(folder, { recursive: true, force: true })
  const measured = await measureCommand(builder.toCommand(pages))
  return {
    rate: (pages * 1000) / builder.readPhase(measured),
    command: measured.ms / 1000,
    cpu: measured.cpuMs / pages,
    memory: measured.peakBytes / 1e6,
  }
}

/** What nobody's own words can hide: how much longer the whole command takes for more pages. */
function toMarginalTable(smaller: number, larger: number): ResultTable[] {
  const rows = chosen.flatMap(({ name, label }) => {
    const [low, high] = [smaller, larger].map((pages) => commands.get(name)?.get(pages))
    if (low === undefined || high === undefined || high <= low) return []
    const rate = (larger - smaller) / (high - low)
    return [{ name, label, cells: { rate: { median: rate, min: rate, max: rate } } }]
  })
  if (rows.length === 0) return []
  const title = `Pages per second by the whole command: ${larger.toLocaleString('en-US')} against ${smaller.toLocaleString('en-US')} pages`
  const columns = [{ key: 'rate', label: 'pages/s', isCompared: true }]
  return [{ id: 'build-marginal', title, reference: 'next', columns, rows }]
}

function createLoops(count: number): Builder[] {
  const outputs = [
    { output: 'nothing', label: 'nothing written', maxPages: 10_000 },
    { output: 'files', label: 'a file per page', maxPages: 10_000 },
    { output: 'packed', label: 'one file', maxPages: Infinity },
    {
      output: 'compressed',
      label: 'one file, each page in brotli as ours are',
      maxPages: count === 1 ? 10_000 : Infinity,
    },
  ]
  return outputs.map(({ output, label, maxPages }) => ({
    name: `${output}-${count}`,
    label: `Loop, ${label}, ${count} thread${count === 1 ? '' : 's'}`,
    maxPages,
    toCommand: (pages) => ({
      file: process.execPath,
      args: [program, output, String(count), OUT],
      env: toSiteEnv({ pages }),
    }),
    readPhase: ({ lines }) => Number(findLine(lines, /^loop ([\d.]+)/).match[1]),
  }))
}

/** The first build: nothing of an earlier one is there. */
function createIsr(): Builder {
  return {
    name: 'isr',
    label: '**vite-plugin-isr**',
    maxPages: Infinity,
    toCommand: (pages) => ({
      file: process.execPath,
      args: [join(BENCH_ROOT, 'node_modules/vite/bin/vite.js'), 'build', '--emptyOutDir'],
      cwd: join(BENCH_ROOT, 'apps/isr'),
      env: { ...toSiteEnv({ pages }), CI: '1', BENCH_OUT: join(OUT, 'dist'), BENCH_CACHE: join(OUT, 'cache') },
    }),
    // From the end of the server's bundle to the table of pages: threads start, paths are listed, files are put in place.
    readPhase: ({ lines }) => findLine(lines, /^Route \(pages\)/).ms - findLine(lines.toReversed(), /built in/).ms,
  }
}

function createNext(): Builder {
  return {
    name: 'next',
    label: 'Next.js 16, Pages Router, `next build`',
    maxPages: 10_000,
    toCommand: (pages) => ({
      file: process.execPath,
      args: [NEXT_CLI, 'build'],
      cwd: join(BENCH_ROOT, 'apps/next'),
      env: { ...toSiteEnv({ pages }), NEXT_TELEMETRY_DISABLED: '1', CI: '1', BENCH_OUT: '.builds/build' },
    }),
    // Only its own word for it: what it does before and after, per page too, is in the whole command.
    readPhase({ lines }) {
      const { match } = findLine(lines.toReversed(), /Generating static pages.*\(\d+\/\d+\) in ([\d.]+)\s?(ms|s|min)/)
      return Number(match[1]) * { ms: 1, s: 1000, min: 60_000 }[match[2] as 'ms' | 's' | 'min']
    },
  }
}

function findLine(lines: Measured['lines'], pattern: RegExp): { ms: number; match: RegExpExecArray } {
  for (const { ms, text } of lines) {
    // oxlint-disable-next-line no-control-regex -- colours
    const match = pattern.exec(text.replaceAll(/\u001B\[\d+m/g, ''))
    if (match) return { ms, match }
  }
  throw new Error(`No line like ${pattern} in:\n${lines.map(({ text }) => text).join('\n')}`)
}

function compareWithLoops(figures: ReadonlyMap<string, Record<string, Figure>>): string {
  const toRate = (name: string) => figures.get(name)?.['rate']?.median
  const own = toRate('isr')
  if (own === undefined) return ''
  const parts = [
    { name: `packed-1`, label: 'the loop of one thread that writes one file and compresses nothing' },
    { name: `packed-${threads}`, label: `the same in ${threads} threads` },
    { name: `compressed-${threads}`, label: `the one in ${threads} threads that compresses as we do` },
    { name: 'next', label: "Next.js's own figure for its pages" },
  ].flatMap(({ name, label }) => {
    const rate = toRate(name)
    return rate === undefined ? [] : [`${(own / rate).toFixed(2)} of ${label}`]
  })
  return `Pages per second of vite-plugin-isr: ${parts.join(', ')}.`
}

function describeMethod(): string {
  return `${options.rounds} interleaved rounds of fresh processes, one for 100 000 pages; nothing of an earlier build; median (least–most). pages/s is the phase that makes pages: in the loops without the start of Node, in vite-plugin-isr all between the server's bundle and the table of pages, in Next.js what it says itself`
}
