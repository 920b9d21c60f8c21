// In development the overlay shows these errors.
import { unique } from './probe.ts'
import { expect, hydrated, test } from './test.ts'

test.describe('a page that throws', () => {
  test.use({ expectedProblems: /500|secret that no visitor/ })

  test('E05 X04 is the 500 page, which tells no secret; the log tells it once, with page and source', async ({
    page,
    site,
  }) => {
    const before = site.output().length
    const response = await page.goto('/probe/server?crash=1')
    expect(response?.status()).toBe(500)
    expect(await response?.headerValue('cache-control')).toContain('no-store')
    expect(await page.content()).not.toContain('secret')
    await expect(page.getByRole('heading', { name: 'Off course' })).toBeVisible()
    await hydrated(page)

    await expect.poll(() => site.output().slice(before)).toContain('a secret that no visitor may read')
    const printed = site.output().slice(before)
    expect(printed.split('a secret that no visitor may read')).toHaveLength(2)
    expect(printed).toMatch(/probe\/server\.tsx:\d+/)
  })
})

test.describe('a shell with a failing page behind it', () => {
  test.use({ expectedProblems: /500|probe is broken|Application error/ })

  test('F09 F11 an error screen after three tries', async ({ page }) => {
    let tries = 0
    page.on('request', (request) => {
      if (/\/_isr\/data\/.*\/broken/.test(request.url())) tries++
    })
    await page.goto(`/probe/shell/${unique('broken')}`)
    await expect(page.locator('body')).toContainText('Application error', { timeout: 20_000 })
    expect(tries).toBe(3)
  })
})
