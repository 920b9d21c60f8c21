import { describe, expect, it } from 'vitest'
import type { ParsedPaths, RouteRecord } from '../../runtime/types.ts'
import { countJobs, createBatches, createJobs, toJob } from './jobs.ts'
import { findPathConflicts } from './path-conflicts.ts'

const route = (pattern: string, kind: RouteRecord['kind'] = 'isr'): RouteRecord => ({
  pattern,
  kind,
  file: `pages${pattern}.tsx`,
})
const listing = (fallback: ParsedPaths['fallback'], ...paths: string[]): ParsedPaths => ({
  fallback,
  paths,
})

describe('createJobs', () => {
  const routes = [
    route('/'),
    route('/404', 'static'),
    route('/api/x', 'api'),
    route('/b/[id]'),
    route('/lazy/[id]'),
    route('/plain/[id]', 'static'),
    route('/search', 'server'),
    route('/failed/[id]'),
  ]
  const listings = new Map([
    ['/b/[id]', listing(true, '/b/1', '/b/2')],
    ['/lazy/[id]', listing('blocking')],
  ])

  it('B02 B25 B26 makes pages, listed paths, shells of fallback: true and of pages without data', () => {
    expect([...createJobs(routes, listings)].map((pageJob) => [pageJob.key, toJob(pageJob)])).toEqual([
      ['p:/', { type: 'page', pattern: '/', params: {}, path: '/', reason: 'build' }],
      ['p:/404', { type: 'page', pattern: '/404', params: {}, path: '/404', reason: 'build' }],
      ['s:/b/[id]', { type: 'shell', pattern: '/b/[id]', isFallback: true }],
      ['p:/b/1', { type: 'page', pattern: '/b/[id]', params: { id: '1' }, path: '/b/1', reason: 'build' }],
      ['p:/b/2', { type: 'page', pattern: '/b/[id]', params: { id: '2' }, path: '/b/2', reason: 'build' }],
      ['s:/plain/[id]', { type: 'shell', pattern: '/plain/[id]', isFallback: false }],
    ])
  })
  it('gives a page whose name has special characters the path that requests come to', () => {
    expect([...createJobs([route('/a b/ü')], new Map())].map(({ key, path }) => [key, path])).toEqual([
      ['p:/a%20b/%C3%BC', '/a%20b/%C3%BC'],
    ])
  })
  it('counts what it will make', () => {
    expect(countJobs(routes, listings)).toBe([...createJobs(routes, listings)].length)
  })
})

describe('findPathConflicts', () => {
  const find = (routes: RouteRecord[], listings: Record<string, ParsedPaths>) =>
    findPathConflicts(routes, new Map(Object.entries(listings))).map(({ text }) => text)

  it('B16 two pages that list the same path are both named', () => {
    const routes = [route('/b/[...all]'), route('/b/[id]')]
    expect(find(routes, { '/b/[...all]': listing(false, '/b/c/d'), '/b/[id]': listing(false, '/b/x') })).toEqual([])
    const conflicts = find([route('/[a]/x'), route('/b/[id]')], {
      '/[a]/x': listing(false, '/b/x'),
      '/b/[id]': listing(false, '/b/x'),
    })
    expect(conflicts).toHaveLength(1)
    expect(conflicts[0]).toContain('/b/x')
    expect(conflicts[0]).toContain('pages/[a]/x.tsx')
    expect(conflicts[0]).toContain('pages/b/[id].tsx')
  })
  it('B16 a listed path that is the path of a page, server page or error page', () => {
    const routes = [route('/[id]'), route('/about', 'static'), route('/search', 'server'), route('/404', 'static')]
    const conflicts = find(routes, { '/[id]': listing(false, '/about', '/ok', '/search', '/404') })
    expect(conflicts.map((text) => /per page: (\S+)/.exec(text)?.[1])).toEqual(['/about', '/search', '/404'])
    expect(conflicts[0]).toContain('must be unique per page')
    expect(conflicts[0]).toContain('pages/about.tsx')
  })
  it('a path that requests would never bring to its page', () => {
    const conflicts = find([route('/b/[...all]'), route('/b/[id]')], { '/b/[...all]': listing(false, '/b/x') })
    expect(conflicts).toEqual([expect.stringContaining('pages/b/[...all].tsx lists /b/x, but requests for it go to')])
  })
})

describe('createBatches', () => {
  it('puts those together that may be the same, of one page, in their order; any other stands alone', () => {
    const routes = [route('/'), route('/a/[id]'), route('/b/[id]')]
    const listings = new Map([
      ['/a/[id]', listing(true, '/a/1', '/a/2', '/a/3', '/a/4', '/a/5')],
      ['/b/[id]', listing(false, '/b/1', '/b/2', '/b/3')],
    ])
    const find = (key: string) =>
      ['p:/', 'p:/b/2'].includes(key) ? undefined : { hash: Buffer.from(key), fingerprint: `of ${key}` }
    const batches = [...createBatches(createJobs(routes, listings), find, () => 3)]
    expect(batches.map((batch) => batch.map(({ pageJob }) => pageJob.key))).toEqual([
      ['p:/'],
      ['s:/a/[id]', 'p:/a/1', 'p:/a/2'],
      ['p:/a/3', 'p:/a/4', 'p:/a/5'],
      ['p:/b/1'],
      ['p:/b/2'],
      ['p:/b/3'],
    ])
    expect(batches.flat().map(({ known }) => known)).toEqual(batches.flat().map(({ pageJob }) => find(pageJob.key)))
  })
})
