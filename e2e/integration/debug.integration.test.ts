/** What a server prints to be debugged: a line per cache decision, and a line per `fetch` of a data function. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BROWSER, revalidate, useCacheApp } from '../harness/cache-app.ts'
import { eventually } from '../harness/eventually.ts'
import { send } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'
import type { ServerProcess } from '../process.ts'

describe('ISR_DEBUG_CACHE=1', () => {
  // One generation at a time and none that waits, so that a second one is too much.
  const app = useCacheApp({ options: '{ render: { concurrency: 1, queue: 0 } }' })

  beforeAll(async () => {
    await app.restart({ ISR_DEBUG_CACHE: '1' })
  })

  let marks = 0

  /** Lines and answers come by different ways: waits until all lines so far are here. @returns where the next one begins */
  async function findEnd(): Promise<number> {
    marks += 1
    const path = `/listed/mark-${marks}`
    await app.get(path)
    return eventually(() => {
      const output = app.server.output()
      // The 404 page is the last line of such a request.
      const end = /.* isr HIT \/404 .*\n/.exec(output.slice(Math.max(0, output.indexOf(` ${path} `))))
      if (!output.includes(` ${path} `) || !end) throw new Error(`no line of ${path}`)
      return output.indexOf(` ${path} `) + end.index + end[0].length
    })
  }

  /** The lines that come of what is done, without their times. Ends when the last of them has come. */
  async function readLines(act: () => Promise<unknown>, last: RegExp): Promise<string[]> {
    const before = await findEnd()
    await act()
    return eventually(() => {
      const lines = app.server
        .output()
        .slice(before)
        .split('\n')
        .filter((line) => line.includes(' isr '))
      const found = lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z isr /, ''))
      if (!found.some((line) => last.test(line))) throw new Error(`no ${last} in\n${found.join('\n')}`)
      return found
    })
  }

  const numbers = (line: string) => line.replaceAll(/=\d+(?:\.\d+)?(?=ms|s|B)/g, '=n')

  it('tells of a miss, with the generation behind it, and of hits', async () => {
    const miss = await readLines(() => app.get('/minute/new'), /^MISS/)
    expect(miss.map(numbers)).toEqual([
      'REGENERATED /minute/new stale page=/minute/[slug] render=nms size=nB',
      'MISS /minute/new generated page=/minute/[slug] age=ns render=nms size=nB',
    ])
    const hit = await readLines(() => app.get('/minute/new?any=query'), /^HIT/)
    expect(hit.map(numbers)).toEqual([expect.stringMatching(/^HIT \/minute\/new fresh .*age=ns size=nB$/)])
    const size = /size=(\d+)B/
    expect(size.exec(hit[0]!)![1]).toBe(size.exec(miss[1]!)![1])
    expect((await app.get('/minute/new')).headers['content-length']).toBe(size.exec(hit[0]!)![1])
  })

  it('tells of navigation data as of its page', async () => {
    const lines = await readLines(() => app.data('/minute/built'), /^HIT/)
    expect(lines.map(numbers)).toEqual(['HIT /minute/built fresh page=/minute/[slug] age=ns size=nB'])
  })

  it('tells of a stale page and of what was made behind it', async () => {
    await app.untilStale('/second/built')
    const lines = await readLines(() => app.get('/second/built'), /^REGENERATED \/second/)
    expect(lines.map(numbers)).toEqual([
      'STALE /second/built stale-time page=/second/[slug] age=ns size=nB',
      'REGENERATED /second/built stale page=/second/[slug] render=nms size=nB',
    ])
  })

  it('tells of a regeneration that failed, and of the old page that is served on', async () => {
    await app.untilStale('/second/built')
    app.source.fail('second/built', 'the source is away')
    const failed = await readLines(() => app.get('/second/built'), /^FAILED/)
    expect(failed.at(-1)).toMatch(/^FAILED \/second\/built stale page=\/second\/\[slug\] error=".*the source is away"$/)
    const stale = await readLines(() => app.get('/second/built'), /^STALE/)
    expect(stale[0]).toMatch(/^STALE \/second\/built stale-error /)
    app.source.heal('second/built')
  })

  it('tells of a shell, and of the page that is made behind it', async () => {
    const lines = await readLines(
      () => app.get('/shell/new', { headers: { 'user-agent': BROWSER } }),
      /^REGENERATED \/shell\/new/,
    )
    expect(lines.map(numbers)).toContain('SHELL /shell/new fallback-shell page=/shell/[slug]')
    expect(lines.map(numbers)).toContain('REGENERATED /shell/new stale page=/shell/[slug] render=nms size=nB')
  })

  it('tells of a path that is not listed, and of the 404 page that it gets', async () => {
    const lines = await readLines(() => app.get('/listed/other'), / \/404 /)
    expect(lines.map(numbers)).toEqual([
      'MISS /listed/other unlisted page=/listed/[slug]',
      'HIT /404 fresh age=ns size=nB',
    ])
  })

  it('tells of a draft', async () => {
    const cookie = (await app.get('/api/draft?enable=true')).headers['set-cookie']!.split(';', 1)[0]!
    const lines = await readLines(() => app.get('/minute/new', { headers: { cookie } }), /^BYPASS/)
    expect(lines.map(numbers)).toEqual(['BYPASS /minute/new draft page=/minute/[slug] age=ns render=nms size=nB'])
  })

  it('tells of res.revalidate: done, failed, skipped, refused', async () => {
    const act = (path: unknown, options?: object) => revalidate(app.server, path, options)
    const done = await readLines(() => act('/forever/built'), /^REGENERATED/)
    expect(done.map(numbers)).toEqual(['REGENERATED /forever/built on-demand page=/forever/[slug] render=nms size=nB'])
    app.source.fail('forever/built', 'the source is away')
    const failed = await readLines(() => act('/forever/built'), /^FAILED/)
    expect(failed).toEqual([
      expect.stringMatching(/^FAILED \/forever\/built on-demand page=\S+ error=".*the source is away"$/),
    ])
    app.source.heal('forever/built')
    const skipped = await readLines(() => act('/minute/never', { unstable_onlyGenerated: true }), /^SKIPPED/)
    expect(skipped).toEqual(['SKIPPED /minute/never only-generated page=/minute/[slug]'])
    const unlisted = await readLines(() => act('/listed/other'), /^REFUSED/)
    expect(unlisted).toEqual([expect.stringMatching(/^REFUSED \/listed\/other on-demand page=\S+ error=".*fallback/)])
    const none = await readLines(() => act('line\nbreak isr HIT /forged'), /^REFUSED/)
    expect(none).toEqual([expect.stringMatching(/^REFUSED "line\\nbreak%20isr%20HIT%20\/forged" on-demand error="/)])
  })

  it('tells of a visitor who is turned away', async () => {
    const hold = app.source.hold('minute/slow')
    const slow = app.get('/minute/slow')
    await hold.waiting
    const lines = await readLines(async () => expect((await app.get('/minute/other')).status).toBe(503), /^OVERLOAD/)
    expect(lines).toEqual(['OVERLOAD /minute/other visitor page=/minute/[slug]'])
    hold.release()
    expect((await slow).status).toBe(200)
  })

  it('is silent for what no cache decides, and without the variable', async () => {
    const lines = await readLines(async () => {
      for (const path of ['/server', '/robots.txt', '/api/draft', '/assets/none.js']) await app.get(path)
      await app.get('/minute/built')
    }, /^HIT \/minute/)
    expect(lines).toHaveLength(1)
    await app.restart()
    await app.get('/minute/built')
    expect(app.server.output()).not.toContain(' isr ')
  })
})

describe('logging.fetches', () => {
  let site: Site
  let host: Server
  let origin: string

  beforeAll(async () => {
    host = createServer((req, res) => {
      if (req.url!.startsWith('/cut')) res.destroy()
      else res.writeHead(req.url!.startsWith('/gone') ? 410 : 200, { 'content-type': 'text/plain' }).end('data')
    })
    host.listen(0, '127.0.0.1')
    await once(host, 'listening')
    origin = `http://127.0.0.1:${(host.address() as AddressInfo).port}`
    site = await createSite({
      options: '{ logging: { fetches: { fullUrl: true } } }',
      files: {
        'pages/posts/[id].jsx': `
          export default function Page() { return <p>post</p> }
          export async function getStaticPaths() {
            await fetch(process.env.ORIGIN + '/ids?all=1')
            return { paths: [], fallback: 'blocking' }
          }
          export async function getStaticProps({ params }) {
            await fetch(process.env.ORIGIN + '/posts/' + params.id + '?key=k')
            await fetch(process.env.ORIGIN + '/gone', { method: 'delete' })
            await fetch(process.env.ORIGIN + '/cut').catch(() => {})
            return { props: {}, revalidate: 60 }
          }`,
        'pages/now.jsx': `
          export default function Now() { return <p>now</p> }
          export async function getServerSideProps() {
            await fetch(process.env.ORIGIN + '/now', { method: 'POST', body: 'x' })
            return { props: {} }
          }`,
        'pages/api/other.js': `
          export default async function other(req, res) {
            await fetch(process.env.ORIGIN + '/not-logged')
            res.end()
          }`,
      },
    })
    await site.build({ ORIGIN: origin })
  }, 180_000)

  afterAll(async () => {
    await site?.dispose()
    host?.closeAllConnections()
    host?.close()
  })

  async function readFetches(server: ServerProcess): Promise<string[]> {
    for (const path of ['/posts/a%20b', '/now', '/api/other']) expect((await send(server, path)).status).toBe(200)
    return eventually(() => {
      const lines = server.output().match(/\[vite-plugin-isr\] get.*? in \d+ ms/g) ?? []
      const found = lines.map((line) => line.replace(/\d+ ms$/, 'n ms').replaceAll(origin, '<origin>'))
      if (!found.some((line) => line.includes('/now'))) throw new Error(server.output())
      expect(server.output()).not.toContain('not-logged')
      return found
    })
  }

  const expected = [
    '[vite-plugin-isr] getStaticProps of /posts/a%20b: GET <origin>/posts/a%20b?key=k 200 in n ms',
    '[vite-plugin-isr] getStaticProps of /posts/a%20b: DELETE <origin>/gone 410 in n ms',
    '[vite-plugin-isr] getStaticProps of /posts/a%20b: GET <origin>/cut failed in n ms',
    '[vite-plugin-isr] getServerSideProps of /now: POST <origin>/now 200 in n ms',
  ]

  it.each(['start', 'preview'] as const)('tells method, URL, status, duration and page in `%s`', async (mode) => {
    const server = await site.serve(mode, { ORIGIN: origin })
    expect(await readFetches(server)).toEqual(expected)
    await server.stop()
    await site.remove('.isr-cache')
  })

  it('tells them in development, of getStaticPaths too', async () => {
    const server = await site.serve('dev', { ORIGIN: origin })
    const lines = await readFetches(server)
    expect(lines).toEqual(expect.arrayContaining(expected))
    expect(lines).toContain('[vite-plugin-isr] getStaticPaths of /posts/[id]: GET <origin>/ids?all=1 200 in n ms')
    await server.stop()
  })

  it('tells those of a build', async () => {
    expect(await site.build({ ORIGIN: origin })).toMatch(
      /getStaticPaths of \/posts\/\[id\]: GET \S+\/ids\?all=1 200 in \d+ ms/,
    )
  })
})
