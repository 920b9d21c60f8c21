import { beforeEach, describe, expect, it } from 'vitest'
import { IsrError } from '../errors.ts'
import { createFailures, type Failures } from './failures.ts'

describe('failures', () => {
  let time: number
  let lines: string[]
  let failures: Failures

  beforeEach(() => {
    time = 0
    lines = []
    const write = (line: string) => void lines.push(line)
    failures = createFailures({ info: write, warn: write, error: write }, () => time)
  })

  const failure = (path: string) => new IsrError('ISR_GENERATE', `${path} failed`, { page: 'pages/[id].tsx', path })

  it('W21 tells each failure once, with page and path', () => {
    const error = failure('/a')
    failures.report(error, {})
    failures.report(error, {})
    failures.report(failure('/b'), {})
    const other = new IsrError('ISR_GENERATE', 'another way to fail', { page: 'pages/[id].tsx', path: '/a' })
    failures.report(other, {})
    expect(lines).toEqual([
      '[vite-plugin-isr] code=ISR_GENERATE page=pages/[id].tsx path=/a: /a failed',
      '[vite-plugin-isr] code=ISR_GENERATE page=pages/[id].tsx path=/b: /b failed',
      '[vite-plugin-isr] code=ISR_GENERATE page=pages/[id].tsx path=/a: another way to fail',
    ])
  })

  it('counts how often the same failure came back', () => {
    for (let index = 0; index < 4; index++) failures.report(failure('/a'), {})
    time += 10_000
    failures.report(failure('/a'), {})
    expect(lines).toHaveLength(2)
    expect(lines[1]).toContain('(and 3 more since the last line)')
  })

  it('SEC-115 a flood is counted instead', () => {
    for (let index = 0; index < 1000; index++) failures.report(failure(`/${index}`), {})
    expect(lines).toHaveLength(20)
    time += 10_000
    failures.report(failure('/later'), {})
    expect(lines[20]).toContain('(and 980 more since the last line): /later failed')
    expect(lines).toHaveLength(21)
  })

  it('SEC-115 a store that fails and requests of one kind are told once in 10 seconds', () => {
    for (let index = 0; index < 5; index++) {
      failures.report(new IsrError('ISR_STORE', `write ${index}`), { page: 'the cache store', path: `/${index}` })
      failures.refuse('refused a request with 400', 'malformed escape')
    }
    expect(lines).toHaveLength(2)
    time += 10_000
    failures.refuse('refused a request with 400', 'malformed escape')
    expect(lines[2]).toBe(
      '[vite-plugin-isr] refused a request with 400 (and 4 more since the last line): malformed escape',
    )
  })

  it('a clock that went back silences nothing', () => {
    time = 1_000_000
    failures.refuse('kind', 'one')
    time = 0
    failures.refuse('kind', 'two')
    expect(lines).toHaveLength(2)
  })
})
