import { expect, test, type Page, type Request } from 'playwright/test'
import type { ServerProcess } from '../process.ts'
import { hydrated } from '../harness/browser.ts'
import { send } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'

let site: Site
let server: ServerProcess

test.beforeAll(async () => {
  site = await createSite({ app: 'cache' })
  await site.build()
  server = await site.serve()
})

test.afterAll(async () => {
  await site?.dispose()
})

/** Opens the page with links; resolves when React has taken it over. */
async function openLinks(page: Page): Promise<void> {
  await page.goto(`${server.url}/links`)
  await hydrated(page)
}

/** Follows a link, without a pointer above it, which would prefetch. */
async function follow(page: Page, path: string): Promise<void> {
  await page.getByRole('link', { name: path, exact: true }).evaluate((link: HTMLElement) => link.click())
  await page.waitForURL(`**${path}`)
}

async function visit(page: Page, path: string, value: string): Promise<void> {
  await follow(page, path)
  await expect(page.locator('#value')).toHaveText(value)
}

function watchData(page: Page): Request[] {
  const requests: Request[] = []
  page.on('request', (request) => {
    if (request.url().includes('/_isr/data/')) requests.push(request)
  })
  return requests
}

test('W3 navigation data is asked for with an ETag round trip', async ({ page }) => {
  await page.clock.install()
  const requests = watchData(page)
  await openLinks(page)
  await visit(page, '/second/linked', 'second/linked 1')
  await page.goBack()
  // The entry is stale: its copy in memory is over, and the browser has to ask again.
  await expect(async () => {
    const answer = await send(server, '/second/linked', { headers: { purpose: 'prefetch' } })
    expect(answer.cache).toBe('STALE')
  }).toPass()
  // The copy's second began when the answer arrived, which may have taken its time.
  await page.clock.fastForward('00:02')
  await visit(page, '/second/linked', 'second/linked 1')
  expect(requests).toHaveLength(2)
  const [first, second] = await Promise.all(requests.map((request) => request.allHeaders()))
  expect(first).toMatchObject({ 'x-isr-data': '1', 'cache-control': 'max-age=0' })
  expect(first).not.toHaveProperty('purpose')
  const etag = (await (await requests[0]!.response())!.allHeaders())['etag']
  expect(etag).toMatch(/^"/)
  expect(second).toMatchObject({ 'if-none-match': etag })
})

test('W3 what was regenerated since is shown, not what the browser still has', async ({ page }) => {
  site.source.set('second/linked', { value: 'old' })
  await revalidate('/second/linked')
  await openLinks(page)
  await visit(page, '/second/linked', 'old')
  await page.goBack()
  site.source.set('second/linked', { value: 'new' })
  await revalidate('/second/linked')
  // Longer than the entry lives, and far shorter than its stale-while-revalidate.
  await expect(async () => {
    const answer = await send(server, '/second/linked', { headers: { purpose: 'prefetch' } })
    expect([answer.cache, answer.text.includes('new')]).toEqual(['STALE', true])
  }).toPass()
  await follow(page, '/second/linked')
  expect(await page.locator('#value').textContent()).toBe('new')
})

test('W3 a copy in memory spares the wait while the entry lives', async ({ page }) => {
  await openLinks(page)
  await visit(page, '/minute/linked', 'minute/linked 1')
  await page.goBack()
  // With the answer held back, only memory can show the page.
  await page.route('**/_isr/data/**', () => {})
  await visit(page, '/minute/linked', 'minute/linked 1')
})

async function revalidate(path: string): Promise<void> {
  const answer = await send(server, `/api/revalidate?path=${path}`)
  expect(answer.json()).toEqual({ result: { status: 'regenerated' } })
}
