/** Playwright's `test` with the app `client`, built and served once, and the rule that nothing goes wrong unnoticed. */
import { test as base, expect, type Page, type Request } from 'playwright/test'
import type { ServerProcess } from '../process.ts'
import { createSite, type Site } from './site.ts'

export interface ClientApp {
  readonly site: Site
  readonly server: ServerProcess
}

interface Fixtures {
  /** What the test provokes on purpose; anything else in the console fails it. */
  expectedProblems: RegExp
  problems: string[]
}

export const test = base.extend<Fixtures, { app: ClientApp }>({
  app: [
    // oxlint-disable-next-line eslint/no-empty-pattern -- Playwright reads the names of fixtures here.
    async ({}, provide) => {
      const site = await createSite({ app: 'client' })
      await site.build()
      await provide({ site, server: await site.serve() })
      await site.dispose()
    },
    { scope: 'worker', timeout: 180_000 },
  ],

  baseURL: async ({ app }, provide) => {
    await provide(app.server.url)
  },

  // Nothing matches it.
  expectedProblems: [/(?!)/, { option: true }],

  problems: [
    async ({ context, expectedProblems }, provide) => {
      const problems: string[] = []
      const note = (text: string) => {
        if (!expectedProblems.test(text)) problems.push(text)
      }
      context.on('console', (message) => {
        if (['error', 'warning', 'assert'].includes(message.type()))
          note(`console.${message.type()}: ${message.text()} (${message.location().url})`)
      })
      context.on('weberror', (error) => note(`uncaught: ${error.error().stack ?? error.error().message}`))
      await provide(problems)
      expect(problems, 'errors and warnings in the browser').toEqual([])
    },
    { auto: true },
  ],
})

export { expect }

/** What the browser itself prints about an answer that is an error, whoever handles it. */
export const failedRequest = (status: number) => new RegExp(`Failed to load resource.* status of ${status} `)

/** Opens a page; resolves when React has taken it over. */
export async function open(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await hydrated(page)
}

export async function hydrated(page: Page): Promise<void> {
  await expect(page.locator('html[data-hydrated]')).toBeAttached()
}

/** One link of the page `hub`: what `Link` takes, and its text. */
export interface HubLink {
  href: string
  label?: string
  prefetch?: boolean
  replace?: boolean
  scroll?: boolean
  target?: string
  download?: boolean | string
}

/** The page with these links. Links that are only named are not prefetched. */
export function hub(links: ReadonlyArray<string | HubLink>, below: readonly HubLink[] = []): string {
  const list = links.map((link) => (typeof link === 'string' ? { href: link, prefetch: false } : link))
  return `/hub?${String(new URLSearchParams({ links: JSON.stringify(list), below: JSON.stringify(below) }))}`
}

/** Clicks a link without pointing at it first, which would load the page ahead. */
export async function follow(page: Page, label: string): Promise<void> {
  await page.getByRole('link', { name: label, exact: true }).dispatchEvent('click')
}

export interface DataRequest {
  /** Behind the build id, with query. */
  readonly path: string
  readonly request: Request
  readonly isPrefetch: boolean
}

/** The requests for navigation data that the page makes from now on. */
export function watchData(page: Page): DataRequest[] {
  const found: DataRequest[] = []
  page.on('request', (request) => {
    const [, path] = /\/_isr\/data\/[^/]+(.*)$/.exec(request.url()) ?? []
    if (path !== undefined) found.push({ path, request, isPrefetch: request.headers().purpose === 'prefetch' })
  })
  return found
}

/** The paths of documents that the page loads from now on. */
export function watchDocuments(page: Page): string[] {
  const found: string[] = []
  page.on('request', (request) => {
    if (request.isNavigationRequest()) found.push(new URL(request.url()).pathname)
  })
  return found
}

export interface RouterState {
  pathname: string
  asPath: string
  query: Record<string, unknown>
  isFallback: boolean
  isReady: boolean
}

export async function readRouter(page: Page): Promise<RouterState> {
  return JSON.parse((await page.locator('#router').textContent()) ?? '') as RouterState
}

export const scrollTop = (page: Page) => page.evaluate(() => Math.round(window.scrollY))
