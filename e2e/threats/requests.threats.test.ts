/** Section 1: nothing in a request but its path decides what a public page's answer is, or what is kept of it. */
import { describe, expect, it } from 'vitest'
import { isLong } from '../../scripts/flags.ts'
import { eventually } from '../harness/eventually.ts'
import { NOSTORE, sendRaw, type Answer, type SendOptions } from '../harness/http.ts'
import { LONG_TIMEOUT_MS, MODES, settle, toPublic, useJournal, type Journal } from './journal.ts'
import { INTERNAL_HEADERS, INTERNAL_QUERY } from './signals.ts'

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

/** Values that switched a peer's answer, by the header that did it. */
const SWITCHES: Readonly<Record<string, readonly string[]>> = {
  accept: ['application/json', 'text/x-component', 'text/markdown', '*/*;q=0.1'],
  'x-middleware-subrequest': [
    'middleware:middleware:middleware:middleware:middleware',
    'src/middleware:src/middleware:src/middleware:src/middleware:src/middleware',
    'pages/_middleware',
  ],
  'x-http-method-override': ['POST', 'HEAD', 'DELETE'],
  'x-forwarded-proto': ['http', 'https, http', 'javascript'],
  'x-forwarded-host': ['evil.example', 'evil.example:443', '//evil.example', 'a, b'],
  'x-forwarded-prefix': ['//evil.example', '/%2e%2e/', '/\\evil.example'],
  'x-invoke-status': ['404', '500'],
  'x-vinext-state': ['{}', '{"r":"http://127.0.0.1:1/"}'],
  cookie: ['__prerender_bypass=1', '__isr_draft=1; __next_preview_data=x', 'a=b'],
  'sec-fetch-dest': ['script', 'empty'],
}
const VALUES = ['1', '0', 'true', 'prefetch', '', '{}', '/account', '[]']

