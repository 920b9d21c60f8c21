// `npm run faults` and `npm run threats`: run every test whose name begins with the id of a row, wherever the test lies,
// and say of each row whether its tests pass. Words after `--` choose files by a part of their name. `--long` adds what takes
// many minutes, `--root` what needs the rights of root on Linux (file systems of a test's own, system calls that fail).
// `--after-unit` takes the results of unit and integration tests from the report of a run on these very sources.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { judge, printVerdicts, readJson, root, run, toReport } from './rows.mjs'

const suites = { faults: 'REL', threats: 'SEC' }
const FLAGS = ['--long', '--root', '--after-unit']

/** The rows' ids that the titles of a test and its groups begin with: `REL-17 P2 a killed writer …`. */
export function readRowIds(titles, prefix) {
  return titles.flatMap((title) => {
    const [ids = ''] = /^(?:[A-Z]+-?\d+(?:[\s,:]+|$))*/.exec(title) ?? []
    return ids.split(/[\s,:]+/).filter((id) => id.startsWith(`${prefix}-`))
  })
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
  const sources = ['plugin', 'runtime', 'e2e', 'scripts'].map((folder) => findNewest(join(root, folder)))
  const settings = ['package-lock.json', 'vitest.config.ts'].map((file) => statSync(join(root, file)).mtimeMs)
  return takeResults(readJson(join(root, 'test-results/unit.json')), Math.max(...sources, ...settings))
}

function findNewest(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
  return Math.max(...files.map((each) => statSync(join(each.parentPath, each.name)).mtimeMs))
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
  const names = ['unit', 'browser', ...['integration', suite].flatMap((name) => [name, `${name}-timed`])]
  const projects = names.flatMap((name) => ['--project', name])
  const args = ['run', ...projects, ...toReport(report), '--testNamePattern', `${prefix}-\\d`, ...files]
  return run('vitest', 'vitest.mjs', args, {
    ...(flags.includes('--long') && { ISR_TEST_LONG: '1' }),
    ...(flags.includes('--root') && { ISR_TEST_ROOT: '1' }),
  })
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
  const rows = readJson(join(root, `e2e/${suite}/ids.json`))
  // Tests that the name pattern left out have no id.
  const results = [...reused, ...(readJson(report)?.testResults ?? [])]
  const { verdicts, unknown } = judge(rows, readTests(results, prefix))
  const shown = new Map([...verdicts].filter(([, verdict]) => words.length === 0 || verdict !== 'missing'))
  if (reused.length > 0) console.log(`\n(${reused.length} test files were run before, by npm run unit)`)
  printVerdicts(suite, rows, { verdicts: shown, unknown })
  const has = (verdict) => [...shown.values()].includes(verdict)
  if (has('left out')) console.log('(left out: see --long and --root)')
  if (status !== 0 || unknown.length > 0 || has('fail') || has('missing')) process.exitCode = 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2))
