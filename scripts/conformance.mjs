// `npm run conformance`: runs the tests of e2e/conformance and says for each id of ids.json whether its tests pass. With
// names of sections (`npm run conformance -- build http`) it runs and lists those only.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const folder = join(root, 'e2e/conformance')
const results = join(root, 'test-results')
const reports = { vitest: join(results, 'conformance.json'), browser: join(results, 'conformance-browser.json') }

/** The ids that a test's name begins with: `B10 B11 …`. */
export function readIds(name) {
  const [ids = ''] = /^(?:[A-Z]{1,2}\d{1,2}(?:\s+|$))*/.exec(name) ?? []
  return ids.split(/\s+/).filter(Boolean)
}

/**
 * @param {Record<string, string>} titles by id
 * @param {Array<{ name: string, passed: boolean }>} tests
 * @returns for each id `pass`, `fail` or `missing`, and the names of tests whose id nobody knows
 */
export function collate(titles, tests) {
  const states = new Map(Object.keys(titles).map((id) => [id, 'missing']))
  const unknown = []
  for (const { name, passed } of tests) {
    const ids = readIds(name)
    if (ids.length === 0 || ids.some((id) => !states.has(id))) unknown.push(name)
    for (const id of ids.filter((id) => states.has(id))) {
      if (!passed) states.set(id, 'fail')
      else if (states.get(id) === 'missing') states.set(id, 'pass')
    }
  }
  return { states, unknown }
}

function run(packageName, bin, args) {
  const home = dirname(createRequire(import.meta.url).resolve(`${packageName}/package.json`))
  return spawnSync(process.execPath, [join(home, bin), ...args], { stdio: 'inherit', cwd: root }).status === 0
}

function readJson(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

function readTests() {
  const tests = []
  for (const { assertionResults } of readJson(reports.vitest)?.testResults ?? []) {
    for (const { title, status } of assertionResults) tests.push({ name: title, passed: status === 'passed' })
  }
  const visit = (suite) => {
    for (const { title, tests: runs } of suite.specs ?? []) {
      tests.push({ name: title, passed: runs.every(({ status }) => status === 'expected') })
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
    const output = ['--reporter=default', '--reporter=json', `--outputFile.json=${reports.vitest}`]
    ended = run('vitest', 'vitest.mjs', ['run', '--project', 'conformance', ...output, ...sections]) && ended
  }
  if (files.some((file) => file.endsWith('.spec.ts'))) {
    const config = ['--config', 'e2e/conformance/playwright.config.ts']
    ended = run('playwright', 'cli.js', ['test', ...config, ...sections]) && ended
  }

  const titles = readJson(join(folder, 'ids.json'))
  const { states, unknown } = collate(titles, readTests())
  const shown = [...states].filter(([, state]) => sections.length === 0 || state !== 'missing')
  console.log('')
  for (const [id, state] of shown) console.log(`${state.padEnd(7)}  ${id.padEnd(4)}  ${titles[id]}`)
  for (const name of unknown) console.log(`unknown  ${name}`)
  const count = (state) => shown.filter(([, other]) => other === state).length
  const total = `${count('pass')} pass, ${count('fail')} fail, ${count('missing')} missing of ${shown.length}`
  console.log(`\nconformance: ${total}${unknown.length > 0 ? `, ${unknown.length} tests without a known id` : ''}`)
  if (!ended || unknown.length > 0 || count('pass') !== shown.length || shown.length === 0) process.exitCode = 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2))
