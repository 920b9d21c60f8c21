// `npm run security`: writes the table of threats in SECURITY.md, from e2e/threats/ids.json and from the tests that name the rows.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readRowIds } from './verdicts.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const MARKS = ['<!-- threats -->', '<!-- /threats -->']

/** The files whose tests name each row, sorted. Titles are read from the source: a row counts when a title begins with it. */
export function findTests() {
  const tests = new Map()
  for (const folder of ['plugin', 'runtime', 'e2e']) {
    for (const each of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      const file = join(each.parentPath, each.name)
      if (!each.isFile() || !/\.test\.tsx?$/.test(each.name) || /[\\/](?:node_modules|dist)[\\/]/.test(file)) continue
      const name = relative(root, file).split('\\').join('/')
      for (const id of readIds(readFileSync(file, 'utf8'))) tests.set(id, (tests.get(id) ?? new Set()).add(name))
    }
  }
  return new Map([...tests].map(([id, files]) => [id, [...files].sort(compare)]))
}

/** The rows that titles in a test's source begin with. */
export function readIds(source) {
  const titles = [...source.matchAll(/['"`]((?:[A-Z]+-?\d+[\s,:]+)*SEC-\d+\b[^'"`]*)/g)].map(([, title]) => title)
  return new Set(readRowIds(titles, 'SEC'))
}

/**
 * @param {Record<string, { title: string, met?: string, reason?: string }>} rows
 * @param {ReadonlyMap<string, string[]>} tests
 */
export function renderTable(rows, tests) {
  const lines = Object.entries(rows)
    .filter(([, { reason }]) => reason === undefined)
    .map(([id, { title, met }]) => `| ${id} | ${title} | ${met} | ${renderFiles(tests.get(id) ?? [])} |`)
  return ['| Id | What holds | How | Tests |', '|---|---|---|---|', ...lines].join('\n')
}

/** Those that are about attacks first; three are enough to begin reading. */
function renderFiles(files) {
  const shown = [...files].sort((one, other) => Number(isThreats(other)) - Number(isThreats(one))).slice(0, 3)
  return shown
    .map(
      (file) =>
        `[${file
          .split('/')
          .at(-1)
          .replace(/\.test\.tsx?$/, '')}](${file})`,
    )
    .join(', ')
}

function compare(one, other) {
  return one < other ? -1 : 1
}

function isThreats(file) {
  return file.includes('.threats.')
}

/** The document with a new table. */
export function replaceTable(text, table) {
  const [begin, end] = MARKS.map((mark) => text.indexOf(mark))
  if (begin === -1 || end === -1) throw new Error(`SECURITY.md has no ${MARKS.join(' … ')}`)
  return `${text.slice(0, begin + MARKS[0].length)}\n\n${table}\n\n${text.slice(end)}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = JSON.parse(readFileSync(join(root, 'e2e/threats/ids.json'), 'utf8'))
  const file = join(root, 'SECURITY.md')
  writeFileSync(file, replaceTable(readFileSync(file, 'utf8'), renderTable(rows, findTests())))
}
