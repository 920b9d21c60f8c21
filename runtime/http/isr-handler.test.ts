import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isIsrError } from '../errors.ts'
import type { IsrEvent } from '../types.ts'
import type { IsrHandler } from './handler.ts'
import { createIsrHandler, type IsrHandlerOptions } from './isr-handler.ts'
import { createTestBuild, TEST_BUILD_AGE_MS, type TestBuild } from './testing/build.ts'
import { ask } from './testing/client.ts'
import { SETTINGS } from './testing/manifest.ts'
import { listen, type TestServer } from './testing/server.ts'

let build: TestBuild
let server: TestServer | undefined
let handler: IsrHandler | undefined
let lines: string[]

beforeEach(async () => {
  lines = []
  build = await createTestBuild()
})

afterEach(async () => {
  await stop()
  await build.remove()
})

async function start(options: Partial<IsrHandlerOptions> = {}): Promise<number> {
  const add = (line: string) => void lines.push(line)
  handler = createIsrHandler({
    dist: build.dist,
    cacheDir: join(build.root, 'cache'),
    log: { info: add, warn: add, error: add },
    ...options,
  })
  const current = handler
  server = await listen((req, res) => current(req, res))
  return server.port
}

async function stop(): Promise<void> {
  await server?.close()
  await handler?.close()
  server = handler = undefined
}

