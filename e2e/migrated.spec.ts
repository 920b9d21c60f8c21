// An app that was written for Next.js, in all three ways of running it. Nothing in its pages knows of this package.
import type { Page } from 'playwright/test'
import { expect, hydrated, markDocument, test } from './test.ts'

test.use({ app: 'migrated' })

const pages: Array<[path: string, heading: string, title: string, status?: number]> = [
  ['/', 'Welcome', 'Harbour Library'],
  ['/books', 'Books', 'Books | Harbour Library'],
  ['/books/100', 'Tides and Tables', 'Tides and Tables | Harbour Library'],
  ['/books/102', 'Knots & Splices', 'Knots & Splices | Harbour Library'],
  ['/authors/ada/byron', 'Ada Byron', 'Ada Byron at the library'],
  ['/shelves', 'All shelves', 'Harbour Library'],
  ['/shelves/science/craft', 'Shelf science/craft', 'Harbour Library'],
  ['/search?q=lamp', 'Search', 'Harbour Library'],
  ['/opening-hours', 'Opening hours', 'Harbour Library'],
  ['/events', 'Events', 'Harbour Library'],
  ['/reading-room', 'Reading room', 'Harbour Library'],
  ['/membership', 'Membership', 'Harbour Library'],
  ['/members/ada', 'Member ada', 'Harbour Library'],
  ['/loans/7', 'Loan 7', 'Loan 7'],
  ['/help', '410: The help desk has moved.', '410: The help desk has moved'],
  ['/gallery', 'Gallery', 'Harbour Library'],
  ['/archive', 'Archive', 'Harbour Library'],
  ['/drafts', 'Exhibitions', 'Harbour Library'],
]

for (const [path, heading, title] of pages) {
  test(`${path} opens`, async ({ page }) => {
    const response = await page.goto(path)
    expect(response?.status()).toBe(200)
    await hydrated(page)
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(heading)
    await expect(page).toHaveTitle(title)
    await expect(page.getByRole('banner')).toContainText('Harbour Library')
    expect(await page.evaluate(() => window.next?.router.asPath)).toBe(path)
  })
}

test.describe('next/head', () => {
  const contents = (page: Page, selector: string) =>
    page.locator(selector).evaluateAll((tags) => tags.map((tag) => tag.getAttribute('content')))

  test('the tag of the page stands in place of that of _app, in the HTML and after each navigation', async ({
    page,
    browser,
    site,
  }) => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const plain = await context.newPage()
    await plain.goto(`${site.url}/books/100`)
    expect(await plain.title()).toBe('Tides and Tables | Harbour Library')
    expect(await contents(plain, 'head title, head meta[name=description]')).toEqual([
      null,
      'Tides and Tables by Ada Byron',
    ])
    await context.close()

    await page.goto('/')
    await hydrated(page)
    const first = await markDocument(page)
    expect(await contents(page, 'head meta[name=description]')).toEqual(['The library has 4 books.'])
    expect(await contents(page, 'head meta[name=viewport]')).toEqual(['width=device-width, initial-scale=1'])
    expect(await page.locator('meta[charset]').count()).toBe(1)

    await page.getByRole('link', { name: 'Books' }).click()
    await expect(page).toHaveTitle('Books | Harbour Library')
    await expect.poll(() => contents(page, 'head meta[property="og:title"]')).toEqual(['Books'])
    // The page has none of its own any more.
    expect(await contents(page, 'head meta[name=description]')).toEqual(['A library by the sea.'])

    await page.getByRole('link', { name: 'The Lamp Keeper' }).click()
    await expect(page).toHaveTitle('The Lamp Keeper | Harbour Library')
    await expect(page.locator('head link[rel=canonical]')).toHaveAttribute('href', 'https://library.example/books/101')
    expect(await page.locator('head script[type="application/ld+json"]').textContent()).toBe(
      '{"@type":"Book","name":"The Lamp Keeper"}',
    )
    expect(await contents(page, 'head meta[property="og:title"]')).toEqual(['The Lamp Keeper'])

    await page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: 'Hours' }).click()
    await expect(page).toHaveTitle('Harbour Library')
    await expect(page.locator('head link[rel=canonical], head script[type="application/ld+json"]')).toHaveCount(0)
    expect(await page.locator('head title').count()).toBe(1)
    // Tags of _app were there all the time.
    expect(await page.locator('head link[rel=icon]').count()).toBe(1)
    await page.goBack()
    await expect(page).toHaveTitle('The Lamp Keeper | Harbour Library')
    expect(await first.isSame()).toBe(true)
  })
})

