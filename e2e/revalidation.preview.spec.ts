import { revalidate, setProbe, unique } from './probe.ts'
import { expect, hydrated, test } from './test.ts'

test.afterEach(async ({ site }) => {
  await setProbe(site, {})
})

test('R02 a stale page is shown at once, then the new one, in the browser', async ({ page, site }) => {
  const value = unique('fresh')
  await setProbe(site, { value })
  const states: string[] = []
  await expect
    .poll(async () => {
      const response = await page.goto('/probe/ticking')
      states.push((await response?.headerValue('x-isr-cache')) ?? '')
      return page.locator('output').textContent()
    })
    .toBe(value)
  expect(states).toContain('STALE')
  await hydrated(page)
})

test('R03 HTML and navigation data come from the same generation', async ({ page, site }) => {
  const value = unique('pair')
  await setProbe(site, { value })
  expect(await revalidate(site, '/probe/steady')).toEqual({ status: 200, body: { status: 'regenerated' } })
  await page.goto('/probe/plain')
  await hydrated(page)
  const answered = page.waitForResponse(/\/_isr\/data\/[^/]+\/probe\/steady\.json/)
  await page.getByRole('link', { name: '/probe/steady' }).click()
  const data = await answered
  expect(await data.json()).toEqual({ pageProps: { value } })
  await expect(page.locator('output')).toHaveText(value)
  await page.goto('/probe/steady')
  await expect(page.locator('output')).toHaveText(value)
})

test('O01 O03 on demand: the page without `revalidate` changes when it is told to, and only then', async ({
  page,
  site,
}) => {
  await page.goto('/probe/steady')
  const before = await page.locator('output').textContent()
  const value = unique('demanded')
  await setProbe(site, { value })
  await page.reload()
  await expect(page.locator('output')).toHaveText(before ?? '')

  expect(await revalidate(site, '/probe/steady')).toEqual({ status: 200, body: { status: 'regenerated' } })
  const response = await page.goto('/probe/steady')
  expect(await response?.headerValue('x-isr-cache')).toBe('HIT')
  await expect(page.locator('output')).toHaveText(value)
})

test('P1 a failing page stays as it was, and recovers by itself', async ({ page, site }) => {
  await page.goto('/probe/steady')
  const before = await page.locator('output').textContent()
  await setProbe(site, { failing: true })
  expect((await revalidate(site, '/probe/steady')).body).toEqual({ code: 'ISR_REVALIDATE_FAILED' })
  await page.reload()
  await expect(page.locator('output')).toHaveText(before ?? '')

  // Time-based: told apart by the reason.
  await expect
    .poll(async () => (await fetch(`${site.url}/probe/ticking`)).headers.get('cache-status'))
    .toContain('stale-error')
  const value = unique('recovered')
  await setProbe(site, { value })
  await expect.poll(async () => (await fetch(`${site.url}/probe/ticking`)).text(), { timeout: 15_000 }).toContain(value)
})

test('O06 O08 refuses what is no path of an ISR page', async ({ site }) => {
  for (const path of ['/probe/listed/none', '/probe/server', '/api/probe', '/nowhere']) {
    expect((await revalidate(site, path)).status, path).toBe(500)
  }
  for (const path of ['probe/steady', 'https://example.com/probe/steady', '']) {
    expect((await revalidate(site, path)).body, path).toEqual({ code: 'ISR_REVALIDATE_PATH' })
  }
})

test('C10 a page that changed is shown anew after navigating to it', async ({ page, site }) => {
  const value = unique('navigated')
  await page.goto('/probe/plain')
  await hydrated(page)
  await setProbe(site, { value })
  // At most one older copy is shown: the visit itself makes the page regenerate.
  await expect
    .poll(async () => {
      await page.getByRole('link', { name: '/probe/ticking' }).click()
      await expect(page.getByRole('heading', { name: 'Ticking' })).toBeVisible()
      const shown = await page.locator('output').textContent()
      await page.getByRole('link', { name: '/probe/plain' }).click()
      await expect(page.getByRole('heading', { name: 'Plain' })).toBeVisible()
      return shown
    })
    .toBe(value)
})
