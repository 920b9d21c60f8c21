import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerProcess } from '../process.ts'
import { BROWSER, readPageData, readRouter, readValue, toDataPath, useCacheApp } from '../harness/cache-app.ts'
import { NOSTORE, send, type Answer, type Target } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'

/** What a browser would send back. */
function toCookie(answer: Answer): string {
  return answer.headers['set-cookie']!.split(';', 1)[0]!
}

function setDraft(server: Target, enable: boolean, cookie?: string): Promise<Answer> {
  return send(server, `/api/draft?enable=${enable}`, { headers: cookie === undefined ? {} : { cookie } })
}

function expectPrivate(answer: Answer, status = 200) {
  expect(answer.status).toBe(status)
  expect(answer.headers['cache-control']).toBe(NOSTORE)
  expect(answer.cache).toBe('BYPASS')
  expect(answer.headers['cache-status']).toBe('vite-plugin-isr; fwd=bypass; detail=draft')
}

describe('draft mode', () => {
  const app = useCacheApp()
  let headers: { cookie: string }

  beforeAll(async () => {
    headers = { cookie: toCookie(await setDraft(app.server, true)) }
  })

  it('D01 enabling sets a signed cookie without an expiry', async () => {
    const answer = await setDraft(app.server, true)
    const [pair, ...attributes] = answer.headers['set-cookie']!.split('; ')
    expect(pair).toMatch(/^__isr_draft=[\w-]{40,}$/)
    expect(attributes.toSorted()).toEqual(['HttpOnly', 'Path=/', 'SameSite=None', 'Secure'])
    expect(answer.rawHeaders.filter(([name]) => name.toLowerCase() === 'set-cookie')).toHaveLength(1)
    // Nor may anybody keep the answer that hands it out, or takes it back.
    expect(answer.headers['cache-control']).toBe(NOSTORE)
    expect((await setDraft(app.server, false)).headers['cache-control']).toBe(NOSTORE)
  })

  it('D01 goes with a redirect, as API routes that open a draft end', async () => {
    const answer = await app.get('/api/draft?enable=true&to=/minute/built')
    expect([answer.status, answer.headers['location']]).toEqual([307, '/minute/built'])
    expect(answer.headers['set-cookie']).toMatch(/^__isr_draft=[\w-]{40,}; /)
    expect(answer.headers['cache-control']).toBe(NOSTORE)
  })

  it('D01 disabling sets the same with an expiry in 1970', async () => {
    const answer = await setDraft(app.server, false, headers.cookie)
    const [pair, ...attributes] = answer.headers['set-cookie']!.split('; ')
    expect(pair).toBe('__isr_draft=')
    expect(attributes.toSorted()).toEqual([
      'Expires=Thu, 01 Jan 1970 00:00:00 GMT',
      'HttpOnly',
      'Path=/',
      'SameSite=None',
      'Secure',
    ])
  })

  it('D03 with the cookie every request calls getStaticProps, and nothing is stored', async () => {
    const before = await app.get('/minute/edited')
    for (let call = 2; call <= 4; call++) {
      const answer = await app.get('/minute/edited', { headers })
      expectPrivate(answer)
      expect(readValue(answer)).toBe(`minute/edited ${call}`)
      expect(answer.headers).not.toHaveProperty('set-cookie')
      expect(app.source.calls('minute/edited')[call - 1]!.detail).toMatchObject({ draftMode: true })
    }
    const data = await app.data('/minute/edited', { headers })
    expectPrivate(data)
    expect(data.json()).toEqual({ pageProps: { value: 'minute/edited 5' } })
    // An answer that nobody may keep is never confirmed by 304 either.
    const conditional = await app.get('/minute/edited', { headers: { ...headers, 'if-none-match': '*' } })
    expectPrivate(conditional)

    const after = await app.get('/minute/edited')
    expect([after.cache, after.text]).toEqual(['HIT', before.text])
    expect(app.source.calls('minute/edited')[0]!.detail).not.toHaveProperty('draftMode')
    expect(app.source.count('minute/edited')).toBe(6)
  })

  it('D03 the cache is not filled from a draft: paths that are not generated or not listed', async () => {
    for (const path of ['/minute/unseen', '/listed/unlisted', '/shell/unseen']) {
      const answer = await app.get(path, { headers: { ...headers, 'user-agent': BROWSER } })
      expectPrivate(answer)
      expect(readValue(answer)).toBe(`${path.slice(1)} 1`)
      expect(readPageData(answer)).toMatchObject({ draft: true, isFallback: false })
    }
    expect((await app.get('/listed/unlisted')).status).toBe(404)
    expect((await app.get('/minute/unseen')).cache).toBe('MISS')
  })

  it('D03 a failing draft leaves the public page alone', async () => {
    await app.get('/minute/broken-draft')
    app.source.fail('minute/broken-draft', 'no such draft')
    const answer = await app.get('/minute/broken-draft', { headers })
    expect([answer.status, answer.headers['cache-control']]).toEqual([500, NOSTORE])
    expect(answer.text).not.toContain('no such draft')
    const after = await app.get('/minute/broken-draft')
    expect([after.status, after.cache]).toEqual([200, 'HIT'])
  })

  it('D05 a page without data functions is unaffected', async () => {
    const draft = await app.get('/plain', { headers })
    const open = await app.get('/plain')
    expect(draft.text).toBe(open.text)
    expect(draft.headers['cache-control']).toBe('public, max-age=0, must-revalidate')
    expect(draft.headers).not.toHaveProperty('x-isr-cache')
  })

  it('D05 API routes, server pages and the router know of it', async () => {
    expect((await app.get('/api/draft', { headers })).json()).toEqual({ draftMode: true })
    expect((await app.get('/api/draft')).json()).toEqual({ draftMode: null })
    expect(readRouter(await app.get('/minute/router', { headers })).isPreview).toBe(true)
    expect(readRouter(await app.get('/minute/router')).isPreview).toBe(false)
    const server = await app.get('/server', { headers })
    expect(readRouter(server).isPreview).toBe(true)
    expect(app.source.calls('server').at(-1)!.detail).toMatchObject({ draftMode: true })
  })

  it('W18 notFound and redirect of a draft are never stored', async () => {
    app.source.set('any/draft-none', { result: '{ notFound: true, revalidate: 60 }' })
    const absent = await app.get('/any/draft-none', { headers })
    expectPrivate(absent, 404)
    expectPrivate(await app.data('/any/draft-none', { headers }), 404)
    app.source.set('any/draft-moved', { result: "{ redirect: { destination: '/x', permanent: true } }" })
    const moved = await app.get('/any/draft-moved', { headers })
    expectPrivate(moved, 308)
    expect(moved.headers['location']).toBe('/x')
    // Nothing of both is in the cache.
    app.source.set('any/draft-none', { value: 'here' })
    app.source.set('any/draft-moved', { value: 'here' })
    expect((await app.get('/any/draft-none')).status).toBe(200)
    expect((await app.get('/any/draft-moved')).status).toBe(200)
  })

  it('W18 what a draft cookie touches on other pages is never stored', async () => {
    const server = await app.get(`/server?cache=${encodeURIComponent('public, s-maxage=60')}`, { headers })
    expect(server.headers['cache-control']).toBe(NOSTORE)
    expect((await app.get('/api/draft', { headers })).headers['cache-control']).toBe(NOSTORE)
  })

  it.each([
    ['made up', '__isr_draft=enabled'],
    ['empty', '__isr_draft='],
    ['of another name', '__prerender_bypass=1; __next_preview_data=x'],
    ['tampered with', 'tampered'],
    ['of another build', `__isr_draft=${'A'.repeat(43)}`],
  ])('W18 a cookie that is %s is as none', async (label, cookie) => {
    const real = headers.cookie
    const wrong = cookie === 'tampered' ? real.slice(0, -1) + (real.endsWith('A') ? 'B' : 'A') : cookie
    const name = `minute/cookie-${label.replaceAll(/\W/g, '')}`
    const first = await app.get(`/${name}`)
    const answer = await app.get(`/${name}`, { headers: { cookie: wrong } })
    expect([answer.status, answer.cache, answer.text]).toEqual([200, 'HIT', first.text])
    expect(answer.headers['cache-control']).toMatch(/^s-maxage=/)
    expect(answer.headers).not.toHaveProperty('set-cookie')
    expect(app.source.count(name)).toBe(1)
    expect((await app.get('/api/draft', { headers: { cookie: wrong } })).json()).toEqual({ draftMode: null })
  })

  it('W18 the cookie of one build opens no drafts of another', async () => {
    const { cookie } = headers
    await app.server.stop()
    await app.site.build()
    await app.restart()
    const answer = await app.get('/minute/built', { headers: { cookie } })
    expect(answer.cache).toBe('HIT')
    expect((await app.get('/api/draft', { headers: { cookie } })).json()).toEqual({ draftMode: null })
  })
})

