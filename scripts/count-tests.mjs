// Prints, on one line, what the test runners counted: `.ci/run` ends with it. No test at all is a failure.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const results = join(dirname(fileURLToPath(import.meta.url)), '../test-results')

function readReport(name) {
  const file = join(results, name)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

/** Of the runs that choose tests by their names, those that were chosen; what was left out by name is no skipped test. */
function readChosen(name, prefix) {
  const report = readReport(name)
  if (report === undefined) return undefined
  const tests = report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ fullName }) => new RegExp(`\\b${prefix}-\\d`).test(fullName))
  const count = (...states) => tests.filter(({ status }) => states.includes(status)).length
  return {
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numPendingTests: count('pending', 'skipped', 'todo', 'disabled'),
  }
}

const reports = [
  ...['unit.json', 'e2e.json', 'conformance.json', 'conformance-browser.json'].map(readReport),
  readChosen('faults.json', 'REL'),
  readChosen('threats.json', 'SEC'),
]
const sum = (count) => reports.reduce((total, report) => total + (report === undefined ? 0 : count(report)), 0)
// Vitest's report has the counts at its top, Playwright's in `stats`.
const passed = sum(({ numPassedTests = 0, stats }) => numPassedTests + (stats?.expected ?? 0))
const failed = sum(({ numFailedTests = 0, stats }) => numFailedTests + (stats?.unexpected ?? 0) + (stats?.flaky ?? 0))
const skipped = sum(({ numPendingTests = 0, stats }) => numPendingTests + (stats?.skipped ?? 0))
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
if (passed === 0 || failed > 0) process.exitCode = 1
