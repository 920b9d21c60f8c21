import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BENCH_ROOT } from './folders.ts'
import { describeMachine } from './machine.ts'
import type { Options } from './options.ts'
import type { Figure } from './statistics.ts'
import { toChart } from './chart.ts'
import { toMarkdown } from './table.ts'

/** A figure of several rounds, or words where there is no figure. */
export type Cell = Figure | string

export interface Column {
  readonly key: string
  readonly label: string
  readonly unit?: string
  /** Digits after the point. Default 0. */
  readonly digits?: number
  /** Whether the ratio to the reference row is printed beside it. */
  readonly isCompared?: boolean
}

export interface Row {
  readonly name: string
  readonly label: string
  readonly cells: Readonly<Record<string, Cell>>
}

/** A chart of one column of a table: a bar for each row. */
export interface ChartOf {
  readonly column: string
  readonly title: string
  /** Logarithmic where the figures are orders of magnitude apart by their nature. Default linear. */
  readonly scale?: 'linear' | 'logarithmic'
}

export interface ResultTable {
  /** Unique in the question; also names the chart's file. */
  readonly id: string
  readonly title: string
  /** Sentences that the reader needs beside it, in Markdown. */
  readonly notes?: string
  readonly columns: readonly Column[]
  /** Name of the row that the others are compared with. */
  readonly reference?: string
  readonly rows: readonly Row[]
  readonly chart?: ChartOf
}

export interface Results {
  /** The bench command: `hits`. */
  readonly question: string
  readonly machine: string
  /** UTC, to the minute. */
  readonly date: string
  /** How it was measured: rounds, seconds, generator, versions. */
  readonly method: string
  /** Peers that were not measured, and why. */
  readonly leftOut: readonly string[]
  readonly tables: readonly ResultTable[]
}

export type Findings = Pick<Results, 'method' | 'leftOut' | 'tables'>

const RESULTS = join(BENCH_ROOT, 'results')

/**
 * Prints the tables and writes bench/results/<question>.json; a smoke run writes to a temporary folder instead.
 *
 * @throws Error when a table has no rows.
 */
export function writeResults(question: string, findings: Findings, { isSmoke }: Options): void {
  for (const table of findings.tables) {
    if (table.rows.length === 0) throw new Error(`Table ${table.id} of ${question} has no rows.`)
    console.log(`\n${table.title}\n\n${toMarkdown(table)}`)
    // The report makes it again; what can't be drawn is to fail where it was measured.
    const { chart } = table
    if (chart && table.rows.some(({ cells }) => typeof cells[chart.column] === 'object')) toChart(table, chart)
  }
  for (const reason of findings.leftOut) console.log(`Left out: ${reason}`)
  const date = `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const results: Results = { question, machine: describeMachine(), date, ...findings }
  const folder = isSmoke ? mkdtempSync(join(tmpdir(), 'isr-bench-')) : RESULTS
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${question}.json`)
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
  console.log(`\n${question}: ${isSmoke ? 'smoke run works, ' : ''}results in ${file}`)
}

/** All results that were measured, in the order of their questions' names. */
export function readAllResults(folder = RESULTS): Results[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Results)
}
