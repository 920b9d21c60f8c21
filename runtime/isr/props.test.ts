import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findPropsProblem, toInlineJson } from './props.ts'

class Point {
  x = 1
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function endless(): object {
  return new Proxy({ next: null }, { get: (_target, key) => (key === 'next' ? endless() : undefined) })
}

describe('findPropsProblem', () => {
  const circular: Record<string, unknown> = { a: {} }
  circular['a'] = { back: circular }

  it.each([
    [{ d: new Date() }, '.d'],
    [{ a: [{ b: undefined }] }, '.a[0].b'],
    [{ f: () => 1 }, '.f'],
    [{ m: new Map() }, '.m'],
    [{ 'odd key': { x: 1n } }, '["odd key"].x'],
    [{ p: new Point() }, '.p'],
    [{ s: Symbol('s') }, '.s'],
    // oxlint-disable-next-line no-sparse-arrays -- a hole is what is tested
    [{ hole: [1, , 2] }, '.hole[1]'],
    [circular, '.a.back'],
    [null, ''],
    [[], ''],
    ['text', ''],
    [new Point(), ''],
  ])('B24 W14 %o is refused at %s', (props, path) => {
    expect(findPropsProblem(props)?.path).toBe(path)
  })

  it('B24 names the reason', () => {
    expect(findPropsProblem({ d: new Date() })?.reason).toMatch(/\[object Date\].* for a Date its `\.toISOString\(\)`$/)
    expect(findPropsProblem({ d: new Map() })?.reason).not.toContain('toISOString')
    expect(findPropsProblem({ d: undefined })?.reason).toContain('use `null` or omit')
    expect(findPropsProblem(circular)?.reason).toContain('circular')
  })

  it.each<[what: string, props: unknown, problem: object]>([
    ['null', null, { path: '', reason: 'props must be a plain object, received `null`' }],
    ['an array', [], { path: '', reason: 'props must be a plain object, received an array' }],
    ['a text', 'x', { path: '', reason: 'props must be a plain object, received `string`' }],
    ['a Map', new Map(), { path: '', reason: 'props must be a plain object, received `object` ("[object Map]")' }],
    ['a circle', circular, { path: '.a.back', reason: 'circular reference to the props themselves' }],
    [
      'a smaller circle',
      (() => {
        const node: Record<string, unknown> = {}
        node['self'] = [node]
        return { tree: { node } }
      })(),
      { path: '.tree.node.self[0]', reason: 'circular reference to `.tree.node`' },
    ],
    [
      'an object that names itself otherwise',
      { a: { [Symbol.toStringTag]: 'Custom' } },
      {
        path: '.a',
        reason:
          '`object` ("[object Custom]") cannot be serialized as JSON. Please only return JSON serializable data types',
      },
    ],
  ])('B24 says what is wrong with %s', (_what, props, problem) => {
    expect(findPropsProblem(props)).toEqual(problem)
  })

  it('B24 a thousand levels pass, one more is refused with the beginning of its path', () => {
    const nest = (levels: number): object => (levels === 0 ? {} : { a: nest(levels - 1) })
    expect(findPropsProblem(nest(1000))).toBeUndefined()
    expect(findPropsProblem(nest(1001))).toEqual({
      path: `${'.a'.repeat(40)}…`,
      reason: 'nested deeper than 1000 levels',
    })
  })

  it('B24 a value that appears twice without a cycle passes', () => {
    const shared = { x: 1 }
    expect(findPropsProblem({ a: shared, b: shared, c: [shared, shared] })).toBeUndefined()
  })

  it('B24 NaN passes and becomes null', () => {
    expect(findPropsProblem({ n: Number.NaN })).toBeUndefined()
    expect(JSON.stringify({ n: Number.NaN })).toBe('{"n":null}')
  })

  it.each([
    [
      'a getter that throws',
      {
        user: {
          get name() {
            throw new Error('boom')
          },
        },
      },
      '.user.name',
      'boom',
    ],
    ['a revoked proxy', { user: revoked() }, '.user', 'revoked'],
    [
      'a proxy whose traps throw',
      {
        list: [
          new Proxy(
            {},
            {
              ownKeys() {
                throw new Error('trap')
              },
            },
          ),
        ],
      },
      '.list[0]',
      'trap',
    ],
    ['a proxy without an end', { user: endless() }, '.user', 'nested deeper'],
    ['an empty array of any length', { list: Object.assign([], { length: 4_294_967_295 }) }, '.list[0]', 'undefined'],
    ['a BigInt after a good value', { list: [{ a: 1 }, 1n] }, '.list[1]', 'bigint'],
    ['the first of two', { list: [{ a: new Date() }, 1n] }, '.list[0].a', 'Date'],
  ])('SEC-88 %s is refused by name', (_what, props, path, reason) => {
    const problem = findPropsProblem(props)
    expect(problem?.path).toContain(path)
    expect(problem?.reason).toContain(reason)
  })

  it('SEC-88 nesting of 20 000 levels is refused and does not overflow', () => {
    let deep: unknown = 1
    for (let index = 0; index < 20_000; index++) deep = { deep }
    expect(findPropsProblem(deep)?.reason).toContain('nested deeper')
  })

  it('B24 everything that JSON can carry passes', () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (props) => findPropsProblem(props) === undefined))
  })
})

describe('toInlineJson', () => {
  it('HD02 SEC-84 never holds a character that could end the script, and reads back the same', () => {
    const hostile = fc.string({
      unit: fc.constantFrom('<', '>', '&', '\u2028', '\u2029', '/', '!', '-', 'script', '\ud800', '"', '\\'),
    })
    fc.assert(
      fc.property(fc.dictionary(hostile, fc.oneof(hostile, fc.jsonValue())), (value) => {
        const json = toInlineJson(value)
        expect(json).not.toMatch(/[<>&\u2028\u2029]/)
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})
