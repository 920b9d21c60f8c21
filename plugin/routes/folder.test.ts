import { mkdirSync, realpathSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createSite } from '../testing/site.ts'
import { createPageFilter, findPagesDir, toRoutePath } from './folder.ts'

const EXTENSIONS = ['tsx', 'ts', 'jsx', 'js']

describe('toRoutePath', () => {
  it.each([
    ['index.tsx', '/'],
    ['about.jsx', '/about'],
    ['blog/index.js', '/blog'],
    ['index/index.ts', '/index'],
    ['posts/[id].tsx', '/posts/[id]'],
    ['docs/[[...slug]].tsx', '/docs/[[...slug]]'],
    ['[...all].tsx', '/[...all]'],
    ['shop/[post-id]/a b.tsx', '/shop/[post-id]/a b'],
    ['(x)/@y/ü.tsx', '/(x)/@y/ü'],
    ['v1.2/a.b.tsx', '/v1.2/a.b'],
    ['api/save.ts', '/api/save'],
    ['_app.tsx', '/_app'],
    ['404.tsx', '/404'],
    ['test.tsx', '/test'],
    ['[...test].tsx', '/[...test]'],
  ])('%s is %s', (file, path) => {
    expect(toRoutePath(file, EXTENSIONS)).toBe(path)
  })

  it.each([
    'style.css',
    'data.json',
    'readme.md',
    'index.tsx.bak',
    'types.d.ts',
    'a.test.tsx',
    'a.spec.ts',
    '[id].test.tsx',
    '.hidden.tsx',
    '.folder/a.tsx',
    '__tests__/a.tsx',
    'tsx',
    '.tsx',
    'posts/.tsx',
  ])('%s is no page', (file) => {
    expect(toRoutePath(file, EXTENSIONS)).toBeUndefined()
  })

  it('takes the longest of the extensions', () => {
    expect(toRoutePath('a.page.tsx', ['tsx', 'page.tsx'])).toBe('/a')
    expect(toRoutePath('a.tsx', ['page.tsx'])).toBeUndefined()
    expect(toRoutePath('a.test.page.tsx', ['page.tsx'])).toBeUndefined()
  })
})

describe('findPagesDir', () => {
  it('takes the option, then pages, then src/pages, then the place where the first page is expected', () => {
    const root = createSite({ 'package.json': '{}' })
    expect(findPagesDir(root)).toBe(`${root}/pages`)
    mkdirSync(join(root, 'src/pages'), { recursive: true })
    expect(findPagesDir(root)).toBe(`${root}/src/pages`)
    mkdirSync(join(root, 'pages'))
    expect(findPagesDir(root)).toBe(`${root}/pages`)
    expect(findPagesDir(root, 'app/routes')).toBe(`${root}/app/routes`)
    expect(findPagesDir(root, '/elsewhere')).toBe('/elsewhere')
  })
})

describe('createPageFilter', () => {
  const { isPage, isApi } = createPageFilter(() => '/site/pages', EXTENSIONS)

  it('tells pages and API routes from other modules', () => {
    expect(isPage('/site/pages/index.tsx')).toBe(true)
    expect(isPage('/site/pages/_app.tsx')).toBe(true)
    expect(isPage('/site/pages/apiary.tsx')).toBe(true)
    expect(isPage('/site/pages/style.css')).toBe(false)
    expect(isPage('/site/pages/a.test.tsx')).toBe(false)
    expect(isPage('/site/lib/a.ts')).toBe(false)
    expect(isPage('/site/pages-old/a.tsx')).toBe(false)
    expect(isPage('/site/pages/api/save.ts')).toBe(false)
    expect(isApi('/site/pages/api/save.ts')).toBe(true)
    expect(isApi('/site/pages/api.ts')).toBe(true)
    expect(isApi('/site/pages/index.tsx')).toBe(false)
  })

  it('knows a page by its real path too, as Vite names modules', () => {
    const site = createSite({ 'real/pages/index.tsx': '' })
    symlinkSync(join(site, 'real'), join(site, 'link'))
    const { isPage } = createPageFilter(() => `${site}/link/pages`, EXTENSIONS)
    expect(isPage(realpathSync(`${site}/link/pages/index.tsx`))).toBe(true)
    expect(isPage(`${site}/link/pages/index.tsx`)).toBe(true)
  })
})
