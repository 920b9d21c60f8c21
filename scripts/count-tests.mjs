// Prints, on one line, what the test runners counted: `.ci/run` ends with it. No test at all is a failure.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const results = join(dirname(fileURLToPath(import.meta.url)), '../test-results')

function readReport(name) {
  const file = join(results, name)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

const reports = ['unit.json', 'e2e.json', 'conformance.json', 'conformance-browser.json'].map(readReport)
const sum = (count) => reports.reduce((total, report) => total + (report === undefined ? 0 : count(report)), 0)
// Vitest's report has the counts at its top, Playwright's in `stats`.
const passed = sum(({ numPassedTests = 0, stats }) => numPassedTests + (stats?.expected ?? 0))
const failed = sum(({ numFailedTests = 0, stats }) => numFailedTests + (stats?.unexpected ?? 0) + (stats?.flaky ?? 0))
const skipped = sum(({ numPendingTests = 0, stats }) => numPendingTests + (stats?.skipped ?? 0))
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
if (passed === 0 || failed > 0) process.exitCode = 1
