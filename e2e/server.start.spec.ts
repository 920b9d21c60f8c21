import { revalidate, setProbe, unique } from './probe.ts'
import { expect, hydrated, test } from './test.ts'

test('the standalone server serves the same site', async ({ page }) => {
  const response = await page.goto('/countries/austria')
  expect(response?.status()).toBe(200)
  expect(await response?.headerValue('x-isr-cache')).toMatch(/HIT|STALE/)
  await expect(page.getByRole('heading', { level: 1, name: 'Austria' })).toBeVisible()
  await hydrated(page)
  await page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: 'Blog' }).click()
  await expect(page).toHaveURL(/\/blog$/)
})

test('W13 R09 a restart keeps refreshed pages, with their age', async ({ site }) => {
  const value = unique('kept')
  await setProbe(site, { value })
  expect((await revalidate(site, '/probe/steady')).status).toBe(200)
  const before = await fetch(`${site.url}/probe/steady`)
  expect(await before.text()).toContain(value)

  expect(await site.stop()).toBe(0)
  await setProbe(site, { value: 'not asked for' })
  await site.restart()
  const after = await fetch(`${site.url}/probe/steady`)
  expect(after.headers.get('x-isr-cache')).toBe('HIT')
  expect(after.headers.get('etag')).toBe(before.headers.get('etag'))
  expect(await after.text()).toContain(value)

  await site.kill()
  await site.restart()
  const revived = await fetch(`${site.url}/probe/steady`)
  expect([revived.status, revived.headers.get('x-isr-cache')]).toEqual([200, 'HIT'])
  expect(await revived.text()).toContain(value)
})

test('ISR_DEBUG_CACHE is off unless asked for', async ({ site }) => {
  const before = site.output().length
  expect((await fetch(`${site.url}/`)).status).toBe(200)
  expect(site.output().slice(before)).toBe('')
})
