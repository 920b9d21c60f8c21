// `npm run conformance`: runs the tests of e2e/conformance and says for each id of ids.json whether its tests pass. With
// names of sections (`npm run conformance -- build http`) it runs and lists those only.
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { judge, printVerdicts, readJson, root, run, toReport } from './rows.mjs'

const folder = join(root, 'e2e/conformance')
const results = join(root, 'test-results')
const reports = { vitest: join(results, 'conformance.json'), browser: join(results, 'conformance-browser.json') }

/** The ids that a test's name begins with: `B10 B11 …`. */
export function readIds(name) {
  const [ids = ''] = /^(?:[A-Z]{1,2}\d{1,2}(?:\s+|$))*/.exec(name) ?? []
  return ids.split(/\s+/).filter(Boolean)
}

/** Nothing is left out here: a test that did not run is one that failed. One without an id is known to nobody by its name. */
export function toTest(name, passed) {
  const ids = readIds(name)
  return { ids: ids.length === 0 ? [name] : ids, state: passed ? 'passed' : 'failed' }
}

function readTests() {
  const tests = []
  for (const { assertionResults } of readJson(reports.vitest)?.testResults ?? []) {
    for (const { title, status } of assertionResults) tests.push(toTest(title, status === 'passed'))
  }
  const visit = (suite) => {
    for (const { title, tests: runs } of suite.specs ?? []) {
      const passed = runs.every(({ status }) => status === 'expected')
      tests.push(toTest(title, passed))
    }
    for (const inner of suite.suites ?? []) visit(inner)
  }
  for (const suite of readJson(reports.browser)?.suites ?? []) visit(suite)
  return tests
}

function main(sections) {
  mkdirSync(results, { recursive: true })
  for (const file of Object.values(reports)) rmSync(file, { force: true })
  const isChosen = (file) => sections.length === 0 || sections.some((section) => file.includes(section))
  const files = readdirSync(folder).filter(isChosen)

  let ended = true
  if (files.some((file) => file.endsWith('.conformance.test.ts'))) {
    const args = ['run', '--project', 'conformance', ...toReport(reports.vitest), ...sections]
    ended = run('vitest', 'vitest.mjs', args) === 0 && ended
  }
  if (files.some((file) => file.endsWith('.spec.ts'))) {
    const config = ['--config', 'e2e/conformance/playwright.config.ts']
    ended = run('playwright', 'cli.js', ['test', ...config, ...sections]) === 0 && ended
  }

  const titles = Object.entries(readJson(join(folder, 'ids.json')))
  const rows = Object.fromEntries(titles.map(([id, title]) => [id, { title }]))
  const { verdicts, unknown } = judge(rows, readTests())
  const shown = new Map([...verdicts].filter(([, verdict]) => sections.length === 0 || verdict !== 'missing'))
  printVerdicts('conformance', rows, { verdicts: shown, unknown })
  const isGood = [...shown.values()].every((verdict) => verdict === 'pass')
  if (!ended || unknown.length > 0 || !isGood || shown.size === 0) process.exitCode = 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2))
