import { describe, expect, it } from 'vitest'
import { judge, readRowIds, takeResults } from './verdicts.mjs'

describe('readRowIds', () => {
  it.each([
    [['REL-17 a killed writer'], ['REL-17']],
    [['P2 REL-17 REL-26 whole or nothing'], ['REL-17', 'REL-26']],
    [
      ['REL-18: a full disk', 'REL-20 a short write'],
      ['REL-18', 'REL-20'],
    ],
    [['the disk', 'as in REL-17'], []],
    [['SEC-60 names'], []],
  ])('%s', (titles, ids) => {
    expect(readRowIds(titles, 'REL')).toEqual(ids)
  })
})

describe('judge', () => {
  const rows = {
    'REL-1': { title: 'one' },
    'REL-2': { title: 'two' },
    'REL-3': { title: 'three' },
    'REL-4': { title: 'four', reason: 'no such thing here' },
    'REL-5': { title: 'five' },
  }

  it('a row passes when it has tests that ran, and none of them failed', () => {
    const { verdicts, unknown } = judge(rows, [
      { ids: ['REL-1'], state: 'passed' },
      { ids: ['REL-1', 'REL-2'], state: 'left out' },
      { ids: ['REL-3'], state: 'failed' },
      { ids: ['REL-3'], state: 'passed' },
    ])
    expect(Object.fromEntries(verdicts)).toEqual({
      'REL-1': 'pass',
      'REL-2': 'left out',
      'REL-3': 'fail',
      'REL-4': 'n/a',
      'REL-5': 'missing',
    })
    expect(unknown).toEqual([])
  })

  it('ids that nobody knows are named', () => {
    expect(judge(rows, [{ ids: ['REL-99'], state: 'passed' }]).unknown).toEqual(['REL-99'])
  })
})

describe('takeResults', () => {
  const report = { startTime: 1000, testResults: ['a'] }

  it('takes them from a run that began after the last change', () => {
    expect(takeResults(report, 999)).toEqual(['a'])
  })

  it.each([1000, 1001])('takes nothing when a source changed at %d, and nothing from no report', (changedAt) => {
    expect(takeResults(report, changedAt)).toEqual([])
    expect(takeResults(undefined, changedAt)).toEqual([])
  })
})