test.describe('next/document', () => {
  test('is rendered around the page, and stays as it is while pages come and go', async ({ page }) => {
    await page.goto('/')
    await hydrated(page)
    const html = page.locator('html')
    await expect(html).toHaveAttribute('lang', 'en')
    await expect(html).toHaveAttribute('data-collected', 'app')
    // Its script ran before anything was shown.
    await expect(html).toHaveAttribute('data-theme', 'day')
    expect(await page.evaluate(() => document.compatMode)).toBe('CSS1Compat')
    await expect(page.locator('body.library > #__next + #modal-root')).toHaveCount(1)
    await expect(page.locator('head style[data-collected="/"]')).toHaveJSProperty(
      'textContent',
      '.from-document{color:rgb(1,2,3)}',
    )
    await page.evaluate(() => document.getElementById('modal-root')!.append('kept'))
    await page.getByRole('link', { name: 'Shelves' }).click()
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('All shelves')
    await expect(page.locator('#modal-root')).toHaveText('kept')
    await expect(html).toHaveAttribute('data-theme', 'day')
  })

  test('its code is not sent to browsers', async ({ page, site }) => {
    const scripts: string[] = []
    page.on('response', async (response) => {
      if (/\.[jt]sx?(?:\?|$)/.test(response.url())) scripts.push(response.url(), await response.text().catch(() => ''))
    })
    await page.goto('/')
    await hydrated(page)
    await page.getByRole('link', { name: 'Books' }).click()
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Books')
    expect(scripts.length).toBeGreaterThan(1)
    expect(scripts.join('\n')).not.toMatch(/modal-root|MyDocument|LIBRARIAN_KEY|content\/books/)
    expect(site.output()).not.toContain('from-the-env-file')
  })
})

test.describe('next/link and next/router', () => {
  test('links change the page in place, and the events of the singleton tell of it', async ({ page }) => {
    await page.goto('/')
    await hydrated(page)
    const first = await markDocument(page)
    await page.getByRole('link', { name: 'A Winter Port' }).click()
    await expect(page).toHaveURL('/books/103')
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('A Winter Port')
    await page.getByRole('link', { name: 'Jon Sund' }).click()
    await expect(page.getByText('Path: jon / sund')).toBeVisible()
    await page.goBack()
    await expect(page).toHaveURL('/books/103')
    await expect.poll(() => page.evaluate(() => document.documentElement.dataset['router'])).toBe('/books/[isbn]')
    expect(await page.evaluate(() => Reflect.get(window, 'progressLog'))).toEqual([
      'start /books/103',
      'complete /books/103',
      'start /authors/jon/sund',
      'complete /authors/jon/sund',
      'start /books/103',
      'complete /books/103',
    ])
    await expect(page.locator('html')).not.toHaveAttribute('data-loading')
    expect(await first.isSame()).toBe(true)
    expect(await page.evaluate(() => [window.next?.router.pathname, window.next?.router.query])).toEqual([
      '/books/[isbn]',
      { isbn: '103' },
    ])
    expect(
      await page.evaluate(() => [window.__NEXT_DATA__?.page, window.__NEXT_DATA__?.props.pageProps['count']]),
    ).toEqual(['/', 4])
  })

  test('the router reads and writes the query', async ({ page }) => {
    await page.goto('/reading-room?desk=3')
    const state = page.getByText(/^Ready:/)
    await expect(state).toHaveText('Ready: true, desk: 3, path: /reading-room?desk=3')
    await page.getByRole('button', { name: 'Desk 7' }).click()
    await expect(state).toHaveText('Ready: true, desk: 7, path: /reading-room?desk=7')
    await page.getByRole('button', { name: 'Desk 8' }).click()
    await expect(page).toHaveURL('/reading-room?desk=8')
    await expect(state).toContainText('desk: 8')
    await page.getByRole('button', { name: 'Back' }).click()
    await expect(page).toHaveURL('/reading-room?desk=3')
    await expect(state).toContainText('desk: 3')
    await page.getByRole('button', { name: 'Tides' }).click()
    await expect(page).toHaveURL('/books/100')
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Tides and Tables')
  })

  test('withRouter, Router and API routes', async ({ page }) => {
    await page.goto('/membership')
    await hydrated(page)
    await expect(page.getByText('You are at /membership')).toBeVisible()
    await page.getByLabel('Name').fill('Ada')
    await page.getByRole('button', { name: 'Join' }).click()
    await expect(page.getByRole('status')).toHaveText('Welcome, Ada')
    await page.getByRole('button', { name: 'When?' }).click()
    await expect(page).toHaveURL('/opening-hours')
  })

  test('a page with getServerSideProps is asked again for each query', async ({ page }) => {
    const response = await page.goto('/search?q=lamp')
    expect(response?.headers()['x-found']).toBe('1')
    await expect(page.getByText('1 for “lamp”: The Lamp Keeper')).toBeVisible()
    await page.getByLabel('Title').fill('n')
    await page.getByRole('button', { name: 'Find' }).click()
    await expect(page).toHaveURL('/search?q=n')
    await expect(page.getByText(/^\d for “n”/)).toHaveText(
      '3 for “n”: Tides and Tables, Knots & Splices, A Winter Port',
    )
  })

  test('older forms: the child is the link, href is a pattern', async ({ page }) => {
    await page.goto('/archive')
    await hydrated(page)
    const first = await markDocument(page)
    await expect(page.locator('a.old')).toHaveAttribute('href', '/books/101')
    await page.locator('a[data-sign]').click()
    await expect(page).toHaveURL('/opening-hours')
    await page.goBack()
    await page.getByRole('link', { name: 'Ada' }).click()
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Member ada')
    await page.goBack()
    await page.locator('a.old').click()
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('The Lamp Keeper')
    expect(await first.isSame()).toBe(true)
  })
})

