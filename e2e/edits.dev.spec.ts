import type { Page } from 'playwright/test'
import { unique } from './probe.ts'
import { expect, hydrated, markDocument, test } from './test.ts'

const overlay = (page: Page) => page.locator('vite-error-overlay')

test('an edited component is replaced and keeps its state', async ({ page, site }) => {
  await page.goto('/probe/plain')
  await hydrated(page)
  await page.getByRole('button', { name: /Clicked/ }).click()
  const document = await markDocument(page)

  await site.edit('probe/panel.tsx', (text) => text.replace('Clicked {count} times', 'Pressed {count} times'))
  await expect(page.getByRole('button', { name: 'Pressed 1 times' })).toBeVisible()

  await site.edit('pages/probe/plain.tsx', (text) => text.replace('no data', 'still no data'))
  await expect(page.locator('output')).toHaveText('still no data')
  await expect(page.getByRole('button', { name: 'Pressed 1 times' })).toBeVisible()
  expect(await document.isSame()).toBe(true)

  await site.edit('probe/panel.tsx', (text) => text.replace('Pressed {count} times', 'Clicked {count} times'))
  await expect(page.getByRole('button', { name: 'Clicked 1 times' })).toBeVisible()
  expect((await page.reload())?.status()).toBe(200)
  await hydrated(page)
  await expect(page.locator('output')).toHaveText('still no data')
})

test('an edited getStaticProps refreshes the data without a reload', async ({ page, site }) => {
  await page.goto('/probe/steady')
  await hydrated(page)
  await page.getByRole('button', { name: /Clicked/ }).click()
  const document = await markDocument(page)
  const value = unique('edited')
  await site.edit('pages/probe/steady.tsx', (text) =>
    text.replace('return { props: { value } }', `return { props: { value: '${value}' } }`),
  )
  await expect(page.locator('output')).toHaveText(value)
  await expect(page.getByRole('button', { name: 'Clicked 1 times' })).toBeVisible()
  expect(await document.isSame()).toBe(true)
})

test('an edited server module refreshes the data without a reload', async ({ page, site }) => {
  await page.goto('/probe/ticking')
  await hydrated(page)
  const document = await markDocument(page)
  const value = unique('module')
  await site.edit('probe/state.server.ts', (text) =>
    text.replace(/value: '[^']*', failing/, `value: '${value}', failing`),
  )
  await expect(page.locator('output')).toHaveText(value)
  expect(await document.isSame()).toBe(true)
})

test('a new page is served at once, a removed one is gone', async ({ page, site }) => {
  const name = unique('new')
  const path = `/probe/${name}`
  await site.write(`pages${path}.tsx`, `export default function New() {\n  return <h1>${name}</h1>\n}\n`)
  await expect.poll(async () => (await fetch(site.url + path)).status).toBe(200)
  await page.goto(path)
  await expect(page.getByRole('heading', { name })).toBeVisible()
  await hydrated(page)

  await page.goto('/probe/plain')
  await site.remove(`pages${path}.tsx`)
  await expect.poll(async () => (await fetch(site.url + path)).status).toBe(404)
})

test.describe('an error', () => {
  test.use({
    expectedProblems: /500|Unexpected|Expected|Transform|PARSE_ERROR|failed to (load|parse|reload)|told to break/i,
  })

  test('in the syntax shows the overlay, which goes away when the file is mended', async ({ page, site }) => {
    await page.goto('/probe/steady')
    await hydrated(page)
    let whole = ''
    await site.edit('pages/probe/steady.tsx', (text) => {
      whole = text
      return text.replace('export default function', 'export default funktion')
    })
    await expect(overlay(page)).toBeVisible()
    await expect(overlay(page)).toContainText('pages/probe/steady.tsx')
    await site.edit('pages/probe/steady.tsx', () => whole)
    await expect(overlay(page)).toHaveCount(0)
    await expect(page.getByRole('heading', { name: 'Steady' })).toBeVisible()
  })

  test('in getStaticProps shows the overlay with the source’s line, which goes away when it is mended', async ({
    page,
    site,
  }) => {
    let whole = ''
    await site.edit('pages/probe/ticking.tsx', (text) => {
      whole = text
      return text.replace('const { value', "if (Date.now() > 0) throw new Error('told to break')\n  const { value")
    })
    const line = 1 + (await lineOf(site.root, 'pages/probe/ticking.tsx', 'told to break'))
    await expect.poll(async () => (await fetch(`${site.url}/probe/ticking`)).status).toBe(500)
    await page.goto('/probe/ticking')
    await expect(overlay(page)).toBeVisible()
    await expect(overlay(page)).toContainText('told to break')
    await expect(overlay(page)).toContainText(`pages/probe/ticking.tsx:${line}`)
    await site.edit('pages/probe/ticking.tsx', () => whole)
    await expect(overlay(page)).toHaveCount(0)
    await expect(page.getByRole('heading', { name: 'Ticking' })).toBeVisible()
  })
})

async function lineOf(root: string, file: string, text: string): Promise<number> {
  const { readFile } = await import('node:fs/promises')
  const lines = (await readFile(`${root}/${file}`, 'utf8')).split('\n')
  return lines.findIndex((line) => line.includes(text))
}
