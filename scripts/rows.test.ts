import { describe, expect, it } from 'vitest'
import { judge } from './rows.mjs'

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
