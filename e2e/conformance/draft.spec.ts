import { expect, test, type Page } from 'playwright/test'
import type { ServerProcess } from '../process.ts'
import { send } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'

/** What a page's function returns for the public and for an editor. */
const result = '{ props: { value: context.draftMode ? value.draft : value.published }, revalidate: 60 }'

test.describe.configure({ mode: 'serial' })

for (const mode of ['start', 'dev'] as const) {
  test.describe(`in \`${mode}\``, () => {
    let site: Site
    let server: ServerProcess

    test.beforeAll(async () => {
      site = await createSite({ app: 'cache' })
      if (mode === 'start') await site.build()
      server = await site.serve(mode)
    })

    test.afterAll(async () => {
      await site?.dispose()
    })

    function publish(draft: string, published: string): void {
      site.source.set('any/linked', { value: { draft, published }, result })
    }

    async function expectPublic(words: string): Promise<void> {
      const answer = await send(server, '/any/linked')
      expect(answer.text).toContain(`<p id="value">${words}</p>`)
    }

    async function followLink(page: Page): Promise<void> {
      await page.goto(`${server.url}/links`)
      const link = page.getByRole('link', { name: '/any/linked', exact: true })
      await expect(async () => {
        await link.evaluate((element: HTMLElement) => element.click())
        await page.waitForURL('**/any/linked', { timeout: 1000 })
      }).toPass()
    }

    test('D03 D05 an editor sees the draft by address and by link, and the public never does', async ({ page }) => {
      publish('first draft', 'public words')
      await page.goto(`${server.url}/any/linked`)
      await expect(page.locator('#value')).toHaveText('public words')
      await expect(page.locator('#router')).toContainText('"isPreview":false')

      await page.goto(`${server.url}/api/draft?enable=true&to=/any/linked`)
      expect(page.url()).toBe(`${server.url}/any/linked`)
      await expect(page.locator('#value')).toHaveText('first draft')
      await expect(page.locator('#router')).toContainText('"isPreview":true')
      await expectPublic('public words')

      await followLink(page)
      await expect(page.locator('#value')).toHaveText('first draft')
      publish('second draft', 'public words')
      await page.reload()
      await expect(page.locator('#value')).toHaveText('second draft')
      await page.goBack()
      publish('third draft', 'public words')
      // Nothing of a draft is kept in memory either.
      await followLink(page)
      await expect(page.locator('#value')).toHaveText('third draft')
      await expectPublic('public words')

      await page.goto(`${server.url}/api/draft?enable=false&to=/any/linked`)
      await expect(page.locator('#value')).toHaveText('public words')
      await expect(page.locator('#router')).toContainText('"isPreview":false')
      await followLink(page)
      await expect(page.locator('#value')).toHaveText('public words')
      await expectPublic('public words')
      const calls = site.source.calls('any/linked').filter(({ detail }) => detail.draftMode !== true)
      if (mode === 'start') expect(calls).toHaveLength(1)
    })
  })
}
