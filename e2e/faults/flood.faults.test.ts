/** More visitors at once than a server can make pages for, over HTTP. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createConnections, type Connections, type Reply } from '../harness/connections.ts'
import { eventually } from '../harness/eventually.ts'
import { createFloodSite, KEPT, readBodies, watchWhile, type FloodSite } from '../harness/flood.ts'

const CONCURRENCY = 4
const QUEUE = 200
const WAITERS = 9000
const CROWD = 10_000

let site: FloodSite
let visitor: Connections
let bodies: Map<string, string>

beforeAll(async () => {
  site = await createFloodSite(
    `{ render: { concurrency: ${CONCURRENCY}, queue: ${QUEUE}, waiters: ${WAITERS} }, generateTimeout: 60 }`,
  )
  visitor = createConnections(site.server, 1)
  bodies = await readBodies(visitor, KEPT)
})

afterAll(async () => {
  visitor?.close()
  await site?.dispose()
})

function countBy(replies: readonly Reply[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status, head } of replies) {
    const kind = /\r\nretry-after: \d/i.test(head) ? `${status} Retry-After` : String(status)
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

it('REL-57 P7 P8 P10 10 000 at once for as many pages that are not there: a bounded number is made, the rest gets 503', async () => {
  const crowd = createConnections(site.server, CROWD)
  const { source } = site.site
  source.forget()
  try {
    await crowd.open()
    const hold = source.hold('slow')
    const asked = Array.from({ length: CROWD }, (_, index) => crowd.get(`/slow/cold-${index}`))
    const settled = { count: 0 }
    for (const reply of asked) void reply.finally(() => (settled.count += 1)).catch(() => undefined)
    let replies: Reply[] = []
    const watched = await watchWhile(site, visitor, bodies, async () => {
      await eventually(() => expect(settled.count).toBe(CROWD - CONCURRENCY - QUEUE), 60_000)
      // Who is refused did not cost the source anything.
      expect(source.count('slow')).toBe(CONCURRENCY)
      hold.release()
      replies = await Promise.all(asked)
    })
    expect(countBy(replies)).toEqual({ '200': CONCURRENCY + QUEUE, '503 Retry-After': CROWD - CONCURRENCY - QUEUE })
    expect(source.count('slow')).toBe(CONCURRENCY + QUEUE)
    expect(watched.wrong).toEqual([])
    report('10 000 paths', watched)
    // Whoever was refused gets the page when they come again.
    expect((await visitor.get(`/slow/cold-${CROWD - 1}`)).status).toBe(200)
  } finally {
    crowd.close()
  }
})

it('REL-57 P4 P7 10 000 at once for one page: one render, and only so many wait as may', async () => {
  const crowd = createConnections(site.server, CROWD)
  const { source } = site.site
  try {
    await crowd.open()
    const hold = source.hold('asked/one')
    const asked = Array.from({ length: CROWD }, () => crowd.get('/asked/one'))
    await eventually(async () => expect((await site.holding()).requests).toBe(WAITERS), 60_000)
    hold.release()
    const replies = await Promise.all(asked)
    expect(countBy(replies)).toEqual({ '200': WAITERS, '503 Retry-After': CROWD - WAITERS })
    expect(new Set(replies.flatMap(({ status, body }) => (status === 200 ? [body.toString()] : []))).size).toBe(1)
    expect(source.count('asked/one')).toBe(1)
  } finally {
    crowd.close()
  }
})

it('REL-09 P4 P10 a slow page with 1 000 who wait: one render, and other pages are there as ever', async () => {
  const crowd = createConnections(site.server, 1000)
  const { source } = site.site
  try {
    await crowd.open()
    const quiet = await watchWhile(site, visitor, bodies, () => Promise.resolve())
    const hold = source.hold('asked/slow')
    const asked = Array.from({ length: 1000 }, () => crowd.get('/asked/slow'))
    const busy = await watchWhile(site, visitor, bodies, () =>
      eventually(async () => expect((await site.holding()).requests).toBe(1000)),
    )
    expect([quiet.wrong, busy.wrong]).toEqual([[], []])
    report('1 000 who wait', { quiet: quiet.hits, busy: busy.hits })
    hold.release()
    expect(countBy(await Promise.all(asked))).toEqual({ '200': 1000 })
    expect(source.count('asked/slow')).toBe(1)
  } finally {
    crowd.close()
  }
})

function report(name: string, figures: object): void {
  // oxlint-disable-next-line no-console -- the figures are what a long run is for.
  console.log(`${name}: ${JSON.stringify(figures)}`)
}
