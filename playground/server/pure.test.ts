import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseHosts, refuseWrite } from './origin.ts'
import { simplify, toOutline, toOutlinePoint, toPathData } from './outline.ts'
import { createLocalProjection, createWorldProjection, toDistance } from './projection.ts'
import { maxTextLength, parseRevision, parseText } from './submission.ts'
import { fold, slugify, toList } from './text.ts'

describe('text', () => {
  it('folds and slugifies', () => {
    expect(fold("L'Haÿ-les-Roses")).toBe('lhay les roses')
    expect(fold('Łódź')).toBe('lodz')
    expect(slugify('São Tomé and Príncipe')).toBe('sao-tome-and-principe')
    expect(slugify('東京')).toBe('')
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(toList)).toEqual(['', 'a', 'a and b', 'a, b and c'])
  })

  it('makes slugs of nothing but letters, digits and single hyphens, whatever the name', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (name) => /^([a-z0-9]+(-[a-z0-9]+)*)?$/.test(slugify(name))))
  })
})

describe('submission', () => {
  it('takes plain text and normalises it', () => {
    expect(parseText(' a\r\nb\t c  \n\n\n\nd ')).toEqual({ ok: true, text: 'a\nb  c\n\nd' })
    expect(parseText('naïve 東京 🏔')).toEqual({ ok: true, text: 'naïve 東京 🏔' })
  })

  it('refuses what is no text, empty, too long or invisible', () => {
    for (const value of [undefined, 1, ['a'], '', ' \n ', 'a'.repeat(maxTextLength + 1), 'a\0b', 'a\u202Eb', '\uD800'])
      expect(parseText(value).ok).toBe(false)
  })

  it('reads revisions from forms and from JSON', () => {
    expect([1, '12', '0', -1, 1.5, '1e3', null, ['1']].map(parseRevision)).toEqual([
      1,
      12,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('refuseWrite', () => {
  const host = 'localhost:4173'

  it('lets the own pages and programs write', () => {
    expect(refuseWrite({ host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }, [])).toBeUndefined()
    expect(refuseWrite({ host }, [])).toBeUndefined()
    expect(refuseWrite({ host: '[::1]:80' }, [])).toBeUndefined()
    expect(refuseWrite({ host: 'atlas.example' }, parseHosts(' Atlas.example, '))).toBeUndefined()
  })

  it('refuses other sites, opaque origins and unknown hosts', () => {
    for (const headers of [
      { host, origin: 'http://evil.example' },
      { host, origin: 'null' },
      { host, origin: 'http://localhost:9' },
      { host, 'sec-fetch-site': 'cross-site' },
      { host, 'sec-fetch-site': 'same-site', origin: `http://${host}` },
      { host: 'evil.example', origin: 'http://evil.example', 'sec-fetch-site': 'same-origin' },
      {},
    ])
      expect(refuseWrite(headers, [])).toBeTypeOf('string')
  })
})

describe('projection', () => {
  it('puts its centre in the middle and keeps distances near it', () => {
    const project = createLocalProjection([16, 48])
    expect(project([16, 48]).map(Math.abs)).toEqual([0, 0])
    const [x, y] = project([17, 48.5])
    expect(Math.hypot(x, y) * 6371.0088).toBeCloseTo(toDistance([16, 48], [17, 48.5]), 1)
    expect(y).toBeLessThan(0)
  })

  it('fits the world into its width', () => {
    const project = createWorldProjection(1000)
    expect(project([-180, 0])[0]).toBeCloseTo(0)
    expect(project([180, 0])[0]).toBeCloseTo(1000)
    expect(project([0, 90])[1]).toBeCloseTo(0)
    expect(project([0, 0])[1]).toBeCloseTo(1000 / 4.1094, 1)
  })

  it('measures known distances', () => {
    expect(toDistance([16.3721, 48.2085], [2.3488, 48.8534])).toBeCloseTo(1033, -1)
    expect(toDistance([179.9, 0], [-179.9, 0])).toBeLessThan(23)
  })
})

describe('outline', () => {
  it('keeps corners and drops what lies on a line', () => {
    const ring = [
      [0, 0],
      [5, 0.1],
      [10, 0],
      [10, 10],
      [0, 10],
      [0, 0],
    ] as const
    expect(simplify(ring, 0.5)).toEqual([
      [0, 0],
      [10, 0],
      [10, 10],
      [0, 10],
      [0, 0],
    ])
  })

  it('writes compact path data that leads back to its points', () => {
    expect(
      toPathData([
        [
          [1, 2],
          [4, 2],
          [4, -1],
          [1, 2],
        ],
      ]),
    ).toBe('M1 2l3 0 0-3z')
    expect(toPathData([[[3, 3]]])).toBe('')
  })

  it('draws a square of one degree at the equator in true size', () => {
    const outline = toOutline({
      type: 'Polygon',
      coordinates: [
        [
          [9.5, -0.5],
          [10.5, -0.5],
          [10.5, 0.5],
          [9.5, 0.5],
          [9.5, -0.5],
        ],
      ],
    })
    expect(outline.width * outline.kmPerUnit).toBeCloseTo(111.2, 0)
    expect(outline.height * outline.kmPerUnit).toBeCloseTo(111.2, 0)
    const [x, y] = toOutlinePoint(outline, [10, 0])!
    expect(Math.abs(x - 500)).toBeLessThan(3)
    expect(Math.abs(y - 500)).toBeLessThan(3)
    expect(toOutlinePoint(outline, [12, 0])).toBeUndefined()
  })
})
