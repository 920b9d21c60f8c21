import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyTrailingSlash } from '../routing/trailing-slash.ts'
import { parseRequestUrl, type RequestUrl, type UrlRules } from './request-url.ts'

const RULES: UrlRules = { base: '/', trailingSlash: false, maxPathBytes: 1024 }

function parse(target: string, rules: Partial<UrlRules> = {}): RequestUrl {
  return parseRequestUrl(target, { ...RULES, ...rules })
}

function locationOf(target: string, rules: Partial<UrlRules> = {}): string | undefined {
  const url = parse(target, rules)
  return url.type === 'redirect' ? url.location : url.type === 'path' ? url.redirect : undefined
}

describe('the path and its query', () => {
  it('splits at the first question mark', () => {
    expect(parse('/a/b?x=1?y')).toEqual({ type: 'path', path: '/a/b', query: '?x=1?y', redirect: undefined })
  })

  it('U06 drops a fragment, keeps escapes and a plus', () => {
    expect(parse('/b/a+b%3F%23%5C%2F#x?y')).toMatchObject({ path: '/b/a+b%3F%23%5C%2F', query: '' })
    expect(parse('/a?b#c')).toMatchObject({ path: '/a', query: '?b' })
  })

  it('SEC-48 takes the path of an absolute target, and nothing of its host', () => {
    expect(parse('http://evil.com/isr60?x')).toMatchObject({ type: 'path', path: '/isr60', query: '?x' })
    expect(parse('https://evil.com')).toMatchObject({ type: 'path', path: '/' })
    expect(parse('http://evil.com?x')).toMatchObject({ type: 'path', path: '/', query: '?x' })
    expect(parse('http://evil.com//x')).toEqual({ type: 'redirect', location: '/x' })
    expect(parse('ftp://evil.com/x')).toMatchObject({ type: 'refused', status: 400 })
    expect(parse('evil.com:443')).toMatchObject({ type: 'refused', status: 400 })
  })

  it('keeps raw bytes beyond ASCII as escapes', () => {
    expect(parse(`/${Buffer.from('é').toString('latin1')}`)).toMatchObject({ path: '/%C3%A9' })
    expect(parse('/\u00ff')).toMatchObject({ type: 'refused', status: 400 })
  })

  it('keeps characters that a fetch-standard request brings as text', () => {
    expect(parse('/日?本')).toMatchObject({ path: '/%E6%97%A5', query: '?本' })
    expect(locationOf('//日?本')).toBe('/%E6%97%A5?%E6%9C%AC')
    expect(parse('/\ud800')).toEqual({ type: 'refused', status: 400, reason: 'malformed escape' })
  })

  it('a query that no header can carry is refused where it would have to be in one', () => {
    const refused = { type: 'refused', status: 400, reason: 'malformed query' }
    expect(parse('/a?\ud800')).toMatchObject({ type: 'path', query: '?\ud800' })
    expect(parse('//a?\ud800')).toEqual(refused)
    expect(parse('/a/?\ud800')).toEqual(refused)
  })
})

describe('refused targets', () => {
  it('U13 an asterisk is 500', () => {
    expect(parse('*')).toMatchObject({ type: 'refused', status: 500 })
  })

  it.each(['/b/%', '/%E0%A4%A', '/%zz', '/%c3%28'])('E06 malformed escape %s', (target) => {
    expect(parse(target)).toMatchObject({ type: 'refused', status: 400 })
  })

  it.each(['/b/%00', '/b/x%00.html', '/b/pre%0a', '/b/pre%09', '/b/%7F', '/b/%1f', '/b/\u0000', '/b\tx', '/x?\u0001'])(
    'SEC-51 SEC-55 control character in %j',
    (target) => {
      expect(parse(target)).toMatchObject({ type: 'refused', status: 400 })
    },
  )

  it.each([
    '/b/../ssr',
    '/b/%2e%2e/ssr',
    '/./b/pre',
    '/..',
    '/b/.',
    '/%2e',
    '/b/.%2E/x',
    '/a\\..\\b',
    '/..\\x',
    '/%2E./',
  ])('SEC-56 dot segment in %s', (target) => {
    expect(parse(target)).toMatchObject({ type: 'refused', status: 400 })
  })

  it('SEC-53 a path over the limit is 414, whatever its query', () => {
    expect(parse(`/${'a'.repeat(1023)}`)).toMatchObject({ type: 'path' })
    expect(parse(`/${'a'.repeat(1024)}`)).toMatchObject({ type: 'refused', status: 414 })
    expect(parse(`/a?${'x'.repeat(5000)}`)).toMatchObject({ type: 'path' })
  })

  it('SEC-46 decodes once: a doubly encoded dot segment is data', () => {
    expect(parse('/%252e%252e/x')).toMatchObject({ type: 'path', path: '/%252e%252e/x' })
  })
})