test.describe('next/dynamic', () => {
  test('a component is in the HTML with its styles, and works', async ({ page, browser, site }) => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const plain = await context.newPage()
    await plain.goto(site.url)
    const counter = plain.getByRole('button', { name: 'Visitors: 0' })
    await expect(counter).toHaveCSS('background-color', 'rgb(10, 80, 60)')
    await context.close()

    await page.goto('/')
    await page.getByRole('button', { name: 'Visitors: 0' }).click()
    await expect(page.getByRole('button', { name: 'Visitors: 1' })).toBeVisible()
    // On the way back to it, too.
    await page.getByRole('link', { name: 'Events' }).click()
    await page.getByRole('link', { name: 'Home' }).click()
    await expect(page.getByRole('button', { name: 'Visitors: 0' })).toHaveCSS('background-color', 'rgb(10, 80, 60)')
  })

  test('ssr: false leaves a component to browsers', async ({ page, browser, site }) => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const plain = await context.newPage()
    await plain.goto(`${site.url}/events`)
    await expect(plain.getByText('Drawing the map…')).toBeVisible()
    await context.close()

    await page.goto('/events')
    await expect(page.getByText('Map of the harbour, drawn in the browser')).toBeVisible()
    await expect(page.locator('figure')).toHaveCSS('border-top-color', 'rgb(0, 90, 130)')
    await page.getByRole('button', { name: 'Notices' }).click()
    await expect(page.getByRole('status')).toHaveText('Two books are late.')
  })
})

test('next/script runs a script once', async ({ page }) => {
  await page.goto('/events')
  await expect(page.getByText('Bell: ding')).toBeVisible()
  await page.getByRole('link', { name: 'Home' }).click()
  await page.getByRole('link', { name: 'Events' }).click()
  await expect(page.getByText('Map of the harbour')).toBeVisible()
  await expect(page.locator('script[src="/bell.js"]')).toHaveCount(1)
})

test('next/image is an image', async ({ page }) => {
  await page.goto('/gallery')
  const image = page.getByRole('img', { name: 'The lighthouse' })
  await expect(image).toHaveJSProperty('complete', true)
  await expect(image).not.toHaveJSProperty('naturalWidth', 0)
  await expect(image).toHaveAttribute('fetchpriority', 'high')
  await expect(page.getByRole('img', { name: 'The mark' })).toHaveAttribute(
    'srcset',
    '/favicon.svg?w=50&q=90 1x, /favicon.svg?w=100&q=90 2x',
  )
  expect(await page.getByRole('img', { name: 'From the sea' }).boundingBox()).toMatchObject({ width: 120, height: 80 })
})

test('variables: public ones in the browser, per mode, others on the server alone', async ({ page, mode }) => {
  await page.goto('/opening-hours')
  await hydrated(page)
  await expect(page.getByText('Call +43 1 555')).toBeVisible()
  await expect(page.getByText('Fax none')).toBeVisible()
  await expect(page.getByRole('contentinfo')).toHaveText(`Edition: ${mode === 'dev' ? 'draft' : 'printed'}`)
  await page.getByRole('link', { name: 'Books' }).click()
  await expect(page.getByRole('contentinfo')).toHaveText(`Edition: ${mode === 'dev' ? 'draft' : 'printed'}`)
})

test('a fallback shell fills itself', async ({ page }) => {
  await page.goto('/authors/mary/ferry')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Mary Ferry')
  await expect(page).toHaveTitle('Mary Ferry at the library')
  await expect(page.getByText('Path: mary / ferry')).toBeVisible()
})

