// Writes the tables and charts of docs/performance.md, between its markers, from bench/results/*.json.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toChart } from './harness/chart.ts'
import { BENCH_ROOT } from './harness/folders.ts'
import { toGoals } from './harness/goals.ts'
import { readAllResults, type Results, type ResultTable } from './harness/results.ts'
import { toMarkdown } from './harness/table.ts'

const DOCS = join(BENCH_ROOT, '../docs')
const PAGE = join(DOCS, 'performance.md')
/** Fewer are read faster in the table. */
const CHARTED_ROWS = 3

let page = readFileSync(PAGE, 'utf8')

const all = readAllResults()
page = replaceSection(page, 'goals', toGoals(all))
for (const results of all) {
  page = replaceSection(page, results.question, toSection(results))
  for (const table of results.tables) {
    const chart = findChart(table)
    if (chart) writeFileSync(join(DOCS, toChartFile(table)), toChart(table, chart))
  }
  console.log(`${results.question}: ${results.tables.length} tables, measured ${results.date}`)
}

writeFileSync(PAGE, page)
for (const name of readdirSync(DOCS)) {
  if (/^performance-.*\.svg$/.test(name) && !page.includes(`](${name})`)) rmSync(join(DOCS, name))
}

function replaceSection(text: string, question: string, section: string): string {
  const begin = `<!-- bench:${question} -->`
  const end = `<!-- /bench:${question} -->`
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from)
    throw new Error(`docs/performance.md has no place for ${question}: add ${begin} and ${end}.`)
  return `${text.slice(0, from + begin.length)}\n${section}\n${text.slice(to)}`
}

function toSection({ question, machine, date, method, leftOut, tables }: Results): string {
  const parts = [
    `\`npm run ${question}\`, ${date}: ${machine}. ${method}.`,
    ...(leftOut.length === 0 ? [] : [`Left out: ${leftOut.join('; ')}`]),
    ...tables.flatMap(toParts),
  ]
  return parts.join('\n\n')
}

function toParts(table: ResultTable): string[] {
  const chart = findChart(table)
  return [
    `**${table.title}**`,
    ...(chart ? [`![${chart.title}](${toChartFile(table)})`] : []),
    toMarkdown(table),
    ...(table.notes === undefined ? [] : [table.notes]),
  ]
}

function findChart({ chart, rows }: ResultTable): ResultTable['chart'] {
  if (chart === undefined) return undefined
  return rows.filter(({ cells }) => typeof cells[chart.column] === 'object').length < CHARTED_ROWS ? undefined : chart
}

function toChartFile({ id }: ResultTable): string {
  return `performance-${id}.svg`
}