describe('a built site', () => {
  it('serves prerendered pages, files, the 404 page, and makes new pages', async () => {
    const port = await start()
    const home = await ask(port, '/')
    expect([home.status, home.headers['x-isr-cache'], home.text]).toEqual([200, 'HIT', '<html>prerendered</html>'])
    expect((await ask(port, '/_isr/data/build1/index.json')).text).toBe('{"pageProps":{}}')
    expect((await ask(port, '/assets/index-12345678.js')).text).toBe('console.log(1)')
    expect((await ask(port, '/robots.txt')).text).toBe('User-agent: *')
    const missing = await ask(port, '/nope')
    expect([missing.status, missing.text]).toEqual([404, '<html>own 404</html>'])
    expect((await ask(port, '/p/1')).headers['x-isr-cache']).toBe('MISS')
    expect((await ask(port, '/p/1')).headers['x-isr-cache']).toBe('HIT')
    expect(lines).toEqual([])
  })

  it('W13 what was generated survives a restart', async () => {
    let port = await start()
    const before = await ask(port, '/p/1')
    await ask(port, '/api/revalidate?path=/')
    expect(await readdir(join(build.root, 'cache'))).toEqual(['build1'])
    await stop()
    port = await start()
    const after = await ask(port, '/p/1')
    expect([after.headers['x-isr-cache'], after.text]).toEqual(['HIT', before.text])
    expect((await ask(port, '/')).text).not.toContain('prerendered')
  })

  it('W13 a new build of the same code begins with none of the pages that servers of the one before have made', async () => {
    const older = build
    await ask(await start(), '/p/1')
    await stop()
    const made = Date.now()
    // So that the next build is newer than what was made before it, by its own word.
    await vi.waitUntil(() => Date.now() - made > TEST_BUILD_AGE_MS, { interval: 1 })
    build = await createTestBuild()
    try {
      expect(build.manifest.buildId).toBe(older.manifest.buildId)
      const port = await start({ cacheDir: join(older.root, 'cache') })
      expect((await ask(port, '/p/1')).headers['x-isr-cache']).toBe('MISS')
      await stop()
    } finally {
      await stop()
      await older.remove()
    }
  })

  it('O01 revalidates, and rejects with codes', async () => {
    const port = await start()
    expect((await ask(port, '/api/revalidate?path=/')).text).toBe('{"status":"regenerated"}')
    expect((await ask(port, '/')).text).toContain('"pattern":"/"')
    expect((await ask(port, '/api/revalidate?path=/p/broken')).text).toBe('{"code":"ISR_REVALIDATE_FAILED"}')
    expect((await ask(port, '/api/revalidate?path=nope')).text).toBe('{"code":"ISR_REVALIDATE_PATH"}')
  })

  it('W21 a failure is one line, whoever waits for it', async () => {
    const port = await start()
    const answers = await Promise.all([ask(port, '/p/broken'), ask(port, '/p/broken')])
    expect(answers.map(({ status }) => status)).toEqual([500, 500])
    expect(lines.filter((line) => line.includes('no data'))).toHaveLength(1)
    expect(lines[0]).toContain('path=/p/broken')
  })

  it('tells a listener each decision, and survives it', async () => {
    const events: IsrEvent[] = []
    const port = await start({
      onEvent(event) {
        events.push(event)
        throw new Error('in the listener')
      },
    })
    for (const path of ['/', '/', '/p/1']) await ask(port, path)
    expect(events.map(({ type, path }) => `${type} ${path}`)).toEqual([
      'hit /',
      'hit /',
      'regenerated /p/1',
      'miss /p/1',
    ])
    expect(lines).toHaveLength(1)
  })

  it('tells the pattern with each decision, hits by the short way included', async () => {
    const events: IsrEvent[] = []
    const port = await start({ onEvent: (event) => void events.push(event) })
    for (const path of ['/p/1', '/p/1', '/p/1']) await ask(port, path)
    expect(events.map(({ type, pattern }) => `${type} ${pattern}`)).toEqual([
      'regenerated /p/[id]',
      'miss /p/[id]',
      'hit /p/[id]',
      'hit /p/[id]',
    ])
  })

  it('ISR_DEBUG_CACHE=1 prints a line for each decision', async () => {
    process.env['ISR_DEBUG_CACHE'] = '1'
    try {
      const port = await start()
      for (const path of ['/', '/p/1', '/p/1']) await ask(port, path)
    } finally {
      delete process.env['ISR_DEBUG_CACHE']
    }
    expect(lines.map((line) => line.replace(/^\S+ isr (\S+ \S+).*$/, '$1'))).toEqual([
      'HIT /',
      'REGENERATED /p/1',
      'MISS /p/1',
      'HIT /p/1',
    ])
    expect(lines[1]).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z isr REGENERATED \/p\/1 \S+ page=\/p\/\[id\] render=\d+ms size=\d+B$/,
    )
  })

  it('ISR_CACHE_DIR moves the run-time cache', async () => {
    process.env['ISR_CACHE_DIR'] = join(build.root, 'elsewhere')
    try {
      const port = await start({ cacheDir: undefined })
      await ask(port, '/p/1')
      await stop()
    } finally {
      delete process.env['ISR_CACHE_DIR']
    }
    expect(existsSync(join(build.root, 'elsewhere/build1'))).toBe(true)
    expect(existsSync(join(build.root, 'cache'))).toBe(false)
  })

  it('P7 removes the folders of builds that nobody has used for a week', async () => {
    const old = join(build.root, 'cache', '0123456789abcdef0123')
    await mkdir(join(old, 'aa'), { recursive: true })
    await writeFile(join(old, 'aa', `${'a'.repeat(64)}.isr`), 'x')
    const then = Date.now() / 1000 - 8 * 24 * 60 * 60
    for (const each of [join(old, 'aa'), old]) await utimes(each, then, then)
    await start()
    await expect.poll(() => existsSync(old), { timeout: 10_000 }).toBe(false)
  })

  it('a cache folder that cannot be is no reason to stop', async () => {
    await writeFile(join(build.root, 'cache'), 'a file')
    const port = await start()
    expect((await ask(port, '/p/1')).headers['x-isr-cache']).toBe('MISS')
    expect((await ask(port, '/p/1')).headers['x-isr-cache']).toBe('HIT')
  })
})

