import type { Page, Request } from 'playwright/test'
import { unique } from './probe.ts'
import { expect, hydrated, markDocument, test } from './test.ts'

function collectData(page: Page): Request[] {
  const requests: Request[] = []
  page.on('request', (request) => {
    if (request.url().includes('/_isr/data/')) requests.push(request)
  })
  return requests
}

const toPaths = (requests: Request[]) =>
  requests.map((request) => new URL(request.url()).pathname.replace(/^\/_isr\/data\/[^/]+/, ''))

test('C01 links in view prefetch code and data; those below the fold wait until they are scrolled to', async ({
  page,
}) => {
  const data = collectData(page)
  await page.goto('/probe/long')
  await hydrated(page)
  await expect.poll(() => toPaths(data)).toContain('/probe/listed/one.json')
  const headers = await data.find((request) => request.url().includes('/listed/one'))?.allHeaders()
  expect(headers).toMatchObject({ 'x-isr-data': '1', purpose: 'prefetch' })
  expect(toPaths(data)).not.toContain('/probe/waiting/below.json')
  expect(toPaths(data)).not.toContain('/probe/plain.json')

  await page.evaluate(() => window.scrollTo(0, 4200))
  await expect.poll(() => toPaths(data)).toContain('/probe/waiting/below.json')
})

test('C01 prefetch={false}: nothing in view, the data on hover', async ({ page }) => {
  const data = collectData(page)
  await page.goto('/probe/plain')
  await hydrated(page)
  const link = page.getByRole('link', { name: '/probe/steady' })
  await expect(link).toBeVisible()
  const steady = () => toPaths(data).filter((path) => path === '/probe/steady.json')
  expect(steady()).toEqual([])
  await link.hover()
  await expect.poll(steady).toHaveLength(1)
})

test('C03 a click on a prefetched link shows the page from memory', async ({ page }) => {
  const data = collectData(page)
  await page.goto('/probe/long')
  await hydrated(page)
  await expect.poll(() => toPaths(data)).toContain('/probe/listed/one.json')
  const document = await markDocument(page)
  // No answer may be needed any more.
  await page.route('**/_isr/data/**/listed/**', (route) => route.abort('aborted'))
  await page.getByRole('link', { name: 'in view' }).click()
  await expect(page.getByRole('heading', { name: 'Listed one' })).toBeVisible()
  expect(await document.isSame()).toBe(true)
})

test.describe('after a deployment', () => {
  test.use({ expectedProblems: /404/ })

  test('C06 an open tab of an older build loads whole pages', async ({ page }) => {
    await page.route('**/probe/plain', async (route) => {
      if (route.request().resourceType() !== 'document') return route.continue()
      const response = await route.fetch()
      const body = (await response.text()).replace(/"buildId":"[^"]+"/, '"buildId":"older-build"')
      return route.fulfill({ response, body })
    })
    await page.goto('/probe/plain')
    await hydrated(page)
    const document = await markDocument(page)
    await page.getByRole('link', { name: '/probe/steady' }).click()
    await expect(page.getByRole('heading', { name: 'Steady' })).toBeVisible()
    expect(await document.isSame()).toBe(false)
  })
})

test('C02 prefetching an unknown path of a blocking page generates it', async ({ page, site }) => {
  const id = unique('prefetched')
  await page.goto('/probe/plain')
  const buildId = await page.evaluate(
    () => (JSON.parse(document.querySelector('#__ISR_DATA__')?.textContent ?? '{}') as { buildId: string }).buildId,
  )
  const url = `${site.url}/_isr/data/${buildId}/probe/waiting/${id}.json`
  const data = await fetch(url, { headers: { purpose: 'prefetch', 'x-isr-data': '1' } })
  expect(data.headers.get('x-isr-cache')).toBe('MISS')
  const html = await fetch(`${site.url}/probe/waiting/${id}`)
  expect(html.headers.get('x-isr-cache')).toBe('HIT')
})
