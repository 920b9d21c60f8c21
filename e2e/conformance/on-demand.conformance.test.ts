import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerProcess } from '../process.ts'
import { readLifetime, readValue, revalidate, useCacheApp, YEAR } from '../harness/cache-app.ts'
import { createSite, type Site } from '../harness/site.ts'

describe('res.revalidate', () => {
  const app = useCacheApp()

  it('O01 resolves when the new page is there, after as long as its data takes', async () => {
    await app.get('/minute/known')
    const hold = app.source.hold('minute/known')
    let isResolved = false
    const call = app.revalidate('/minute/known').finally(() => (isResolved = true))
    await hold.waiting
    // Requests come and go meanwhile.
    await app.get('/minute/aside')
    await app.get('/plain')
    expect(isResolved).toBe(false)
    hold.release()
    expect((await call).result).toEqual({ status: 'regenerated' })
    const next = await app.get('/minute/known')
    expect([next.status, next.cache, readValue(next)]).toEqual([200, 'HIT', 'minute/known 2'])
    expect(readLifetime(next)).toEqual({ fresh: 60, stale: YEAR - 60 })
    expect((await app.data('/minute/known')).json()).toEqual({ pageProps: { value: 'minute/known 2' } })
    const [, second, third] = app.source.calls('minute/known')
    expect(second!.detail).toMatchObject({ revalidateReason: 'on-demand', params: { slug: 'known' } })
    expect(third).toBeUndefined()
  })

  it('O01 a prerendered page too', async () => {
    expect((await app.revalidate('/')).result).toEqual({ status: 'regenerated' })
    const next = await app.get('/')
    expect([next.cache, readValue(next)]).toEqual(['HIT', 'home 2'])
  })

  it('O01 when it resolves the new page is stored: it outlives a server that is killed', async () => {
    app.source.set('forever/stored', { value: 'old' })
    await app.get('/forever/stored')
    app.source.set('forever/stored', { value: 'new' })
    expect((await app.revalidate('/forever/stored')).result).toEqual({ status: 'regenerated' })
    await app.server.kill()
    await app.restart()
    const next = await app.get('/forever/stored')
    expect([next.cache, readValue(next)]).toEqual(['HIT', 'new'])
    expect(app.source.count('forever/stored')).toBe(2)
  })

  it('O02 meanwhile visitors get the old page as a HIT, at once', async () => {
    const old = await app.get('/minute/meanwhile')
    const hold = app.source.hold('minute/meanwhile')
    const call = app.revalidate('/minute/meanwhile')
    await hold.waiting
    for (const answer of await Promise.all(Array.from({ length: 10 }, () => app.get('/minute/meanwhile')))) {
      expect([answer.status, answer.cache, answer.text]).toEqual([200, 'HIT', old.text])
    }
    expect((await app.data('/minute/meanwhile')).cache).toBe('HIT')
    expect(app.source.count('minute/meanwhile')).toBe(2)
    hold.release()
    await call
    expect(readValue(await app.get('/minute/meanwhile'))).toBe('minute/meanwhile 2')
  })

  it('O03 works for pages that are never stale, whose lifetime stays', async () => {
    expect((await app.revalidate('/forever/built')).result).toEqual({ status: 'regenerated' })
    const next = await app.get('/forever/built')
    expect([next.cache, readValue(next)]).toEqual(['HIT', 'forever/built 2'])
    expect(readLifetime(next)).toEqual({ fresh: YEAR, stale: undefined })
  })

  it('O04 generates a blocking path that never was', async () => {
    expect((await app.revalidate('/minute/fresh')).result).toEqual({ status: 'regenerated' })
    expect(app.source.count('minute/fresh')).toBe(1)
    const next = await app.get('/minute/fresh')
    expect([next.cache, readValue(next)]).toEqual(['HIT', 'minute/fresh 1'])
    expect(app.source.count('minute/fresh')).toBe(1)
  })

  it('O04 unstable_onlyGenerated leaves such a path alone', async () => {
    const options = { unstable_onlyGenerated: true }
    expect((await app.revalidate('/minute/untouched', options)).result).toEqual({ status: 'skipped' })
    expect(app.source.count('minute/untouched')).toBe(0)
    expect((await app.get('/minute/untouched')).cache).toBe('MISS')
    expect((await app.revalidate('/minute/untouched', options)).result).toEqual({ status: 'regenerated' })
    expect(app.source.count('minute/untouched')).toBe(2)
  })

  it('O06 rejects for an unlisted path of fallback: false', async () => {
    const { error } = await app.revalidate('/listed/zzz')
    expect(error?.message).toMatch(/^Failed to revalidate \/listed\/zzz: /)
    expect(error).toMatchObject({ name: 'IsrError', code: 'ISR_REVALIDATE_PATH' })
    expect(app.source.count('listed/zzz')).toBe(0)
    expect((await app.revalidate('/listed/two')).result).toEqual({ status: 'regenerated' })
  })

  it.each([
    ['minute/x', '"minute/x"'],
    ['http://127.0.0.1/minute/x', '"http://127.0.0.1/minute/x"'],
    ['', '""'],
    ['./minute/x', '"./minute/x"'],
    [5, 'number'],
    [null, 'null'],
    [['/minute/x'], 'object'],
  ])('O08 rejects at once for %j', async (path, shown) => {
    const { error } = await app.revalidate(path)
    expect(error?.message).toBe(
      `Invalid urlPath provided to revalidate(), must be a path e.g. /blog/post-1, received ${shown}`,
    )
    expect(error?.code).toBe('ISR_REVALIDATE_PATH')
    expect(app.source.count('minute/x')).toBe(0)
  })

  it('O11 resolves for notFound and redirect', async () => {
    app.source.set('any/changing', { value: 'page', result: '{ props: { value }, revalidate: 60 }' })
    expect((await app.get('/any/changing')).status).toBe(200)
    app.source.set('any/changing', { result: '{ notFound: true, revalidate: 60 }' })
    expect((await app.revalidate('/any/changing')).result).toEqual({ status: 'notFound' })
    const absent = await app.get('/any/changing')
    expect([absent.status, absent.cache]).toEqual([404, 'HIT'])
    app.source.set('any/changing', { result: "{ redirect: { destination: '/plain', permanent: false } }" })
    expect((await app.revalidate('/any/changing')).result).toEqual({ status: 'redirect' })
    const moved = await app.get('/any/changing')
    expect([moved.status, moved.cache, moved.headers['location']]).toEqual([307, 'HIT', '/plain'])
    app.source.set('any/changing', { value: 'back' })
    expect((await app.revalidate('/any/changing')).result).toEqual({ status: 'regenerated' })
    expect(readValue(await app.get('/any/changing'))).toBe('back')
  })

  it('W6 rejects when the page fails, which keeps its last good one and its lifetime', async () => {
    const old = await app.get('/forever/kept')
    app.source.fail('forever/kept')
    const { error } = await app.revalidate('/forever/kept')
    expect(error?.message).toMatch(/^Failed to revalidate \/forever\/kept: .*forever\/kept is down/)
    expect(error?.code).toBe('ISR_REVALIDATE_FAILED')
    const next = await app.get('/forever/kept')
    expect([next.status, next.cache, next.text]).toEqual([200, 'HIT', old.text])
    // `false` stays never: a page that fails once is not asked for every few seconds from now on.
    expect(readLifetime(next)).toEqual({ fresh: YEAR, stale: undefined })
    expect(app.source.count('forever/kept')).toBe(2)
  })
})

