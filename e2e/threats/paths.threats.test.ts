/** Section 3: a request target is read once, by one reader, and never as another path, file or host. */
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { isLong } from '../../scripts/flags.ts'
import { NOSTORE, sendRaw, sendTarget, type Answer } from '../harness/http.ts'
import { settle, toPublic, useJournal } from './journal.ts'
import { expectSafeLocation } from './location.ts'

const SITES = [
  { base: '/', trailingSlash: false },
  { base: '/app/', trailingSlash: true },
  { base: '/', trailingSlash: true },
  { base: '/app/', trailingSlash: false },
]

// The first two have each of the four; `request-url.test.ts` has all of them together.
describe.each(isLong ? SITES : SITES.slice(0, 2))(
  'with base $base and trailingSlash $trailingSlash',
  ({ base, trailingSlash }) => {
    const journal = useJournal({ base, options: `trailingSlash: ${trailingSlash},` })
    const end = trailingSlash ? '/' : ''

    /** Asks for a target below the base, and for where it is sent from there. */
    async function visit(below: string): Promise<Answer> {
      let target = base + below.slice(1)
      for (let hops = 0; hops < 4; hops += 1) {
        const answer = await sendTarget(journal.server, target)
        expectSafeLocation(answer, target)
        if (answer.status !== 308) return answer
        target = answer.headers['location']!
      }
      throw new Error(`${below} is sent around in circles`)
    }

    /** What the page was generated with. */
    async function readSlug(below: string): Promise<unknown> {
      const answer = await visit(below)
      expect([answer.status, answer.cache !== undefined], below).toEqual([200, true])
      const props = /<pre id="props">([^<]*)<\/pre>/.exec(answer.text)![1]!
      const { received } = JSON.parse(unescapeHtml(props)) as { received: [{ params: { slug: string } }] }
      const router = JSON.parse(unescapeHtml(/<pre id="router">([^<]*)<\/pre>/.exec(answer.text)![1]!)) as {
        asPath: string
        query: { slug: string }
      }
      const { slug } = received[0].params
      // One spelling, which leads back to the very same parameter, for the page, the router and the data.
      expect(router.query.slug).toBe(slug)
      expect(router.asPath.replace(/\/$/, '')).toBe(`/p/${encodeURIComponent(slug)}`)
      const data = await journal.get(`${journal.dataPrefixes[0]}/p/${encodeURIComponent(slug)}.json`)
      expect((data.json() as { pageProps: { received: unknown } }).pageProps.received).toEqual(received)
      return slug
    }

    /** Nothing happened to the page that everybody reads, and nothing is kept under a name of the visitor's. */
    async function expectUnharmed<T>(attack: () => Promise<T>): Promise<T> {
      const before = toPublic(await settle(journal, `${base}p/built${end}`))
      const result = await attack()
      expect(toPublic(await journal.get(`${base}p/built${end}`))).toEqual(before)
      for (const file of await journal.listEntries()) {
        expect(file).toMatch(/^[\w-]+\/(?:[0-9a-f]{2}\/[0-9a-f]{60,64}\.isr(?:\.[\w-]+\.tmp)?|[\w.-]+)$/)
      }
      await journal.expectAlive()
      return result
    }

    it('SEC-45 SEC-58 a backslash never becomes a separator of a path, a file or a host', () =>
      expectUnharmed(async () => {
        for (const target of [
          '/\\evil.example',
          '/\\/evil.example',
          '/\\\\evil.example/',
          '\\evil.example',
          '\\\\evil.example',
          '/a\\..\\b',
          '/users\\admin/',
          `${base}\\evil.example/`,
          `${base}p\\built`,
          `${base}assets\\..\\..\\server\\app.mjs`,
          `${journal.dataPrefixes[0]}\\..\\x.json`,
          `${journal.dataPrefixes[0]}/..\\..\\x.json`,
          '/%5C%5Cadmin',
          '/%5cevil.example/',
          '/%5C/evil.example',
          `${base}%5cevil.example/`,
          `${base}%5C%5Cevil.example//`,
        ]) {
          const answer = await sendTarget(journal.server, target)
          expect([308, 400, 404], target).toContain(answer.status)
          expectSafeLocation(answer, target)
          if (/(?:^|[/\\])\.\.(?:[/\\]|$)/.test(target)) expect(answer.status, target).toBe(400)
        }
        expect(await readSlug('/p/%5Cadmin')).toBe('\\admin')
        expect(await readSlug('/p/%5c%5Cadmin')).toBe('\\\\admin')
        expect(await readSlug('/p/..%5c..%5cx')).toBe('..\\..\\x')
      }))

    it('SEC-46 a path is decoded exactly once', () =>
      expectUnharmed(async () => {
        expect(await readSlug('/p/%2562uilt')).toBe('%62uilt')
        expect(await readSlug('/p/%25%36%32uilt')).toBe('%62uilt')
        expect(await readSlug(`/p/${'%25'.repeat(40)}2e`)).toBe(`${'%'.repeat(40)}2e`)
        expect(await readSlug(`/p/%${'25'.repeat(40)}2e`)).toBe(`%${'25'.repeat(39)}2e`)
        expect(await readSlug('/p/%252e%252e')).toBe('%2e%2e')
        expect(await readSlug('/%70/%62uilt')).toBe('built')
        for (const below of ['/%2570/built', '/%252e%252e/x', '/%25%37%30/built', '/%2561pi/echo', '/p%252fbuilt']) {
          expect((await visit(below)).status, below).toBe(404)
        }
      }))

    it('SEC-47 an escaped slash is data inside one segment', () =>
      expectUnharmed(async () => {
        expect(await readSlug('/p/..%2f..%2fplain')).toBe('../../plain')
        expect(await readSlug('/p/a%2Fb')).toBe('a/b')
        expect(await readSlug('/p/%2f')).toBe('/')
        expect(await readSlug('/p/%2F%2fevil.example')).toBe('//evil.example')
        expect(await readSlug('/p/..%2f..%2f..%2fserver%2fapp.mjs')).toBe('../../../server/app.mjs')
        for (const below of [
          '/p%2fbuilt',
          '/api/x/..%2fecho',
          '/api%2fecho',
          '/assets/..%2f..%2fserver/app.mjs',
          '/robots.txt%2f..',
          '/x/..%2frobots.txt',
          '/_isr%2fdata/x',
        ]) {
          expect((await visit(below)).status, below).toBe(404)
        }
        // Two kinds of slash are two pages.
        expect((await visit('/all/a/b')).text).not.toBe((await visit('/all/a%2fb')).text)
      }))

    it('SEC-48 of a whole URL only the path is read, and nobody is connected to', () =>
      expectUnharmed(async () => {
        const path = `${base}p/built${end}`
        const plain = toPublic(await sendTarget(journal.server, path))
        for (const origin of [
          'http://evil.example',
          'https://evil.example:444',
          'HTTP://EVIL.example',
          'http://a:b@evil.example',
          'http://127.0.0.1:1',
          'http://',
        ]) {
          for (const extra of ['', 'Upgrade: websocket\r\nConnection: Upgrade\r\n', 'Upgrade: h2c\r\n']) {
            const request = `GET ${origin}${path} HTTP/1.1\r\nHost: localhost\r\n${extra}Connection: close\r\n\r\n`
            const answer = await sendRaw(journal.server, request)
            if (answer.status !== 400) expect(toPublic(answer), `${origin} ${extra}`).toEqual(plain)
          }
          for (const rest of ['', '/', '//evil.example/', '/\\evil.example', `${base}p/built/x/`, '?x', '#x']) {
            const answer = await sendTarget(journal.server, origin + rest)
            expect([200, 308, 400, 404], origin + rest).toContain(answer.status)
            expectSafeLocation(answer, origin + rest)
            expect(JSON.stringify([answer.headers, answer.text])).not.toMatch(/evil\.example:|a:b@|127\.0\.0\.1:1/)
          }
        }
        for (const target of [
          'ftp://evil.example/',
          'file:///etc/passwd',
          'evil.example:443',
          'javascript:alert(1)',
          '?x',
          'p',
        ]) {
          const answer = await sendTarget(journal.server, target)
          expect(answer.status, target).toBe(400)
        }
        expect(await sendAndClose('CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n')).not.toMatch(
          /^HTTP\/1\.1 2/,
        )
      }))

    it('SEC-49 a fragment is dropped before anybody looks, and never hides or names a file', () =>
      expectUnharmed(async () => {
        const path = `${base}p/built${end}`
        const plain = toPublic(await sendTarget(journal.server, path))
        expect(toPublic(await sendTarget(journal.server, `${path}#x`))).toEqual(plain)
        expect(toPublic(await sendTarget(journal.server, `${path}?a#/../../etc/passwd`))).toEqual(plain)
        expect(toPublic(await sendTarget(journal.server, `${path}#?a`))).toEqual(plain)
        for (const target of [
          `${base}@fs/x?y#/../../etc/passwd`,
          `${base}assets/#/../../server/app.mjs`,
          `${base}#/../server/app.mjs`,
          `${base}robots.txt#/../../server/app.mjs`,
          `#${base}p/built`,
          '/#//evil.example/',
          '//evil.example#/',
        ]) {
          const answer = await sendTarget(journal.server, target)
          expect([200, 308, 400, 404], target).toContain(answer.status)
          expectSafeLocation(answer, target)
          expect(answer.text).not.toMatch(/root:|createIsrHandler/)
        }
      }))

    it('SEC-51 SEC-55 control characters are refused, however they are written', () =>
      expectUnharmed(async () => {
        const codes = [...Array.from({ length: 32 }, (_, code) => code), 127]
        for (const code of codes) {
          const hex = code.toString(16).padStart(2, '0')
          for (const target of [
            `${base}p/%${hex}`,
            `${base}p/x%${hex.toUpperCase()}.html`,
            `${journal.dataPrefixes[0]}/p/x%${hex}.json`,
            `${base}%${hex}/p/built`,
            `${base}robots.txt%${hex}`,
            `${base}assets/%${hex}`,
            `${base}api/%${hex}`,
          ]) {
            const answer = await sendTarget(journal.server, target)
            expect([answer.status, answer.headers['cache-control']], target).toEqual([400, NOSTORE])
          }
          // Raw ones end or break the request line; Node says so before we see it.
          const raw = await sendAndClose(
            `GET ${base}p/x${String.fromCharCode(code)}y HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
          )
          expect(raw, `raw ${hex}`).toMatch(/^HTTP\/1\.1 400 |^$/)
        }
      }))

    it('SEC-53 P7 what is too long is 414 and kept by nobody; long names are as good as short ones', () =>
      expectUnharmed(async () => {
        expect(await readSlug(`/p/${'x'.repeat(300)}`)).toBe('x'.repeat(300))
        expect(await readSlug(`/p/${'%E8%AA%9E'.repeat(90)}`)).toBe('\u8a9e'.repeat(90))
        for (const [path, statuses] of [
          [`${base}p/${'x'.repeat(8_000)}`, [414]],
          [`${base}p/${'x'.repeat(16_300)}`, [414, 431]],
          [`${base}all${'/a'.repeat(5_000)}`, [414]],
          [`${base}all${'/'.repeat(5_000)}`, [414]],
          [`/${'\\'.repeat(5_000)}`, [414]],
          [`${base}p/${'%25'.repeat(2_000)}`, [414]],
          [`${journal.dataPrefixes[0]}/p/${'x'.repeat(2_000)}.json`, [414]],
        ] as const) {
          const answer = await sendTarget(journal.server, path)
          expect(statuses, path.slice(0, 40)).toContain(answer.status)
          if (answer.status === 414) expect(answer.headers['cache-control']).toBe(NOSTORE)
        }
        // Node gives up in the middle of it.
        const endless = `GET ${base}p/${'x'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`
        expect(await sendAndClose(endless)).toMatch(/^HTTP\/1\.1 431 |^$/)
        const keys = Array.from({ length: 2_000 }, (_, index) => `k${index}`).join('&')
        const clean = toPublic(await settle(journal, `${base}p/built${end}`))
        expect(toPublic(await sendTarget(journal.server, `${base}p/built${end}?${keys}`))).toEqual(clean)
        const own = await sendTarget(journal.server, `${base}account${end}?${keys}`)
        expect([own.status, own.text.includes('k1999')]).toEqual([200, true])
        expect(journal.server.output()).not.toMatch(/ENAMETOOLONG|ERR_INVALID_ARG_VALUE/)
      }))

    it('SEC-55 characters at which other layers cut are data', () =>
      expectUnharmed(async () => {
        const slugs = [
          'x;y',
          'x',
          'x.',
          'x..',
          'x ',
          ' x',
          'x,',
          'x!',
          'x:',
          'x@',
          'x$',
          'x&y',
          'x=',
          "x'",
          'x|',
          'x.html',
          'x.json',
          'x~1',
          'x::$DATA',
          '...',
          'con',
          'X',
        ]
        const seen = new Set<unknown>()
        for (const slug of slugs) {
          expect(await readSlug(`/p/${encodeURIComponent(slug)}`)).toBe(slug)
          seen.add((await visit(`/p/${encodeURIComponent(slug)}`)).text)
        }
        expect(seen.size).toBe(slugs.length)
        expect(await readSlug('/p/x;y')).toBe('x;y')
        expect(await readSlug('/p/x%3By')).toBe('x;y')
        expect(await readSlug('/p/x%20')).toBe('x ')
      }))

    it('SEC-56 dot segments are refused, not resolved', () =>
      expectUnharmed(async () => {
        for (const below of [
          '/p/../plain',
          '/p/%2e%2e/plain',
          '/p/.%2E/plain',
          '/./p/built',
          '/..',
          '/.',
          '/p/.',
          '/p/..',
          '/%2e',
          '/%2E%2e/',
          '/../../etc/passwd',
          '/assets/../../server/app.mjs',
          '/_isr/data/../../server/app.mjs',
          '/p//..//plain',
          '/p/..;/plain/../x',
          '/api/../server/app.mjs',
        ]) {
          const answer = await sendTarget(journal.server, base + below.slice(1))
          expect([answer.status, answer.headers['cache-control']], below).toEqual([400, NOSTORE])
        }
        expect((await visit('/p/..;/plain')).status).toBe(404)
      }))

    it('SEC-57 a base is a folder, not the beginning of a word', () =>
      expectUnharmed(async () => {
        for (const target of base === '/'
          ? ['/assets-secret/x.js', '/assetsx', '/_isrx/data/x.json', '/apix/echo', '/robots.txtx']
          : [
              '/app-evil/p/built',
              '/application',
              '/appp/built',
              '/app%2fp/built',
              '/App/p/built',
              '/p/built',
              '/app-secret',
              '/ap',
            ]) {
          const answer = await sendTarget(journal.server, target)
          expectSafeLocation(answer, target)
          const last = answer.status === 308 ? await sendTarget(journal.server, answer.headers['location']!) : answer
          expect([400, 404], target).toContain(last.status)
        }
      }))

    it('SEC-58 no redirect to another spelling leads to another host', () =>
      expectUnharmed(async () => {
        const hosts = ['evil.example', '%65vil.example', 'a:b@evil.example', '[::1]', '127.0.0.1']
        const starts = [
          '//',
          '///',
          '/\\',
          '/%2f',
          '/%2F%2f',
          '/%5c',
          '/%5C/',
          '//%2f',
          '/%2f/',
          '/%252f',
          '/.%2f',
          '/;/',
          '/%09/',
          '/%20/',
          '/http:',
          '/https://',
          '/javascript:',
        ]
        for (const start of starts) {
          for (const host of hosts) {
            for (const tail of ['', '/', '//', '/..', '/x/', '\\', '?//x', '/%2e%2e/']) {
              for (const prefix of base === '/' ? [''] : ['', base.slice(0, -1)]) {
                const target = prefix + start + host + tail
                const answer = await sendTarget(journal.server, target)
                expectSafeLocation(answer, target)
                expect([308, 400, 404], target).toContain(answer.status)
              }
            }
          }
        }
      }))

    /** What came back before the server ended the connection, whatever it was. */
    function sendAndClose(bytes: string): Promise<string> {
      return new Promise((resolve) => {
        let text = ''
        const socket = connect(journal.server.port, '127.0.0.1', () => socket.end(bytes, 'latin1'))
        socket.on('data', (chunk) => (text += chunk.toString('latin1')))
        socket.once('error', () => resolve(text))
        socket.once('close', () => resolve(text))
      })
    }
  },
)

function unescapeHtml(text: string): string {
  const characters: Record<string, string> = { quot: '"', amp: '&', lt: '<', gt: '>', '#x27': "'" }
  return text.replaceAll(/&(quot|amp|lt|gt|#x27);/g, (_, name: string) => characters[name]!)
}
