// Edits of an app that was written for Next.js, while it runs in development.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, hydrated, markDocument, test } from './test.ts'

test.use({ app: 'migrated' })

const edited = [
  'pages/opening-hours.js',
  'pages/books/[isbn].tsx',
  'components/visitor-counter.tsx',
  'pages/_document.tsx',
]

// Other specs use the same site.
const originals = new Map<string, string>()
test.beforeAll(async ({ site }) => {
  for (const file of edited) originals.set(file, await readFile(join(site.root, file), 'utf8'))
})
test.afterAll(async ({ site }) => {
  for (const [file, text] of originals) await site.write(file, text)
})

test('an edit of JSX in a .js file, and of next/head, shows without a reload', async ({ page, site }) => {
  await page.goto('/opening-hours')
  await hydrated(page)
  const first = await markDocument(page)
  await site.edit('pages/opening-hours.js', (text) => text.replace('9 – 17', '10 – 18'))
  await expect(page.getByRole('cell')).toHaveText('10 – 18')
  expect(await first.isSame()).toBe(true)

  await page.goto('/books/100')
  await hydrated(page)
  const second = await markDocument(page)
  await site.edit('pages/books/[isbn].tsx', (text) => text.replace('| Harbour Library`', '| The Library`'))
  await expect(page).toHaveTitle('Tides and Tables | The Library')
  expect(await second.isSame()).toBe(true)
})

test('an edit keeps the state of a component that next/dynamic loaded', async ({ page, site }) => {
  await page.goto('/')
  await hydrated(page)
  await page.getByRole('button', { name: 'Visitors: 0' }).click()
  await site.edit('components/visitor-counter.tsx', (text) =>
    text.replace('{label}: {count}', '{label} so far: {count}'),
  )
  await expect(page.getByRole('button', { name: 'Visitors so far: 1' })).toBeVisible()
})

test('an edit of _document reloads', async ({ page, site }) => {
  await page.goto('/')
  await hydrated(page)
  await site.edit('pages/_document.tsx', (text) => text.replace('className="library"', 'className="library open"'))
  await expect(page.locator('body')).toHaveClass('library open')
})

test('packages that are made for Next.js run in the browser, as modules and as CommonJS', async ({ page, site }) => {
  const original = await readFile(join(site.root, 'package.json'), 'utf8')
  const files = {
    'package.json': '{ "private": true, "dependencies": { "made-esm": "1.0.0", "made-cjs": "1.0.0" } }',
    'node_modules/made-esm/package.json':
      '{ "name": "made-esm", "version": "1.0.0", "type": "module", "exports": "./index.js", "peerDependencies": { "next": "*" } }',
    'node_modules/made-esm/index.js': `
import { createElement } from 'react'
import Head from 'next/head.js'
import { useRouter } from 'next/router'
export const Seo = () => createElement(Head, null, createElement('title', null, 'At ' + useRouter().pathname))`,
    'node_modules/made-cjs/package.json':
      '{ "name": "made-cjs", "version": "1.0.0", "main": "index.js", "peerDependencies": { "next": "*" } }',
    'node_modules/made-cjs/index.js': `
"use strict"
Object.defineProperty(exports, '__esModule', { value: true })
const React = require('react')
const interop = (loaded) => (loaded && loaded.__esModule ? loaded : { default: loaded })
const Link = interop(require('next/link')).default
const Router = interop(require('next/router')).default
exports.default = function Home() {
  const [path, setPath] = React.useState('')
  React.useEffect(() => setPath(Router.pathname), [])
  return React.createElement(Link, { href: '/opening-hours' }, 'Hours, from ' + path)
}`,
    'pages/made.js': `
import { Seo } from 'made-esm'
import Home from 'made-cjs'
export default function Made() { return <><Seo /><h1>Made</h1><p><Home /></p></> }`,
  }
  try {
    await site.stop()
    for (const [file, text] of Object.entries(files)) await site.write(file, text)
    await site.restart()
    await page.goto('/made')
    await expect(page).toHaveTitle('At /made')
    await page.getByRole('link', { name: 'Hours, from /made' }).click()
    await expect(page).toHaveURL('/opening-hours')
    await expect(page).toHaveTitle('Harbour Library')
  } finally {
    await site.stop()
    await site.write('package.json', original)
    await site.remove('pages/made.js')
    await site.restart()
  }
})

test.describe('a module that nothing stands in for', () => {
  test.use({ expectedProblems: /next\/font|status of 500|Failed to fetch|failed/ })

  test('is named, with what to use', async ({ page, site, request }) => {
    await site.write(
      'pages/fonts.tsx',
      "import { Inter } from 'next/font/google'\nexport default function Fonts() { return <p>{String(Inter)}</p> }\n",
    )
    await expect
      .poll(async () => (await request.get('/fonts')).text())
      .toContain('No stand-in for next/font/google, which pages/fonts.tsx imports')
    await page.goto('/fonts')
    await expect(page.locator('vite-error-overlay')).toContainText('@fontsource')
    await site.remove('pages/fonts.tsx')
  })
})
