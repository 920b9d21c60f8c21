/** The store of docs/custom-store.md: it keeps the contract, and two servers share what they make through it. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { testStore } from 'vite-plugin-isr/testing'
import type { CreateStore } from 'vite-plugin-isr'
import { readValue, revalidate } from '../harness/cache-app.ts'
import { eventually } from '../harness/eventually.ts'
import { send, type Target } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'
import { runToEnd, type ServerProcess } from '../process.ts'
import { readFileBlock } from './documents.ts'

let site: Site
const env = (more: Record<string, string> = {}) => ({ CACHE_DATABASE: join(site.root, 'cache.db'), ...more })

beforeAll(async () => {
  const text = (file: string) => readFileBlock('docs/custom-store.md', file)
  site = await createSite({
    app: 'cache',
    options: `{ cache: { store: './switched-store.ts' } }`,
    files: {
      'cache-store.ts': text('cache-store.ts'),
      'cache-store.test.ts': text('cache-store.test.ts'),
      // Fails while there is a file, as a database does that is away.
      'switched-store.ts': `
        import { existsSync } from 'node:fs'
        import type { CreateStore } from 'vite-plugin-isr'
        import createStore from './cache-store'

        const createSwitchedStore: CreateStore = async (context) => {
          const store = await createStore(context)
          const check = () => {
            if (existsSync('store-is-away')) throw new Error('the store is away')
          }
          return {
            get: async (key) => (check(), store.get(key)),
            set: async (key, value, meta) => (check(), store.set(key, value, meta)),
            delete: async (key) => (check(), store.delete(key)),
            close: async () => store.close?.(),
          }
        }
        export default createSwitchedStore`,
    },
  })
  await site.build(env())
}, 180_000)

afterAll(async () => {
  await site?.dispose()
})

describe('the contract, in vitest', () => {
  const createStore: CreateStore = async (context) => {
    process.env['CACHE_DATABASE'] = join(site.root, 'contract.db')
    // What was built: as plain JavaScript it needs no loader, and it is what servers run.
    const module = (await import(pathToFileURL(join(site.root, 'dist/server/store.mjs')).href)) as {
      default: CreateStore
    }
    return module.default(context)
  }
  testStore(createStore, { test })
})

describe('the contract, in other runners', () => {
  it('in node:test', async () => {
    await site.write({
      'contract.test.mjs': `
        import test from 'node:test'
        import { testStore } from 'vite-plugin-isr/testing'
        import createStore from './dist/server/store.mjs'
        testStore(createStore, { test })`,
    })
    const args = ['--test', '--test-reporter=tap', 'contract.test.mjs']
    const output = await runToEnd(process.execPath, args, site.root, env({ CACHE_DATABASE: 'node-test.db' }))
    expect(output).toMatch(/^# pass \d\d$/m)
    expect(output).toMatch(/^# fail 0$/m)
  })

  it('the test of the document, in a site', async () => {
    const vitest = join(site.root, 'node_modules/vitest/vitest.mjs')
    const args = [vitest, 'run', 'cache-store.test.ts']
    const output = await runToEnd(process.execPath, args, site.root, env({ CACHE_DATABASE: 'vitest.db' }))
    expect(output).toMatch(/Tests +\d\d passed/)
  })
})

describe('two servers that share a store', () => {
  let first: ServerProcess
  let second: ServerProcess

  beforeAll(async () => {
    first = await site.serve('start', env())
    second = await site.serve('start', env())
  })

  const get = (server: Target, path: string) => send(server, path)
  const show = async (server: Target, path: string) => {
    const answer = await get(server, path)
    return [answer.cache, readValue(answer)]
  }

  /** Makes a page on one server, and waits until the store has it. */
  const make = async (server: Target, path: string) =>
    expect((await revalidate(server, path)).result).toEqual({ status: 'regenerated' })

  it('what one has made, the other has', async () => {
    await make(first, '/minute/shared')
    for (const server of [first, second])
      expect(await show(server, '/minute/shared')).toEqual(['HIT', 'minute/shared 1'])
    expect(site.source.count('minute/shared')).toBe(1)
    expect(await site.list('.isr-cache')).toEqual([])
  })

  it('P4 what one has revalidated, the other takes over instead of rendering it', async () => {
    const result = '{ props: { value }, revalidate: 3 }'
    site.source.set('any/both', { value: 'old', result })
    await make(first, '/any/both')
    expect(await show(second, '/any/both')).toEqual(['HIT', 'old'])
    await eventually(async () => {
      const answer = await send(second, '/any/both', { headers: { purpose: 'prefetch' } })
      expect(answer.cache).toBe('STALE')
    })
    site.source.set('any/both', { value: 'new', result })
    await make(first, '/any/both')
    expect(await show(second, '/any/both')).toEqual(['STALE', 'old'])
    await eventually(async () => expect(await show(second, '/any/both')).toEqual(['HIT', 'new']))
    expect(site.source.count('any/both')).toBe(2)
  })

  it('W09 W13 both keep pages, notFound and redirects over a restart', async () => {
    site.source.set('any/gone', { result: '{ notFound: true, revalidate: 600 }' })
    site.source.set('any/moved', { result: '{ redirect: { destination: "/minute/shared" }, revalidate: 600 }' })
    const paths = ['/minute/shared', '/any/gone', '/any/moved']
    const before = []
    for (const path of paths) before.push((await get(first, path)).status)
    expect(before).toEqual([200, 404, 307])
    // Both: a page that one of them made is in the store when that one has ended.
    for (const server of [first, second]) expect(await server.stop()).toBe(0)
    ;[first, second] = [await site.serve('start', env()), await site.serve('start', env())]
    for (const server of [first, second]) {
      for (const [index, path] of paths.entries()) {
        const answer = await get(server, path)
        expect([path, answer.cache, answer.status]).toEqual([path, 'HIT', before[index]])
      }
    }
    expect(site.source.count('any/gone')).toBe(1)
  })

  it('P1 P9 a store that fails costs renders, never pages; when it is back it is used again', async () => {
    expect((await show(first, '/second/steady'))[0]).toBe('MISS')
    await site.write({ 'store-is-away': '' })
    // From memory, from the build, made anew, refreshed, revalidated: all without the store.
    expect((await get(first, '/second/steady')).status).toBe(200)
    expect((await get(first, '/minute/built')).status).toBe(200)
    expect(await show(first, '/minute/without')).toEqual(['MISS', 'minute/without 1'])
    expect(await show(first, '/minute/without')).toEqual(['HIT', 'minute/without 1'])
    site.source.set('second/steady', { value: 'refreshed' })
    await eventually(async () => expect((await show(first, '/second/steady'))[1]).toBe('refreshed'))
    expect((await revalidate(first, '/minute/without')).result).toEqual({ status: 'regenerated', stored: false })
    expect(first.output()).toContain('code=ISR_STORE')
    expect(first.output()).toContain('the store is away')
    // A server that starts now has what was built.
    const third = await site.serve('start', env())
    expect((await show(third, '/minute/built'))[0]).toBe('HIT')
    await third.stop()

    await site.remove('store-is-away')
    await make(first, '/minute/after')
    expect(await show(second, '/minute/after')).toEqual(['HIT', 'minute/after 1'])
    expect(site.source.count('minute/after')).toBe(1)
  })

  it('a damaged value is made anew', async () => {
    const overwrite = `
      import Database from 'libsql'
      const database = new Database(process.env.CACHE_DATABASE)
      database.exec("PRAGMA busy_timeout = 2000; UPDATE entries SET value = x'00ff00'")
      database.close()`
    await site.write({ 'overwrite.mjs': overwrite })
    await second.stop()
    await runToEnd(process.execPath, ['overwrite.mjs'], site.root, env())
    second = await site.serve('start', env())
    const answer = await get(second, '/minute/shared')
    expect([answer.status, answer.cache]).toEqual([200, 'MISS'])
  })
})
