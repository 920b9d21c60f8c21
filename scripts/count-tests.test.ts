import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeFailure, readPlaywright, readVitest } from './count-tests.mjs'

describe('readVitest', () => {
  const test = (fullName: string, status: string) => ({
    fullName,
    status,
    failureMessages: status === 'failed' ? [`Error: ${fullName}`] : [],
  })
  const report = {
    testResults: [
      {
        name: '/a.test.ts',
        status: 'failed',
        message: '',
        assertionResults: [test('REL-1 one', 'passed'), test('two', 'failed'), test('three', 'skipped')],
      },
      { name: '/b.test.ts', status: 'failed', message: 'no such module', assertionResults: [] },
    ],
  }

  it('counts, and names the failed tests and the files that could not be read', () => {
    expect(readVitest(report)).toEqual({
      passed: 1,
      failed: 2,
      skipped: 1,
      failures: [
        { file: '/a.test.ts', name: 'two', messages: ['Error: two'] },
        { file: '/b.test.ts', name: '(the file itself)', messages: ['no such module'] },
      ],
    })
  })
  it('counts only tests of the rows', () => {
    expect(readVitest(report, 'REL')).toMatchObject({ passed: 1, failed: 1, skipped: 0 })
  })
})

it('readPlaywright names the failed tests with their project, and errors outside of tests', () => {
  const run = (status: string, messages: string[]) => ({
    projectName: 'dev',
    status,
    results: [{ errors: messages.map((message) => ({ message })) }],
  })
  const specs = [
    { title: 'good', file: 'a.spec.ts', line: 3, tests: [run('expected', [])] },
    { title: 'bad', file: 'a.spec.ts', line: 9, tests: [run('unexpected', ['no'])] },
    { title: 'at times', file: 'a.spec.ts', line: 12, tests: [run('flaky', ['once'])] },
  ]
  const report = {
    config: { rootDir: '/e2e' },
    stats: { expected: 1, unexpected: 1, flaky: 1, skipped: 0 },
    errors: [{ message: 'set-up failed' }],
    suites: [{ title: 'a.spec.ts', suites: [{ title: 'group', specs }] }],
  }
  expect(readPlaywright(report)).toEqual({
    passed: 1,
    failed: 3,
    skipped: 0,
    failures: [
      { file: join('/e2e', 'a.spec.ts:9'), name: 'dev › group › bad', messages: ['no'] },
      { file: join('/e2e', 'a.spec.ts:12'), name: 'dev › group › at times', messages: ['once'] },
      { file: '', name: '(outside the tests)', messages: ['set-up failed'] },
    ],
  })
})

it('describeFailure shows the beginning of an error, without colours and lines of libraries', () => {
  const message = `\u001B[31mError: 1 ≠ 2\u001B[39m\n    at test (a.test.ts:1)\n    at run (/node_modules/x.js:1)\n${'more\n'.repeat(50)}`
  const text = describeFailure('unit', { file: 'a.test.ts', name: 'one', messages: [message] })
  expect(text.split('\n').slice(1, 4)).toEqual(['  one', '    Error: 1 ≠ 2', '        at test (a.test.ts:1)'])
  expect(text.split('\n').length).toBeLessThan(12)
  expect(text).not.toContain('node_modules')
})

describe('the program', () => {
  const passing = { testResults: [{ name: '/a', status: 'passed', assertionResults: [toResult('passed')] }] }
  const browser = { config: { rootDir: '/e2e' }, stats: { expected: 1 }, errors: [], suites: [] }
  const whole = {
    unit: passing,
    conformance: passing,
    'conformance-browser': { ...browser, stats: { expected: 1, unexpected: 0, flaky: 0, skipped: 0 } },
    faults: passing,
    threats: passing,
    e2e: { ...browser, stats: { expected: 1, unexpected: 0, flaky: 0, skipped: 1 } },
    commands: { failed: [] },
  }
  let folder = ''
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'count-tests-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  function toResult(status: string) {
    return { fullName: 'REL-1 SEC-1 one', status, failureMessages: status === 'failed' ? ['Error: no'] : [] }
  }

  function count(reports: Record<string, unknown>): [code: number | null, output: string] {
    for (const [name, report] of Object.entries(reports)) {
      writeFileSync(join(folder, `${name}.json`), JSON.stringify(report))
    }
    const program = join(import.meta.dirname, 'count-tests.mjs')
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, folder], { encoding: 'utf8' })
    expect(stderr).toBe('')
    return [status, stdout.trim()]
  }

  it('ends well when all is there and nothing failed', () => {
    expect(count(whole)).toEqual([0, '6 passed, 0 failed, 1 skipped'])
  })

  it.each([
    [
      'a failed test',
      { unit: { testResults: [{ name: '/a', status: 'failed', assertionResults: [toResult('failed')] }] } },
      /FAILED \[unit\][^]*Error: no[^]*\n5 passed, 1 failed, 1 skipped$/,
    ],
    ['a failed command', { commands: { failed: ['npm run check'] } }, /^FAILED npm run check\n6 passed/],
  ])('ends badly for %s', (_name, reports, output) => {
    expect(count({ ...whole, ...reports })).toEqual([1, expect.stringMatching(output)])
  })

  it.each(['unit', 'e2e', 'commands'] as const)('ends badly without the report of %s', (name) => {
    const { [name]: _, ...rest } = whole
    const [code, output] = count(rest)
    expect(code).toBe(1)
    expect(output).toMatch(name === 'commands' ? /^FAILED npm test, which did not end\n/ : /^MISSING the report of /)
  })
})
