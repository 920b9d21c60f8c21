import { unique } from './probe.ts'
import { expect, hydrated, markDocument, test } from './test.ts'

test.describe('fallback: true', () => {
  test('F04 F11 F13 a shell at once, then the page in place', async ({ page, mode, site }) => {
    const id = unique('shell')
    let release = () => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    await page.route(
      (url) => url.pathname.includes('/_isr/data/'),
      async (route) => {
        await released
        await route.continue()
      },
    )
    await page.goto(`/probe/shell/${id}`, { waitUntil: 'commit' })
    await expect(page.getByRole('heading', { name: 'Loading the probe' })).toBeVisible()
    const document = await markDocument(page)
    release()
    await expect(page.getByRole('heading', { name: `Probe ${id}` })).toBeVisible()
    await expect(page.locator('output')).toHaveText(JSON.stringify({ id }))
    await expect(page).toHaveTitle(`Probe ${id}`)
    expect(await document.isSame()).toBe(true)

    if (mode !== 'dev') {
      // F05
      const next = await fetch(`${site.url}/probe/shell/${id}`)
      expect(next.headers.get('x-isr-cache')).toBe('HIT')
      expect(await next.text()).toContain(`Probe <!-- -->${id}`)
    }
  })

  test('F11 a redirect behind the shell is followed', async ({ page }) => {
    await page.goto(`/probe/shell/${unique('moved')}`)
    await expect(page.getByRole('heading', { name: 'Plain' })).toBeVisible()
    await expect(page).toHaveURL(/\/probe\/plain$/)
  })

  test.describe('without a page behind it', () => {
    test.use({ expectedProblems: /404/ })

    test('F11 the 404 page takes the place of the shell', async ({ page }) => {
      const path = `/probe/shell/${unique('none')}`
      await page.goto(path)
      const document = await markDocument(page)
      await expect(page.getByRole('heading', { name: 'Loading the probe' })).toHaveCount(0)
      await expect(page.getByRole('heading', { name: 'Not on the map' })).toBeVisible()
      await expect(page).toHaveURL(path)
      expect(await document.isSame()).toBe(true)
    })
  })
})

test("F03 fallback: 'blocking': the visitor gets the page itself", async ({ page, mode }) => {
  const id = unique('blocking')
  const response = await page.goto(`/probe/waiting/${id}`)
  expect(response?.status()).toBe(200)
  await expect(page.getByRole('heading', { name: `Waited for ${id}` })).toBeVisible()
  await hydrated(page)
  if (mode === 'dev') return
  expect(await response?.headerValue('x-isr-cache')).toBe('MISS')
  expect(await (await page.reload())?.headerValue('x-isr-cache')).toBe('HIT')
})

test.describe('what does not exist', () => {
  test.use({ expectedProblems: /404/ })

  test('N01 notFound from a blocking page is the 404 page', async ({ page, mode }) => {
    const response = await page.goto(`/probe/waiting/${unique('none')}`)
    expect(response?.status()).toBe(404)
    await expect(page.getByRole('heading', { name: 'Not on the map' })).toBeVisible()
    await hydrated(page)
    if (mode !== 'dev') expect(await response?.headerValue('x-isr-cache')).toBe('MISS')
  })

  test('F01 fallback: false: 404 for what is not listed', async ({ page }) => {
    expect((await page.goto('/probe/listed/one'))?.status()).toBe(200)
    await expect(page.getByRole('heading', { name: 'Listed one' })).toBeVisible()
    expect((await page.goto('/probe/listed/two'))?.status()).toBe(404)
    await expect(page.getByRole('heading', { name: 'Not on the map' })).toBeVisible()
    await hydrated(page)
  })
})
