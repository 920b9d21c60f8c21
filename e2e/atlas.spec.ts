import type { Page } from 'playwright/test'
import { unique } from './probe.ts'
import { secret } from './site.ts'
import { expect, hydrated, markDocument, test } from './test.ts'

const pages = [
  ['/', 'The world in pages'],
  ['/countries', 'Countries'],
  ['/countries/austria', 'Austria'],
  ['/regions', 'The world'],
  ['/regions/europe', 'Europe'],
  ['/cities', 'Cities'],
  ['/cities/japan', 'Cities of Japan'],
  ['/cities/japan/tokyo', 'Tokyo'],
  ['/compare', 'Compare'],
  ['/blog', 'Blog'],
  ['/about', 'About'],
  ['/search?q=vienna', 'Search'],
  ['/edit/austria', 'Edit Austria'],
] as const

test.describe('every kind of page', () => {
  for (const [path, heading] of pages) {
    test(`${path} loads, hydrates, and says what it is`, async ({ page }) => {
      const response = await page.goto(path)
      expect(response?.status()).toBe(200)
      await expect(page.getByRole('heading', { level: 1 })).toContainText(heading)
      await hydrated(page)
      await expect(page.locator('html')).toHaveAttribute('lang', 'en')
      await expect(page).toHaveTitle(/\w/)
      await expect(page.locator('head meta[name=description]')).toHaveAttribute('content', /\w/)
      await expect(page.locator('head meta[name=viewport]')).toHaveCount(1)
      await expect(page.locator('head title')).toHaveCount(1)
      await expect(page.locator('img:not([alt])')).toHaveCount(0)
    })
  }
})

test('the visitor walks through the atlas without loading another document', async ({ page }) => {
  await page.goto('/')
  await hydrated(page)
  const document = await markDocument(page)
  await page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: 'Countries' }).click()
  await expect(page).toHaveURL(/\/countries$/)
  await page.getByRole('main').getByRole('link', { name: 'Austria', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Austria' })).toBeVisible()
  await expect(page).toHaveTitle(/Austria/)
  await page.getByRole('table').getByRole('link', { name: 'Graz' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Graz' })).toBeVisible()
  await page.goBack()
  await expect(page.getByRole('heading', { level: 1, name: 'Austria' })).toBeVisible()
  expect(await document.isSame()).toBe(true)
})

test.describe('search', () => {
  test('finds cities and countries as typed, in the address too', async ({ page }) => {
    await page.goto('/')
    await hydrated(page)
    const document = await markDocument(page)
    await page.getByRole('main').getByRole('searchbox').fill('reykj')
    await page.getByRole('main').getByRole('button', { name: 'Search' }).click()
    await expect(page).toHaveURL(/\/search\?q=reykj$/)
    await expect(page.getByRole('link', { name: 'Reykjavík' }).first()).toBeVisible()
    expect(await document.isSame()).toBe(true)
  })

  test('works without scripts; what was typed is text, not markup', async ({ site, browser }) => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${site.url}/`)
    await page.getByRole('main').getByRole('searchbox').fill('"><img src=x onerror=alert(1)>')
    await page.getByRole('main').getByRole('button', { name: 'Search' }).click()
    await expect(page.getByText('Nothing begins with')).toContainText('"><img src=x onerror=alert(1)>')
    await context.close()
  })
})

test.describe('the editor', () => {
  const description = (page: Page) => page.getByTestId('description')

  test('a saved text is on the public page at once, in the browser and over HTTP', async ({ page, site, mode }) => {
    const text = `Bhutan measures happiness. ${unique('Seen')}`
    expect(await (await fetch(`${site.url}/countries/bhutan`)).text()).not.toContain(text)
    await page.goto('/countries/bhutan')
    await hydrated(page)
    await page.getByRole('link', { name: 'Edit this text' }).click()
    await page.getByLabel('Text').fill(text)
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByRole('status').filter({ hasText: 'Saved' })).toBeVisible()

    const response = await fetch(`${site.url}/countries/bhutan`)
    expect(await response.text()).toContain(text)
    if (mode !== 'dev') expect(response.headers.get('x-isr-cache')).toBe('HIT')

    await page.getByRole('link', { name: 'See Bhutan' }).click()
    await expect(description(page)).toHaveText(text)
    await page.reload()
    await expect(description(page)).toHaveText(text)
    await page.goto('/')
    await expect(page.getByTestId('edits')).toContainText('Bhutan')
  })

  test('works without scripts', async ({ site, browser }) => {
    const text = `Nauru is an island. ${unique('Seen')}`
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${site.url}/edit/nauru`)
    await page.getByLabel('Text').fill(text)
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page).toHaveURL(/\/countries\/nauru$/)
    await expect(description(page)).toHaveText(text)
    await context.close()
  })
})

test('on demand over HTTP: a post changes when the secret route says so', async ({ site, mode }) => {
  const content = unique('A post that was changed.')
  const put = await fetch(`${site.url}/api/posts/1`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
    body: JSON.stringify({ content }),
  })
  expect(put.status).toBe(200)
  const read = async () => (await fetch(`${site.url}/blog/1`)).text()
  if (mode !== 'dev') expect(await read()).not.toContain(content)
  expect((await fetch(`${site.url}/api/revalidate?secret=wrong&id=1`)).status).toBe(401)
  const done = await fetch(`${site.url}/api/revalidate?secret=${secret}&id=1`)
  expect([done.status, await done.json()]).toEqual([200, { revalidated: true }])
  expect(await read()).toContain(content)
})

test('a comparison begins as a frame and is filled in place', async ({ page, mode }) => {
  await page.goto('/compare/nepal/peru', { waitUntil: 'commit' })
  await expect(page.getByRole('heading', { level: 1, name: 'Nepal and Peru' })).toBeVisible()
  await expect(page).toHaveTitle(/Nepal and Peru/)
  if (mode === 'dev') return
  const response = await page.reload()
  expect(await response?.headerValue('x-isr-cache')).toBe('HIT')
})

test('a city is made for its first visitor', async ({ page, site, mode }) => {
  await page.goto('/cities/austria/leoben')
  await expect(page.getByRole('heading', { level: 1, name: 'Leoben' })).toBeVisible()
  const next = await fetch(`${site.url}/cities/austria/leoben`)
  expect(next.status).toBe(200)
  if (mode !== 'dev') expect(next.headers.get('x-isr-cache')).toBe('HIT')
})
