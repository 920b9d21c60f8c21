import pc from 'picocolors'
import { describe, expect, it } from 'vitest'
import { renderReport, type PathReport, type RouteReport } from './report.ts'

const YEAR = 31_536_000
const path = (path: string, more: Partial<PathReport> = {}): PathReport => ({
  path,
  index: 0,
  htmlBytes: 4100,
  revalidate: 60,
  expire: YEAR,
  durationMs: 12,
  ...more,
})
const route = (pattern: string, more: Partial<RouteReport> = {}): RouteReport => ({
  pattern,
  kind: 'isr',
  fallback: undefined,
  jsBytes: 62_140,
  paths: more.shown?.length ?? 0,
  shown: [],
  ...more,
})
const lines = (...routes: RouteReport[]) => renderReport(routes, pc.createColors(false)).split('\n')

describe('renderReport', () => {
  it('B33 prints the table', () => {
    expect(
      lines(
        route('/posts/[id]', {
          fallback: 'blocking',
          paths: 5,
          shown: [path('/posts/1'), path('/posts/2', { durationMs: 417 }), path('/posts/3')],
        }),
        route('/', { shown: [path('/', { revalidate: 3 })] }),
        route('/_app', { kind: 'static' }),
        route('/404', { kind: 'static', shown: [path('/404', { revalidate: false, htmlBytes: 900 })] }),
        route('/api/revalidate', { kind: 'api', jsBytes: undefined }),
        route('/search', { kind: 'server' }),
      ),
    ).toEqual([
      'Route (pages)            JS       HTML     Revalidate  Expire',
      '┌ ● /                    62.1 kB  4.10 kB  3s          1y',
      '├   /_app                62.1 kB',
      '├ ○ /404                 62.1 kB  900 B',
      '├ ƒ /api/revalidate',
      '├   /posts/[id]          62.1 kB',
      '│ ├ ● /posts/2 (417 ms)           4.10 kB  1m          1y',
      '│ ├ ● /posts/1                    4.10 kB  1m          1y',
      '│ ├ ● /posts/3                    4.10 kB  1m          1y',
      '│ └ ● [+2 more paths]',
      '└ ƒ /search              62.1 kB',
      '',
      '○  (Static)   prerendered as static content',
      '●  (SSG)      prerendered as static HTML (uses getStaticProps)',
      'ƒ  (Dynamic)  server-rendered on demand',
    ])
  })
  it('B26 lists a page without prerendered paths as SSG', () => {
    expect(lines(route('/b/[id]', { fallback: 'blocking' }))[1]).toBe('─ ● /b/[id]    62.1 kB')
  })
  it('closes the tree where the last page has children', () => {
    const shown = [path('/b/1'), path('/b/2')]
    expect(
      lines(route('/a'), route('/b/[id]', { shown }))
        .slice(2, 5)
        .map((line) => line.slice(0, 12).trimEnd()),
    ).toEqual(['└   /b/[id]', '  ├ ● /b/1', '  └ ● /b/2'])
  })
  it('a page that never goes stale has neither time', () => {
    expect(lines(route('/a', { shown: [path('/a', { revalidate: false })] }))[1]).toBe(
      '─ ● /a         62.1 kB  4.10 kB',
    )
  })
  it('names only the kinds that occur', () => {
    expect(lines(route('/a')).filter((line) => /\((Static|SSG|Dynamic)\)/.test(line))).toHaveLength(1)
  })
  it('colours do not move the columns', () => {
    const plain = lines(route('/a'), route('/b', { jsBytes: 200_000 }))
    const coloured = renderReport([route('/a'), route('/b', { jsBytes: 200_000 })], pc.createColors(true))
    // oxlint-disable-next-line no-control-regex -- colours are control sequences
    expect(coloured.replaceAll(/\u001b\[\d+m/g, '').split('\n')).toEqual(plain)
  })
})
