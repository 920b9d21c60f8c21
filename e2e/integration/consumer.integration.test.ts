import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ServerProcess } from '../process.ts'
import { createConsumer, forgetRegenerated, listFiles, type Consumer, type Way } from './consumer.ts'
import { openNewsroom, type Newsroom } from './newsroom.ts'

let newsroom: Newsroom
let consumer: Consumer
let buildReport: string

beforeAll(async () => {
  newsroom = await openNewsroom()
  for (const id of ['1', '2', '3']) newsroom.publish(id)
  consumer = await createConsumer('magazine', { NEWSROOM_URL: newsroom.url, REFRESH_KEY: 'k3y' })
  buildReport = await consumer.run('vite', 'build')
}, 300_000)

afterAll(async () => {
  await consumer?.dispose()
  await newsroom?.close()
})

/** Asks until the answer satisfies; every answer on the way is kept. */
async function askUntil(url: string, satisfies: (text: string, response: Response) => boolean, init?: RequestInit) {
  const states: string[] = []
  const end = Date.now() + 15_000
  for (;;) {
    const response = await fetch(url, init)
    const text = await response.text()
    states.push(response.headers.get('x-isr-cache') ?? String(response.status))
    if (satisfies(text, response)) return { states, response, text }
    if (Date.now() > end) throw new Error(`${url} never satisfied: ${states.slice(-20).join(' ')}\n${text}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

describe('the tarball', () => {
  it('holds the compiled package and its papers, no source and no test', () => {
    const papers = ['CHANGELOG.md', 'LICENSE', 'README.md', 'next.d.ts', 'package.json']
    expect(consumer.packed.filter((path) => !/^(dist|docs)\//.test(path))).toEqual(papers)
    expect(consumer.packed).toContain('docs/README.md')
    expect(consumer.packed.filter((path) => /\.test\.|testing\//.test(path))).toEqual([])
  })

  it('gives types with which the pages compile', async () => {
    await consumer.run('tsc', '--noEmit')
  })
})

describe('the build', () => {
  it('B33 prints the table of routes', () => {
    for (const route of ['/stories/[id]', '/columns/[name]', '/drafts/[id]', '/about', '/now', '/api/refresh']) {
      expect(buildReport).toContain(route)
    }
    expect(buildReport).toMatch(/Route \(pages\).*Revalidate.*Expire/)
  })

  it('B35 keeps the server half out of the browser, and pages out of the public folder', async () => {
    const client = join(consumer.root, 'dist/client')
    const files = await listFiles(client)
    expect(files.filter((file) => file.endsWith('.html'))).toEqual([])
    expect(files).toContain('robots.txt')
    for (const file of files) expect(await readFile(join(client, file), 'utf8'), file).not.toContain('CANARY')
    const server = await listFiles(join(consumer.root, 'dist/server'))
    const texts = await Promise.all(server.map((file) => readFile(join(consumer.root, 'dist/server', file), 'utf8')))
    expect(texts.join('')).toContain('CANARY')
  })

  it('writes the manifest and the entries', async () => {
    expect(await listFiles(join(consumer.root, 'dist/isr'))).toEqual(
      expect.arrayContaining(['route-manifest.json', 'entries.pack', 'entries.index']),
    )
  })
})

const visitor = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const built: Way[] = ['vite preview', 'start.mjs', 'vite-isr start', 'express']

describe.each(built)('in `%s`', (way) => {
  let server: ServerProcess

  beforeEach(async () => {
    newsroom.failing = false
    await forgetRegenerated(consumer)
    server = await consumer.start(way)
  })

  afterEach(async () => {
    await server.stop()
  })

  it('serves prerendered pages, generates unknown ones, and refreshes on time and on demand', async () => {
    // S01, S12
    const home = await fetch(`${server.url}/`)
    expect(home.status).toBe(200)
    expect(home.headers.get('x-isr-cache')).toBe('HIT')
    expect(home.headers.get('etag')).toMatch(/^"/)
    expect(home.headers.get('set-cookie')).toBeNull()
    expect(await home.text()).toContain('Story 1')

    // S07, H02: no data function, and one that runs per request.
    const about = await fetch(`${server.url}/about`)
    expect(await about.text()).toContain('About the magazine')
    expect(about.headers.get('x-isr-cache')).toBeNull()
    const now = await fetch(`${server.url}/now?name=Ada`)
    expect(await now.text()).toContain('Hello Ada')
    expect(now.headers.get('cache-control')).toContain('no-store')

    // F03, N01: not built, and not there at all.
    const late = `late-${way.replaceAll(/\W/g, '')}`
    newsroom.publish(late)
    const first = await fetch(`${server.url}/stories/${late}`)
    expect([first.status, first.headers.get('x-isr-cache')]).toEqual([200, 'MISS'])
    const second = await fetch(`${server.url}/stories/${late}`)
    expect([second.status, second.headers.get('x-isr-cache')]).toEqual([200, 'HIT'])
    const unknown = await fetch(`${server.url}/stories/nobody`)
    expect([unknown.status, unknown.headers.get('x-isr-cache')]).toEqual([404, 'MISS'])

    // F01
    expect((await fetch(`${server.url}/columns/chess`)).status).toBe(200)
    expect((await fetch(`${server.url}/columns/go`)).status).toBe(404)

    // F04, F06: a shell for visitors, the page for bots.
    newsroom.publish(`${late}-draft`)
    const shell = await fetch(`${server.url}/drafts/${late}-draft`, { headers: { 'user-agent': visitor } })
    expect(await shell.text()).toContain('Setting the type')
    newsroom.publish(`${late}-bot`)
    const bot = await fetch(`${server.url}/drafts/${late}-bot`, { headers: { 'user-agent': 'Googlebot/2.1' } })
    expect(await bot.text()).toContain(`Text of ${late}-bot`)

    // R01, R02: the stale page at once, the new one after.
    const { revision } = newsroom.publish('2')
    const { states } = await askUntil(`${server.url}/stories/2`, (text) => text.includes(`revision ${revision}.`))
    expect(states).toContain('STALE')
    expect(states.at(-1)).toBe('HIT')

    // O01: on demand, with and without the key, and what happens when it fails.
    const before = await (await fetch(`${server.url}/`)).text()
    newsroom.publish(`5-${way.replaceAll(/\W/g, '')}`)
    expect(await (await fetch(`${server.url}/`)).text()).toBe(before)
    expect((await fetch(`${server.url}/api/refresh?path=/&key=wrong`)).status).toBe(401)
    newsroom.failing = true
    const failed = await fetch(`${server.url}/api/refresh?path=/&key=k3y`)
    expect([failed.status, await failed.text()]).toEqual([500, 'not refreshed'])
    expect(await (await fetch(`${server.url}/`)).text()).toBe(before)
    newsroom.failing = false
    const refreshed = await fetch(`${server.url}/api/refresh?path=/&key=k3y`)
    expect([refreshed.status, await refreshed.json()]).toEqual([200, { refreshed: true }])
    const after = await fetch(`${server.url}/`)
    expect(after.headers.get('x-isr-cache')).toBe('HIT')
    expect(await after.text()).toContain(`Story 5-${way.replaceAll(/\W/g, '')}`)

    // A01, A03, A07
    const echo = await fetch(`${server.url}/api/echo/a/b?x=1&x=2`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: 'taste=plain' },
      body: '{"hello":"world"}',
    })
    expect(echo.status).toBe(201)
    expect(await echo.json()).toEqual({
      method: 'POST',
      query: { path: ['a', 'b'], x: ['1', '2'] },
      cookies: { taste: 'plain' },
      body: { hello: 'world' },
    })

    // S13
    const asset = /\/assets\/[^"]+\.css/.exec(before)?.[0]
    expect(asset).toBeDefined()
    const css = await fetch(`${server.url}${asset}`)
    expect(css.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect((await fetch(`${server.url}/robots.txt`)).status).toBe(200)
    expect((await fetch(`${server.url}/assets/none.js`)).status).toBe(404)

    if (way === 'express') expect(await (await fetch(`${server.url}/health`)).text()).toBe('well')
  })

  it('P1 keeps the last good page while the data host fails', async () => {
    newsroom.failing = true
    const { text } = await askUntil(
      `${server.url}/stories/3`,
      (_text, { headers }) => headers.get('cache-status')?.includes('stale-error') === true,
    )
    expect(text).toContain('Story 3')
    newsroom.failing = false
    const { revision } = newsroom.publish('3')
    await askUntil(`${server.url}/stories/3`, (body) => body.includes(`revision ${revision}.`))
  })
})

describe('in `vite`', () => {
  let server: ServerProcess

  beforeAll(async () => {
    server = await consumer.start('vite')
  })

  afterAll(async () => {
    await server?.stop()
  })

  it('W01 serves the same pages, their data read on each request', async () => {
    expect(await (await fetch(`${server.url}/`)).text()).toContain('Story 1')
    const { revision } = newsroom.publish('1')
    const story = await fetch(`${server.url}/stories/1`)
    expect(story.headers.get('cache-control')).toContain('no-store')
    expect(await story.text()).toContain(`revision ${revision}.`)
    expect((await fetch(`${server.url}/stories/nobody`)).status).toBe(404)
    expect((await fetch(`${server.url}/columns/go`)).status).toBe(404)
    expect(await (await fetch(`${server.url}/about`)).text()).toContain('About the magazine')
    expect(await (await fetch(`${server.url}/now?name=Ada`)).text()).toContain('Hello Ada')
  })

  it('O18 revalidates, refuses unknown paths', async () => {
    expect((await fetch(`${server.url}/api/refresh?path=/stories/1&key=k3y`)).status).toBe(200)
    expect((await fetch(`${server.url}/api/refresh?path=/columns/go&key=k3y`)).status).toBe(500)
    expect((await fetch(`${server.url}/api/refresh?path=/stories/1&key=no`)).status).toBe(401)
  })
})
