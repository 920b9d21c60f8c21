import { describe, expect, it } from 'vitest'
import { judge } from './size.mjs'

describe('the size budget', () => {
  const budget = { 'the client': { bytes: 8000, growth: 0.01 } }

  it('lets a little pass, and what got smaller', () => {
    expect(judge({ 'the client': 8080 }, budget)).toEqual([])
    expect(judge({ 'the client': 2 }, budget)).toEqual([])
  })

  it('says what grew, from what, to what and how much would pass', () => {
    expect(judge({ 'the client': 8081 }, budget)).toEqual([
      'the client grew from 8.00 kB to 8.08 kB (+81 B); 8.08 kB are let pass.',
    ])
  })

  it('says when something is not measured any more', () => {
    expect(judge({}, budget)).toEqual(['the client is in scripts/sizes.json, and was not measured.'])
  })
})
