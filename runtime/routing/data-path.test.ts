import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDataName, toDataName } from './data-path.ts'

describe('names of navigation data', () => {
  it.each([
    ['/', '/index'],
    ['/posts/1', '/posts/1'],
    ['/index', '/index/index'],
    ['/index/a', '/index/index/a'],
    ['/indexes', '/indexes'],
    ['/a/index', '/a/index'],
  ])('J01 the data of %s is called %s', (path, name) => {
    expect(toDataName(path)).toBe(name)
    expect(parseDataName(name)).toBe(path)
  })
  it('J03 a name that no path has is none', () => {
    expect(parseDataName('/index/a')).toBeUndefined()
  })
  it('J01 every path has a name of its own', () => {
    const segment = fc.constantFrom('index', 'a', 'indexes')
    const path = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`)
    fc.assert(
      fc.property(path, (each) => {
        expect(parseDataName(toDataName(each))).toBe(each)
      }),
    )
  })
})
