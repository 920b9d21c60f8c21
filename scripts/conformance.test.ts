import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { collate, readIds } from './conformance.mjs'

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

describe('collate', () => {
  const titles = { A01: 'one', A02: 'two', A03: 'three' }

  it('an id passes when it has tests and all of them pass', () => {
    const { states, unknown } = collate(titles, [
      { name: 'A01 first', passed: true },
      { name: 'A01 A02 second', passed: true },
      { name: 'A02 third', passed: false },
      { name: 'A02 fourth', passed: true },
    ])
    expect(Object.fromEntries(states)).toEqual({ A01: 'pass', A02: 'fail', A03: 'missing' })
    expect(unknown).toEqual([])
  })
  it('tests without an id, or with one that nobody knows, are named', () => {
    const tests = ['A01 A99 x', 'nothing', 'A01 y'].map((name) => ({ name, passed: true }))
    expect(collate(titles, tests).unknown).toEqual(['A01 A99 x', 'nothing'])
  })
})

it('the list of ids has no id twice', () => {
  const text = readFileSync(new URL('../e2e/conformance/ids.json', import.meta.url), 'utf8')
  const ids = [...text.matchAll(/^ {2}"([A-Z]+\d+)": /gm)].map(([, id]) => id)
  expect(ids.length).toBeGreaterThan(130)
  expect(new Set(ids).size).toBe(ids.length)
})