test.describe('what is not there', () => {
  test.use({ expectedProblems: /status of 404/ })

  test('has the 404 page, by address and by link', async ({ page }) => {
    for (const path of ['/nowhere', '/books/999', '/loans/none', '/shelves/poetry']) {
      expect((await page.goto(path))?.status()).toBe(404)
      await hydrated(page)
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('404 - This shelf is empty')
      await expect(page).toHaveTitle('Nothing here')
    }
    // Of this one the browser learns it after the shell.
    expect((await page.goto('/authors/no/body'))?.status()).toBe(200)
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('404 - This shelf is empty')
    await expect(page).toHaveTitle('Nothing here')
    await page.evaluate(() => window.next?.router.push('/books/998'))
    await expect(page).toHaveURL('/books/998')
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('404 - This shelf is empty')
    await page.getByRole('link', { name: 'Go home' }).click()
    await expect(page).toHaveTitle('Harbour Library')
  })
})

test('redirects of pages, by address and by link', async ({ page }) => {
  await page.goto('/books/latest')
  await expect(page).toHaveURL('/books/103')
  await page.goto('/loans/old')
  await expect(page).toHaveURL('/loans/7')
  await hydrated(page)
  await page.evaluate(() => window.next?.router.push('/books/latest'))
  await expect(page).toHaveURL('/books/103')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('A Winter Port')
})

test('getServerSideProps reads and sets cookies', async ({ page, context, site }) => {
  await context.addCookies([{ name: 'reader', value: 'Grace', url: site.url }])
  await page.goto('/loans/12')
  await expect(page.getByText('Lent to Grace')).toBeVisible()
  const cookies = await context.cookies()
  expect(cookies.find(({ name }) => name === 'last-loan')?.value).toBe('12')
})

test('on-demand revalidation, with a key from an .env file', async ({ page, site, mode }) => {
  const change = (key: string) =>
    fetch(`${site.url}/api/books/101`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ copies: 5 }),
    })
  await page.goto('/books/101')
  await expect(page.getByText('All copies are lent')).toBeVisible()
  expect((await change('a guess')).status).toBe(401)
  const answer = await change('from-the-env-file')
  expect([answer.status, await answer.json()]).toEqual([200, { revalidated: true }])
  const response = await page.reload()
  await expect(page.getByText('5 on the shelf')).toBeVisible()
  expect(response?.headers()['x-nextjs-cache']).toBe(mode === 'dev' ? 'MISS' : 'HIT')
})

test('draft mode, on and off, with the public page untouched', async ({ page, request, site }) => {
  const text = async () => (await request.get('/drafts')).text()
  expect(await text()).toContain('The next exhibition is a secret')
  await page.goto('/api/draft')
  await expect(page).toHaveURL('/drafts')
  await expect(page.getByText('The next exhibition: ropes')).toBeVisible()
  // Of another visitor.
  expect(await (await fetch(`${site.url}/drafts`)).text()).toContain('The next exhibition is a secret')
  await page.getByRole('link', { name: 'Leave the draft' }).click()
  await expect(page.getByText('The next exhibition is a secret')).toBeVisible()
})

test('answers carry the names that Next.js gives them', async ({ request, mode, page }) => {
  await page.goto('/')
  const buildId = await page.evaluate(() => window.__NEXT_DATA__?.buildId)
  const isDev = mode === 'dev'
  const home = await request.get('/')
  expect(home.headers()['x-nextjs-cache']).toBe(isDev ? 'MISS' : 'HIT')
  expect(home.headers()['x-isr-cache']).toBe(home.headers()['x-nextjs-cache'])
  expect((await request.get('/opening-hours')).headers()['x-nextjs-cache']).toBeUndefined()

  const data = await request.get(`/_next/data/${buildId}/books/100.json`)
  expect(data.headers()['content-type']).toBe('application/json; charset=utf-8')
  expect(await data.json()).toMatchObject({ pageProps: { book: { isbn: '100' } } })
  expect(await (await request.get(`/_next/data/${buildId}/index.json`)).json()).toMatchObject({
    pageProps: { count: 4 },
  })
  // Once made and once from the cache.
  for (const _ of [1, 2]) {
    const redirect = await request.get(`/_next/data/${buildId}/books/latest.json`, { maxRedirects: 0 })
    expect([redirect.status(), await redirect.json()]).toEqual([
      200,
      { pageProps: { __N_REDIRECT: '/books/103', __N_REDIRECT_STATUS: 307 } },
    ])
  }
  const own = await request.get(`/_isr/data/${buildId}/books/latest.json`)
  expect(await own.json()).toEqual({ redirect: { destination: '/books/103', statusCode: 307 } })
  const missing = await request.get(`/_next/data/${buildId}/books/997.json`)
  expect([missing.status(), await missing.json()]).toEqual([404, { notFound: true }])
  expect((await request.get('/_next/data/another/books/100.json')).status()).toBe(404)
})
