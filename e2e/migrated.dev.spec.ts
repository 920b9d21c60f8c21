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
