import { expect, hydrated, markDocument, test } from './test.ts'

test.describe('a first load', () => {
  test('is a whole page without scripts, and interactive with them', async ({ page, site, browser }) => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const plain = await context.newPage()
    await plain.goto(`${site.url}/probe/plain`)
    await expect(plain.getByRole('heading', { name: 'Plain' })).toBeVisible()
    await expect(plain).toHaveTitle('Probe: Plain')
    await context.close()

    await page.goto('/probe/plain')
    await hydrated(page)
    await page.getByRole('button', { name: /Clicked/ }).click()
    await expect(page.getByRole('button', { name: 'Clicked 1 times' })).toBeVisible()
  })

  test('hydrates what the server sent, without building it again', async ({ page }) => {
    // The server's own nodes must still be there after hydration.
    await page.addInitScript(() => {
      document.addEventListener('DOMContentLoaded', () => {
        const heading = document.querySelector('h1')
        if (heading) Reflect.set(window, '__heading', heading)
      })
    })
    await page.goto('/probe/steady')
    await hydrated(page)
    await page.getByRole('button', { name: /Clicked/ }).click()
    await expect(page.getByRole('button', { name: 'Clicked 1 times' })).toBeVisible()
    expect(await page.evaluate(() => Reflect.get(window, '__heading') === document.querySelector('h1'))).toBe(true)
  })

  test('HD02 carries its data in a script that only the client reads', async ({ page }) => {
    await page.goto('/probe/steady')
    const data = JSON.parse((await page.locator('script#__ISR_DATA__').textContent()) ?? '') as Record<string, unknown>
    expect(data).toMatchObject({ page: '/probe/steady', query: {}, isFallback: false, draft: false })
  })
})

test.describe('a Link', () => {
  test('C05 navigates without loading a document; pages without data cause no request for data', async ({ page }) => {
    await page.goto('/probe/plain')
    await hydrated(page)
    const document = await markDocument(page)
    const dataRequests: string[] = []
    page.on('request', (request) => {
      // The sections at the top are prefetched.
      if (/\/_isr\/data\/[^/]+\/probe\//.test(request.url())) dataRequests.push(new URL(request.url()).pathname)
    })

    await page.getByRole('link', { name: '/probe/server' }).click()
    await expect(page.getByRole('heading', { name: 'Server' })).toBeVisible()
    await expect(page).toHaveURL(/\/probe\/server$/)
    await expect(page).toHaveTitle('Probe: Server')
    const first = await page.locator('output').textContent()
    expect(dataRequests).toHaveLength(1)
    expect(dataRequests[0]).toMatch(/^\/_isr\/data\/[^/]+\/probe\/server\.json$/)

    await page.getByRole('link', { name: '/probe/plain' }).click()
    await expect(page.getByRole('heading', { name: 'Plain' })).toBeVisible()
    expect(dataRequests).toHaveLength(1)

    // A page of the server's is asked for anew each time.
    await page.getByRole('link', { name: '/probe/server' }).click()
    await expect(page.getByRole('heading', { name: 'Server' })).toBeVisible()
    await expect(page.locator('output')).not.toHaveText(first ?? '')
    expect(dataRequests).toHaveLength(2)
    expect(await document.isSame()).toBe(true)
  })

  test('opens in a new tab with a modifier key, as any link', async ({ page, context }) => {
    await page.goto('/probe/plain')
    await hydrated(page)
    const opened = context.waitForEvent('page')
    await page.getByRole('link', { name: '/probe/steady' }).click({ modifiers: ['ControlOrMeta'] })
    const tab = await opened
    await expect(tab.getByRole('heading', { name: 'Steady' })).toBeVisible()
    await expect(page.getByRole('heading', { name: 'Plain' })).toBeVisible()
  })

  test('keeps the state of the page when only the hash changes', async ({ page }) => {
    await page.goto('/probe/long')
    await hydrated(page)
    await page.getByRole('button', { name: /Clicked/ }).click()
    const document = await markDocument(page)
    await page.evaluate(() => {
      location.hash = '#somewhere'
    })
    await expect(page.getByRole('button', { name: 'Clicked 1 times' })).toBeVisible()
    expect(await document.isSame()).toBe(true)
  })
})

test('back and forward restore page and scroll position', async ({ page }) => {
  await page.goto('/probe/long')
  await hydrated(page)
  const document = await markDocument(page)
  await page.evaluate(() => window.scrollTo(0, 900))
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBe(900)

  await page.getByRole('link', { name: '/probe/ticking' }).dispatchEvent('click')
  await expect(page.getByRole('heading', { name: 'Ticking' })).toBeVisible()
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBe(0)

  await page.goBack()
  await expect(page.getByRole('heading', { name: 'Long' })).toBeVisible()
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBe(900)

  await page.goForward()
  await expect(page.getByRole('heading', { name: 'Ticking' })).toBeVisible()
  await expect(page).toHaveURL(/\/probe\/ticking$/)
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBe(0)
  expect(await document.isSame()).toBe(true)
})

test('a reload keeps the scroll position', async ({ page }) => {
  await page.goto('/probe/long')
  await hydrated(page)
  await page.evaluate(() => window.scrollTo(0, 700))
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBe(700)
  await page.reload()
  await hydrated(page)
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBe(700)
})

test.describe('to a page that is not there', () => {
  test.use({ expectedProblems: /404/ })

  test('C06 the browser loads the server’s 404 page', async ({ page }) => {
    await page.goto('/probe/plain')
    await hydrated(page)
    const document = await markDocument(page)
    await page.getByRole('link', { name: '/probe/listed/none' }).click()
    await expect(page.getByRole('heading', { name: 'Not on the map' })).toBeVisible()
    await expect(page).toHaveURL(/\/probe\/listed\/none$/)
    expect(await document.isSame()).toBe(false)
  })
})
