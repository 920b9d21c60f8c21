import type { Page } from 'playwright/test'
import { expect, hydrated, test } from './test.ts'

const paths = [
  '/',
  '/countries',
  '/countries/austria',
  '/cities/japan',
  '/compare/germany/japan',
  '/search?q=san',
  '/blog',
]

async function settle(page: Page) {
  await hydrated(page)
  await page.evaluate(() => document.fonts.ready)
}

test.describe('on a phone', () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })

  for (const path of paths) {
    test(`${path} fits the screen`, async ({ page }) => {
      await page.goto(path)
      await settle(page)
      const { wide, width } = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth,
        width: document.documentElement.clientWidth,
      }))
      expect(wide).toBeLessThanOrEqual(width)
    })
  }
})

test('light and dark are both drawn', async ({ page }, testInfo) => {
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
  const colors = new Map<string, string>()
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.goto('/countries/austria')
    await settle(page)
    const body = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    colors.set(colorScheme, `${await background()} ${body}`)
    const picture = await page.screenshot()
    // A page without its styles, or without anything, packs into next to nothing.
    expect(picture.byteLength).toBeGreaterThan(20_000)
    await testInfo.attach(colorScheme, { body: picture, contentType: 'image/png' })
  }
  expect(colors.get('light')).not.toBe(colors.get('dark'))
})

test('the first frame is styled, and nothing moves afterwards', async ({ page }) => {
  await page.addInitScript(() => {
    const seen: { first?: string; shift: number } = { shift: 0 }
    Reflect.set(window, '__seen', seen)
    const look = () => {
      if (!document.querySelector('main h1')) return void requestAnimationFrame(look)
      const { fontFamily, backgroundColor, fontSize } = getComputedStyle(document.body)
      seen.first = [
        fontFamily,
        backgroundColor,
        fontSize,
        getComputedStyle(document.querySelector('h1')!).fontSize,
      ].join()
    }
    requestAnimationFrame(look)
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen.shift += (entry as unknown as { value: number }).value
    }).observe({ type: 'layout-shift', buffered: true })
  })
  for (const path of ['/', '/countries/austria', '/compare/chile/norway']) {
    await page.goto(path, { waitUntil: 'load' })
    await settle(page)
    // The page may be loaded before a busy machine has drawn anything.
    await page.waitForFunction(() => (Reflect.get(window, '__seen') as { first?: string }).first !== undefined)
    const { first, last, shift } = await page.evaluate(() => {
      const { fontFamily, backgroundColor, fontSize } = getComputedStyle(document.body)
      const heading = getComputedStyle(document.querySelector('main h1')!).fontSize
      const seen = Reflect.get(window, '__seen') as { first?: string; shift: number }
      return { ...seen, last: [fontFamily, backgroundColor, fontSize, heading].join() }
    })
    expect(first, path).toBe(last)
    expect(shift, path).toBeLessThan(0.05)
  }
})
