import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { secondsLeft, toCacheControl } from './cache-control.ts'
import { toCacheStatus } from './cache-status.ts'
import { isNotModified } from './conditional.ts'
import { createEncodingChoice } from './encoding.ts'
import { toLocation } from './location.ts'
import { formatByteSize, parseByteSize } from './byte-size.ts'
import { parseQuery } from './query.ts'

const YEAR = 31_536_000

function times(revalidate: number | false, expire = YEAR) {
  return { startedAt: 0, generatedAt: 1_000_000, revalidate, expire }
}

describe('Cache-Control', () => {
  it('S01 W2 counts down from revalidate and never below 1', () => {
    const entry = times(60)
    expect(secondsLeft(entry, 1_000_000)).toBe(60)
    expect(secondsLeft(entry, 1_000_001)).toBe(60)
    expect(secondsLeft(entry, 1_001_000)).toBe(59)
    expect(secondsLeft(entry, 1_059_999)).toBe(1)
    expect(secondsLeft(entry, 9_000_000)).toBe(1)
    expect(toCacheControl(entry, 60)).toBe(`s-maxage=60, stale-while-revalidate=${YEAR - 60}`)
  })

  it('REL-40 a clock that went back does not lengthen a lifetime', () => {
    expect(secondsLeft(times(60), 0)).toBe(60)
  })

  it('XT01 leaves the stale part out where expire is not after revalidate', () => {
    expect(toCacheControl(times(60, 5), 60)).toBe('s-maxage=60')
    expect(toCacheControl(times(60, 60), 60)).toBe('s-maxage=60')
    expect(toCacheControl(times(60, 300), 7)).toBe('s-maxage=7, stale-while-revalidate=240')
  })

  it('a page that never becomes stale counts as a year', () => {
    expect(toCacheControl(times(false), secondsLeft(times(false), 5_000_000))).toBe(`s-maxage=${YEAR}`)
  })

  it('W2 is between 1 and revalidate for any time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: -1e12, max: 1e13 }), (revalidate, now) => {
        const left = secondsLeft(times(revalidate), now)
        expect(Number.isInteger(left)).toBe(true)
        expect(left).toBeGreaterThanOrEqual(1)
        expect(left).toBeLessThanOrEqual(revalidate)
      }),
    )
  })
})

describe('Cache-Status', () => {
  it('W1 says what happened and why', () => {
    expect(toCacheStatus('HIT', undefined, 12)).toBe('vite-plugin-isr; hit; ttl=12')
    expect(toCacheStatus('STALE', 'stale-time', -3)).toBe('vite-plugin-isr; hit; ttl=-3; detail=stale-time')
    expect(toCacheStatus('MISS', 'generated', 60)).toBe('vite-plugin-isr; fwd=uri-miss; ttl=60; detail=generated')
    expect(toCacheStatus('BYPASS', 'draft', undefined)).toBe('vite-plugin-isr; fwd=bypass; detail=draft')
  })

  it('keeps the header legal whatever the detail', () => {
    expect(toCacheStatus('HIT', 'a b"\r\nc', undefined)).toBe('vite-plugin-isr; hit; detail=a-b---c')
    expect(toCacheStatus('HIT', '1x', undefined)).toBe('vite-plugin-isr; hit; detail=x1x')
  })
})

describe('Accept-Encoding', () => {
  const choose = createEncodingChoice()

  it.each([
    [undefined, ['identity']],
    ['', ['identity']],
    ['gzip', ['gzip', 'identity']],
    ['gzip, deflate, br, zstd', ['br', 'zstd', 'gzip', 'identity']],
    ['zstd, gzip', ['zstd', 'gzip', 'identity']],
    ['gzip, br;q=0.5', ['gzip', 'br', 'identity']],
    ['br;q=0, gzip', ['gzip', 'identity']],
    ['br;q=0, gzip;q=0', ['identity']],
    ['*', ['br', 'zstd', 'gzip', 'identity']],
    ['identity', ['identity']],
    ['identity;q=0', ['identity']],
    ['deflate', ['identity']],
    ['GZIP', ['gzip', 'identity']],
    ['x'.repeat(300), ['identity']],
  ])('W17 %s', (accept, encodings) => {
    expect(choose(accept)).toEqual(encodings)
    expect(choose(accept)).toBe(choose(accept))
  })

  it('SEC-105 texts longer than clients send are not parsed', () => {
    expect(choose('gzip'.padEnd(256))).toEqual(['gzip', 'identity'])
    expect(choose('gzip'.padEnd(257))).toEqual(['identity'])
  })

  it('P7 remembers so many texts and no more', () => {
    const chooseOf = createEncodingChoice()
    const first = chooseOf('gzip')
    for (let index = 1; index < 200; index++) chooseOf(`gzip;q=0.${100 + index}`)
    expect(chooseOf('gzip')).toBe(first)
    chooseOf('br')
    expect(chooseOf('gzip')).not.toBe(first)
    expect(chooseOf('gzip')).toEqual(first)
  })

  it('SEC-105 any text is answered', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (accept) => {
        expect(choose(accept)).toContain('identity')
      }),
    )
  })
})

