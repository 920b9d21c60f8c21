import { expect, it } from 'vitest'
import { toPageKey, toShellKey } from './key.ts'
import { isDynamic } from './pattern.ts'
import { applyTrailingSlash } from './trailing-slash.ts'

it.each([
  ['/', '/', '/'],
  ['/a', '/a', '/a/'],
  ['/a/', '/a', '/a/'],
  ['/a/b', '/a/b', '/a/b/'],
  ['/a.b/c', '/a.b/c', '/a.b/c/'],
  ['/a/feed.xml', '/a/feed.xml', '/a/feed.xml'],
  ['/a/feed.xml/', '/a/feed.xml', '/a/feed.xml'],
])('of %s the canonical form is %s, with trailingSlash %s', (path, without, withSlash) => {
  expect([applyTrailingSlash(path, false), applyTrailingSlash(path, true)]).toEqual([without, withSlash])
})

it('a page with a parameter anywhere is dynamic', () => {
  expect(['/', '/a/b', '/[a]', '/a/[b]/c', '/[...a]', '/a/[[...b]]'].map(isDynamic)).toEqual([
    false,
    false,
    true,
    true,
    true,
    true,
  ])
})

it('SEC-63 the shell of a page and a page of the same name have keys of their own', () => {
  expect([toPageKey('/a'), toShellKey('/a')]).toEqual(['p:/a', 's:/a'])
})
