/** Requests that no client would write, on raw sockets: nothing of them ends the server, or is left for the next visitor. */
import { connect } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLong } from '../../scripts/flags.ts'
import { eventually } from '../harness/eventually.ts'
import { LONG_TIMEOUT_MS, settle, toPublic, useJournal } from './journal.ts'
import { expectSafeLocation } from './location.ts'
import { INTERNAL_HEADERS } from './signals.ts'

const REQUESTS = isLong ? 100_000 : 2_500
/** Requests that are under way at once. */
const BATCH = 25

/** One answer out of those of a connection. */
interface Seen {
  readonly status: number
  readonly headers: Record<string, string>
}

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code))
const visible = fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code))
const escape = fc.integer({ min: 0, max: 255 }).map((code) => `%${code.toString(16).padStart(2, '0')}`)

const method = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('GET', 'HEAD') },
  { weight: 4, arbitrary: fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE') },
  { weight: 1, arbitrary: fc.constantFrom('CONNECT', 'get', 'GE T', '', 'PRI', 'G\0T', 'QUERY', 'X'.repeat(300)) },
)

const piece = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.constantFrom(
      '/',
      '/p/',
      'built',
      'p',
      'all/',
      'server/',
      'props',
      'api/',
      'echo',
      'gone/',
      'old/',
      'account',
      'shell/',
      'second/',
      'robots.txt',
      'assets/',
      '_isr/data/',
      '<build>/',
      '.json',
      'index',
    ),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      '//',
      '\\',
      '.',
      '..',
      '/../',
      '/./',
      ';',
      '?',
      '#',
      '&',
      '=',
      '%',
      '%2f',
      '%5c',
      '%2e%2e',
      '%25',
      '%00',
      '%0d%0a',
      '%C3%A9',
      '%c3',
      '%F0%9F%8E%89',
      '%ed%a0%80',
      '%c0%af',
      '*',
      ':',
      '@',
      'http://',
      'evil.example',
      '__proto__',
      'constructor',
      '+',
      '~',
      '[slug]',
      '[...rest]',
    ),
  },
  { weight: 1, arbitrary: visible },
  { weight: 1, arbitrary: escape },
  { weight: 1, arbitrary: byte },
)
const start = fc.constantFrom(
  '/p/',
  '/all/',
  '/second/',
  '/shell/',
  '/server/props?',
  '/server/redirect?',
  '/api/echo?',
  '/_isr/data/<build>/p/',
  '/old/',
  '/gone/',
  '/assets/',
  '/p/built?',
  '/plain?',
)
const target = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.tuple(start, fc.array(piece, { maxLength: 3 })).map(([text, rest]) => text + rest.join('')),
  },
  { weight: 4, arbitrary: fc.array(piece, { maxLength: 9 }).map((pieces) => `/${pieces.join('')}`) },
  { weight: 1, arbitrary: fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join('')) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(piece, fc.integer({ min: 1, max: 3000 }))
      .map(([text, times]) => `/${text.repeat(times)}`.slice(0, 20_000)),
  },
)

const READ_HEADERS = [
  'Accept-Encoding',
  'If-None-Match',
  'If-Match',
  'If-Modified-Since',
  'If-Unmodified-Since',
  'If-Range',
  'Range',
  'Cookie',
  'Cache-Control',
  'Content-Type',
  'User-Agent',
  'Purpose',
  'Sec-Purpose',
  'Expect',
  'Upgrade',
  'Connection',
  'Host',
  'Origin',
  'Te',
  'Trailer',
]
const name = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom(...READ_HEADERS) },
  { weight: 6, arbitrary: fc.constantFrom(...INTERNAL_HEADERS) },
  { weight: 1, arbitrary: fc.array(visible, { maxLength: 20 }).map((characters) => characters.join('')) },
)
const value = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '1',
      '',
      '*',
      'gzip, br;q=0.5',
      'br;q=',
      'W/"',
      '"a", "b"',
      'bytes=0-',
      'bytes=-1,5-2',
      'bytes=9999999999999999999-',
      '__isr_draft=x',
      '__isr_draft=%',
      '__isr_draft=; __isr_draft',
      '100-continue',
      'websocket',
      'h2c',
      'close',
      'keep-alive, Upgrade',
      'prefetch',
      'no-cache',
      'application/json; charset=nope',
      'multipart/form-data; boundary=',
      'Thu, 01 Jan 1970 00:00:00 GMT',
      'evil.example',
      '/p/built',
      'chunked',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(visible, fc.integer({ min: 1, max: 4000 })).map(([text, times]) => text.repeat(times)),
  },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.oneof(visible, fc.constantFrom(' ', ',', ';', '=', '"', '\t')), { maxLength: 60 })
      .map((all) => all.join('')),
  },
  { weight: 1, arbitrary: fc.array(byte, { maxLength: 20 }).map((all) => all.join('')) },
)
const header = fc.tuple(name, value).map(([key, text]) => `${key}: ${text}`)

