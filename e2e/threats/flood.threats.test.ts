/** Floods over HTTP: what visitors can make a server hold and do is bounded. `npm run flood` does it with a million slugs. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isLong } from '../../scripts/flags.ts'
import { createConnections, type Connections, type Reply } from '../harness/connections.ts'
import { eventually } from '../harness/eventually.ts'
import { createFloodSite, flood, KEPT, readBodies, toSlugs, watchWhile, type FloodSite } from '../harness/flood.ts'

const MEMORY_BYTES = 4 * 1024 ** 2
const DISK_ENTRIES = 300
const DISK_BYTES = 2 * 1024 ** 2
const NOT_FOUND_ENTRIES = 100
/** Two writes at a time may each have put a file before it removes another, and have one in the making. */
const UNDER_WAY = 8

let site: FloodSite
let crowd: Connections
let visitor: Connections
let bodies: Map<string, string>

beforeAll(async () => {
  site = await createFloodSite(`{
    cache: { memoryBytes: ${MEMORY_BYTES}, diskEntries: ${DISK_ENTRIES}, diskBytes: ${DISK_BYTES}, notFoundEntries: ${NOT_FOUND_ENTRIES} },
    render: { queue: 100 },
  }`)
  crowd = createConnections(site.server, 64)
  visitor = createConnections(site.server, 1)
  bodies = await readBodies(visitor, KEPT)
})

afterAll(async () => {
  crowd?.close()
  visitor?.close()
  await site?.dispose()
})

const random = () => randomBytes(6).toString('hex')
const calls = (slug: string) => site.site.source.count(`asked/${slug}`)