describe('If-None-Match', () => {
  it.each([
    ['"a"', true],
    ['W/"a"', true],
    ['"x", "a"', true],
    ['*', true],
    ['"b"', false],
    ['a', false],
    [`${'"x",'.repeat(2000)}"a"`, false],
    ['"a"'.padStart(4096), true],
    ['"a"'.padStart(4097), false],
  ])('H05 %s', (header, expected) => {
    expect(isNotModified({ 'if-none-match': header }, '"a"')).toBe(expected)
  })

  it('H05 Cache-Control: no-cache asks for the whole answer', () => {
    expect(isNotModified({ 'if-none-match': '"a"', 'cache-control': 'no-cache' }, '"a"')).toBe(false)
  })

  it('without the header nothing matches', () => {
    expect(isNotModified({ 'if-modified-since': new Date().toUTCString() }, '"a"')).toBe(false)
  })
})

describe('Location', () => {
  it('N05 keeps the destination as it was given', () => {
    expect(toLocation('../a', '/')).toBe('../a')
    expect(toLocation('/a b?x=1#y', '/')).toBe('/a b?x=1#y')
    expect(toLocation('/a', '/app/')).toBe('/app/a')
    expect(toLocation('https://else.example/x', '/app/')).toBe('https://else.example/x')
    expect(toLocation('b', '/app/')).toBe('b')
    expect(toLocation('/ü', '/')).toBe('/%C3%BC')
  })

  it.each(['//evil.com', '/\\evil.com', '\\\\evil.com', '///evil.com', '/\t/evil.com', '/\n/evil.com', '\t//evil.com'])(
    'SEC-77 %j stays on this host',
    (destination) => {
      for (const base of ['/', '/app/']) {
        expect(new URL(toLocation(destination, base), 'http://here.example/x/y').host).toBe('here.example')
      }
    },
  )

  it.each(['javascript:alert(1)', 'data:text/html,x', 'vbscript:x', 'JaVaScript:x', 'https:evil.com', 'mailto:a@b'])(
    'SEC-79 %s is refused',
    (destination) => {
      expect(() => toLocation(destination, '/')).toThrow(/only paths and http/)
    },
  )

  it.each([
    ['/%2fevil.com', '/evil.com'],
    ['/%5C/%252Fevil.com', '/evil.com'],
    ['/%09/evil.com', '/evil.com'],
    ['/%250d%2f/evil.com', '/evil.com'],
    ['%2f%2fevil.com', '/evil.com'],
    ['/%2f', '/'],
    ['/.//evil.com', '/evil.com'],
    ['/%2e%2F..\\evil.com', '/evil.com'],
    ['/../a', '/a'],
    ['/.well-known/x', '/.well-known/x'],
    ['/...//x', '/...//x'],
    ['/a/%2Fb', '/a/%2Fb'],
    ['/%20/b', '/%20/b'],
    ['/%2525/b', '/%2525/b'],
  ])('SEC-77 %s leads to %s: no other host, decoded or not', (destination, path) => {
    expect(toLocation(destination, '/')).toBe(path)
    expect(toLocation(destination, '/app/')).toBe(`/app${path}`)
  })

  it.each([
    'javascript%3Aalert(1)',
    '%6Aavascript:alert(1)',
    '%256aava%2573cript%253aalert(1)',
    'jaVa\nscript:alert(1)',
    'java%09script:alert(1)',
    'https%3A//evil.com',
  ])('SEC-79 %j is refused: decoded, it is a scheme', (destination) => {
    expect(() => toLocation(destination, '/')).toThrow(/only paths and http/)
  })

  it('SEC-77 SEC-79 leads to http(s), elsewhere only by a whole URL', () => {
    const parts = fc.constantFrom(
      '/',
      '\\',
      '\t',
      '\n',
      ' ',
      ':',
      'http:',
      'https://',
      'javascript:',
      'evil.com',
      '@',
      '?',
      '#',
      '\u0000',
    )
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 8 }), (given) => {
        const destination = given.join('')
        let location: string
        try {
          location = toLocation(destination, '/')
        } catch {
          return
        }
        // oxlint-disable-next-line no-control-regex -- the point.
        expect(location).not.toMatch(/[\u0000-\u001f\u007f]/)
        let url: URL
        try {
          url = new URL(location, 'http://here.example')
        } catch {
          return
        }
        expect(url.protocol).toMatch(/^https?:$/)
        if (!/^https?:\/\//.test(destination.trim())) expect(url.host).toBe('here.example')
      }),
      { numRuns: 3000 },
    )
  })
})

describe('query', () => {
  it('A01 repeated keys, bare keys, parameters win, no prototype', () => {
    const query = parseQuery('?a=1&a=2&b&c=%20x&id=evil&__proto__=1&constructor=2', { id: '7' })
    expect(query).toEqual({ a: ['1', '2'], b: '', c: ' x', id: '7', constructor: '2' })
    expect(Object.getPrototypeOf(query)).toBe(Object.prototype)
  })
})

describe('sizes', () => {
  it.each([
    ['1mb', 1_048_576],
    ['10b', 10],
    ['500kb', 512_000],
    ['1.5kb', 1536],
    ['12', 12],
    [7, 7],
    ['x', undefined],
    [Number.NaN, undefined],
  ])('%s', (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes)
  })

  it.each([
    [0, '0b'],
    [1, '1b'],
    [1000, '1000b'],
    [1024, '1kb'],
    [1536, '1536b'],
    [1_048_576, '1mb'],
    [3 * 1024 ** 3, '3gb'],
  ])('%s is %s', (bytes, text) => {
    expect(formatByteSize(bytes)).toBe(text)
    expect(parseByteSize(text)).toBe(bytes)
  })
})
