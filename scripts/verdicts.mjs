// `npm run faults` and `npm run threats`: run every test whose name begins with the id of a row, wherever the test lies,
// and say of each row whether its tests pass. Words after `--` choose files by a part of their name. `--long` adds what takes
// many minutes, `--root` what needs the rights of root on Linux (file systems of a test's own, system calls that fail).
// `--after-unit` takes the results of unit and integration tests from the report of a run on these very sources.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const suites = { faults: 'REL', threats: 'SEC' }
const FLAGS = ['--long', '--root', '--after-unit']

/** The rows' ids that the titles of a test and its groups begin with: `REL-17 P2 a killed writer …`. */
export function readRowIds(titles, prefix) {
  return titles.flatMap((title) => {
    const [ids = ''] = /^(?:[A-Z]+-?\d+(?:[\s,:]+|$))*/.exec(title) ?? []
    return ids.split(/[\s,:]+/).filter((id) => id.startsWith(`${prefix}-`))
  })
}

/**
 * @param {Record<string, { title: string, reason?: string }>} rows by id; one with a reason does not apply
 * @param {Array<{ ids: string[], state: 'passed' | 'failed' | 'left out' }>} tests
 * @returns the verdict of each row: `pass`, `fail`, `left out` (all its tests need a flag), `missing` or `n/a`; and unknown ids
 */
export function judge(rows, tests) {
  const verdicts = new Map(
    Object.entries(rows).map(([id, { reason }]) => [id, reason === undefined ? 'missing' : 'n/a']),
  )
  const unknown = new Set()
  for (const { ids, state } of tests) {
    for (const id of ids) {
      const verdict = verdicts.get(id)
      if (verdict === undefined) unknown.add(id)
      else if (state === 'failed') verdicts.set(id, 'fail')
      else if (verdict !== 'fail' && state === 'passed') verdicts.set(id, 'pass')
      else if (verdict === 'missing' || verdict === 'n/a') verdicts.set(id, 'left out')
    }
  }
  return { verdicts, unknown: [...unknown] }
}

/** The test files that belong to the suite, or name one of its rows. */
function findFiles(suite, prefix, words) {
  const isTest = /(?<!\.conformance|\.d)\.test\.tsx?$/
  const files = []
  for (const folder of ['plugin', 'runtime', 'e2e', 'scripts']) {
    for (const each of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      const file = join(each.parentPath, each.name)
      if (!each.isFile() || !isTest.test(each.name) || /[\\/](?:node_modules|fixtures|dist)[\\/]/.test(file)) continue
      const other = Object.keys(suites).find((name) => name !== suite)
      if (each.name.includes(`.${other}.`)) continue
      if (
        each.name.includes(`.${suite}.`) ||
        new RegExp(`['"\`]${prefix}-\\d|\\b${prefix}-\\d+ .*['"\`]`).test(readFileSync(file, 'utf8'))
      ) {
        files.push(relative(root, file))
      }
    }
  }
  return files.filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
}

/**
 * The files of a report whose results still hold: nothing, when a source was changed after the run began.
 *
 * @param {{ startTime: number, testResults: Array<{ name: string }> } | undefined} report as vitest writes it
 * @param {number} changedAt when a source was changed last, in milliseconds since the epoch
 */
export function takeResults(report, changedAt) {
  return report === undefined || report.startTime <= changedAt ? [] : report.testResults
}

function readUnitResults() {
  const text = readIfThere(join(root, 'test-results/unit.json'))
  const sources = ['plugin', 'runtime', 'e2e', 'scripts'].map((folder) => findNewest(join(root, folder)))
  const settings = ['package-lock.json', 'vitest.config.ts'].map((file) => statSync(join(root, file)).mtimeMs)
  return takeResults(text === undefined ? undefined : JSON.parse(text), Math.max(...sources, ...settings))
}

function findNewest(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
  return Math.max(...files.map((each) => statSync(join(each.parentPath, each.name)).mtimeMs))
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function readTests(results, prefix) {
  return results.flatMap(({ assertionResults }) =>
    assertionResults.map(({ ancestorTitles, title, status }) => ({
      ids: readRowIds([...ancestorTitles, title], prefix),
      state: status === 'passed' ? 'passed' : status === 'failed' ? 'failed' : 'left out',
    })),
  )
}

/** @returns the exit code of vitest */
function runTests(suite, prefix, { files, flags, report }) {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
  const projects = ['unit', 'integration', suite].flatMap((name) => ['--project', name])
  const output = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const args = [vitest, 'run', ...projects, ...output, '--testNamePattern', `${prefix}-\\d`, ...files]
  const { status } = spawnSync(process.execPath, args, {
    stdio: 'inherit',
    cwd: root,
    env: {
      ...process.env,
      ...(flags.includes('--long') && { ISR_TEST_LONG: '1' }),
      ...(flags.includes('--root') && { ISR_TEST_ROOT: '1' }),
    },
  })
  return status
}

function main([suite = '', ...args]) {
  const prefix = suites[suite]
  if (prefix === undefined) throw new Error(`Name a suite: ${Object.keys(suites).join(' or ')}.`)
  const words = args.filter((arg) => !arg.startsWith('--'))
  const flags = args.filter((arg) => arg.startsWith('--'))
  const stray = flags.find((flag) => !FLAGS.includes(flag))
  if (stray !== undefined) {
    console.error(`Unknown flag ${stray}. There are ${FLAGS.join(', ')}.`)
    process.exitCode = 2
    return
  }
  const report = join(root, 'test-results', `${suite}.json`)
  mkdirSync(dirname(report), { recursive: true })
  rmSync(report, { force: true })
  const files = findFiles(suite, prefix, words)
  if (files.length === 0) {
    console.error(`No test file of ${suite} has ${words.join(' or ')} in its name.`)
    process.exitCode = 2
    return
  }
  // Flags add tests, which a run without them has left out.
  const known = flags.join() === '--after-unit' ? readUnitResults() : []
  const reused = known.filter(({ name }) => files.includes(relative(root, name)))
  const left = files.filter((file) => !reused.some(({ name }) => relative(root, name) === file))
  const status = left.length === 0 ? 0 : runTests(suite, prefix, { files: left, flags, report })
  const rows = JSON.parse(readFileSync(join(root, `e2e/${suite}/ids.json`), 'utf8'))
  // Tests that the name pattern left out have no id.
  const text = readIfThere(report)
  const results = [...reused, ...(text === undefined ? [] : JSON.parse(text).testResults)]
  const { verdicts, unknown } = judge(rows, readTests(results, prefix))
  const shown = [...verdicts].filter(([, verdict]) => words.length === 0 || verdict !== 'missing')
  console.log('')
  if (reused.length > 0) console.log(`(${reused.length} test files were run before, by npm run unit)\n`)
  for (const [id, verdict] of shown) {
    console.log(
      `${verdict.padEnd(8)}  ${id.padEnd(7)}  ${rows[id].title}${verdict === 'n/a' ? ` (${rows[id].reason})` : ''}`,
    )
  }
  for (const id of unknown) console.log(`unknown   ${id}`)
  const count = (verdict) => shown.filter(([, other]) => other === verdict).length
  const kinds = ['pass', 'fail', 'missing', 'left out', 'n/a'].map((kind) => `${count(kind)} ${kind}`)
  console.log(
    `\n${suite}: ${kinds.join(', ')} of ${shown.length}${count('left out') > 0 ? ' (left out: see --long and --root)' : ''}`,
  )
  if (status !== 0 || unknown.length > 0 || count('fail') > 0 || count('missing') > 0) process.exitCode = 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2))
