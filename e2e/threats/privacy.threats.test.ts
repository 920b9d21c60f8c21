/** Section 2: nothing private is kept, and nothing kept is private. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { NOSTORE, type Answer } from '../harness/http.ts'
import { MODES, SECRET, settle, toPublic, useJournal } from './journal.ts'

describe.each(MODES)('in the mode %s', (mode) => {
  const journal = useJournal({ mode })

  it('SEC-33 SEC-34 P11 what a page of one visitor sets is sent to that visitor and never kept', async () => {
    const before = await journal.listEntries()
    for (const target of ['/account', ...journal.dataPrefixes.map((prefix) => `${prefix}/account.json`)]) {
      const first = await journal.get(target, { headers: { cookie: 'session=alice', authorization: 'Bearer alice' } })
      expect(first.text).toContain('alice')
      expect(first.headers).toMatchObject({
        'cache-control': NOSTORE,
        'set-cookie': 'session=from-the-page',
        'x-own': 'set by the page',
      })
      expect(first.headers).not.toHaveProperty('x-isr-cache')
      const other = await journal.get(target)
      expect(other.text).not.toContain('alice')
    }
    expect(await journal.listEntries()).toEqual(before)
    expect(await journal.readEntries()).not.toContain('alice')
  })

  it('SEC-33 SEC-34 what a server page says about caching is its own, and keeps nothing here', async () => {
    for (const control of [
      'private',
      'no-store',
      'NO-CACHE',
      'max-age=0',
      's-maxage=0',
      'public, s-maxage=60',
      'PRIVATE , max-age=60',
    ]) {
      const query = `?cache-control=${encodeURIComponent(control)}&vary=Cookie,%20Accept-Language&set-cookie=a%3D1`
      for (const how of ['props', 'redirect', 'missing']) {
        const { headers } = await journal.get(`/server/${how}${query}`)
        expect([headers['cache-control'], headers['set-cookie']]).toEqual([control, 'a=1'])
        expect(headers['vary']).toContain('Cookie, Accept-Language')
        expect(headers).not.toHaveProperty('x-isr-cache')
      }
      // A failure is nothing that anybody may keep, whatever was said before it.
      const failed = await journal.get(`/server/error${query}`)
      expect([failed.status, failed.headers['cache-control']]).toEqual([500, NOSTORE])
    }
    const other = await journal.get('/server/props')
    expect(other.headers['cache-control']).toBe(NOSTORE)
    expect(other.headers).not.toHaveProperty('set-cookie')
  })

  it('SEC-34 SEC-35 SEC-37 P6 credentials never come to the render of a public page, in front of it or behind it', async () => {
    const headers = { authorization: 'Bearer mallory', cookie: 'session=mallory', 'proxy-authorization': 'mallory' }
    for (const path of ['/p/with-credentials', '/second/with-credentials']) {
      const mine = await journal.get(path, { headers })
      expect([mine.status, mine.cache]).toEqual([200, 'MISS'])
      expect(toPublic(await settle(journal, path))).toMatchObject({
        status: 200,
        text: expect.not.stringContaining('mallory'),
      })
    }
    await eventually(async () => {
      const { cache } = await journal.get('/second/with-credentials', { headers })
      expect(cache).toBe('STALE')
    })
    await settle(journal, '/second/with-credentials')
    for (const { detail } of journal.source.calls('second/with-credentials')) {
      expect(JSON.stringify(detail)).not.toContain('mallory')
      expect(detail).toHaveLength(1)
      expect(detail[0]).not.toHaveProperty('req')
      expect(detail[0]).not.toHaveProperty('res')
    }
    expect(await journal.readEntries()).not.toContain('mallory')
  })

  it('SEC-41 an ETag names one representation, and a 304 says what the 200 said', async () => {
    const urls = ['/p/built', '/p/other', ...journal.dataPrefixes.map((prefix) => `${prefix}/p/built.json`), '/plain']
    const etags = new Map<string, string>()
    for (const url of urls) {
      for (const encoding of ['identity', 'br', 'gzip', 'zstd']) {
        await settle(journal, url)
        const answer = await journal.get(url, { headers: { 'accept-encoding': encoding } })
        const etag = answer.headers['etag']!
        expect(etag).toMatch(/^"[\w-]{27,}"$/)
        const bytes = createHash('sha256').update(answer.headers['content-type']!).update(answer.body).digest('hex')
        // The same bytes under two addresses may share a name; other bytes never do.
        expect(etags.get(etag) ?? bytes).toBe(bytes)
        etags.set(etag, bytes)
      }
    }
    const all = [...etags.keys()]
    expect(all.length).toBeGreaterThanOrEqual(urls.length)
    for (const url of urls) {
      const whole = await settle(journal, url)
      const own = whole.headers['etag']!
      const ask = (value: string | readonly string[], more = {}) =>
        journal.get(url, { headers: { 'if-none-match': value, ...more } })
      for (const etag of all.filter((etag) => etag !== own)) {
        // Of the same path in another encoding, of the data, of another page.
        if (journal.dataPrefixes.length > 1 && etags.get(etag) === etags.get(own)) continue
        expect((await ask(etag)).status, `${url} ${etag}`).toBe(200)
      }
      for (const match of [own, `W/${own}`, '*', `"a", ${own}`, ['"a"', own]]) {
        const confirmed = await ask(match, { 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' })
        expect([confirmed.status, confirmed.body.byteLength]).toEqual([304, 0])
        for (const name of ['etag', 'cache-control', 'vary']) {
          const [one, other] = [confirmed, whole].map(({ headers }) => headers[name]?.replace(/s-maxage=\d+/, ''))
          expect(one, name).toBe(other)
        }
      }
      for (const miss of [
        own.slice(1, -1),
        `${own}x`,
        own.slice(0, -1),
        `"${own}"`,
        '"a',
        '',
        ',',
        `${'"x",'.repeat(2000)}${own}`,
      ]) {
        expect((await ask(miss)).status, miss.slice(0, 40)).toBe(200)
      }
      // Without `If-None-Match` no date confirms anything.
      const dated = await journal.get(url, {
        headers: { 'if-modified-since': new Date(Date.now() + 1e8).toUTCString() },
      })
      expect(dated.status).toBe(200)
    }
  })

  it('SEC-42 P11 what user code throws is told to nobody but the log', async () => {
    for (const kind of ['error', 'string', 'object', 'thrower', 'response', 'null']) {
      const targets = [
        `/broken/data-${kind}`,
        `/broken/render-${kind}`,
        ...journal.dataPrefixes.map((prefix) => `${prefix}/broken/data-${kind}.json`),
        `/api/broken?how=${kind}`,
      ]
      for (const target of targets) {
        for (const headers of [{}, { accept: 'application/json', 'x-nextjs-data': '1' }]) {
          const answer = await journal.get(target, { headers })
          expect([answer.status, answer.headers['cache-control']], target).toEqual([500, NOSTORE])
          expect(JSON.stringify([answer.reason, answer.rawHeaders, answer.text])).not.toContain(SECRET)
          expect(answer.text).not.toMatch(/node_modules|\.m?js:\d|at \w+ \(/)
        }
      }
    }
    for (const target of [
      '/server/error',
      '/broken-document',
      ...journal.dataPrefixes.map((prefix) => `${prefix}/server/error.json`),
    ]) {
      const answer = await journal.get(target)
      expect([answer.status, answer.headers['cache-control']], target).toEqual([500, NOSTORE])
      expect(JSON.stringify([answer.reason, answer.rawHeaders, answer.text])).not.toContain(SECRET)
    }
    expect(journal.server.output()).toContain(SECRET)
    expect(await journal.readEntries()).not.toContain(SECRET)
    await journal.expectAlive()
  })

  it('SEC-43 a draft is made for one visitor, whoever waits for the same page', async () => {
    const handed = await journal.get('/api/draft')
    const cookie = handed.headers['set-cookie']!.split(';', 1)[0]!
    expect(handed.headers['cache-control']).toBe(NOSTORE)
    const isDraft = ({ text }: Answer) => text.includes('draftMode')
    const expectDraft = (answer: Answer) => {
      expect([answer.status, answer.cache, answer.headers['cache-control']]).toEqual([200, 'BYPASS', NOSTORE])
      expect(isDraft(answer)).toBe(true)
    }
    // Both wait for the data of the same cold path: the draft first, and the visitor first.
    for (const order of ['draft-first', 'visitor-first']) {
      const path = `/p/${order}`
      const hold = journal.source.hold(path.slice(1))
      const asks = [() => journal.get(path, { headers: { cookie } }), () => journal.get(path)]
      const [first, second] = order === 'draft-first' ? asks : asks.toReversed()
      const one = first!()
      await hold.waiting
      const other = second!()
      await eventually(() => expect(journal.source.count(path.slice(1))).toBe(2))
      hold.release()
      const answers = await Promise.all([one, other])
      const [draft, open] = order === 'draft-first' ? answers : answers.toReversed()
      expectDraft(draft!)
      expect([open!.status, open!.cache, isDraft(open!)]).toEqual([200, 'MISS', false])
      expect(toPublic(await settle(journal, path))).toMatchObject({ text: open!.text })
    }
    // A cold path, a stale one, one whose address is data, one that shows a shell.
    await settle(journal, '/second/draft')
    await eventually(async () => {
      expect((await journal.get('/second/draft', { headers: { purpose: 'prefetch' } })).cache).toBe('STALE')
    })
    for (const target of [
      '/p/draft',
      '/second/draft',
      '/shell/draft',
      ...journal.dataPrefixes.map((prefix) => `${prefix}/p/draft.json`),
    ]) {
      expectDraft(await journal.get(target, { headers: { cookie } }))
    }
    expect((await journal.get('/second/draft', { headers: { purpose: 'prefetch' } })).cache).toBe('STALE')
    for (const target of ['/p/draft', '/second/draft', '/shell/draft']) {
      const clean = await settle(journal, target)
      expect([clean.status, isDraft(clean)]).toEqual([200, false])
    }
    expect(await journal.readEntries()).not.toContain('draftMode')
  })

  it('SEC-43 SEC-90 only the whole signature of this build opens a draft', async () => {
    const handed = await journal.get('/api/draft')
    const [name = '', value = ''] = handed.headers['set-cookie']!.split(';', 1)[0]!.split('=')
    const isOpen = async (cookie: string) => {
      const echo = await journal.get('/api/echo', { headers: { cookie } })
      return (echo.json() as { draft: boolean }).draft
    }
    expect(await isOpen(`${name}=${value}`)).toBe(true)
    expect(await isOpen(`a=b; ${name}=${value}; c`)).toBe(true)
    const forged = [
      '',
      '1',
      'true',
      value.slice(0, -1),
      `${value}A`,
      value.toLowerCase(),
      `${value.slice(0, -1)}${value.endsWith('A') ? 'B' : 'A'}`,
      encodeURIComponent(`${value}\0`),
      value.split('').toReversed().join(''),
      'x'.repeat(8000),
      '%',
      `${value}%`,
      `"${value}`,
    ]
    for (const text of forged) expect(await isOpen(`${name}=${text}`), text.slice(0, 60)).toBe(false)
    for (const other of [`X${name}`, name.toUpperCase(), `${name}x`, 'x']) {
      expect(await isOpen(`${other}=${value}`), other).toBe(false)
    }
    // The first of two is the one: a cookie that somebody else could add does not take an open draft's place.
    expect(await isOpen(`x=${name}=${value}`)).toBe(false)
    for (const header of ['x-prerender-bypass', 'x-isr-draft', 'authorization']) {
      const answer = await journal.get('/p/built', { headers: { [header]: value } })
      expect(answer.cache).toBe('HIT')
    }
  })
})

describe('a new build', () => {
  const journal = useJournal()

  it('SEC-43 ends all drafts', async () => {
    const handed = await journal.get('/api/draft')
    const cookie = handed.headers['set-cookie']!.split(';', 1)[0]!
    expect((await journal.get('/p/built', { headers: { cookie } })).cache).toBe('BYPASS')
    await journal.server.stop()
    await journal.site.build()
    await journal.restart()
    const answer = await journal.get('/p/built', { headers: { cookie } })
    expect([answer.status, answer.cache]).toEqual([200, 'HIT'])
  })
})
