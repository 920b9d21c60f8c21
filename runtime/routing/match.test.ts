import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMatcher } from './match.ts'
import { parsePattern } from './pattern.ts'
import { toPath } from './path.ts'

const match = (patterns: string[], path: string) => {
  const found = createMatcher(patterns.map((pattern) => ({ pattern })))(path)
  return found && [found.route.pattern, found.params]
}

describe('createMatcher', () => {
  it('P01 prefers static over [id] over [...all] over [[...all]] at each level', () => {
    const table = ['/[[...rest]]', '/b/[...all]', '/b/[id]', '/b/pre', '/']
    expect(match(table, '/')).toEqual(['/', {}])
    expect(match(table, '/b/pre')).toEqual(['/b/pre', {}])
    expect(match(table, '/b/x')).toEqual(['/b/[id]', { id: 'x' }])
    expect(match(table, '/b/x/y')).toEqual(['/b/[...all]', { all: ['x', 'y'] }])
    expect(match(table, '/c/d')).toEqual(['/[[...rest]]', { rest: ['c', 'd'] }])
  })
  it('P01 [...x] does not match zero segments, [[...x]] does', () => {
    expect(match(['/d/[...x]'], '/d')).toBeUndefined()
    expect(match(['/d/[[...x]]'], '/d')).toEqual(['/d/[[...x]]', {}])
  })
  it('P01 leaves a static branch that leads nowhere', () => {
    expect(match(['/a/b/c', '/[x]/b/d'], '/a/b/d')).toEqual(['/[x]/b/d', { x: 'a' }])
  })
  it('U03 is case-sensitive', () => expect(match(['/isr60'], '/ISR60')).toBeUndefined())
  it('U06 keeps +, %3F, %23 and %5C as data', () => {
    expect(match(['/b/[s]'], '/b/a+b%3F%23%5C')).toEqual(['/b/[s]', { s: 'a+b?#\\' }])
  })
  it('SEC-46 decodes exactly once', () => {
    expect(match(['/[s]', '/admin'], '/%2561dmin')).toEqual(['/[s]', { s: '%61dmin' }])
  })
  it('SEC-47 %2F is data inside one segment', () => {
    expect(match(['/b/[s]', '/b/[s]/x'], '/b/a%2Fx')).toEqual(['/b/[s]', { s: 'a/x' }])
  })
  it('SEC-27 names of Object.prototype are ordinary paths and parameters', () => {
    expect(match(['/known'], '/constructor')).toBeUndefined()
    const found = createMatcher([{ pattern: '/[__proto__]' }])('/toString')
    expect(Object.entries(found!.params)).toEqual([['__proto__', 'toString']])
  })
  it('answers undefined for malformed escapes and empty segments', () => {
    expect(match(['/b/[s]'], '/b/%')).toBeUndefined()
    expect(match(['/b/[...s]'], '/b//x')).toBeUndefined()
    expect(match(['/b/[...s]'], '/b/x/')).toBeUndefined()
  })
  it('matches parameter names with a dash', () => {
    expect(match(['/a/[post-id]'], '/a/1')).toEqual(['/a/[post-id]', { 'post-id': '1' }])
  })
})

const segmentText = fc
  .string({ unit: 'binary', minLength: 1 })
  .filter((text) => text.isWellFormed() && text !== '.' && text !== '..')

describe('toPath', () => {
  it('SEC-26 a path leads back to exactly the parameters that made it', () => {
    const matcher = createMatcher([{ pattern: '/x/[a]/[...rest]' }])
    fc.assert(
      fc.property(segmentText, fc.array(segmentText, { minLength: 1 }), (a, rest) => {
        expect(matcher(toPath('/x/[a]/[...rest]', { a, rest }))?.params).toEqual({ a, rest })
      }),
    )
  })
  it('SEC-26 different parameters give different paths', () => {
    const params = fc.record({ a: segmentText, rest: fc.array(segmentText, { minLength: 1, maxLength: 4 }) })
    fc.assert(
      fc.property(params, params, (one, other) => {
        const same = JSON.stringify(one) === JSON.stringify(other)
        expect(toPath('/[a]/[...rest]', one) === toPath('/[a]/[...rest]', other)).toBe(same)
      }),
    )
  })
  it('SEC-100 many spellings of a path come to one', () => {
    const matcher = createMatcher([{ pattern: '/b/[s]' }])
    const spellings = ['/b/caf%C3%A9', '/b/caf%c3%a9', '/b/%63af%C3%A9', '/b/café']
    const paths = spellings.map((spelling) => toPath('/b/[s]', matcher(spelling)!.params))
    expect(new Set(paths)).toEqual(new Set(['/b/caf%C3%A9']))
  })
  it.each([
    ['/[x]', {}, 'A required parameter (x) was not provided as a string received undefined'],
    ['/[x]', { x: ['a'] }, 'A required parameter (x) was not provided as a string received array'],
    ['/[...x]', { x: 'a' }, 'A required parameter (x) was not provided as an array received string'],
    ['/[...x]', { x: [] }, 'A required parameter (x) was not provided as an array received an empty array'],
    ['/[[...x]]', { x: 'a' }, 'A required parameter (x) was not provided as an array received string'],
  ])('B06 %s with %j is refused', (pattern, params, message) => {
    expect(() => toPath(pattern, params)).toThrow(message)
  })
  it.each(['', '.', '..', '\ud800'])('SEC-56 refuses the segment %j', (x) => {
    expect(() => toPath('/[x]', { x })).toThrow('(x)')
  })
  it('an empty optional catch-all is the parent path', () => {
    expect(toPath('/[[...x]]', {})).toBe('/')
    expect(toPath('/d/[[...x]]', { x: [] })).toBe('/d')
    for (const x of [null, false, undefined]) expect(toPath('/d/[[...x]]', { x: x as never })).toBe('/d')
  })
})

describe('parsePattern', () => {
  it.each(['/[x', '/x]', '/[]', '/[...x]/y', '/[x]/[x]', '/[[x]]', '/[.x]'])('refuses %s', (pattern) => {
    expect(() => parsePattern(pattern)).toThrow(SyntaxError)
  })
})
