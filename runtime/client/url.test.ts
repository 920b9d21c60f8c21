import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isHashChange, toAddress } from './address.ts'
import { formatUrl, parseSearch, stripBase, toDataUrl, toHref, toSearch, toSitePath } from './url.ts'

const root = { base: '/', trailingSlash: false }
const app = { base: '/app/', trailingSlash: true }

describe('formatUrl', () => {
  it.each([
    ['/a?b#c', '/a?b#c'],
    [{ pathname: '/a' }, '/a'],
    [{ pathname: '/a', query: { x: 1, y: [true, 'b'], z: null } }, '/a?x=1&y=true&y=b&z='],
    [{ pathname: '/a', query: 'x=1' }, '/a?x=1'],
    [{ pathname: '/a', search: '?x=1', hash: 'h' }, '/a?x=1#h'],
    [{ query: { page: 2 } }, '?page=2'],
    [{ pathname: '/posts/[id]', query: { id: 7, sort: 'up' }, hash: '#x' }, '/posts/7?sort=up#x'],
    [{ pathname: '/docs/[...slug]', query: { slug: ['a', 'b/c'] } }, '/docs/a/b%2Fc'],
    [{ pathname: '/docs/[[...slug]]', query: {} }, '/docs'],
  ])('%j is %s', (url, text) => expect(formatUrl(url)).toBe(text))
  it('takes a URL object of the platform', () => {
    expect(formatUrl(new URL('https://x.example/a?b'))).toBe('https://x.example/a?b')
  })
  it('names the parameter that is missing', () => {
    expect(() => formatUrl({ pathname: '/posts/[id]', query: { x: 1 } })).toThrow('(id)')
  })
})

describe('toHref', () => {
  it.each([
    ['/', '/', '/app/'],
    ['/a', '/a', '/app/a/'],
    ['/a/', '/a', '/app/a/'],
    ['/a?x=/#/y/', '/a?x=/#/y/', '/app/a/?x=/#/y/'],
    ['/a/file.txt', '/a/file.txt', '/app/a/file.txt'],
    ['?x', '?x', '?x'],
    ['#x', '#x', '#x'],
    ['mailto:a@b.example', 'mailto:a@b.example', 'mailto:a@b.example'],
    ['https://x.example//y/', 'https://x.example//y/', 'https://x.example//y/'],
  ])('%s is %s, and %s below a base with slashes', (url, atRoot, atApp) => {
    expect(toHref(url, root)).toBe(atRoot)
    expect(toHref(url, app)).toBe(atApp)
  })
  it('SEC-77 a path never becomes another host', () => {
    const hostile = fc.string({
      unit: fc.constantFrom('/', '\\', '\t', '\n', 'evil.example', '.', '@', ':', '?', '#', 'a'),
    })
    fc.assert(
      fc.property(hostile, fc.constantFrom('/', '\\'), (text, start) => {
        expect(new URL(toHref(start + text, root), 'https://site.example/x').host).toBe('site.example')
        expect(new URL(toHref(`${start}\t${text}`, app), 'https://site.example/x').host).toBe('site.example')
      }),
    )
  })
})

describe('queries', () => {
  it('A01 come back as they were', () => {
    const query = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.array(fc.string(), { minLength: 2 })))
    fc.assert(
      fc.property(query, (query) => {
        const wellFormed = JSON.parse(JSON.stringify(query).replace(/\\ud[89a-f][0-9a-f]{2}/gi, ''))
        expect(new Map(Object.entries(parseSearch(`?${toSearch(wellFormed)}`)))).toEqual(
          new Map(Object.entries(wellFormed)),
        )
      }),
    )
  })
  it('SEC-27 __proto__ is an ordinary key', () => {
    expect(Object.entries(parseSearch('?__proto__=1&a&a=2'))).toEqual([
      ['__proto__', '1'],
      ['a', ['', '2']],
    ])
  })
})

it('U02 toSitePath is the same done twice', () => {
  fc.assert(
    fc.property(fc.webPath(), fc.boolean(), (path, trailingSlash) => {
      const once = toSitePath(path, { trailingSlash })
      expect(toSitePath(once, { trailingSlash })).toBe(once)
    }),
  )
})

it('SEC-57 stripBase compares whole segments', () => {
  expect(stripBase('/app/x', '/app/')).toBe('/x')
  expect(stripBase('/app', '/app/')).toBe('/')
  expect(stripBase('/app-evil/x', '/app/')).toBeUndefined()
  expect(stripBase('/x', '/')).toBe('/x')
})

it('J01 toDataUrl names the home page index', () => {
  expect(toDataUrl(root, 'b', '/', '')).toBe('/_isr/data/b/index.json')
  expect(toDataUrl(app, 'b', '/posts/a%20b', 'id=a+b')).toBe('/app/_isr/data/b/posts/a%20b.json?id=a+b')
})

describe('toAddress', () => {
  const current = 'https://site.example/app/posts/1/?x=1#y'
  it.each([
    ['/posts/2?a#b', { href: 'https://site.example/app/posts/2/?a#b', path: '/posts/2', asPath: '/posts/2/?a#b' }],
    ['?z', { href: 'https://site.example/app/posts/1/?z', path: '/posts/1', asPath: '/posts/1/?z' }],
    ['#z', { path: '/posts/1', asPath: '/posts/1/?x=1#z' }],
    ['https://site.example/app/', { path: '/', asPath: '/' }],
    ['https://site.example/other', { path: undefined }],
    ['https://other.example/app/x', { path: undefined }],
    ['javascript:alert(1)', { path: undefined }],
  ])('%s', (url, address) => expect(toAddress(url, current, app)).toMatchObject(address))
})

it.each([
  ['/a', '/a#x', true],
  ['/a#x', '/a#y', true],
  ['/a#x', '/a#x', true],
  ['/a#x', '/a', true],
  ['/a', '/a', false],
  ['/a?x', '/a?y#z', false],
  ['/a', '/b#x', false],
])('isHashChange from %s to %s: %s', (from, to, expected) => expect(isHashChange(from, to)).toBe(expected))
