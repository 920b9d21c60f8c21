import { describe, expect, it } from 'vitest'
import { findPathConflicts } from '../build/path-conflicts.ts'
import { UsageError } from '../errors.ts'
import { createSite } from '../testing/site.ts'
import { scanPages } from './scan.ts'
import { readServedFiles, type ServedFilesOptions } from './served-files.ts'

const PAGE = 'export default () => null'

/** The problems of a site whose pages are plain, each by its code and the beginning of its text. */
async function problemsOf(
  files: readonly string[],
  options: Partial<ServedFilesOptions> = {},
): Promise<readonly string[]> {
  const root = createSite({ 'pages/index.tsx': PAGE, ...Object.fromEntries(files.map((name) => [name, PAGE])) })
  const served = await readServedFiles({
    root,
    assetsDir: 'assets',
    publicDir: `${root}/public`,
    trailingSlash: false,
    ...options,
  })
  try {
    await scanPages({ root, served })
    return []
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    return error.problems.map(({ code, text }) => `${code} ${text}`)
  }
}

describe('pages that files stand before', () => {
  it('a page below the folder of assets names the file, the folder and the ways out', async () => {
    const problems = await problemsOf(['pages/assets/[id].tsx', 'pages/assets.tsx', 'pages/assets-list/[id].tsx'])
    expect(problems).toEqual([
      expect.stringMatching(
        /^ISR_PATH_CONFLICT \/assets\/\[id\] of pages\/assets\/\[id\]\.tsx lies below \/assets\/.* Rename .*`build\.assetsDir`/,
      ),
    ])
  })
  it('it is the folder that the config names', async () => {
    const files = ['pages/assets/[id].tsx', 'pages/blog/[id].tsx']
    expect(await problemsOf(files, { assetsDir: './blog/' })).toEqual([expect.stringContaining('pages/blog/[id].tsx')])
    expect(await problemsOf(files, { assetsDir: 'blog/files' })).toEqual([])
    expect(await problemsOf(files, { assetsDir: '' })).toEqual([])
  })
  it("with a slash at the end the folder's own page lies in it too", async () => {
    expect(await problemsOf(['pages/assets.tsx'], { trailingSlash: true })).toEqual([
      expect.stringContaining('pages/assets.tsx'),
    ])
  })
  it('a public file at the path of a page names both', async () => {
    const problems = await problemsOf(['pages/cart.tsx', 'public/cart', 'pages/api/a b.ts', 'public/api/a b'])
    expect(problems).toEqual([
      expect.stringMatching(/^ISR_PATH_CONFLICT Both public\/api\/a b and pages\/api\/a b\.ts are at \/api\/a b/),
      expect.stringMatching(/^ISR_PATH_CONFLICT Both public\/cart and pages\/cart\.tsx are at \/cart, .* Rename/),
    ])
  })
  it('other public files, folders and a missing folder are no concern', async () => {
    const files = ['pages/cart.tsx', 'pages/[id].tsx', 'pages/_app.tsx', 'public/cart.txt', 'public/cart/x.png']
    expect(await problemsOf([...files, 'public/_app'])).toEqual([])
    expect(await problemsOf(files, { publicDir: '' })).toEqual([])
    expect(await problemsOf(files, { publicDir: '/nowhere/at-all' })).toEqual([])
  })
  it('listed paths are checked too', async () => {
    const root = createSite({ 'public/a b': '' })
    const served = await readServedFiles({
      root,
      assetsDir: 'assets',
      publicDir: `${root}/public`,
      trailingSlash: false,
    })
    const route = { pattern: '/[...all]', kind: 'isr' as const, file: 'pages/[...all].tsx' }
    const paths = ['/a%20b', '/assets/x', '/fine']
    const problems = findPathConflicts([route], new Map([['/[...all]', { fallback: false, paths }]]), served)
    expect(problems.map(({ text }) => text)).toEqual([
      expect.stringContaining('Both public/a b and pages/[...all].tsx'),
      expect.stringContaining('/assets/x of pages/[...all].tsx'),
    ])
  })
})
