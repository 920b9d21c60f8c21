/** The Redis store of docs/custom-store.md, when somebody asks for as much as they can. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CreateStore } from 'vite-plugin-isr'
import { readValue, revalidate } from '../harness/cache-app.ts'
import { eventually } from '../harness/eventually.ts'
import { send } from '../harness/http.ts'
import { createRedis, hasRedis, PATIENT, storeFiles, type Redis } from '../harness/redis.ts'
import { createSite, type Site } from '../harness/site.ts'

describe.runIf(hasRedis())('with a real Redis', () => {
  let redis: Redis
  let site: Site

  beforeAll(async () => {
    redis = await createRedis()
    site = await createSite({ app: 'cache', options: `{ cache: { store: './store.ts' } }`, files: storeFiles() })
    await site.build()
  })

  afterAll(async () => {
    await site?.dispose()
    await redis?.dispose()
  })

  beforeEach(() => redis.reset())

  const listKeys = async () => ((await redis.run('KEYS', '*')) as string[]).sort()
  const serve = (env: Record<string, string> = {}) => site.serve('start', { REDIS_URL: redis.url, ...env })

  it('SEC-114 P7 keys carry a name and the build and outlive the stale window; what is too large is refused', async () => {
    await redis.start()
    process.env['REDIS_URL'] = redis.url
    const { default: createStore } = (await import(pathToFileURL(join(site.root, 'dist/server/store.mjs')).href)) as {
      default: CreateStore
    }
    const store = await createStore({ buildId: 'build-1', dir: site.root })
    const meta = { kind: 'page', generatedAt: Date.now(), revalidate: 60, expire: 600 } as const
    await store.set('p:/a', new Uint8Array(10), meta)
    expect(await listKeys()).toEqual(['isr:build-1:p:/a'])
    expect(await redis.run('TTL', 'isr:build-1:p:/a')).toBeGreaterThanOrEqual(600)
    await store.set('p:/ages', new Uint8Array(10), { ...meta, expire: Number.MAX_VALUE })
    expect(await redis.run('TTL', 'isr:build-1:p:/ages')).toBeGreaterThan(31_536_000)
    await expect(store.set('p:/large', new Uint8Array(16 * 1024 * 1024 + 1), meta)).rejects.toThrow(/16777217 bytes/)
    expect(await listKeys()).toHaveLength(2)
    await store.close?.()
  })

  it('SEC-114 P7 a flood of paths: Redis stays in its memory, and the server serves on', async () => {
    await redis.start('--maxmemory', '2mb', '--maxmemory-policy', 'volatile-lru')
    const server = await serve(PATIENT)
    expect((await revalidate(server, '/minute/warm')).result).toEqual({ status: 'regenerated' })
    for (let index = 0; index < 2400; index += 20) {
      const asked = Array.from({ length: 20 }, (_, offset) => send(server, `/minute/flood-${index + offset}`))
      for (const { status } of await Promise.all(asked)) expect(status).toBe(200)
    }
    expect((await send(server, '/minute/warm')).cache).toBe('HIT')
    const keys = await listKeys()
    expect(keys.length).toBeLessThan(2400)
    const info = String(await redis.run('INFO', 'memory'))
    expect(Number(/used_memory:(\d+)/.exec(info)?.[1])).toBeLessThan(2.5 * 1024 * 1024)
    await server.stop()
  })

  it('SEC-114 P1 P9 no memory left: refused writes cost nobody a page, and what waited is stored later', async () => {
    await redis.start()
    const server = await serve(PATIENT)
    expect((await revalidate(server, '/second/known')).result).toEqual({ status: 'regenerated' })
    await redis.run('CONFIG', 'SET', 'maxmemory', '1')
    for (let index = 0; index < 8; index++) {
      expect((await send(server, `/minute/refused-${index}`)).status).toBe(200)
      expect((await send(server, '/second/known')).status).toBe(200)
    }
    expect((await revalidate(server, '/minute/refused-7')).result).toEqual({ status: 'regenerated', stored: false })
    expect(server.output()).toContain('OOM')
    await redis.run('CONFIG', 'SET', 'maxmemory', '0')
    await eventually(async () => {
      expect((await listKeys()).some((key) => key.endsWith(':p:/minute/refused-7'))).toBe(true)
    }, 30_000)
    const other = await serve(PATIENT)
    const answer = await send(other, '/minute/refused-7')
    expect([answer.cache, readValue(answer)]).toEqual(['HIT', 'minute/refused-7 2'])
    for (const each of [server, other]) await each.stop()
  })
})
