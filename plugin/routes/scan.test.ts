import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../errors.ts'
import { createSite, writeFiles } from '../testing/site.ts'
import { scanPages, type ScanCache, type ScanOptions } from './scan.ts'

const PAGE = 'export default () => null'
const PROPS = 'export const getStaticProps = () => ({ props: {} })'
const PATHS = `export const getStaticPaths = () => ({ paths: [], fallback: false })`
const SERVER = 'export const getServerSideProps = () => ({ props: {} })'

/** Files of the pages folder: a name stands for a plain page. */
function siteOf(pages: Record<string, string> | readonly string[]): string {
  const files: Record<string, string> = isList(pages) ? Object.fromEntries(pages.map((name) => [name, PAGE])) : pages
  return createSite(Object.fromEntries(Object.entries(files).map(([name, text]) => [`pages/${name}`, text])))
}

function isList(pages: Record<string, string> | readonly string[]): pages is readonly string[] {
  return Array.isArray(pages)
}

function lines(...parts: string[]): string {
  return parts.join('\n')
}

/** The texts of all problems that the scan reports. */
async function problemsOf(pages: Record<string, string> | readonly string[], options: Partial<ScanOptions> = {}) {
  const error: unknown = await scanPages({ root: siteOf(pages), ...options }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof UsageError)) throw new Error('no usage error', { cause: error })
  return error.problems.map(({ code, text }) => `${code} ${text}`)
}

