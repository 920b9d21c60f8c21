/** What tests of the app `unruly` share: its pages misbehave when their data source tells them so. */
import { afterAll, beforeAll, expect } from 'vitest'
import type { ServerProcess } from '../process.ts'
import { toDataPath } from './cache-app.ts'
import { eventually } from './eventually.ts'
import { NOSTORE, send, type Answer } from './http.ts'
import { createSite, limitGeneration, type Site } from './site.ts'
import type { Source } from './source.ts'

/** What a page of `show` is told; without anything it shows its value. */
export interface Order {
  value?: unknown
  /** What its data function does: a key of `acts` in the app. */
  act?: string
  /** What its component does: a key of `renders`. */
  render?: string
  /** What its document does. */
  document?: 'throw' | 'no-root' | 'no-children'
  /** A prop that JSON can't carry: a key of `oddProps`. */
  odd?: string
  /** A value of `revalidate`: a key of `lifetimes`. */
  lifetime?: string
  /** Seconds; default 1. */
  revalidate?: number
  more?: Record<string, unknown>
  /** The name of a further prop with the value in it. */
  key?: string
}

export interface UnrulyApp {
  readonly site: Site
  readonly source: Source
  readonly server: ServerProcess
  get(path: string, timeoutMs?: number): Promise<Answer>
  data(path: string): Promise<Answer>
  /** From now on the page of `/show/<slug>` does this. */
  order(slug: string, order: Order): void
  /** Shows a good page first, so that there is a last good copy; resolves once it is stale. */
  warm(...slugs: string[]): Promise<void>
  /** What the first failure of a path was, once there is one. */
  untilFailed(path: string): Promise<string>
  /** Asks for a stale page until it shows the value. */
  untilShown(path: string, value: string): Promise<void>
}

/** Seconds that a generation may take there. */
export const GENERATE_TIMEOUT = 3

const UNRULY = {
  app: 'fixtures/unruly',
  options: `{ maxPageBytes: 12_000_000, render: { memoryBytes: 600_000_000 } }`,
} as const

/** Builds the app before the tests of the file, serves it, and ends it all after them. */
export function serveUnrulyApp(): UnrulyApp {
  let site: Site
  let server: ServerProcess
  let buildId: string

  beforeAll(async () => {
    site = await createSite(UNRULY)
    site.source.set('show built', { value: 'built' })
    await site.build()
    await limitGeneration(site, GENERATE_TIMEOUT)
    buildId = (JSON.parse(await site.read('dist/isr/route-manifest.json')) as { buildId: string }).buildId
    // The log proper leaves out what repeats.
    server = await site.serve('start', { ISR_DEBUG_CACHE: '1' })
  })

  afterAll(async () => {
    await site?.dispose()
  })

  const get: UnrulyApp['get'] = (path, timeoutMs) => send(server, path, timeoutMs === undefined ? {} : { timeoutMs })
  const order: UnrulyApp['order'] = (slug, what) => site.source.set(`show ${slug}`, { value: 'good', ...what })

  return {
    get site() {
      return site
    },
    get source() {
      return site.source
    },
    get server() {
      return server
    },
    get,
    data: (path) => send(server, toDataPath(buildId, path)),
    order,
    async warm(...slugs) {
      await Promise.all(
        slugs.map(async (slug) => {
          order(slug, {})
          const first = await get(`/show/${slug}`)
          expect([slug, first.status, readValue(first)]).toEqual([slug, 200, 'good'])
          await eventually(async () => {
            const { cache } = await send(server, `/show/${slug}`, { headers: { purpose: 'prefetch' } })
            if (cache !== 'STALE') throw new Error(`/show/${slug} is ${cache}`)
          })
        }),
      )
    },
    untilFailed: (path) =>
      eventually(() => {
        const line = server
          .output()
          .split('\n')
          .find((text) => text.includes(` isr FAILED ${path} `))
        if (line === undefined) throw new Error(`${path} has not failed`)
        return line
      }),
    untilShown: (path, value) =>
      eventually(async () => {
        const answer = await get(path)
        expect([answer.status, readValue(answer)]).toEqual([200, value])
      }),
  }
}

export function readValue({ text }: Answer): string | undefined {
  return /id="value"[^>]*>([^<]*)</.exec(text)?.[1]
}

/** One whole error page that nobody may keep, without a word of what went wrong. */
export function expectError(answer: Answer): void {
  expect(answer.status).toBe(500)
  expect(answer.headers['cache-control']).toBe(NOSTORE)
  expect(answer.headers).not.toHaveProperty('x-isr-cache')
  expect(answer.text).toContain('</html>')
  expect(answer.text).not.toMatch(/CANARY|node_modules|\.mjs|\n {4}at /)
}
