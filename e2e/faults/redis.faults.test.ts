/** The Redis store of docs/custom-store.md, as its readers have it, with a real Redis that goes away, hangs, forgets and refuses. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest'
import type { CreateStore } from 'vite-plugin-isr'
import { testStore } from 'vite-plugin-isr/testing'
import { readLifetime, readValue, revalidate } from '../harness/cache-app.ts'
import { eventually } from '../harness/eventually.ts'
import { send, type Answer } from '../harness/http.ts'
import { createRedis, hasRedis, PATIENT, storeFiles, type Redis } from '../harness/redis.ts'
import { createSite, type Site } from '../harness/site.ts'
import type { ServerProcess } from '../process.ts'

const PAUSED = /left out for now/g
const RESUMED = /work again/g

describe.runIf(hasRedis())('with a real Redis', () => {
  let redis: Redis
  let site: Site
  let buildId: string
  const servers: ServerProcess[] = []

  beforeAll(async () => {
    redis = await createRedis()
    site = await createSite({ app: 'cache', options: `{ cache: { store: './store.ts' } }`, files: storeFiles() })
    await site.build()
    buildId = await readBuildId(site)
  })

  afterAll(async () => {
    await site?.dispose()
    await redis?.dispose()
  })

  beforeEach(async () => {
    await redis.reset()
    site.source.forget()
  })

  afterEach(async () => {
    redis.thaw()
    for (const server of servers.splice(0)) await server.kill()
  })

  async function serve(env: Record<string, string> = {}): Promise<ServerProcess> {
    const server = await site.serve('start', { REDIS_URL: redis.url, ...env })
    servers.push(server)
    return server
  }

  /** A server that has its store open: a busy machine may need longer for that than visitors are made to wait. */
  async function serveReady(env: Record<string, string> = PATIENT): Promise<ServerProcess> {
    const server = await serve(env)
    await eventually(() => make(server, '/minute/ready'), 30_000)
    return server
  }

  const serveTwo = async (env?: Record<string, string>) => [await serveReady(env), await serveReady(env)] as const

  const listKeys = async (pattern = '*') => ((await redis.run('KEYS', pattern)) as string[]).sort()

  const make = async (server: ServerProcess, path: string) =>
    expect((await revalidate(server, path)).result).toEqual({ status: 'regenerated' })

  /** A page that one server makes is taken over by the other: the store works for both. */
  async function expectShared(first: ServerProcess, second: ServerProcess): Promise<void> {
    await eventually(async () => {
      shared += 1
      const name = `minute/shared-${shared}`
      expect((await send(first, `/${name}`)).cache).toBe('MISS')
      expect((await revalidate(first, `/${name}`)).result).toEqual({ status: 'regenerated' })
      expect((await send(second, `/${name}`)).cache).toBe('HIT')
    }, 30_000)
  }
  let shared = 0

  describe('the contract', () => {
    beforeEach(() => redis.start())
    const createStore: CreateStore = async (context) => {
      process.env['REDIS_URL'] = redis.url
      const { default: create } = (await import(pathToFileURL(join(site.root, 'dist/server/store.mjs')).href)) as {
        default: CreateStore
      }
      return create(context)
    }
    testStore(createStore, { test })
  })

  it('REL-43 P1 P9 down at the start: pages are served and made; connected later, and what waited is stored', async () => {
    const first = await serve()
    expect((await send(first, '/minute/built')).cache).toBe('HIT')
    for (let index = 0; index < 8; index++) expect((await send(first, `/minute/early-${index}`)).cache).toBe('MISS')
    expect((await send(first, '/minute/early-7')).cache).toBe('HIT')
    await eventually(() => expect(first.output().match(PAUSED)).toHaveLength(1))
    expect((await revalidate(first, '/minute/early-7')).result).toEqual({ status: 'regenerated', stored: false })
    await redis.start()
    // By itself: nobody asks for anything meanwhile.
    await eventually(async () => expect(await listKeys()).toContain(`isr:${buildId}:p:/minute/early-7`), 30_000)
    await eventually(() => expect(first.output().match(RESUMED)).toHaveLength(1))
    const answer = await send(await serveReady(), '/minute/early-7')
    expect([answer.cache, readValue(answer)]).toEqual(['HIT', 'minute/early-7 2'])
  })

  it('REL-44 P1 P10 P9 killed under traffic and restarted empty: no visitor notices, then it is used again', async () => {
    await redis.start()
    const [first, second] = await serveTwo({})
    for (const path of ['/minute/warm', '/second/moving']) await make(first, path)
    const answers: Answer[] = []
    const traffic = startTraffic([first, second], ['/minute/warm', '/second/moving', '/minute/built'], answers)
    await eventually(() => expect(answers.length).toBeGreaterThan(100))
    await redis.kill()
    const value = readNumber(await send(first, '/second/moving'))
    // It goes on being refreshed: both servers by themselves.
    await eventually(async () => {
      for (const server of [first, second])
        expect(readNumber(await send(server, '/second/moving'))).toBeGreaterThan(value + 2)
    })
    await redis.start()
    await expectShared(first, second)
    await traffic.stop()
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    // At most one render for each window and process.
    const calls = site.source.calls('second/moving')
    const windows = Math.ceil((calls.at(-1)!.at - calls[0]!.at) / 1000) + 1
    expect(calls.length).toBeLessThanOrEqual(2 * windows + 1)
    expect(site.source.count('minute/warm')).toBeLessThanOrEqual(2)
    for (const server of [first, second]) expect((server.output().match(PAUSED) ?? []).length).toBeLessThanOrEqual(2)
  })

  it('REL-44 P4 flushed: who has the pages keeps them, who has not makes each once, however many ask', async () => {
    await redis.start()
    const [first, second] = await serveTwo()
    const slugs = Array.from({ length: 10 }, (_, index) => `flushed-${index}`)
    for (const slug of slugs) expect((await send(first, `/minute/${slug}`)).cache).toBe('MISS')
    await eventually(async () => expect(await listKeys('*flushed*')).toHaveLength(10))
    await redis.run('FLUSHALL')
    const ask = (server: ServerProcess) =>
      Promise.all(slugs.flatMap((slug) => Array.from({ length: 10 }, () => send(server, `/minute/${slug}`))))
    expect(new Set((await ask(first)).map(({ cache }) => cache))).toEqual(new Set(['HIT']))
    expect(new Set((await ask(second)).map(({ status }) => status))).toEqual(new Set([200]))
    for (const slug of slugs) expect(site.source.count(`minute/${slug}`)).toBe(2)
    // The store is filled again.
    await eventually(async () => expect(await listKeys('*flushed*')).toHaveLength(10))
    expect((await send(await serveReady(), '/minute/flushed-0')).cache).toBe('HIT')
  })

  it('REL-45 P10 P12 hung: hits as ever, 5 visitors wait 250 ms, the others not; one line when it goes, one when it is back', async () => {
    await redis.start()
    const first = await serveReady({})
    await make(first, '/minute/warm')
    const warm = readValue(await send(first, '/minute/warm'))
    redis.freeze()
    const took: number[] = []
    for (let index = 0; index < 15; index++) {
      const begin = performance.now()
      expect((await send(first, `/minute/cold-${index}`)).cache).toBe('MISS')
      took.push(performance.now() - begin)
      expect((await send(first, '/minute/warm')).cache).toBe('HIT')
    }
    // The first wait for the store and for the render; what comes after has only the render.
    expect(Math.min(...took.slice(0, 5))).toBeGreaterThan(240)
    expect(Math.min(...took.slice(5))).toBeLessThan(240)
    await eventually(() => expect(first.output().match(PAUSED)).toHaveLength(1))
    const { result } = await revalidate(first, '/minute/warm')
    expect(result).toEqual({ status: 'regenerated', stored: false })
    expect(readValue(await send(first, '/minute/warm'))).not.toBe(warm)
    redis.thaw()
    await eventually(async () => expect(first.output().match(RESUMED)).toHaveLength(1), 30_000)
    await eventually(() => expect(first.output().match(PAUSED)).toHaveLength(1))
    await expectShared(first, await serve(PATIENT))
    expect(first.output().match(/^.*ISR_STORE.*$/gm)?.length).toBeLessThanOrEqual(4)
  })

  it('REL-45 P9 paused by its administrator: the same, and back by itself', async () => {
    await redis.start()
    const first = await serveReady({})
    await make(first, '/minute/warm')
    await redis.run('CLIENT', 'PAUSE', '3000', 'ALL')
    for (let index = 0; index < 8; index++) expect((await send(first, `/minute/p-${index}`)).status).toBe(200)
    expect((await send(first, '/minute/warm')).cache).toBe('HIT')
    await eventually(() => expect(first.output().match(PAUSED)).toHaveLength(1))
    await eventually(async () => expect(first.output().match(RESUMED)).toHaveLength(1), 30_000)
    await expectShared(first, await serve(PATIENT))
  })

  describe('REL-48 P1 P8 P9 refusals: pages are served, the process lives, and the store is used once it may be', () => {
    // One pair for all of them: each fault meets servers that have been through those before.
    let pair: [ServerProcess, ServerProcess] | undefined
    const start = (env: Record<string, string> = {}) => site.serve('start', { REDIS_URL: redis.url, ...env })
    afterAll(async () => {
      for (const server of pair ?? []) await server.kill()
    })
    const refusals: Array<[name: string, begin: () => Promise<void>, end: () => Promise<unknown>]> = [
      [
        'READONLY: a replica after a failover',
        async () => void (await redis.run('REPLICAOF', '127.0.0.1', '1')),
        () => redis.run('REPLICAOF', 'NO', 'ONE'),
      ],
      [
        'NOAUTH: a password that the server does not have',
        async () => {
          await redis.kill()
          await redis.start('--requirepass', 'secret')
        },
        async () => {
          await redis.kill()
          await redis.start()
        },
      ],
      [
        'BUSY: a script that does not end',
        async () => {
          await redis.run('CONFIG', 'SET', 'busy-reply-threshold', '1')
          void redis.run('EVAL', 'while true do end', '0').catch(() => {})
          await eventually(() => expect(redis.run('GET', 'a')).rejects.toThrow(/BUSY/))
        },
        () => redis.run('SCRIPT', 'KILL'),
      ],
      [
        'LOADING: started with a great deal to read',
        async () => {
          await redis.run('EVAL', `for i = 1, 5000 do redis.call('set', 'k' .. i, i) end`, '0')
          await redis.run('SAVE')
          await redis.kill()
          await redis.start('--key-load-delay', '300', '--loading-process-events-interval-bytes', '1024')
          await expect(redis.run('GET', 'a')).rejects.toThrow(/LOADING/)
        },
        () => eventually(() => redis.run('GET', 'a')),
      ],
    ]
    it.each(refusals)('%s', async (name, begin, end) => {
      await redis.start()
      pair ??= [await start(), await start(PATIENT)]
      const [first, second] = pair
      const slug = name.slice(0, 4)
      await expectShared(first, second)
      await begin()
      const call = await revalidate(first, '/minute/refused')
      expect(call.result).toEqual({ status: 'regenerated', stored: false })
      for (let index = 0; index < 8; index++) {
        expect((await send(first, `/minute/${slug}-${index}`)).status).toBe(200)
        expect((await send(first, '/second/refused')).status).toBe(200)
      }
      await end()
      await expectShared(first, second)
      expect(first.output()).not.toMatch(/uncaught|unhandled/i)
    })
  })

  it('P4 REL-52 there are no messages to lose: the other server is behind until its copy is stale, then takes over', async () => {
    await redis.start()
    const [first, second] = await serveTwo()
    const result = '{ props: { value }, revalidate: 4 }'
    site.source.set('any/both', { value: 'old', result })
    await make(first, '/any/both')
    expect(readValue(await send(second, '/any/both'))).toBe('old')
    // For longer than this test lasts, or there would be nothing fresh to take over.
    site.source.set('any/both', { value: 'new', result: '{ props: { value }, revalidate: 600 }' })
    await make(first, '/any/both')
    // Its own copy is fresh: nobody told it.
    expect(readValue(await send(second, '/any/both'))).toBe('old')
    await eventually(async () => expect(readValue(await send(second, '/any/both'))).toBe('new'))
    // Taken over, because it is the newer generation; and an older one in the store never replaces it.
    expect(site.source.count('any/both')).toBe(2)
  })

  it('P4 REL-44 in the fleet: one render for each path and window, however many servers and visitors ask at the same moment', async () => {
    await redis.start()
    const fleet = [...(await serveTwo()), await serveReady()]
    const paths = ['/any/fleet-1', '/any/fleet-2']
    for (const path of paths)
      site.source.set(path.slice(1), { value: 'page', result: '{ props: { value }, revalidate: 1 }' })
    const askAll = () => Promise.all(fleet.flatMap((server) => paths.map((path) => send(server, path))))
    // A path that none of them has.
    expect(new Set((await askAll()).map(({ status }) => status))).toEqual(new Set([200]))
    for (const path of paths) expect(site.source.count(path.slice(1))).toBe(1)
    const begin = Date.now()
    const traffic = startTraffic(fleet, paths, [])
    await eventually(() => expect(site.source.count('any/fleet-1')).toBeGreaterThan(3), 30_000)
    await traffic.stop()
    const windows = Math.ceil((Date.now() - begin) / 1000) + 1
    for (const path of paths) expect(site.source.count(path.slice(1))).toBeLessThanOrEqual(windows)
  })

  it('REL-41 clocks 5 minutes apart: no age below 0, no page that stands still, one render for each window and server', async () => {
    await redis.start()
    const first = await serveReady()
    const second = await serveReady({
      ...PATIENT,
      NODE_OPTIONS: `--import ${await writeClock(site)}`,
      CLOCK_AHEAD_MS: '300000',
    })
    const begin = Date.now()
    const answers: Answer[] = []
    const traffic = startTraffic([first, second], ['/second/skewed', '/minute/skewed'], answers)
    for (const server of [first, second]) {
      const seen = new Set<number>()
      await eventually(async () => {
        seen.add(readNumber(await send(server, '/second/skewed')))
        expect(seen.size).toBeGreaterThan(3)
      }, 40_000)
    }
    await traffic.stop()
    const seconds = (Date.now() - begin) / 1000
    for (const answer of answers) {
      expect(answer.status).toBe(200)
      const { fresh, stale } = readLifetime(answer)
      expect(fresh).toBeGreaterThan(0)
      expect(fresh).toBeLessThanOrEqual(60)
      expect(stale).toBeGreaterThan(0)
      expect(Number(answer.headers['age'] ?? 0)).toBeGreaterThanOrEqual(0)
    }
    expect(site.source.count('second/skewed')).toBeLessThanOrEqual(2 * (seconds + 1))
    // Fresh for a minute on each: the one whose clock is behind makes its own instead of trusting one from the future.
    expect(site.source.count('minute/skewed')).toBeLessThanOrEqual(2)
  })
})