describe.each(MODES)('in the mode %s', (mode) => {
  const journal = useJournal({ mode, options: 'cache: { memoryBytes: 100_000, diskEntries: 64 },' })

  /** One of each kind of answer, all of them warm. */
  const toTargets = (): string[] => [
    '/p/built',
    '/p/target',
    ...journal.dataPrefixes.map((prefix) => `${prefix}/p/target.json`),
    '/all/a/b',
    '/plain',
    '/gone/x',
    '/moved',
    ...journal.dataPrefixes.map((prefix) => `${prefix}/moved.json`),
    '/broken/data-error',
    '/no/such/page',
    '/robots.txt',
    '/assets/nope-12345678.js',
    '/server/props',
    '/server/redirect',
    '/server/missing',
  ]

  /** What it answers to everybody is what it answered before. */
  async function expectUnchanged(attacks: readonly SendOptions[], targets = toTargets()): Promise<void> {
    for (const target of targets) {
      const before = toPublic(await settle(journal, target))
      for (const attack of attacks) {
        const answer = await journal.get(target, attack)
        expect(toPublic(answer), `${target} ${JSON.stringify(attack.headers)}`).toEqual(before)
      }
      expect(toPublic(await journal.get(target)), `${target} afterwards`).toEqual(before)
    }
  }

  it('SEC-03 SEC-05 SEC-07 SEC-12 SEC-13 SEC-17 SEC-73 SEC-74 SEC-76 SEC-83 P6 no header switches what a URL is', async () => {
    const single = INTERNAL_HEADERS.flatMap((name) =>
      [...(Object.hasOwn(SWITCHES, name) ? SWITCHES[name]! : []), VALUES[name.length % VALUES.length]!].map(
        (value) => ({
          headers: { [name]: value },
        }),
      ),
    )
    const all = VALUES.map((value) => ({
      headers: Object.fromEntries(INTERNAL_HEADERS.map((name) => [name, [value, value]] as const)),
    }))
    // Each of them one by one against the pages that are kept, and all of them together against everything.
    await expectUnchanged(single, ['/p/target', `${journal.dataPrefixes.at(-1)}/p/target.json`, '/moved', '/gone/x'])
    await expectUnchanged(all)
    await journal.expectAlive()
  })

  it('SEC-05 SEC-83 answers name what they vary by, and allow no other origin to read them', async () => {
    for (const target of ['/p/built', `${journal.dataPrefixes[0]}/p/built.json`]) {
      const { headers } = await journal.get(target, { headers: { origin: 'https://evil.example' } })
      expect(headers['vary']).toBe('Accept-Encoding')
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
  })

  it('SEC-07 a redirect is an ordinary one, whoever asks', async () => {
    for (const name of ['x-nextjs-data', 'x-isr-data', 'rsc']) {
      const answer = await journal.get('/moved', { headers: { [name]: '1' } })
      expect([answer.status, answer.headers['location']]).toEqual([307, '/p/target'])
      expect(answer.headers).not.toHaveProperty('x-nextjs-redirect')
    }
  })

  it('SEC-10 P6 query keys that frameworks keep for themselves do nothing', async () => {
    const before = await settle(journal, '/p/target')
    for (const name of INTERNAL_QUERY) {
      for (const value of ['/account', '1', '/p/built']) {
        const answer = await journal.get(`/p/target?${name}=${encodeURIComponent(value)}`)
        expect(toPublic(answer), name).toEqual(toPublic(before))
      }
    }
    const asset = await journal.get('/assets/nope-12345678.js?__pathname=/p/target')
    expect([asset.status, asset.headers['cache-control']]).toEqual([404, NOSTORE])
    expect(asset.headers['content-type']).toBe('text/plain; charset=utf-8')
  })

  it('SEC-11 no error about a file may be kept for long', async () => {
    const [hashed = ''] = (await journal.site.list('dist/client/assets')).filter((file) => file.endsWith('.js'))
    for (const path of [`/assets/${hashed}`, '/robots.txt']) {
      for (const [headers, statuses] of [
        [{ 'if-match': '"zzz"' }, [412]],
        [{ 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }, [412]],
        [{ range: 'bytes=99999999-' }, [416]],
      ] as const) {
        const answer = await journal.get(path, { headers })
        expect(statuses).toContain(answer.status)
        expect(answer.headers['cache-control'] ?? NOSTORE).toBe(NOSTORE)
      }
    }
    for (const path of ['/assets/nope-12345678.js', `/assets/${hashed}.map`, '/assets/', '/robots.txt.bak']) {
      const answer = await journal.get(path)
      expect([answer.status, answer.headers['cache-control']]).toEqual([404, NOSTORE])
    }
  })

  it('SEC-21 SEC-35 SEC-37 SEC-80 P6 a canary in every part of a request is in no kept byte, and no data function sees it', async () => {
    const canary = `canary${Math.random().toString(36).slice(2, 12)}`
    const headers = Object.fromEntries(INTERNAL_HEADERS.map((name) => [name, `${canary}-${name}`] as const))
    const attack: SendOptions = {
      headers: {
        ...headers,
        host: `${canary}.example`,
        'user-agent': `${canary} ${BROWSER}`,
        cookie: `session=${canary}; __isr_draft=${canary}; ${canary}=1; slug=${canary}`,
        authorization: `Bearer ${canary}`,
        'accept-language': canary,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: `slug=${canary}&path=${canary}`,
    }
    const query = `?utm_content=${canary}&a=1;b=${canary}&slug=${canary}&slug=${canary}&${canary}&q=${canary}%00#${canary}`
    // Cold, stale, redirecting, absent and ready ones: each is made or made anew by the attacker's request.
    const paths = ['/p/cold', '/all/cold/one', '/second/built', '/second/aged', '/old/p/target', '/gone/cold', '/moved']
    const clean = await settle(journal, '/second/aged').then(toPublic)
    expect(clean).toBeDefined()
    await eventually(async () => {
      const { cache } = await journal.get('/second/aged', { headers: { purpose: 'prefetch' } })
      expect(cache).toBe('STALE')
    })
    journal.source.forget()
    const entries = new Set(await journal.listEntries())
    for (const path of paths) {
      for (const target of [path, ...journal.dataPrefixes.map((prefix) => `${prefix}${path}.json`)]) {
        const answers = [await journal.get(target + query, attack), await journal.get(target + query, attack)]
        for (const { rawHeaders, text } of answers) {
          expect(JSON.stringify([rawHeaders, text])).not.toContain(canary)
        }
      }
    }
    // The shell is for nobody in particular; what it makes in the background is the page.
    const shell = await journal.get(`/shell/cold${query}`, attack)
    expect(JSON.stringify([shell.rawHeaders, shell.text])).not.toContain(canary)

    for (const path of [...paths, '/shell/cold']) {
      const answer = await journal.get(path)
      expect(JSON.stringify([answer.rawHeaders, answer.text]), path).not.toContain(canary)
      for (const encoding of ['br', 'gzip', 'zstd']) {
        const packed = await journal.get(path, { headers: { 'accept-encoding': encoding } })
        expect(packed.headers['content-encoding'] ?? 'none').toMatch(new RegExp(`^(${encoding}|none)$`))
      }
    }
    const names = ['p/cold', 'all', 'second/built', 'second/aged', 'shell/cold']
    for (const name of names) {
      const calls = journal.source.calls(name)
      expect(calls.length, name).toBeGreaterThan(0)
      for (const { detail } of calls) {
        expect(detail).toHaveLength(1)
        const known = ['params', 'revalidateReason', 'locales', 'locale', 'defaultLocale']
        expect(Object.keys(detail[0] as object).filter((key) => !known.includes(key))).toEqual([])
        expect(JSON.stringify(detail)).not.toContain(canary)
      }
    }
    await eventually(async () => {
      const added = (await journal.listEntries()).filter((file) => !entries.has(file))
      expect(added.length).toBeGreaterThanOrEqual(5)
    })
    expect(await journal.readEntries()).not.toContain(canary)
    expect(journal.server.output()).not.toContain(canary)
  })

  it(
    'SEC-18 P7 random values in every header leave one entry of a path',
    async () => {
      await settle(journal, '/p/one')
      const count = async () => (await journal.listEntries()).length
      await eventually(async () => expect(await journal.readEntries()).toContain('/p/one'))
      const before = await count()
      journal.source.forget()
      const requests = isLong ? 100_000 : 1_000
      for (let sent = 0; sent < requests; sent += 50) {
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, index) => {
            const value = Math.random().toString(36)
            const from = ((sent + index) * 7) % INTERNAL_HEADERS.length
            const headers = Object.fromEntries(
              INTERNAL_HEADERS.slice(from, from + 9).map((name) => [name, value] as const),
            )
            return journal.get(`/p/one?${value}=${value}`, { headers })
          }),
        )
        expect(answers.every(({ status, cache }) => status === 200 && cache === 'HIT')).toBe(true)
      }
      expect(await count()).toBe(before)
      expect(journal.source.count('p/one')).toBe(0)
    },
    LONG_TIMEOUT_MS,
  )

  it(
    'SEC-02 SEC-22 P4 a crowd of mixed requests on a path that is cold, evicted, stale or being revalidated: each URL its own type, one render',
    async () => {
      const rounds = isLong ? 10_000 : 12
      const types = { html: 'text/html; charset=utf-8', data: 'application/json; charset=utf-8' }
      for (let round = 0; round < rounds; round += 1) {
        const slug = `round-${round}`
        const kind = (['cold', 'evicted', 'stale', 'revalidated'] as const)[round % 4]!
        const page = kind === 'stale' || kind === 'revalidated' ? '/second/built' : `/p/${slug}`
        const name = page.slice(1)
        if (kind === 'evicted') {
          await settle(journal, page)
          await evict(journal, page)
        }
        if (kind === 'stale') {
          await eventually(async () => {
            const { cache } = await journal.get(page, { headers: { purpose: 'prefetch' } })
            expect(cache).toBe('STALE')
          })
        }
        journal.source.forget()
        const forms = [page, ...journal.dataPrefixes.map((prefix) => `${prefix}${page}.json`)]
        const answers = await Promise.all(
          Array.from({ length: 200 }, async (_, index) => {
            const form = forms[index % forms.length]!
            const header = INTERNAL_HEADERS[(index * 31 + round) % INTERNAL_HEADERS.length]!
            const method = index % 5 === 4 ? 'HEAD' : 'GET'
            if (kind === 'revalidated' && index % 50 === 0) await revalidate(journal, page)
            return {
              form: form === page ? ('html' as const) : ('data' as const),
              method,
              answer: await journal.get(form, { method, headers: { [header]: VALUES[index % VALUES.length]! } }),
            }
          }),
        )
        for (const { form, method, answer } of answers) {
          expect([answer.status, answer.headers['content-type']]).toEqual([200, types[form]])
          const length = Number(answer.headers['content-length'])
          expect(answer.body.byteLength).toBe(method === 'HEAD' ? 0 : length)
          if (method === 'GET')
            expect(answer.text.startsWith(form === 'html' ? '<!DOCTYPE html>' : '{"pageProps"')).toBe(true)
        }
        if (kind === 'cold' || kind === 'evicted') expect(journal.source.count(name), kind).toBe(1)
        // The regeneration that the crowd began, and one more where that was stale again before the last of it.
        if (kind === 'stale') expect(journal.source.count(name)).toBeLessThanOrEqual(2)
        expect((await journal.get(page)).text).toMatch(/^<!DOCTYPE html>/)
      }
      await journal.expectAlive()
    },
    LONG_TIMEOUT_MS,
  )

  it('SEC-22 HEAD is GET without its body, whichever comes first, alone or in a storm', async () => {
    const same = ({ headers, status }: Answer) => [
      status,
      ...['content-length', 'etag', 'content-type', 'vary'].map((name) => headers[name]),
    ]
    for (const [index, target] of [
      '/p/head-0',
      `${journal.dataPrefixes[0]}/p/head-1.json`,
      '/moved',
      '/gone/head',
      '/plain',
      '/server/props',
      '/robots.txt',
    ].entries()) {
      const head = await journal.get(target, { method: 'HEAD' })
      const [get, again] = [await journal.get(target), await journal.get(target, { method: 'HEAD' })]
      expect(head.body.byteLength + again.body.byteLength).toBe(0)
      expect(get.body.byteLength, target).toBe(Number(get.headers['content-length']))
      expect(get.body.byteLength).toBeGreaterThan(0)
      expect(same(head), target).toEqual(same(get))
      expect(same(again)).toEqual(same(get))
      const storm = await Promise.all(
        Array.from({ length: 40 }, (_, number) =>
          journal.get(`/p/storm-${index}`, { method: number % 2 === 0 ? 'HEAD' : 'GET' }),
        ),
      )
      expect(new Set(storm.map((answer) => JSON.stringify(same(answer)))).size).toBe(1)
      const whole = await journal.get(`/p/storm-${index}`)
      expect(whole.body.byteLength).toBe(Number(whole.headers['content-length']))
    }
  })

  it('SEC-27 names of object members are ordinary slugs, keys and cookies', async () => {
    for (const name of [
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      'valueOf',
      'prototype',
      '__defineGetter__',
    ]) {
      const answer = await journal.get(`/p/${name}`)
      expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
      expect(answer.text).toContain(`&quot;asPath&quot;:&quot;/p/${name}&quot;`)
      expect((await journal.get(`/${name}`)).status).toBe(404)
      expect((await journal.get(`/api/${name}`)).status).toBe(404)
      expect((await journal.get(`/_isr/data/${name}/p/built.json`)).status).toBe(404)
      const echo = await journal.get(`/api/echo?${name}=1&a=${name}`, {
        method: 'POST',
        headers: { cookie: `${name}=1; a=${name}`, 'content-type': 'application/json' },
        body: `{"${name}":{"polluted":1}}`,
      })
      expect(echo.status).toBe(200)
      expect(echo.json().query.a).toBe(name)
      expect(echo.json().cookies.a).toBe(name)
    }
    const clean = await journal.get('/api/echo')
    expect(clean.json()).toEqual({ query: {}, cookies: {}, body: '', draft: false })
    await journal.expectAlive()
  })

  it('SEC-29 SEC-46 every spelling of a path shows the one canonical path, from one entry', async () => {
    journal.source.forget()
    const spellings = [
      '/p/caf%C3%A9-~x',
      '/p/caf%c3%a9-%7Ex',
      '/%70/%63af%C3%A9-~x',
      'http://evil.example/p/caf%C3%A9-~x',
    ]
    const texts = new Set<string>()
    for (const spelling of spellings) {
      const { status, text } = await sendRaw(
        journal.server,
        `GET ${spelling} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      )
      expect(status, spelling).toBe(200)
      texts.add(text)
    }
    expect(texts.size).toBe(1)
    expect([...texts][0]).toContain('&quot;asPath&quot;:&quot;/p/caf%C3%A9-~x&quot;')
    expect(journal.source.count('p/café-~x')).toBe(1)
  })
})

/** Fills the memory and the disk of the site with other pages. */
async function evict(journal: Journal, path: string): Promise<void> {
  await eventually(async () => expect(await journal.readEntries()).toContain(path))
  await Promise.all(Array.from({ length: 80 }, (_, index) => journal.get(`/all${path}/${index}`)))
  await eventually(async () => expect(await journal.readEntries()).not.toContain(`p:${path}"`))
}

async function revalidate(journal: Journal, path: string): Promise<void> {
  const answer = await journal.get('/api/revalidate', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ path }),
  })
  expect(answer.json()).toMatchObject({ outcome: 'regenerated' })
}