/** How a body is announced, and what comes. */
const framing = fc.oneof(
  { weight: 25, arbitrary: fc.constant('\r\n') },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      'Content-Length: 5\r\n\r\nhello',
      'Content-Length: 5\r\n\r\nhe',
      'Content-Length: 0\r\n\r\nGET /account HTTP/1.1\r\nHost: x\r\n\r\n',
      'Content-Length: -1\r\n\r\n',
      'Content-Length: 1, 1\r\n\r\nx',
      'Content-Length: 99999999999999999999\r\n\r\nx',
      'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!',
      'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      'Transfer-Encoding: chunked\r\n\r\n5\r\nhel',
      'Transfer-Encoding: chunked\r\n\r\nzz\r\n',
      'Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n',
      'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\nGET /account HTTP/1.1\r\nHost: x\r\n\r\n',
      'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
      'Transfer-Encoding: identity\r\n\r\nx',
      'Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a":[1}]',
      'Content-Type: application/json\r\nContent-Length: 2000\r\n\r\n' + '['.repeat(2000),
      'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 13\r\n\r\n__proto__=a%z',
      ' folded: line\r\n\r\n',
      ': no name\r\n\r\n',
      'no colon\r\n\r\n',
      '\n\n',
      '\r\r\n',
      '',
    ),
  },
  { weight: 1, arbitrary: fc.array(byte, { maxLength: 80 }).map((all) => `\r\n${all.join('')}`) },
)
const version = fc.oneof(
  { weight: 80, arbitrary: fc.constant('HTTP/1.1') },
  fc.constantFrom('HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/1.1 ', 'http/1.1', '', 'HTTP/1.11'),
)
const request = fc
  .tuple(method, target, version, fc.array(header, { maxLength: 3 }), framing, fc.integer({ min: 0, max: 20 }))
  .map(([verb, path, protocol, headers, end, host]) => ({
    verb,
    path,
    bytes: `${verb} ${path} ${protocol}\r\n${host === 0 ? '' : 'Host: localhost\r\n'}${headers.map((line) => `${line}\r\n`).join('')}${end}`,
  }))

describe('fuzzing', () => {
  const journal = useJournal({ options: 'cache: { diskEntries: 400, memoryBytes: 2_000_000, notFoundEntries: 200 },' })

  it(
    `SEC-02 SEC-45 SEC-51 SEC-58 SEC-105 P2 P6 P8 no bytes on a socket end the server, fail in it, or change what others see`,
    async () => {
      const clean = [
        '/p/built',
        '/plain',
        '/moved',
        `${journal.dataPrefixes[0]}/p/built.json`,
        '/robots.txt',
        '/no/such/page',
      ]
      const before = new Map<string, unknown>()
      for (const path of clean) before.set(path, toPublic(await settle(journal, path)))
      const statuses = new Map<number, number>()

      const expectAnswer = async ({ verb, path, bytes }: { verb: string; path: string; bytes: string }) => {
        const seen = await converse(bytes.replaceAll('<build>', journal.buildId))
        for (const { status, headers } of seen) {
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
          // The asterisk form is answered as Next.js does. Node itself refuses what it cannot read, or an expectation.
          const isAsterisk = path === '*' || bytes.includes(' * HTTP')
          expect(
            isAsterisk ? [500] : [200, 206, 304, 307, 308, 400, 404, 405, 408, 412, 413, 414, 416, 417, 431, 100, 501],
            `${verb} ${path}`,
          ).toContain(status)
          expectSafeLocation({ status, headers } as never, path)
          if (status === 400 || status === 414) expect(headers['cache-control'] ?? 'no-store').toContain('no-store')
        }
      }
      await fc.assert(
        fc.asyncProperty(fc.array(request, { minLength: BATCH, maxLength: BATCH }), async (requests) => {
          await Promise.all(requests.map(expectAnswer))
        }),
        {
          numRuns: REQUESTS / BATCH,
          endOnFailure: false,
          interruptAfterTimeLimit: LONG_TIMEOUT_MS - 20_000,
          markInterruptAsFailure: true,
        },
      )

      for (const path of clean) {
        const after = await eventually(() => settle(journal, path))
        expect(toPublic(after), path).toEqual(before.get(path))
      }
      await journal.expectAlive()
      expect(journal.server.output()).not.toMatch(/code=ISR_(?:INTERNAL|PAGE) |TypeError|RangeError|ERR_[A-Z_]+/)
      // It reached the pages, and not only Node's own refusals.
      for (const status of [200, 308, 400, 404, 405])
        expect(statuses.get(status) ?? 0, String(status)).toBeGreaterThan(10)
    },
    LONG_TIMEOUT_MS,
  )

  /** Sends bytes and reads all answers until the server has ended the connection, or has nothing more to say. */
  function converse(bytes: string): Promise<Seen[]> {
    return new Promise((resolve, reject) => {
      let text = ''
      const socket = connect(journal.server.port, '127.0.0.1', () => socket.end(bytes, 'latin1'))
      socket.setTimeout(15_000, () => {
        socket.destroy()
        reject(new Error(`nothing came back, and nobody hung up: ${JSON.stringify(bytes.slice(0, 300))}`))
      })
      socket.on('data', (chunk) => (text += chunk.toString('latin1')))
      // What cannot be read is cut off while we are still writing.
      socket.once('error', () => undefined)
      socket.once('close', () => resolve(parseAnswers(text)))
    })
  }
})

function parseAnswers(text: string): Seen[] {
  const seen: Seen[] = []
  let rest = text
  while (rest.startsWith('HTTP/1.')) {
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) break
    const [line = '', ...lines] = rest.slice(0, end).split('\r\n')
    const headers = Object.fromEntries(
      lines.map((each) => [each.slice(0, each.indexOf(':')).toLowerCase(), each.slice(each.indexOf(':') + 1).trim()]),
    )
    const status = Number(line.slice(9, 12))
    seen.push({ status, headers })
    const next = rest.indexOf('HTTP/1.1 ', end)
    rest = next === -1 ? '' : rest.slice(next)
  }
  return seen
}
