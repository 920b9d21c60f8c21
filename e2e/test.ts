/**
 * Playwright's `test` with a site to test, and with the rule that nothing goes wrong unnoticed: a test fails on any error
 * or warning in the console, uncaught exception or failed request that it did not announce.
 */
import { writeFile } from 'node:fs/promises'
import { test as base, expect, type ConsoleMessage, type Page, type Request } from 'playwright/test'
import { createSite, type App, type Mode, type Site } from './site.ts'

interface WorkerFixtures {
  mode: Mode
  app: App
  /** Vite's `base`. */
  base: string
  site: Site
}

interface TestFixtures {
  /** What the test provokes on purpose; anything else in the console fails it. */
  expectedProblems: RegExp
  problems: string[]
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  mode: ['preview', { option: true, scope: 'worker' }],
  app: ['playground', { option: true, scope: 'worker' }],
  base: ['/', { option: true, scope: 'worker' }],

  site: [
    async ({ mode, app, base }, provide, { workerIndex }) => {
      const site = await createSite(mode, app, `${app}-${mode}-${workerIndex}`, base)
      await provide(site)
      await site.stop()
    },
    { scope: 'worker', timeout: 120_000 },
  ],

  baseURL: async ({ site }, provide) => {
    await provide(site.url)
  },

  // Nothing matches it.
  expectedProblems: [/(?!)/, { option: true }],

  problems: [
    async ({ context, expectedProblems, site }, provide, testInfo) => {
      const problems: string[] = []
      const note = (text: string) => {
        if (!expectedProblems.test(text)) problems.push(text)
      }
      context.on('console', (message: ConsoleMessage) => {
        if (!['error', 'warning', 'assert'].includes(message.type())) return
        note(`console.${message.type()}: ${message.text()} (${message.location().url})`)
      })
      context.on('weberror', (error) => note(`uncaught: ${error.error().stack ?? error.error().message}`))
      context.on('requestfailed', (request: Request) => {
        const reason = request.failure()?.errorText ?? 'unknown'
        // What a navigation leaves behind is given up, not failed.
        if (reason === 'net::ERR_ABORTED') return
        note(`request failed: ${request.method()} ${request.url()} ${reason}`)
      })

      const printedBefore = site.output().length
      await provide(problems)

      if (testInfo.status !== testInfo.expectedStatus) {
        await writeFile(testInfo.outputPath('server.log'), site.output().slice(printedBefore))
      }
      expect(problems, 'errors and warnings in the browser').toEqual([])
    },
    { auto: true },
  ],
})

export { expect }

/** Resolves when React has taken over the document, or the page in it. */
export async function hydrated(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const container = document.getElementById('__next') ?? document
    return Object.keys(container).some(
      (key) => key.startsWith('__reactContainer') && Reflect.get(container, key) !== null,
    )
  })
}

/** Marks this document, so that a later check can tell whether the browser loaded another one. */
export async function markDocument(page: Page): Promise<{ isSame(): Promise<boolean> }> {
  const mark = `mark-${Date.now()}-${Math.random()}`
  await page.evaluate((value) => Reflect.set(window, '__mark', value), mark)
  return { isSame: async () => (await page.evaluate(() => Reflect.get(window, '__mark'))) === mark }
}
