// The same site below a path of its host: nothing may ask for anything outside of it.
import { base } from './site.ts'
import { expect, hydrated, markDocument, test } from './test.ts'

test('pages, assets, data and links stay below the base', async ({ page, site }) => {
  const outside: string[] = []
  page.on('request', (request) => {
    const { origin, pathname } = new URL(request.url())
    if (origin === site.url && !pathname.startsWith(base)) outside.push(pathname)
  })
  expect((await page.goto(`${base}countries/austria`))?.status()).toBe(200)
  await hydrated(page)
  const document = await markDocument(page)
  await page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: 'Blog' }).click()
  await expect(page).toHaveURL(`${site.url}${base}blog`)
  await page.goBack()
  await expect(page.getByRole('heading', { level: 1, name: 'Austria' })).toBeVisible()
  await page.getByRole('searchbox').fill('graz')
  await page.getByRole('button', { name: 'Search' }).click()
  await expect(page).toHaveURL(`${site.url}${base}search?q=graz`)
  await page.getByRole('link', { name: 'Atlas', exact: true }).click()
  await expect(page).toHaveURL(new RegExp(`${base.slice(0, -1)}/?$`))
  await expect(page.getByRole('heading', { level: 1, name: 'The world in pages' })).toBeVisible()
  expect(await document.isSame()).toBe(true)
  expect(outside).toEqual([])
})

test('redirects and revalidation know the base', async ({ page, site, mode }) => {
  // A permanent redirect of getStaticProps.
  await page.goto(`${base}countries/at`)
  await expect(page).toHaveURL(`${site.url}${base}countries/austria`)
  const done = await fetch(`${site.url}${base}api/probe?path=/probe/steady`)
  expect([done.status, await done.json()]).toEqual([200, { status: 'regenerated' }])
  if (mode === 'dev') return
  const steady = await fetch(`${site.url}${base}probe/steady`)
  expect(steady.headers.get('x-isr-cache')).toBe('HIT')
})

test.describe('elsewhere', () => {
  test.use({ expectedProblems: /404/ })

  test('an unknown address below the base is the 404 page', async ({ page }) => {
    expect((await page.goto(`${base}no/such/page`))?.status()).toBe(404)
    await expect(page.getByRole('heading', { name: 'Not on the map' })).toBeVisible()
    await hydrated(page)
  })

  test('what is outside of the base is not the site', async ({ site }) => {
    for (const path of ['/countries', '/deep/downright', '/assets/x.js']) {
      const response = await fetch(site.url + path, { redirect: 'manual' })
      expect(response.status, path).toBe(404)
    }
  })
})
