import { describe, expect, it } from 'vitest'
import { BOT, BROWSER, isPrivate, readLifetime, readPageData, readValue, useCacheApp } from '../harness/cache-app.ts'
import { eventually } from '../harness/eventually.ts'
import { NOSTORE, send, type Answer } from '../harness/http.ts'

const visitor = { headers: { 'user-agent': BROWSER } }
const bot = { headers: { 'user-agent': BOT } }

describe('fallback', () => {
  const app = useCacheApp({}, (source) => source.set('shell/built', { value: 'at build' }))

  function expectShell(answer: Answer) {
    expect([answer.status, answer.cache, answer.headers['cache-control']]).toEqual([200, 'MISS', NOSTORE])
    expect(readPageData(answer)).toMatchObject({ isFallback: true, query: {}, pageProps: {} })
    expect(readValue(answer)).toBe('loading')
  }

  it('F01 fallback: false is a 404 for what is not listed', async () => {
    for (const answer of [await app.get('/listed/four'), await app.data('/listed/four')]) {
      expect(answer.status).toBe(404)
      expect(isPrivate(answer)).toBe(true)
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
      expect(answer.text).toContain('404: This page could not be found.')
    }
    expect((await app.get('/listed/four', bot)).status).toBe(404)
    expect(app.source.count('listed/four')).toBe(0)
  })

  it('F02 fallback: false is usual ISR for what is listed', async () => {
    await app.untilStale('/listed/one')
    // Long enough for a busy machine to see it fresh.
    app.source.set('listed/one', { value: 'listed/one 2', revalidate: 600 })
    const stale = await app.get('/listed/one')
    expect([stale.cache, readValue(stale)]).toEqual(['STALE', 'listed/one 1'])
    const renewed = await eventually(async () => {
      const answer = await app.get('/listed/one', { headers: { purpose: 'prefetch' } })
      expect(answer.cache).toBe('HIT')
      return answer
    })
    expect(readValue(renewed)).toBe('listed/one 2')
    expect((await app.data('/listed/one')).json()).toEqual({ pageProps: { value: 'listed/one 2' } })
    expect(app.source.count('listed/one')).toBe(2)
  })

  it("F03 fallback: 'blocking' waits for the page once", async () => {
    const hold = app.source.hold('minute/unknown')
    let isAnswered = false
    const asked = app.get('/minute/unknown', visitor).finally(() => (isAnswered = true))
    await hold.waiting
    // Another page goes through meanwhile, and the visitor of this one still waits.
    await app.get('/minute/other', visitor)
    expect(isAnswered).toBe(false)
    hold.release()
    const first = await asked
    expect([first.status, first.cache, readValue(first)]).toEqual([200, 'MISS', 'minute/unknown 1'])
    expect(readLifetime(first).fresh).toBe(60)
    const next = await app.get('/minute/unknown', visitor)
    expect([next.status, next.cache, next.text]).toEqual([200, 'HIT', first.text])
    expect(app.source.count('minute/unknown')).toBe(1)
  })

  it('F04 W19 fallback: true answers with the shell at once and generates behind it', async () => {
    const hold = app.source.hold('shell/new')
    // The page is held back: an answer can only be the shell.
    expectShell(await app.get('/shell/new', visitor))
    await hold.waiting
    expectShell(await app.get('/shell/new?utm=mail', visitor))
    expect(app.source.count('shell/new')).toBe(1)
    hold.release()
    const page = await eventually(async () => {
      const answer = await app.get('/shell/new', visitor)
      expect(answer.cache).toBe('HIT')
      return answer
    })
    expect(readValue(page)).toBe('shell/new 1')
    expect(readLifetime(page).fresh).toBeGreaterThan(50)
    expect(app.source.count('shell/new')).toBe(1)
  })

  it('F04 a client without a user agent is an ordinary one', async () => {
    expectShell(await app.get('/shell/nameless'))
  })

  it('F05 after the data was fetched the page is a HIT', async () => {
    const hold = app.source.hold('shell/data')
    expectShell(await app.get('/shell/data', visitor))
    await hold.waiting
    const asked = app.data('/shell/data?slug=data')
    hold.release()
    const data = await asked
    expect([data.status, data.json()]).toEqual([200, { pageProps: { value: 'shell/data 1' } }])
    const page = await app.get('/shell/data', visitor)
    expect([page.cache, readValue(page)]).toEqual(['HIT', 'shell/data 1'])
    expect(app.source.count('shell/data')).toBe(1)
  })

  it('F06 W19 fallback: true makes bots wait', async () => {
    const answer = await app.get('/shell/for-bots', bot)
    expect([answer.status, answer.cache, readValue(answer)]).toEqual([200, 'MISS', 'shell/for-bots 1'])
    expect(readLifetime(answer).fresh).toBe(60)
    expect(readPageData(answer)).toMatchObject({ isFallback: false, query: { slug: 'for-bots' } })
    expect((await app.get('/shell/for-bots', visitor)).cache).toBe('HIT')
    app.source.set('shell/no-such', { result: '{ notFound: true }' })
    const absent = await app.get('/shell/no-such', bot)
    expect([absent.status, absent.cache]).toEqual([404, 'MISS'])
  })

  it('F06 who is a bot can be told by an option', async () => {
    await app.site.write({
      'own-server.mjs': `import { createServer } from 'node:http'
import { createIsrHandler } from 'vite-plugin-isr/runtime'
const handler = createIsrHandler({ dist: 'dist', isBot: (userAgent) => userAgent === 'patient' })
createServer(handler).listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
`,
    })
    const own = await app.site.serve('own-server.mjs')
    const patient = await send(own, '/shell/own-bot', { headers: { 'user-agent': 'patient' } })
    expect([patient.cache, readValue(patient)]).toEqual(['MISS', 'shell/own-bot 1'])
    expectShell(await send(own, '/shell/own-visitor', bot))
  })

  it('F09 fallback: true with a failing page: shell 200, data 500, nothing stored', async () => {
    app.source.fail('shell/broken', 'secret-of-the-database')
    expectShell(await app.get('/shell/broken', visitor))
    const data = await app.data('/shell/broken')
    expect(data.status).toBe(500)
    expect(isPrivate(data)).toBe(true)
    expect(data.text).not.toContain('secret-of-the-database')
    expectShell(await app.get('/shell/broken', visitor))
    const forBot = await app.get('/shell/broken', bot)
    expect(forBot.status).toBe(500)
    expect(isPrivate(forBot)).toBe(true)
    app.source.heal('shell/broken')
    const healed = await app.data('/shell/broken')
    expect(healed.status).toBe(200)
    expect((await app.get('/shell/broken', visitor)).cache).toBe('HIT')
  })

  it('F11 what the browser gets for a shell: data, notFound, redirect or 500', async () => {
    expect((await app.data('/shell/filled?slug=filled')).json()).toEqual({ pageProps: { value: 'shell/filled 1' } })
    app.source.set('shell/gone', { result: '{ notFound: true, revalidate: 7 }' })
    const gone = await app.data('/shell/gone?slug=gone')
    expect([gone.status, gone.json(), gone.cache]).toEqual([404, { notFound: true }, 'MISS'])
    expect(gone.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(readLifetime(gone).fresh).toBe(7)
    app.source.set('shell/moved', { result: "{ redirect: { destination: '/plain', permanent: false } }" })
    const moved = await app.data('/shell/moved?slug=moved')
    expect([moved.status, moved.cache]).toEqual([200, 'MISS'])
    expect(moved.json()).toEqual({ redirect: { destination: '/plain', statusCode: 307 } })
    expect((await app.get('/shell/gone', visitor)).status).toBe(404)
    expect((await app.get('/shell/moved', visitor)).status).toBe(307)
  })

  it('F13 the query of a shell is empty, whatever was asked', async () => {
    const hold = app.source.hold('shell/asked')
    const shell = await app.get('/shell/asked?slug=evil&a=1', visitor)
    hold.release()
    expectShell(shell)
    expect(shell.text).not.toContain('evil')
    // One shell for all paths.
    const other = await app.get('/shell/asked-too', visitor)
    expect(other.text).toBe(shell.text)
  })
})