function countBy(replies: readonly Reply[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status, cache } of replies) {
    const kind = [status, cache].filter((part) => part !== undefined).join(' ')
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

describe('random slugs', () => {
  const requests = isLong ? 1_000_000 : 6_000

  it('SEC-99 P1 P7 P10 pages, shells and notFound results fill neither memory nor disk, and built pages stay', async () => {
    const before = await site.holding({ collect: true })
    let mostFiles = 0
    let result: Awaited<ReturnType<typeof flood>> | undefined
    const watched = await watchWhile(site, visitor, bodies, async () => {
      result = await flood(crowd, {
        requests,
        atATime: 64,
        toPath: toSlugs(),
        onReply: ({ status, body }, path) => {
          if (path.startsWith('/made/') && status === 200 && !body.includes(path.slice('/made/'.length))) {
            throw new Error(`${path} is another page: ${body.toString()}`)
          }
        },
      })
      mostFiles = (await site.disk()).files
    })
    expect(watched.wrong).toEqual([])
    // The visitors at work fit into the queue; a shell is there at once, whatever becomes of its page.
    expect(result?.answers).toEqual({ '200 MISS': (requests * 3) / 4, '404 MISS': requests / 4 })
    expect(mostFiles).toBeLessThanOrEqual(DISK_ENTRIES + NOT_FOUND_ENTRIES + UNDER_WAY)
    const { files, bytes } = await site.settledDisk()
    expect(files).toBeLessThanOrEqual(DISK_ENTRIES + NOT_FOUND_ENTRIES)
    expect(bytes).toBeLessThanOrEqual(DISK_BYTES + NOT_FOUND_ENTRIES * 2 * 4096)
    const after = await site.holding({ collect: true })
    // The memory of pages, and what the code itself keeps once it has run.
    expect(after.retained - before.retained).toBeLessThan(MEMORY_BYTES + 24 * 1024 ** 2)
    expect(await readBodies(visitor, KEPT)).toEqual(bodies)
    report('random slugs', { ...result, ...watched, before, after, files, bytes })
  }, 1_800_000)

  it('SEC-99 P1 the copy of a built page that was made anew may be evicted, and the page is still there when it cannot be made', async () => {
    const { source } = site.site
    const paths = Array.from({ length: 10 }, (_, index) => `/news/item-${index}`)
    for (const path of paths) expect((await visitor.get(`/api/revalidate?path=${path}`)).status).toBe(200)
    source.fail('news')
    await flood(crowd, { requests: 1500, atATime: 64, toPath: () => `/made/${random()}` })
    await site.settledDisk()
    for (const path of paths) {
      const { status, body } = await visitor.get(path)
      expect([path, status]).toEqual([path, 200])
      expect(body.toString()).toContain(path.slice('/news/'.length))
    }
    source.heal('news')
  })

  it('SEC-99 P7 notFound results push no page out', async () => {
    const stay = Array.from({ length: 20 }, (_, index) => `stay-${index}`)
    for (const slug of stay) expect((await visitor.get(`/asked/${slug}`)).cache).toBe('MISS')
    const result = await flood(crowd, { requests: 3000, atATime: 64, toPath: () => `/made/no-${random()}` })
    expect(result.answers).toEqual({ '404 MISS': 3000 })
    for (const slug of stay) {
      expect((await visitor.get(`/asked/${slug}`)).cache).toBe('HIT')
      expect(calls(slug)).toBe(1)
    }
  })
})

describe('one page under many names', () => {
  it('SEC-100 P4 P7 all spellings of a path are one entry and one render', async () => {
    const files = await site.settledDisk()
    const slug = 'spelling'
    const spellings = new Set<string>()
    for (let mask = 0; mask < 2 ** slug.length; mask += 1) {
      const escaped = Array.from(slug, (letter, index) => {
        const hex = letter.charCodeAt(0).toString(16)
        // eslint-disable-next-line no-bitwise
        return (mask >> index) & 1 ? `%${mask % 3 === 0 ? hex.toUpperCase() : hex}` : letter
      })
      spellings.add(`/asked/${escaped.join('')}`)
    }
    const paths = [...spellings]
    const variants = [
      ...paths,
      ...paths.map((path) => `${path}?q=${random()}`),
      ...paths.map((path) => `${path}/`),
      ...paths.map((path) => `/${path}`),
      ...paths.map((path) => path.replace('/asked/', '/%61sked/')),
    ]
    const replies = await Promise.all(variants.map((path) => crowd.get(path)))
    for (const { status } of replies) expect([200, 308]).toContain(status)
    const pages = new Set(replies.filter(({ status }) => status === 200).map(({ body }) => body.toString()))
    expect(pages.size).toBe(1)
    expect(calls(slug)).toBe(1)
    expect((await site.settledDisk()).files - files.files).toBeLessThanOrEqual(1)
  })

  it('SEC-18 P6 no header makes an entry or a render of its own', async () => {
    const names = [
      'accept',
      'accept-language',
      'authorization',
      'cookie',
      'dnt',
      'forwarded',
      'next-router-prefetch',
      'next-router-state-tree',
      'next-url',
      'origin',
      'range',
      'referer',
      'rsc',
      'user-agent',
      'x-forwarded-host',
      'x-forwarded-proto',
      'x-invoke-path',
      'x-isr-data',
      'x-matched-path',
      'x-middleware-prefetch',
      'x-nextjs-data',
      'x-now-route-matches',
      'x-original-url',
      'x-prerender-revalidate',
      'x-rewrite-url',
      'x-vinext-interception-context',
    ]
    const files = await site.settledDisk()
    const requests = isLong ? 100_000 : 3000
    const seen = new Set<string>()
    const kinds = new Set<string>()
    await Promise.all(
      Array.from({ length: 64 }, async (_, worker) => {
        for (let index = worker; index < requests; index += 64) {
          const headers = Object.fromEntries(
            names.filter((_, position) => (position + index) % 3 !== 0).map((name) => [name, random()]),
          )
          const { status, body } = await crowd.get(
            index % 2 === 0 ? '/asked/header' : `/asked/header?${random()}`,
            headers,
          )
          kinds.add(String(status))
          seen.add(body.toString())
        }
      }),
    )
    expect([...kinds]).toEqual(['200'])
    expect(seen.size).toBe(1)
    expect(calls('header')).toBe(1)
    expect((await site.settledDisk()).files - files.files).toBeLessThanOrEqual(1)
  })
})

describe('herds', () => {
  it('SEC-101 P4 10 000 who ask at once for a page that is not there get one render, and hold less than 20 kB each', async () => {
    const count = 10_000
    const herd = createConnections(site.server, count)
    try {
      const idle = await site.holding({ collect: true })
      await herd.open()
      const connected = await site.holding({ collect: true })
      const hold = site.site.source.hold('asked/herd')
      const asked = Array.from({ length: count }, () => herd.get('/asked/herd'))
      const waiting = await eventually(async () => {
        const found = await site.holding()
        expect(found.requests).toBe(count)
        return site.holding({ collect: true })
      }, 60_000)
      const watched = await watchWhile(site, visitor, bodies, async () => {
        hold.release()
        await Promise.all(asked)
      })
      const replies = await Promise.all(asked)
      expect(countBy(replies)).toEqual({ '200 MISS': count })
      expect(new Set(replies.map(({ body }) => body.toString())).size).toBe(1)
      expect(calls('herd')).toBe(1)
      expect(watched.wrong).toEqual([])
      const each = (bytes: number) => Math.round(bytes / count)
      report('herd', {
        bytesOfConnection: each(connected.rss - idle.rss),
        bytesOfWaiter: each(waiting.rss - connected.rss),
        retainedByWaiter: each(waiting.retained - connected.retained),
        ...watched,
      })
      expect(each(waiting.rss - connected.rss)).toBeLessThan(20_000)
    } finally {
      herd.close()
    }
  })

  it('SEC-102 P4 P11 2 000 who ask at once for a page that fails get one render, all 500, and nothing is kept', async () => {
    const count = 2000
    const { source } = site.site
    const files = await site.settledDisk()
    source.fail('asked/broken')
    const herd = createConnections(site.server, count)
    try {
      await herd.open()
      const hold = source.hold('asked/broken')
      const asked = Array.from({ length: count }, () => herd.get('/asked/broken'))
      await eventually(async () => expect((await site.holding()).requests).toBe(count), 60_000)
      hold.release()
      expect(countBy(await Promise.all(asked))).toEqual({ '500': count })
      expect(calls('broken')).toBe(1)
      expect((await site.settledDisk()).files).toBe(files.files)
      // From the eleventh failure on it is a render now and then, not one for each who asks.
      const again = 500
      for (let index = 0; index < again; index += 1) {
        expect((await visitor.get('/asked/broken')).status).toBe(500)
      }
      expect(calls('broken')).toBeLessThan(30)
      source.heal('asked/broken')
      await eventually(async () => expect((await visitor.get('/asked/broken')).status).toBe(200))
    } finally {
      herd.close()
    }
  })
})

it('SEC-112 a body is compressed once, when the page is made, and never for a visitor', async () => {
  const { compressed } = await site.holding()
  const asked = Array.from({ length: 500 }, () => crowd.get('/large', { 'accept-encoding': 'br, gzip;q=0.5' }))
  const replies = await Promise.all(asked)
  expect(countBy(replies)).toEqual({ '200 HIT': 500 })
  const [first] = replies
  expect(first?.head).toMatch(/content-encoding: br/i)
  expect(replies.every(({ body }) => body.equals(first!.body))).toBe(true)
  expect((await site.holding()).compressed).toBe(compressed)
})

function report(name: string, figures: object): void {
  // oxlint-disable-next-line no-console -- the figures are what a long run is for.
  console.log(`${name}: ${JSON.stringify(figures)}`)
}