/** An editor's way through the site, and at each step what the public sees. */
describe.each(['start', 'preview', 'dev'] as const)('a draft from beginning to end in `%s`', (mode) => {
  let site: Site
  let server: ServerProcess

  beforeAll(async () => {
    site = await createSite({ app: 'cache' })
    if (mode !== 'dev') await site.build()
    server = await site.serve(mode)
  })

  afterAll(async () => {
    await site?.dispose()
  })

  it('D01 D03 is enabled by an API route, shows what is not published, and is disabled again', async () => {
    const result = '{ props: { value: context.draftMode ? value.draft : value.published }, revalidate: 60 }'
    const unpublished = 'context.draftMode ? { props: { value: value.draft } } : { notFound: true, revalidate: 60 }'
    site.source.set('any/story', { value: { draft: 'new words', published: 'old words' }, result })
    site.source.set('any/coming', { value: { draft: 'not yet' }, result: unpublished })
    const read = async (path: string, cookie?: string) => {
      const answer = await send(server, path, { headers: cookie === undefined ? {} : { cookie } })
      return readValue(answer) ?? answer.status
    }
    const expectPublic = async () => {
      expect(await read('/any/story')).toBe('old words')
      expect(await read('/any/coming')).toBe(404)
    }
    await expectPublic()

    const enabled = await setDraft(server, true)
    expect(enabled.headers['set-cookie']).toContain(mode === 'dev' ? 'SameSite=Lax' : 'SameSite=None')
    expect(enabled.headers['set-cookie']!.includes('Secure')).toBe(mode !== 'dev')
    const cookie = toCookie(enabled)
    expect(await read('/any/story', cookie)).toBe('new words')
    expect(await read('/any/coming', cookie)).toBe('not yet')
    await expectPublic()

    // The editor sees each change at once; the public does not.
    site.source.set('any/story', { value: { draft: 'better words', published: 'old words' }, result })
    expect(await read('/any/story', cookie)).toBe('better words')
    const { buildId } = readPageData(await send(server, '/any/story', { headers: { cookie } }))
    const data = await send(server, toDataPath(buildId, '/any/story'), { headers: { cookie } })
    expect(data.json()).toEqual({ pageProps: { value: 'better words' } })
    await expectPublic()

    const disabled = await setDraft(server, false, cookie)
    expect(disabled.headers['set-cookie']).toMatch(/^__isr_draft=;.*Expires=Thu, 01 Jan 1970/)
    // A browser drops the cookie; what is left of it opens nothing.
    expect(await read('/any/story', toCookie(disabled))).toBe('old words')
    expect(await read('/any/coming', toCookie(disabled))).toBe(404)
    await expectPublic()
    if (mode !== 'dev') {
      expect((await send(server, '/any/story')).cache).toBe('HIT')
      const calls = site.source.calls('any/story').filter(({ detail }) => detail.draftMode !== true)
      expect(calls).toHaveLength(1)
    }
  })
})