describe('a store of the user’s own', () => {
  const STORE = `
    export const values = (globalThis.testStore ??= new Map())
    export default async ({ buildId }) => ({
      get: async (key) => values.get(buildId + key),
      set: async (key, value) => void values.set(buildId + key, Uint8Array.from(value)),
      delete: async (key) => void values.delete(buildId + key),
      close: async () => void values.set('closed', true),
    })`
  const settings = { ...SETTINGS, cache: { ...SETTINGS.cache, customStore: true } }

  it('keeps the pages, and is closed', async () => {
    await build.remove()
    build = await createTestBuild({ settings })
    await writeFile(join(build.dist, 'server/store.mjs'), STORE)
    const port = await start()
    await ask(port, '/p/1')
    await stop()
    const { testStore } = globalThis as unknown as { testStore: Map<string, unknown> }
    expect([...testStore.keys()]).toEqual(['build1p:/p/1', 'closed'])
    expect(existsSync(join(build.root, 'cache'))).toBe(false)
  })

  it('P1 one that cannot be opened costs nothing but the restart', async () => {
    await build.remove()
    build = await createTestBuild({ settings })
    await writeFile(join(build.dist, 'server/store.mjs'), 'throw new Error("no redis")')
    const port = await start()
    expect((await ask(port, '/')).status).toBe(200)
    expect((await ask(port, '/p/1')).headers['x-isr-cache']).toBe('MISS')
    expect((await ask(port, '/p/1')).headers['x-isr-cache']).toBe('HIT')
    expect(lines.some((line) => line.includes('no redis'))).toBe(true)
  })
})

describe('a store module that is none', () => {
  const settings = { ...SETTINGS, cache: { ...SETTINGS.cache, customStore: true } }

  it.each([
    ['export const createStore = () => ({})', 'option cache.store has no default export that is a function'],
    ['export default {}', 'option cache.store has no default export that is a function'],
    ['export default () => undefined', 'option cache.store returned has no function get, set, delete. A store needs'],
    ['export default async () => ({ get() {}, set() {}, delete: 1 })', 'cache.store returned has no function delete.'],
  ])('ISR_STORE %s', async (source, text) => {
    await build.remove()
    build = await createTestBuild({ settings })
    await writeFile(join(build.dist, 'server/store.mjs'), source)
    const port = await start()
    expect((await ask(port, '/p/1')).headers['x-isr-cache']).toBe('MISS')
    expect(lines.join('\n')).toContain('code=ISR_STORE')
    expect(lines.join('\n')).toContain(text)
  })
})

describe('a folder that is no build', () => {
  async function expectNoBuild(text: RegExp): Promise<void> {
    await expect(start()).rejects.toSatisfy((error) => isIsrError(error, 'ISR_NO_BUILD'))
    await expect(start()).rejects.toThrow(text)
  }

  it('ISR_NO_BUILD when it is not there', async () => {
    await rm(build.dist, { recursive: true })
    await expectNoBuild(/There is no build in .*dist.*Run `vite build` first/)
  })

  it('ISR_NO_BUILD when another tool wrote it', async () => {
    await rm(join(build.dist, 'isr'), { recursive: true })
    await mkdir(join(build.dist, 'isr'))
    await expectNoBuild(/There is no build/)
  })

  it.each(['', '{', 'null', '[]', '{}', '{"version":2}'])('ISR_NO_BUILD when the manifest is %j', async (text) => {
    await writeFile(join(build.dist, 'isr/route-manifest.json'), text)
    await expectNoBuild(/vite build/)
  })

  it.each(['client', 'server/app.mjs'])('ISR_NO_BUILD when %s is missing', async (name) => {
    await rm(join(build.dist, name), { recursive: true })
    await expectNoBuild(/is not whole: .* is missing/)
  })

  it('ISR_NO_BUILD when the entries are missing', async () => {
    await rm(join(build.dist, 'isr', build.manifest.entries.index))
    await expectNoBuild(/vite build/)
  })

  it('REL-34 a server whose build was replaced makes no pages of the other one, and goes on with what it has', async () => {
    const port = await start()
    const app = join(build.dist, 'server/app.mjs')
    await writeFile(app, (await readFile(app, 'utf8')).replace("buildId: 'build1'", "buildId: 'build2'"))
    expect((await ask(port, '/p/1')).status).toBe(500)
    expect(lines.join()).toContain('code=ISR_NO_BUILD')
    expect((await ask(port, '/')).text).toBe('<html>prerendered</html>')
  })
})
