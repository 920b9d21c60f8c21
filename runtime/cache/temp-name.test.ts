import { describe, expect, it } from 'vitest'
import { createTempNames, createWriter } from './temp-name.ts'

const HOUR = 3_600_000
const writer = { host: '00000001', pid: 10, run: 'aaaaaaaa' }

function isStray(from: typeof writer, options: { isAlive?: boolean; age?: number } = {}) {
  const names = createTempNames(writer, () => options.isAlive ?? false)
  return names.isStray(createTempNames(from).create('x.isr'), 0, options.age ?? 0)
}

describe('names of temporary files', () => {
  it('REL-17 a file of a dead writer is stray at once, that of a living one never', () => {
    expect(isStray({ ...writer, pid: 11 })).toBe(true)
    expect(isStray({ ...writer, pid: 11 }, { isAlive: true, age: 10 * HOUR })).toBe(false)
    expect(isStray(writer, { age: 10 * HOUR })).toBe(false)
  })

  it('REL-17 a predecessor with the same process number is dead', () => {
    expect(isStray({ ...writer, run: 'bbbbbbbb' })).toBe(true)
  })

  it('REL-28 a writer on another machine counts as dead after a while', () => {
    expect(isStray({ ...writer, host: '00000002' })).toBe(false)
    expect(isStray({ ...writer, host: '00000002' }, { age: HOUR })).toBe(true)
  })

  it('other names are nobody else’s business', () => {
    const names = createTempNames(createWriter())
    for (const name of ['x.isr', 'x.tmp', '.tmp', 'x.isr.1-2-3.tmp']) expect(names.isStray(name, 0, HOUR)).toBe(false)
  })

  it('SEC-65 names cannot be guessed', () => {
    const names = createTempNames(writer)
    expect(names.create('x')).not.toBe(names.create('x'))
  })
})
