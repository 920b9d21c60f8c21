// The end of `.ci/run`: which tests failed and how, then on one line what the test runners counted. A suite that left no
// report is a failure, and so is no test at all.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Each suite's report. Runs that choose tests by the rows they name leave the others out: those are no skipped tests. */
const suites = {
  unit: { file: 'unit.json' },
  conformance: { file: 'conformance.json' },
  'conformance in the browser': { file: 'conformance-browser.json' },
  faults: { file: 'faults.json', rows: 'REL' },
  threats: { file: 'threats.json', rows: 'SEC' },
  e2e: { file: 'e2e.json' },
}

/**
 * What a report of vitest counted, and the tests that failed.
 *
 * @param {string} [rows] count only tests whose name has an id with this prefix
 */
export function readVitest(report, rows) {
  const summary = { passed: 0, failed: 0, skipped: 0, failures: [] }
  for (const { name: file, status: fileStatus, message, assertionResults } of report.testResults) {
    const chosen = assertionResults.filter(
      ({ fullName }) => rows === undefined || new RegExp(`\\b${rows}-\\d`).test(fullName),
    )
    for (const { status, fullName, failureMessages } of chosen) {
      if (status === 'passed') summary.passed++
      else if (status !== 'failed') summary.skipped++
      else {
        summary.failed++
        summary.failures.push({ file, name: fullName, messages: failureMessages ?? [] })
      }
    }
    // A file that could not be read, or whose hook failed, has no failed test.
    if (fileStatus === 'failed' && !assertionResults.some(({ status }) => status === 'failed')) {
      summary.failed++
      summary.failures.push({ file, name: '(the file itself)', messages: [message] })
    }
  }
  return summary
}

/** What a report of Playwright counted, and the tests that failed. */
export function readPlaywright(report) {
  const { expected, unexpected, flaky, skipped } = report.stats
  const errors = (report.errors ?? []).map(({ message }) => ({
    file: '',
    name: '(outside the tests)',
    messages: [message],
  }))
  const failures = []
  const visit = (suite, titles) => {
    for (const { title, file, line, tests } of suite.specs ?? []) {
      for (const { projectName, status, results: runs } of tests) {
        if (status === 'expected' || status === 'skipped') continue
        const messages = runs.flatMap((run) => (run.errors ?? []).map(({ message }) => message))
        const name = [projectName, ...titles, title].filter(Boolean).join(' › ')
        failures.push({ file: `${join(report.config.rootDir, file)}:${line}`, name, messages })
      }
    }
    for (const inner of suite.suites ?? []) visit(inner, [...titles, inner.title])
  }
  for (const suite of report.suites) visit(suite, [])
  return { passed: expected, failed: unexpected + flaky + errors.length, skipped, failures: [...failures, ...errors] }
}

/** Some lines of text about a failed test: its place and name, and the beginning of each of its errors. */
export function describeFailure(suite, { file, name, messages }) {
  const place = file === '' ? '' : ` ${relative(root, file)}`
  const lines = messages.flatMap((message) =>
    stripVTControlCharacters(message ?? '')
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.includes('node_modules'))
      .slice(0, 8)
      .map((line) => `    ${line.slice(0, 300)}`),
  )
  return [`FAILED [${suite}]${place}`, `  ${name}`, ...lines.slice(0, 16)].join('\n')
}

function readReport(folder, file) {
  return existsSync(join(folder, file)) ? JSON.parse(readFileSync(join(folder, file), 'utf8')) : undefined
}

/** @param folder where the reports are */
function main(folder = join(root, 'test-results')) {
  const total = { passed: 0, failed: 0, skipped: 0 }
  const missing = []
  for (const [suite, { file, rows }] of Object.entries(suites)) {
    const report = readReport(folder, file)
    if (report === undefined) {
      missing.push(suite)
      continue
    }
    const summary = report.testResults === undefined ? readPlaywright(report) : readVitest(report, rows)
    for (const state of Object.keys(total)) total[state] += summary[state]
    for (const failure of summary.failures) console.log(`${describeFailure(suite, failure)}\n`)
  }
  const commands = readReport(folder, 'commands.json')?.failed ?? ['npm test, which did not end']
  for (const command of commands) console.log(`FAILED ${command}`)
  for (const suite of missing) console.log(`MISSING the report of ${suite}`)
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
  if (total.passed === 0 || total.failed > 0 || missing.length > 0 || commands.length > 0) process.exitCode = 1
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) main(process.argv[2])
