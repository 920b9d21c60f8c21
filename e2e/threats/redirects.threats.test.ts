/** Section 5: no host, redirect or outgoing request is ever made of what a visitor sent. */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isLong } from '../../scripts/flags.ts'
import { NOSTORE, sendRaw, sendTarget, type Answer } from '../harness/http.ts'
import { LONG_TIMEOUT_MS, settle, toPublic, useJournal, type Journal } from './journal.ts'
import { expectSafeLocation } from './location.ts'

interface Outcome {
  readonly outcome: string
  readonly counts: Record<string, number>
  readonly message?: string
  readonly ms: number
}

async function revalidate(journal: Journal, body: object, headers: Record<string, string> = {}): Promise<Outcome> {
  const answer = await journal.get('/api/revalidate', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    timeoutMs: LONG_TIMEOUT_MS,
  })
  expect(answer.status).toBe(200)
  return answer.json() as Outcome
}

describe('outgoing connections', () => {
  const journal = useJournal({ options: 'render: { queue: 100 },' })
  let listener: Server
  let connections = 0
  let port: number

  beforeAll(async () => {
    listener = createServer((socket) => {
      connections += 1
      socket.destroy()
    })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    port = (listener.address() as AddressInfo).port
    // It counts from here on.
    await journal.get('/api/connections')
  })

  afterAll(() => void listener.close())

  it('SEC-71 SEC-73 SEC-74 SEC-76 P6 no Host, and no header in its place, is ever connected to or answered with', async () => {
    const canary = `127.0.0.1:${port}`
    const hosts = [
      canary,
      `x@${canary}`,
      `${canary}/abc?`,
      `${canary}#`,
      `[::ffff:127.0.0.1]:${port}`,
      `${canary}, localhost`,
      'evil.example',
      'evil.example:99999',
      '//evil.example',
      '\\evil.example',
      '',
      ' ',
      'a b',
      '"><script>alert(1)</script>',
    ]
    const targets = [
      '/p/built',
      '/moved',
      '/gone/x',
      '/no/such/page',
      '/broken/data-error',
      '/p/built/',
      '/server/redirect',
      '/%00',
      '/account',
    ]
    for (const target of targets) {
      const before = toPublic(await settle(journal, target))
      for (const host of hosts) {
        const lines = [
          `Host: ${host}`,
          `X-Forwarded-Host: ${host}`,
          `X-Forwarded-Proto: http`,
          `X-Forwarded-Prefix: //${host}`,
          `Forwarded: host="${host}"`,
          `X-Original-Url: http://${canary}/`,
          `X-Rewrite-Url: http://${canary}/`,
          `Origin: http://${canary}`,
          `Referer: http://${canary}/`,
        ]
        const answer = await sendRaw(
          journal.server,
          `GET ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`,
        )
        expectSafeLocation(answer, target)
        // The page of a visitor prints that visitor's headers.
        if (target !== '/account') expect(toPublic(answer), `${target} ${host}`).toEqual(before)
        expect(JSON.stringify(answer.rawHeaders)).not.toMatch(/evil\.example|<script/)
      }
      // Two of them, and none; RFC 9112 wants 400 for both.
      for (const lines of [`Host: localhost\r\nHost: ${canary}\r\n`, '']) {
        const answer = await sendRaw(journal.server, `GET ${target} HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`)
        if (answer.status !== 400 && target !== '/account') expect(toPublic(answer)).toEqual(before)
      }
    }
    for (const host of hosts.slice(0, 7)) {
      const headers = { host, 'x-forwarded-host': host, 'x-forwarded-proto': 'http' }
      expect((await revalidate(journal, { path: '/p/built' }, headers)).outcome).toBe('regenerated')
    }
    expect(connections).toBe(0)
    expect((await journal.get('/api/connections')).json()).toMatchObject({ count: 0 })
    await journal.expectAlive()
  })

  it('SEC-71 SEC-72 a path for revalidate is the path of one page, and never part of a URL', async () => {
    const before = toPublic(await settle(journal, '/p/built'))
    const paths = [
      '//127.0.0.1:port/p/built',
      '/\\127.0.0.1:port',
      '\\\\127.0.0.1:port',
      '@127.0.0.1:port/p/built',
      ':port/p/built',
      '.127.0.0.1:port/p/built',
      'http://127.0.0.1:port/p/built',
      'HTTP:/p/built',
      'p/built',
      '',
      ' ',
      ' /p/built',
      '/p/built\n',
      '/p/built\r\nx: y',
      '/p/built\0',
      '/p/built%00',
      '/p/built%0a',
      '/p/../p/built',
      '/p/%2e%2e/p/built',
      '/./p/built',
      '//p/built',
      '/p//built',
      '/p/built/',
      '/p/built?x=1',
      '/p/built?',
      '/p/built#x',
      '/p/built#',
      '/p\\built',
      '/p/%',
      '/p/%zz',
      '/p/\ud800',
      '/account',
      '/plain',
      '/server/props',
      '/api/revalidate',
      '/_isr/data/x/p/built.json',
      '/assets/x.js',
      '/robots.txt',
      '/no/such/page',
      '/p/[slug]',
      '/[...rest]',
      '*',
      '/_app',
      '/_document',
      '/500',
    ].map((path) => path.replace('port', String(port)))
    const values: unknown[] = [
      0,
      1,
      -1,
      true,
      false,
      null,
      {},
      [],
      ['/p/built'],
      { path: '/p/built' },
      { toString: '/p/built' },
      Number.MAX_VALUE,
    ]
    const makes = [
      'undefined',
      'function',
      'symbol',
      'bigint',
      'string',
      'url',
      'regexp',
      'thrower',
      'loop',
      'long',
      'wide',
    ]
    for (const body of [
      ...paths.map((path) => ({ path })),
      ...values.map((path) => ({ path })),
      ...makes.map((make) => ({ make })),
    ]) {
      const what = JSON.stringify(body)
      const { outcome, message, ms: firstMs } = await revalidate(journal, body)
      expect(outcome, what).toBe('IsrError ISR_REVALIDATE_PATH')
      expect(message?.length, what).toBeLessThan(600)
      // Refused before it is looked at: a megabyte costs no more than a byte. A busy machine may hold up some of them.
      let ms = firstMs
      for (let tries = 1; tries < 20 && ms >= 50; tries++) ({ ms } = await revalidate(journal, body))
      expect(ms, what).toBeLessThan(50)
    }
    for (const options of [null, {}, { unstable_onlyGenerated: false }, { unknown: 1 }]) {
      expect((await revalidate(journal, { path: '/p/built', options })).outcome).toBe('regenerated')
    }
    expect(toPublic(await settle(journal, '/p/built'))).toMatchObject({ status: (before as Answer).status })
    expect(connections).toBe(0)
    expect((await journal.get('/api/connections')).json()).toMatchObject({ count: 0 })
    await journal.expectAlive()
  })

  it(
    'SEC-72 SEC-99 thousands of revalidations at once end one by one, in an answer or in a refusal that says why',
    async () => {
      const times = isLong ? 10_000 : 1_000
      const same = await revalidate(journal, { path: '/p/built', times })
      expect(same.counts).toEqual({ regenerated: times })
      const many = await revalidate(journal, { path: '/p/many-{n}', times })
      // Eight at work and a hundred that wait.
      expect(many.counts).toEqual({ regenerated: 108, 'IsrError ISR_REVALIDATE_FAILED': times - 108 })
      expect(many.message).toContain('too many pages are waiting')
      const absent = await revalidate(journal, { path: '/nothing-{n}', times })
      expect(absent.counts).toEqual({ 'IsrError ISR_REVALIDATE_PATH': times })
      await journal.expectAlive()
    },
    LONG_TIMEOUT_MS,
  )
})

