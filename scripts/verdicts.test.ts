import { describe, expect, it } from 'vitest'
import { readRowIds, takeResults } from './verdicts.mjs'

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