describe('a new build beside the old one', () => {
  const page = (build: string) => `import { ask } from '../source.server.js'
export default function Page({ value }) {
  return <p id="value">${build} {value}</p>
}
export const getStaticPaths = () => ({ paths: ['/built'], fallback: 'blocking' })
export async function getStaticProps({ params }) {
  const { value } = await ask(params.slug)
  return { props: { value: '${build} ' + value }, revalidate: 1 }
}
`

  /** Both builds, each with a server, on one cache folder and one Redis. */
  async function serveBuilds(options: string, env: (site: Site) => Record<string, string>) {
    const sites: Site[] = []
    for (const build of ['old', 'new']) {
      const files = { ...storeFiles(), 'pages/[slug].jsx': page(build) }
      sites.push(await createSite({ options, files }))
    }
    await Promise.all(sites.map((site) => site.build()))
    const servers: ServerProcess[] = []
    for (const site of sites) servers.push(await site.serve('start', env(sites[0]!)))
    return { sites, servers, dispose: () => Promise.all(sites.map((site) => site.dispose())) }
  }

  async function expectApart(servers: readonly ServerProcess[]): Promise<void> {
    const begin = Date.now()
    const names = ['old', 'new']
    // Long enough for each page to be made anew by each several times, out of what the other has stored last.
    do {
      for (const [index, server] of servers.entries()) {
        for (const path of ['/built', '/made']) {
          const answer = await send(server, path)
          expect(answer.status).toBe(200)
          expect(answer.text).toContain(names[index])
          expect(answer.text).not.toContain(names[1 - index])
        }
      }
    } while (Date.now() - begin < 2500)
  }

  it('REL-34 in one cache folder: neither reads what the other has stored', async () => {
    const { sites, servers, dispose } = await serveBuilds('', (site) => ({ ISR_CACHE_DIR: join(site.root, 'shared') }))
    try {
      await expectApart(servers)
      // Written in the background.
      await eventually(async () => {
        const folders = new Set((await sites[0]!.list('shared')).map((file) => file.split('/')[0]))
        for (const site of sites) expect(folders).toContain(await readBuildId(site))
      })
    } finally {
      await dispose()
    }
  })

  it.runIf(hasRedis())('REL-34 in one Redis: the same', async () => {
    const redis = await createRedis()
    await redis.start()
    const { sites, servers, dispose } = await serveBuilds(`{ cache: { store: './store.ts' } }`, () => ({
      REDIS_URL: redis.url,
      ...PATIENT,
    }))
    try {
      await expectApart(servers)
      await eventually(async () => {
        const keys = (await redis.run('KEYS', '*')) as string[]
        for (const site of sites) expect(keys).toContain(`isr:${await readBuildId(site)}:p:/made`)
      })
    } finally {
      await dispose()
      await redis.dispose()
    }
  })
})

async function readBuildId(site: Site): Promise<string> {
  return (JSON.parse(await site.read('dist/isr/route-manifest.json')) as { buildId: string }).buildId
}

/** A module that sets the clock of its process ahead. @returns its address */
async function writeClock(site: Site): Promise<string> {
  await site.write({
    'clock.mjs': `const ahead = Number(process.env.CLOCK_AHEAD_MS)
const RealDate = Date
globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + ahead)
    else super(...args)
  }
  static now() {
    return RealDate.now() + ahead
  }
}
`,
  })
  return pathToFileURL(join(site.root, 'clock.mjs')).href
}

/** The number that the source gave the page. */
function readNumber(answer: Answer): number {
  return Number(/(\d+)$/.exec(readValue(answer) ?? '')?.[1])
}

/** Asks each server for each path, over and over. */
function startTraffic(servers: readonly ServerProcess[], paths: readonly string[], answers: Answer[]) {
  const end = new AbortController()
  const visit = async (server: ServerProcess) => {
    while (!end.signal.aborted) for (const path of paths) answers.push(await send(server, path))
  }
  const visitors = Promise.all(servers.map(visit))
  return {
    async stop() {
      end.abort()
      await visitors
    },
  }
}