describe('spelling', () => {
  it('U01 one redirect at a time, as Next.js does', () => {
    expect(locationOf('/x/')).toBe('/x')
    expect(locationOf('/x/?a=1&b')).toBe('/x?a=1&b')
    expect(locationOf('/x//')).toBe('/x/')
    expect(locationOf('//x')).toBe('/x')
    expect(locationOf('/b//x')).toBe('/b/x')
    expect(locationOf('/a\\b')).toBe('/a/b')
    expect(locationOf('/')).toBeUndefined()
  })

  it('U02 with a trailing slash', () => {
    const rules = { trailingSlash: true }
    expect(locationOf('/x', rules)).toBe('/x/')
    expect(locationOf('/x/', rules)).toBeUndefined()
    expect(locationOf('/b/a.b/', rules)).toBe('/b/a.b')
    expect(locationOf('/b/a.b', rules)).toBeUndefined()
    expect(locationOf('/pub.txt/', rules)).toBe('/pub.txt')
    expect(applyTrailingSlash('/v1.2/docs', true)).toBe('/v1.2/docs/')
  })

  it('SEC-57 the base ends at a slash', () => {
    const rules = { base: '/app/' }
    expect(parse('/app/x', rules)).toMatchObject({ type: 'path', path: '/x' })
    expect(parse('/app/', rules)).toMatchObject({ type: 'path', path: '/' })
    expect(locationOf('/app?q', rules)).toBe('/app/?q')
    expect(locationOf('/app/x/', rules)).toBe('/app/x')
    expect(parse('/app-evil/x', rules)).toEqual({ type: 'outside' })
    expect(parse('/application', rules)).toEqual({ type: 'outside' })
    expect(parse('/', rules)).toEqual({ type: 'outside' })
  })

  it.each([
    '//evil.com/',
    '/\\evil.com/',
    '/\\/evil.com',
    '///evil.com//',
    '\\\\evil.com',
    '/%2fevil.com/',
    '/%5cevil.com/',
    '/\\%2fevil.com',
    '/%252fevil.com/',
    '//%25255Cevil.com',
    '/%2509/evil.com/',
  ])('SEC-45 SEC-58 %s never leads to another host', (target) => {
    for (const trailingSlash of [true, false]) expectSafe(locationOf(target, { trailingSlash }))
  })
})

function expectSafe(location: string | undefined): void {
  if (location === undefined) return
  expect(location).toMatch(/^\/(?![/\\])/)
  for (let path = location.split('?')[0]!, times = 0; times < 4; times += 1) {
    // oxlint-disable-next-line no-control-regex -- URL parsers drop them.
    expect(path).toMatch(/^\/(?![/\\\u0000-\u001f])/)
    try {
      path = decodeURIComponent(path)
    } catch {
      break
    }
  }
  expect(new URL(location, 'http://here.example').host).toBe('here.example')
  // oxlint-disable-next-line no-control-regex -- nothing of the kind may be in a header.
  expect(location).not.toMatch(/[\u0000-\u0020\u007f-\uffff"<>]/)
}

describe('for any target', () => {
  const pieces = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    '%2f',
    '%5C',
    '%2e',
    'a',
    'evil.com',
    '?',
    '#',
    ':',
    '@',
    '%',
    '%00',
    '\t',
    'http:',
    'é',
    '"',
    '<',
    '*',
    ';',
  )
  const targets = fc.oneof(
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
    fc.array(pieces, { maxLength: 12 }).map((parts) => `/${parts.join('')}`),
    fc.string({ unit: 'binary', maxLength: 40 }).map((text) => `/${text}`),
  )
  const bases = fc.constantFrom('/', '/app/', '/a/')

  it('SEC-58 a location stays on this host and is a legal header', () => {
    fc.assert(
      fc.property(targets, bases, fc.boolean(), (target, base, trailingSlash) => {
        expectSafe(locationOf(target, { base, trailingSlash }))
      }),
      { numRuns: 3000 },
    )
  })

  it('SEC-56 a path has no empty and no dot segments, decodes, and has no control characters', () => {
    fc.assert(
      fc.property(targets, bases, fc.boolean(), (target, base, trailingSlash) => {
        const url = parse(target, { base, trailingSlash })
        if (url.type !== 'path') return
        expect(url.path).toMatch(/^\//)
        expect(url.path).not.toMatch(/\/\/|\\|[?#]/)
        const segments = url.path.split('/').map(decodeURIComponent)
        expect(segments).not.toContain('.')
        expect(segments).not.toContain('..')
        // oxlint-disable-next-line no-control-regex -- the point.
        expect(segments.join('')).not.toMatch(/[\u0000-\u001f\u007f]/)
      }),
      { numRuns: 3000 },
    )
  })

  it('redirects come to an end', () => {
    fc.assert(
      fc.property(targets, bases, fc.boolean(), (target, base, trailingSlash) => {
        let location: string | undefined = target
        for (let step = 0; step < 4 && location !== undefined; step += 1)
          location = locationOf(location, { base, trailingSlash })
        expect(location).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })
})
