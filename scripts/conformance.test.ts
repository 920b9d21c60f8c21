import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readIds, toTest } from './conformance.mjs'
import { judge } from './rows.mjs'

describe('readIds', () => {
  it.each([
    ['S01 fresh page is a HIT', ['S01']],
    ['B10 B11 HD02 several', ['B10', 'B11', 'HD02']],
    ['W1 a difference', ['W1']],
    ['W01', ['W01']],
    ['ISR60 is no page', []],
    ['no id', []],
  ])('%s', (name, ids) => {
    expect(readIds(name)).toEqual(ids)
  })
})

describe('toTest', () => {
  const rows = { A01: { title: 'one' } }

  it('tests without an id, or with one that nobody knows, are named', () => {
    const tests = ['A01 A99 x', 'nothing', 'A01 y'].map((name) => toTest(name, true))
    expect(judge(rows, tests)).toEqual({ verdicts: new Map([['A01', 'pass']]), unknown: ['A99', 'nothing'] })
  })

  it('what did not pass has failed', () => {
    expect(judge(rows, [toTest('A01 x', false)]).verdicts.get('A01')).toBe('fail')
  })
})

it('the list of ids has no id twice', () => {
  const text = readFileSync(new URL('../e2e/conformance/ids.json', import.meta.url), 'utf8')
  const ids = [...text.matchAll(/^ {2}"([A-Z]+\d+)": /gm)].map(([, id]) => id)
  expect(ids.length).toBeGreaterThan(130)
  expect(new Set(ids).size).toBe(ids.length)
})