describe('scanPages', () => {
  it('finds pages, API routes and special files', async () => {
    const root = siteOf({
      'index.tsx': lines(PROPS, PAGE),
      'about.jsx': PAGE,
      'search.tsx': lines(SERVER, PAGE),
      'posts/[id].tsx': lines(PROPS, PATHS, PAGE),
      'docs/[[...slug]].tsx': lines(PROPS, PATHS, PAGE),
      'shop/[post-id]/a b.tsx': PAGE,
      '404.tsx': lines(PROPS, PAGE),
      '500.tsx': PAGE,
      'api/revalidate.ts': PAGE,
      'api/[...all].ts': PAGE,
      '_app.tsx': PAGE,
      '_document.tsx': PAGE,
      '_error.tsx': PAGE,
      'style.css': '',
      'about.test.tsx': 'not a page {',
      'types.d.ts': 'export {}',
    })
    const { routes, special, files, exports, pagesDir } = await scanPages({ root })
    expect(pagesDir).toBe(`${root}/pages`)
    expect(routes).toEqual([
      { pattern: '/', kind: 'isr', file: 'pages/index.tsx' },
      { pattern: '/404', kind: 'isr', file: 'pages/404.tsx' },
      { pattern: '/500', kind: 'static', file: 'pages/500.tsx' },
      { pattern: '/about', kind: 'static', file: 'pages/about.jsx' },
      { pattern: '/api/[...all]', kind: 'api', file: 'pages/api/[...all].ts' },
      { pattern: '/api/revalidate', kind: 'api', file: 'pages/api/revalidate.ts' },
      { pattern: '/docs/[[...slug]]', kind: 'isr', file: 'pages/docs/[[...slug]].tsx' },
      { pattern: '/posts/[id]', kind: 'isr', file: 'pages/posts/[id].tsx' },
      { pattern: '/search', kind: 'server', file: 'pages/search.tsx' },
      { pattern: '/shop/[post-id]/a b', kind: 'static', file: 'pages/shop/[post-id]/a b.tsx' },
    ])
    expect(special).toEqual({
      app: `${root}/pages/_app.tsx`,
      document: `${root}/pages/_document.tsx`,
      error: `${root}/pages/_error.tsx`,
    })
    expect(files.get('/posts/[id]')).toBe(`${root}/pages/posts/[id].tsx`)
    expect(files.size).toBe(routes.length)
    expect(exports.get('/')?.names).toEqual(['getStaticProps', 'default'])
  })

  it('looks in src/pages where there is no pages folder, and where the option says', async () => {
    const root = createSite({ 'src/pages/index.tsx': PAGE, 'site/[a]/x.page.tsx': PAGE, 'site/[a]/y.tsx': '' })
    expect((await scanPages({ root })).routes).toEqual([{ pattern: '/', kind: 'static', file: 'src/pages/index.tsx' }])
    const found = await scanPages({ root, pagesDir: 'site', pageExtensions: ['page.tsx'] })
    expect(found.routes).toEqual([{ pattern: '/[a]/x', kind: 'static', file: 'site/[a]/x.page.tsx' }])
  })

  it('finds pages where the path of the site has characters of a pattern', async () => {
    const root = createSite({ 'a [b] {c,d} (e)/pages/[id].tsx': PAGE })
    const { routes } = await scanPages({ root: `${root}/a [b] {c,d} (e)` })
    expect(routes.map(({ pattern }) => pattern)).toEqual(['/[id]'])
  })

  it('names files by their real path, as Vite does', async () => {
    const root = siteOf(['index.tsx'])
    symlinkSync(root, join(root, 'link'))
    const { files, routes } = await scanPages({ root: join(root, 'link') })
    expect(files.get('/')).toBe(`${root}/pages/index.tsx`)
    expect(routes[0]?.file).toBe('pages/index.tsx')
  })

  it('leaves a file with a syntax error to Vite', async () => {
    const { routes, exports } = await scanPages({ root: siteOf({ 'index.tsx': 'export const = 1' }) })
    expect(routes).toHaveLength(1)
    expect(exports.has('/')).toBe(false)
  })

  it('says where it looked for the folder', async () => {
    const root = createSite({ 'package.json': '{}' })
    await expect(scanPages({ root })).rejects.toThrow(`looked for pages/ and src/pages/ in ${root}`)
    await expect(scanPages({ root, pagesDir: 'site' })).rejects.toThrow('option pagesDir names site')
    await expect(scanPages({ root, pagesDir: 'package.json' })).rejects.toThrow(/package\.json, which is not a folder/)
  })

  it('B13 dynamic page with getStaticProps but without getStaticPaths', async () => {
    expect(await problemsOf({ '[id].tsx': lines(PROPS, PAGE) })).toEqual([
      'ISR_PAGE_EXPORTS Wrong exports of pages/[id].tsx: getStaticPaths is missing, and /[id] is a dynamic page that uses ' +
        'getStaticProps. Export getStaticPaths to say which paths exist.',
    ])
  })

  it.each([
    ['B14 getStaticPaths without getStaticProps', { '[id].tsx': lines(PATHS, PAGE) }, /added without getStaticProps/],
    [
      'B14 getStaticPaths with getServerSideProps',
      { '[id].tsx': lines(PATHS, SERVER, PAGE) },
      /added without getStaticProps/,
    ],
    [
      'B15 getStaticPaths on a page without parameters',
      { 'a.tsx': lines(PROPS, PATHS, PAGE) },
      /only allowed on dynamic pages/,
    ],
    ['B15 getStaticPaths on an error page', { '404.tsx': lines(PROPS, PATHS, PAGE) }, /only allowed on dynamic pages/],
    [
      'B18 both kinds of props',
      { 'a.tsx': lines(PROPS, SERVER, PAGE) },
      /a\.tsx: getStaticProps and getServerSideProps/,
    ],
    [
      'B20 a data function on the component',
      { 'a.tsx': 'const P = () => 1\nP.getStaticProps = 1\nexport default P' },
      /attached/,
    ],
    [
      'getInitialProps',
      { 'a.tsx': 'const P = () => 1\nP.getInitialProps = 1\nexport default P' },
      /getStaticProps or getServerSideProps instead/,
    ],
    [
      'getInitialProps in _app',
      { '_app.tsx': 'const A = () => 1\nA.getInitialProps = 1\nexport default A' },
      /not supported/,
    ],
    ['B32 404 with getServerSideProps', { '404.tsx': lines(SERVER, PAGE) }, /404\.tsx: getServerSideProps cannot/],
    ['B32 500 with both', { '500.tsx': lines(PROPS, SERVER, PAGE) }, /500\.tsx: getServerSideProps cannot/],
    [
      'B35 export *',
      { 'a.tsx': lines(`export * from './b'`, PAGE) },
      /a\.tsx: "export \* from '\.\/b'" is not allowed/,
    ],
    [
      'B35 a data function from a destructuring',
      { 'a.tsx': lines('export const { getStaticProps } = x', PAGE) },
      /destructuring/,
    ],
    ['no default export', { 'a.tsx': PROPS }, /a\.tsx: there is no default export\. Export the React component/],
    ['no default export of an API route', { 'api/a.ts': 'export const x = 1' }, /api\/a\.ts: .*handler function/],
    ['no default export of _app', { '_app.tsx': 'export const x = 1' }, /_app\.tsx: there is no default/],
    [
      'a data function in _app',
      { '_app.tsx': lines(PROPS, PAGE) },
      /_app\.tsx: getStaticProps is exported, but it is never/,
    ],
    [
      'a data function in an API route',
      { 'api/a.ts': lines(SERVER, PAGE) },
      /api\/a\.ts: getServerSideProps is exported/,
    ],
    ['an optional parameter that is no catch-all', ['[[id]].tsx'], /"\[\[id\]\]" is an optional parameter/],
    ['an empty parameter', ['a/[].tsx'], /"\[\]" has no valid name/],
    ['a parameter with dots', ['[.id].tsx'], /"\[\.id\]" has no valid name/],
    ['a parameter that is part of a segment', ['post-[id].tsx'], /"post-\[id\]" is not a parameter as a whole/],
    ['unbalanced brackets', ['[id.tsx'], /"\[id" is not a parameter as a whole/],
    ['mixed brackets', ['[[...id].tsx'], /\[\[\.\.\.id\]/],
    ['a parameter that objects cannot hold', ['[__proto__].tsx'], /objects cannot hold/],
    ['B17 a parameter twice', ['[id]/x/[id].tsx'], /"id" occurs twice/],
    ['B17 a catch-all that is not last', ['[...all]/x.tsx'], /"\[\.\.\.all\]" is not the last part/],
    [
      'B17 different names at one place',
      ['a/[s].tsx', 'a/[t]/x.tsx'],
      /below \/a: .*\[s\] \(pages\/a\/\[s\]\.tsx\) and \[t\] \(pages\/a\/\[t\]\/x\.tsx\)/,
    ],
    [
      'B17 different names of catch-alls',
      ['[...s].tsx', 'a.tsx', '[...t].tsx'],
      /below \/: .*\[\.\.\.s\].*\[\.\.\.t\]/,
    ],
    ['B17 both catch-alls at one place', ['a/[...s].tsx', 'a/[[...t]].tsx'], /\[\.\.\.name\] and \[\[\.\.\.name\]\]/],
    [
      'B17 an optional catch-all beside a page of the same path',
      ['a/[[...s]].tsx', 'a.tsx'],
      /for \/a: pages\/a\.tsx and/,
    ],
    ['B17 an optional catch-all beside the home page', ['[[...s]].tsx', 'index.tsx'], /for \/: pages\/index\.tsx and/],
    ['two files for one URL', ['a.tsx', 'a/index.tsx'], /for \/a: pages\/a\.tsx and pages\/a\/index\.tsx/],
    ['two extensions for one URL', ['a.tsx', 'a.jsx'], /for \/a: pages\/a\.jsx and pages\/a\.tsx/],
    ['two files for one dynamic URL', ['[a].tsx', '[a]/index.tsx'], /for \/\[a\]/],
    ['two files for _app', ['_app.tsx', '_app/index.tsx'], /for \/_app/],
    ['_app that is not at the top', ['blog/_app.tsx'], /_app has its meaning only directly in pages\//],
    ['a name that navigation data has', ['_isr/data.tsx'], /lies below \/_isr/],
  ] as [string, Record<string, string> | string[], RegExp][])('%s', async (_, pages, text) => {
    const problems = await problemsOf(pages)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(text)
  })

  it.each([
    ['P01 all kinds of segments at one place', ['a/x.tsx', 'a/[id].tsx', 'a/[...all].tsx', 'a/[id]/y.tsx']],
    ['an optional catch-all beside a parameter', ['a/[[...all]].tsx', 'a/[id].tsx']],
    ['the same parameter name in different branches', ['a/[id].tsx', 'b/[id].tsx', 'a/[id]/c/[other].tsx']],
    ['names that only begin like special ones', ['_apple.tsx', 'apiary.tsx', 'x/404.tsx', 'api/_app.ts']],
  ])('takes %s', async (_, pages) => {
    expect((await scanPages({ root: siteOf(pages) })).routes).toHaveLength(pages.length)
  })

  it("takes Next's own example of _error, with getInitialProps", async () => {
    const page = 'function E() {}\nE.getInitialProps = ({ res }) => ({ statusCode: res.statusCode })\nexport default E'
    expect((await scanPages({ root: siteOf({ '_error.tsx': page }) })).special.error).toMatch(/_error\.tsx$/)
  })

  it('lists all problems of all files at once', async () => {
    const problems = await problemsOf({
      'a.tsx': lines(PROPS, SERVER),
      'b/[x].tsx': PAGE,
      'b/[y].tsx': PROPS,
      '[[z]].tsx': PAGE,
    })
    expect(problems).toHaveLength(6)
  })

  it('refuses a page that is a link to a file elsewhere, which the strip would not know', async () => {
    const root = siteOf(['index.tsx'])
    writeFiles(root, { 'shared/page.tsx': PAGE })
    symlinkSync(join(root, 'shared/page.tsx'), join(root, 'pages/linked.tsx'))
    await expect(scanPages({ root })).rejects.toThrow(/pages\/linked\.tsx: it is a symbolic link to shared\/page\.tsx/)
  })

  it('copes with a file that goes away while it scans', async () => {
    const root = siteOf(['a.tsx'])
    symlinkSync(join(root, 'pages/gone.tsx'), join(root, 'pages/b.tsx'))
    expect((await scanPages({ root })).routes.map(({ pattern }) => pattern)).toEqual(['/a'])
  })

  it('reads only what changed when it scans again', async () => {
    const root = siteOf({ 'a.tsx': lines(PROPS, PAGE), 'b.tsx': PAGE })
    const cache: ScanCache = new Map()
    const first = await scanPages({ root, cache })
    writeFileSync(join(root, 'pages/b.tsx'), lines(SERVER, PAGE))
    const second = await scanPages({ root, cache })
    expect(second.exports.get('/a')).toBe(first.exports.get('/a'))
    expect(second.routes.map(({ kind }) => kind)).toEqual(['isr', 'server'])
  })

  it('keeps the kind of a page while it does not parse', async () => {
    const root = siteOf({ 'a.tsx': lines(PROPS, PAGE) })
    const cache: ScanCache = new Map()
    await scanPages({ root, cache })
    writeFileSync(join(root, 'pages/a.tsx'), 'export const = ')
    expect((await scanPages({ root, cache })).routes[0]?.kind).toBe('isr')
    rmSync(join(root, 'pages/a.tsx'))
    mkdirSync(join(root, 'pages/a'))
    expect((await scanPages({ root, cache })).routes).toEqual([])
  })
})
