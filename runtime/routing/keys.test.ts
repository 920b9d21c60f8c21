import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLong } from '../../scripts/flags.ts'
import { createTargets } from '../http/targets.ts'
import { createManifest } from '../http/testing/manifest.ts'
import type { ManifestRoute, Params } from '../types.ts'
import { toPageKey, toShellKey } from './key.ts'
import { createMatcher } from './match.ts'
import { toPath } from './path.ts'
import { parsePattern } from './pattern.ts'
import { processorMs } from '../cache/testing/processor.ts'

const PATTERNS = [
  '/',
  '/[a]',
  '/p/[a]',
  '/p/x',
  '/p/[a]/[b]',
  '/p/[a]/x',
  '/q/[...rest]',
  '/r/[[...rest]]',
  '/__proto__/[a]',
  '/s/[a]/[...rest]',
]
const toRoute = (pattern: string): ManifestRoute => ({
  pattern,
  kind: 'isr',
  file: `pages${pattern}.tsx`,
  fallback: 'blocking',
  css: [],
  js: [],
  paths: 0,
})

/** Pieces of which some are spellings of each other, and most are what keys have been confused by. */
const PIECES = [
  '/',
  '/',
  '/p',
  '/q',
  '/r',
  '/s',
  'x',
  '%78',
  '%2F',
  '%2f',
  ':',
  '%3A',
  ',',
  '%2C',
  '%252C',
  '%25',
  '%00',
  '%5C',
  '.',
  '%2E',
  '..',
  '%c3%a9',
  '%C3%A9',
  '%c0',
  '%c1',
  '%C0%AF',
  '%ed%a0%80',
  '%EF%BF%BD',
  '__proto__',
  'constructor',
  'p:',
  's:',
  '[a]',
  '%5Ba%5D',
  '404',
  '%34%30%34',
  'index',
  '+',
  '%20',
  '%2B',
  '\u0000',
]

describe('keys', () => {
  it(
    `SEC-26 SEC-46 P6 two paths have one key only when they have one route and the same parameters`,
    () => {
      const targets = createTargets(createManifest(PATTERNS.map(toRoute)))
      const samples = isLong ? 10_000_000 : 100_000
      // Of its own, quick and repeatable: a number for each sample, and one for each piece of it.
      let state = 20_260_727
      const next = (below: number) => {
        state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e37_79b9) | 0
        return ((state ^ (state >>> 13)) >>> 0) % below
      }
      let known = new Map<string, string>()
      let found = 0
      let shared = 0
      for (let sample = 0; sample < samples; sample += 1) {
        // Each stretch has a memory of its own, so that it is bounded.
        if (sample % 100_000 === 0) known = new Map()
        let path = ''
        for (let left = 1 + next(6); left > 0; left -= 1) path += PIECES[next(PIECES.length)]!
        if (!path.startsWith('/')) path = `/${path}`
        const target = targets.findPage(path)
        if (target === undefined) continue
        found += 1
        const meaning = decode(path)
        const told = known.get(target.key)
        if (told === undefined) known.set(target.key, meaning)
        else shared += 1
        if ((told ?? meaning) !== meaning)
          throw new Error(`${path} and another path of ${told} have the key ${target.key}`)
        // The canonical path is the same page, and so is what it is generated from.
        const again = targets.findPage(target.path)
        if (again?.key !== target.key || again.route !== target.route)
          throw new Error(`${path} leads to ${target.path}`)
        if (JSON.stringify(again.params) !== JSON.stringify(target.params)) throw new Error(`parameters of ${path}`)
      }
      expect(found).toBeGreaterThan(samples / 20)
      expect(shared).toBeGreaterThan(samples / 200)
    },
    isLong ? 900_000 : 60_000,
  )

  it('SEC-26 pages and shells never share one', () => {
    const text = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(text, text, (path, pattern) => {
        expect(toPageKey(path)).not.toBe(toShellKey(pattern))
      }),
    )
  })
})

/** What a path says, read in the plainest way: its decoded segments. */
function decode(path: string): string {
  const bare = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  return JSON.stringify(bare.split('/').slice(1).map(decodeURIComponent))
}

const name = fc.constantFrom('a', 'b', 'rest', '__proto__', 'constructor', 'post-id')
const segment = fc.oneof(
  fc.constantFrom(
    'x',
    '%',
    '%2F',
    '/',
    '\\',
    ':',
    '..x',
    '[a]',
    '__proto__',
    '\u00e9',
    '\u{1f389}',
    ' ',
    '+',
    '#',
    '?',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }),
)
const usable = segment.filter((text) => text.isWellFormed() && text !== '.' && text !== '..')

