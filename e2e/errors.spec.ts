import { expect, hydrated, test } from './test.ts'

test.describe('an unknown address', () => {
  test.use({ expectedProblems: /404/ })

  test('X02 is the 404 page, interactive like any other', async ({ page }) => {
    const response = await page.goto('/no/such/page')
    expect(response?.status()).toBe(404)
    expect(await response?.headerValue('cache-control')).toContain('no-store')
    await expect(page.getByRole('heading', { name: 'Not on the map' })).toBeVisible()
    await hydrated(page)
    await page.getByRole('link', { name: 'front page' }).click()
    await expect(page.getByRole('heading', { name: 'The world in pages' })).toBeVisible()
  })
})

test('E06 U01 malformed and unclean addresses', async ({ site }) => {
  const ask = (path: string) => fetch(`${site.url}${path}`, { redirect: 'manual' })
  expect((await ask('/probe/%')).status).toBe(400)
  expect((await ask('/probe/%E0%A4%A')).status).toBe(400)
  const slash = await ask('/probe/plain/?a=1')
  expect([slash.status, slash.headers.get('location')]).toEqual([308, '/probe/plain?a=1'])
  expect((await fetch(`${site.url}/probe/plain`, { method: 'POST' })).status).toBe(405)
  expect((await ask('/PROBE/plain')).status).toBe(404)
})
