import type { Cell, Column, ResultTable } from './results.ts'

/** The table as Markdown: medians with their range, and how they compare with the reference row. */
export function toMarkdown(table: ResultTable): string {
  const head = ['', ...table.columns.map(({ label, unit }) => (unit === undefined ? label : `${label}, ${unit}`))]
  const rows = table.rows.map((row) => [
    row.label,
    ...table.columns.map((column) => formatCell(row.cells[column.key], column, findReference(table, column))),
  ])
  const lines = [head, head.map((_, index) => (index === 0 ? '---' : '---:')), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** The median of the row that the others are compared with. */
export function findReference({ rows, reference }: ResultTable, { key }: Column): number | undefined {
  const cell = rows.find(({ name }) => name === reference)?.cells[key]
  return typeof cell === 'object' ? cell.median : undefined
}

function formatCell(cell: Cell | undefined, column: Column, reference: number | undefined): string {
  if (cell === undefined) return '–'
  if (typeof cell === 'string') return cell
  const digits = column.digits ?? 0
  const range = cell.min === cell.max ? '' : ` (${formatNumber(cell.min, digits)}–${formatNumber(cell.max, digits)})`
  const ratio =
    column.isCompared === true && reference !== undefined && reference > 0
      ? ` **${formatRatio(cell.median / reference)}**`
      : ''
  return `${formatNumber(cell.median, digits)}${range}${ratio}`
}

export function formatNumber(value: number, digits: number): string {
  return value
    .toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
    .replaceAll(',', '\u202f')
}

/** Two digits that matter: 0.045, 0.29, 1.7, 25. */
export function formatRatio(value: number): string {
  const digits = value >= 10 ? 0 : value >= 1 ? 2 : value >= 0.1 ? 2 : 3
  return `${value.toFixed(digits)}×`
}