/** A pattern with parameters that fit it. */
const page = fc
  .tuple(
    fc.array(
      fc.oneof(
        fc.constantFrom('p', 'x', '__proto__', 'toString'),
        name.map((each) => `[${each}]`),
      ),
      { maxLength: 4 },
    ),
    fc.constantFrom('', '[...tail]', '[[...tail]]'),
  )
  .map(([pieces, tail]) => `/${[...pieces, ...(tail === '' ? [] : [tail])].join('/')}`)
  .filter((pattern) => isPattern(pattern))
  .chain((pattern) => {
    const values = parsePattern(pattern).flatMap((each): Array<[string, fc.Arbitrary<string | string[]>]> => {
      if (each.type === 'static') return []
      if (each.type === 'param') return [[each.name, usable]]
      return [[each.name, fc.array(usable, { minLength: each.type === 'catchAll' ? 1 : 0, maxLength: 4 })]]
    })
    const params = fc
      .tuple(...values.map(([, value]) => value))
      .map((given) => toParams(values.map(([each], index) => [each, given[index]!])))
    return fc.record({ pattern: fc.constant(pattern), params })
  })

function isPattern(pattern: string): boolean {
  try {
    parsePattern(pattern)
    return true
  } catch {
    return false
  }
}

/** An optional catch-all without segments is no parameter. */
function toParams(entries: Array<[string, string | string[]]>): Params {
  return Object.fromEntries(entries.filter(([, value]) => value.length > 0))
}

describe('the matcher', () => {
  it('SEC-26 SEC-27 SEC-47 gives back the parameters that a path was made of', () => {
    fc.assert(
      fc.property(page, ({ pattern, params }) => {
        const found = createMatcher([{ pattern }])(toPath(pattern, params))
        expect(found?.route.pattern).toBe(pattern)
        expect(found?.params).toEqual(params)
        expect(Object.getPrototypeOf(found?.params)).toBe(Object.prototype)
      }),
      { numRuns: isLong ? 200_000 : 5_000 },
    )
  })

  it('SEC-26 of several pages that fit gives the parameters of the one that it names', () => {
    // A table may have one name for a parameter at each level; the build refuses others.
    const levelled = page.map(({ pattern, params }) => {
      const names = new Map(
        parsePattern(pattern).flatMap((each, level) =>
          each.type === 'static' ? [] : [[each.name, `level${level}`] as const],
        ),
      )
      return {
        pattern: pattern.replaceAll(/[\w-]+(?=\])/g, (each) => names.get(each)!),
        params: Object.fromEntries(Object.entries(params).map(([each, value]) => [names.get(each)!, value])),
      }
    })
    fc.assert(
      fc.property(fc.array(levelled, { minLength: 1, maxLength: 6 }), (pages) => {
        const match = createMatcher(pages)
        for (const { pattern, params } of pages) {
          const path = toPath(pattern, params)
          const found = match(path)!
          expect(toPath(found.route.pattern, found.params)).toBe(path)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('SEC-45 SEC-46 SEC-105 P8 any text is a page of the table or none', () => {
    const pieces = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 3 })), {
      maxLength: 12,
    })
    const match = createMatcher(PATTERNS.map(toRoute))
    fc.assert(
      fc.property(pieces, (parts) => {
        const found = match(parts.join(''))
        if (found) expect(PATTERNS).toContain(found.route.pattern)
      }),
      { numRuns: 10_000 },
    )
  })

  it('SEC-105 a table in which every level offers a choice costs no more than its size', () => {
    const choices = ['x', '[a]', '[...rest]']
    const patterns: string[] = []
    for (let level = 0; level < 512; level += 1) {
      const pieces = Array.from({ length: 9 }, (_, bit) => ((level >> bit) % 2 === 0 ? 'x' : `[p${bit}]`))
      patterns.push(`/${pieces.join('/')}/end`)
    }
    patterns.push(...choices.map((choice) => `/${choice}`))
    const match = createMatcher(patterns.map((pattern) => ({ pattern })))
    const begin = processorMs()
    for (let times = 0; times < 20; times += 1)
      expect(match(`${'/x'.repeat(9)}/nowhere/${'x/'.repeat(5_000)}x`)?.route.pattern).toBe('/[...rest]')
    expect((processorMs() - begin) / 20).toBeLessThan(50)
  })
})