describe('res.revalidate in development', () => {
  let site: Site
  let server: ServerProcess

  beforeAll(async () => {
    site = await createSite({ app: 'cache' })
    server = await site.serve('dev')
  })

  afterAll(async () => {
    await site?.dispose()
  })

  it('O18 resolves after running getStaticProps', async () => {
    const hold = site.source.hold('minute/dev')
    let isResolved = false
    const call = revalidate(server, '/minute/dev').finally(() => (isResolved = true))
    await hold.waiting
    expect(isResolved).toBe(false)
    hold.release()
    expect((await call).result).toEqual({ status: 'regenerated' })
    expect(site.source.calls('minute/dev')[0]!.detail).toMatchObject({ revalidateReason: 'on-demand' })
    expect(site.source.count('minute/dev')).toBe(1)
  })

  it('O18 rejects for an unknown path', async () => {
    expect((await revalidate(server, '/nowhere')).error?.message).toMatch(/^Failed to revalidate .*\/nowhere/)
    expect((await revalidate(server, '/listed/zzz')).error?.message).toMatch(/^Failed to revalidate \/listed\/zzz: /)
    expect((await revalidate(server, 'minute/x')).error?.message).toMatch(/^Invalid urlPath provided/)
    expect(site.source.count('listed/zzz')).toBe(0)
  })
})
