import type { ChartOf, ResultTable } from './results.ts'
import { formatNumber } from './table.ts'

const WIDTH = 760
const VALUES = 90
/** Of bold text in its size, wide letters included. */
const LETTER = 7.6
const ROW = 26
const HEAD = 44

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 14px }
  .own { font-weight: 600 }
  .bar { fill: #8c959f }
  .bar.own { fill: #7c3aed }
  .range { stroke: #57606a; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .bar { fill: #6e7681 }
    .bar.own { fill: #a78bfa }
    .range { stroke: #c9d1d9 }
  }
`

/**
 * A bar for the median of each row, with a line from the least to the most, as SVG that fits light and dark pages. Linear
 * bars begin at nought, logarithmic ones at the power of ten below the least. Rows whose label is bold are ours and stand out.
 *
 * @throws Error when no row has a figure in that column.
 */
export function toChart(table: ResultTable, { column, title, scale = 'linear' }: ChartOf): string {
  const { digits = 0 } = table.columns.find(({ key }) => key === column) ?? {}
  const rows = table.rows.flatMap(({ label, cells }) => {
    const figure = cells[column]
    return typeof figure === 'object' ? [{ label, figure }] : []
  })
  if (rows.length === 0) throw new Error(`Table ${table.id} has no figures in column ${column} to draw.`)
  const labels = Math.ceil(Math.max(...rows.map(({ label }) => toPlain(label).length)) * LETTER) + 20
  const toShare = createScale(
    scale,
    Math.min(...rows.map(({ figure }) => figure.min)),
    Math.max(...rows.map(({ figure }) => figure.max)),
  )
  const toLength = (value: number) => Math.round(toShare(value) * (WIDTH - labels - VALUES) * 10) / 10
  const heading = scale === 'linear' ? title : `${title} (logarithmic scale)`
  const bars = rows.map(({ label, figure }, index) => {
    const top = HEAD + index * ROW
    const own = label.includes('**') ? ' own' : ''
    const end = labels + toLength(figure.max)
    const middle = top + 9
    return [
      `<text class="label${own}" x="${labels - 10}" y="${top + 14}" text-anchor="end">${escape(toPlain(label))}</text>`,
      `<rect class="bar${own}" x="${labels}" y="${top}" width="${toLength(figure.median)}" height="18" rx="2"/>`,
      `<line class="range" x1="${labels + toLength(figure.min)}" x2="${end}" y1="${middle}" y2="${middle}"/>`,
      `<text class="value${own}" x="${end + 8}" y="${top + 14}">${formatNumber(figure.median, digits)}</text>`,
    ].join('\n')
  })
  const height = HEAD + rows.length * ROW + 8
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(heading)}">
<style>${STYLE}</style>
<text class="title" x="10" y="24">${escape(heading)}</text>
${bars.join('\n')}
</svg>
`
}

/** From a value to its share of the longest bar. */
function createScale(scale: 'linear' | 'logarithmic', least: number, most: number): (value: number) => number {
  if (scale === 'linear' || least <= 0) return (value) => (most > 0 ? value / most : 0)
  const begin = Math.ceil(Math.log10(least)) - 1
  return (value) => (Math.log10(value) - begin) / (Math.log10(most) - begin)
}

function toPlain(markdown: string): string {
  return markdown.replaceAll(/\*\*|`/g, '')
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