describe.each(['/', '/app/'])('redirects below %s', (base) => {
  const journal = useJournal({ base, mode: base === '/' ? 'next' : 'own' })
  const at = (below: string) => base + below.slice(1)

  it('SEC-77 a catch-all that redirects to its own parameters leads to this host, whatever they are', async () => {
    for (const rest of [
      '/evil.example',
      '//evil.example',
      '%2fevil.example',
      '%2F%2fevil.example',
      '%2f/evil.example',
      '/%2f%2fevil.example',
      '%252fevil.example',
      '%252f%252fevil.example',
      '%25252fevil.example',
      '\\evil.example',
      '/\\evil.example',
      '%5cevil.example',
      '%5C%5cevil.example',
      '%255cevil.example',
      '%2509/evil.example',
      '%09/evil.example',
      '%0a/evil.example',
      '%20/evil.example',
      '.%2fevil.example',
      '..%2f..%2fevil.example',
      'https:%2f%2fevil.example',
      'https:/evil.example',
      'javascript:alert(1)',
      'javascript%3aalert(1)',
      'evil.example%3a80',
      '%40evil.example',
      'a@evil.example',
      '%22%3e%3cscript%3ealert(1)%3c%2fscript%3e',
      'x%3f//evil.example',
      'x%23//evil.example',
      '.%2f%2fevil.example',
      '.%2f/evil.example',
      '..%2f%2fevil.example',
      '%C3%A9%F0%9F%8E%89',
    ]) {
      const target = `${at('/old/')}${rest}`
      let answer = await sendTarget(journal.server, target)
      expectSafeLocation(answer, target)
      // Another spelling of the same path first.
      if (answer.status === 308 && answer.headers['location']!.startsWith(at('/old/'))) {
        answer = await sendTarget(journal.server, answer.headers['location']!)
        expectSafeLocation(answer, target)
      }
      expect([308, 400], target).toContain(answer.status)
      expect(answer.headers['content-type']).toMatch(/^text\/(?:plain|html); charset=utf-8$/)
      expect(answer.headers['x-content-type-options']).toBe('nosniff')
      if (answer.headers['content-type']!.startsWith('text/html')) expect(answer.text).not.toContain('evil')
      if (answer.status !== 308) continue
      // The browser's router is told the same, below the base.
      for (const prefix of journal.dataPrefixes) {
        const data = await sendTarget(journal.server, `${prefix}/old/${rest}.json`)
        if (data.status !== 200) continue
        const { redirect, pageProps } = data.json() as {
          redirect?: { destination: string }
          pageProps?: { __N_REDIRECT: string }
        }
        const destination = redirect?.destination ?? pageProps!.__N_REDIRECT
        expectSafeLocation({ ...data, status: 307, headers: { location: destination } }, `${prefix}/old/${rest}`)
      }
    }
  })

  it('SEC-77 SEC-79 P11 only a whole http(s) URL that the page wrote out leads elsewhere; another scheme is an error', async () => {
    const ask = (destination: string) => journal.get(at(`/to/${Buffer.from(destination).toString('hex')}`))
    for (const [destination, location] of [
      ['https://else.example/x?y#z', 'https://else.example/x?y#z'],
      ['/p/built', at('/p/built')],
      ['//evil.example', at('/evil.example')],
      ['/\\evil.example', at('/evil.example')],
      ['\\\\evil.example', at('/evil.example')],
      [' //evil.example', at('/evil.example')],
      ['/%2Fevil.example', at('/evil.example')],
      ['%2f%2fevil.example', at('/evil.example')],
    ] as const) {
      const answer = await ask(destination)
      expect([answer.status, answer.headers['location']], destination).toEqual([307, location])
    }
    for (const destination of [
      'javascript:alert(1)',
      'JaVaScRiPt:alert(1)',
      'jaVa\nscript:alert(1)',
      'java\tscript:alert(1)',
      ' javascript:alert(1)',
      'javascript%3Aalert(1)',
      '%6aavascript:alert(1)',
      'data:text/html,<script>alert(1)</script>',
      'vbscript:x',
      'blob:x',
      'file:///etc/passwd',
      'ftp://evil.example',
      'https:evil.example',
      'https:/evil.example',
      'http:\\\\evil.example',
      '/\t/evil.example',
      '/\n/evil.example',
      '/x\r\nSet-Cookie: a=b',
      '/x\0',
    ]) {
      const answer = await ask(destination)
      expect([answer.status, answer.headers['location'], answer.headers['set-cookie']], destination).toEqual([
        500,
        undefined,
        undefined,
      ])
      expect(answer.headers['cache-control']).toBe(NOSTORE)
      expect(answer.text).not.toContain('<script>alert')
    }
    await journal.expectAlive()
  }, 60_000)

  it('SEC-79 no markup of a path is in what a redirect, an error or a shell shows', async () => {
    const markup = '%22%3E%3Cscript%3Ealert(1)%3C/script%3E'
    for (const target of [
      at(`/p/${markup}/`),
      at(`/${markup}`),
      at(`/${markup}/`),
      at(`/shell/${markup.replace('/', '%2f')}`),
      at(`/gone/${markup.replace('/', '%2f')}`),
      at(`/p/built/?"><script>alert(1)</script>`.replaceAll(' ', '')),
      `${at('/p/built/')}?'"><script>alert(1)</script>`,
      `//"><script>alert(1)</script>/`,
      at(`/api/${markup}`),
      at(`/assets/${markup}`),
      `${journal.dataPrefixes[0]}/${markup}.json`,
    ]) {
      const answer = await sendTarget(journal.server, target)
      expectSafeLocation(answer, target)
      const isHtml = answer.headers['content-type']?.startsWith('text/html') ?? true
      if (isHtml) expect(answer.text, target).not.toMatch(/<script>alert/)
      expect(answer.headers['x-content-type-options'], target).toBe('nosniff')
      expect(JSON.stringify(answer.headers), target).not.toMatch(/[<>]/)
    }
  })

  it('SEC-80 P6 a stored redirect is made of parameters only', async () => {
    const headers = {
      host: 'canary.example',
      'x-forwarded-host': 'canary.example',
      'x-forwarded-prefix': '/canary.example',
      'accept-language': 'canary-EXAMPLE',
      cookie: 'NEXT_LOCALE=canary.example; locale=canary.example',
      referer: 'https://canary.example/',
    }
    for (const [path, location] of [
      ['/old/p/kept', '/p/kept'],
      ['/moved', '/p/target'],
    ] as const) {
      for (const query of [
        '',
        '?to=//canary.example',
        '?path=canary.example&slug=canary.example&destination=//canary.example',
      ]) {
        const answer = await journal.get(at(path) + query, { headers })
        expect([answer.headers['location'], answer.text]).toEqual([at(location), at(location)])
      }
      const clean = await journal.get(at(path))
      expect([clean.headers['location'], clean.cache]).toEqual([at(location), 'HIT'])
    }
    expect(await journal.readEntries()).not.toContain('canary.example')
  })

  it('SEC-81 P2 what a page says of the framing of its answer frames no answer', async () => {
    for (const query of [
      'transfer-encoding=chunked',
      'content-length=3',
      'content-length=99999',
      'transfer-encoding=chunked&content-length=3',
      'content-encoding=gzip',
      'content-range=bytes%200-1/2',
      'trailer=x-end',
      'content-type=text/plain',
    ]) {
      for (const how of ['props', 'redirect', 'missing', 'error']) {
        for (const method of ['GET', 'HEAD']) {
          const target = at(`/server/${how}?${query}`)
          // Pipelined: what comes after it shows whether it ended where it said.
          const bytes = `${method} ${target} HTTP/1.1\r\nHost: x\r\n\r\nGET ${at('/robots.txt')} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`
          const both = await sendRaw(journal.server, bytes)
          expect(both.headers, target).not.toHaveProperty('transfer-encoding')
          const length = method === 'HEAD' ? 0 : Number(both.headers['content-length'])
          expect(both.rawHeaders.filter(([name]) => name.toLowerCase() === 'content-length')).toHaveLength(1)
          const rest = both.body.subarray(length).toString()
          expect(rest, `${method} ${target}`).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\na file\n$/)
        }
      }
    }
    await journal.expectAlive()
  })
})
