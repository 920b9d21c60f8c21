/** What reads the parts of a request: against the plainest reading that one could write, with any text, and in linear time. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import contentType from 'content-type'
import fc from 'fast-check'
import { isbot } from 'isbot'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toDataName } from '../routing/data-path.ts'
import { createMatcher } from '../routing/match.ts'
import { applyTrailingSlash } from '../routing/trailing-slash.ts'
import { createAssets } from './assets.ts'
import { isNotModified } from './conditional.ts'
import { withCookies } from './cookies.ts'
import { parseDataPath, toDataPrefixes } from './data-url.ts'
import { createDraft } from './draft-cookie.ts'
import { createEncodingChoice } from './encoding.ts'
import { toLocation } from './location.ts'
import { parseQuery } from './query.ts'
import { parseRequestUrl } from './request-url.ts'
import { ask } from './testing/client.ts'
import { createManifest } from './testing/manifest.ts'
import { listen, type TestServer } from './testing/server.ts'

const RUNS = { numRuns: 2_000 }

const toRequest = (headers: IncomingHttpHeaders) => ({ headers }) as IncomingMessage

/** Text with more of what readers look at than chance would bring. */
const odd = (...marks: string[]) =>
  fc
    .array(fc.oneof(fc.constantFrom(...marks), fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 30 })
    .map((all) => all.join(''))

describe('Accept-Encoding', () => {
  const choose = createEncodingChoice()
  const coding = fc.constantFrom('gzip', 'br', 'zstd', 'deflate', 'identity', '*', 'x-gzip', 'GZIP', 'b r')
  const quality = fc.constantFrom('', ';q=0', ';q=0.0', '; q=0.001', ';q=0.5', ' ; q=1', ';q=1.0')
  const list = fc
    .uniqueArray(fc.tuple(coding, quality), { maxLength: 6, selector: ([name]) => name.toLowerCase() })
    .filter((codings) => codings.length > 0)

  it('SEC-105 gives what the header allows, the best first, and always the plain bytes', () => {
    fc.assert(
      fc.property(list, fc.constantFrom(',', ', ', ' ,  '), (codings, comma) => {
        const qualities = new Map(
          codings.map(([name, text]) => [name.toLowerCase(), Number(/[\d.]+$/.exec(text)?.[0] ?? 1)]),
        )
        const qualityOf = (name: string) => qualities.get(name) ?? qualities.get('*') ?? 0
        const chosen = choose(codings.map((each) => each.join('')).join(comma))
        expect(chosen).toContain('identity')
        const packed = chosen.filter((each) => each !== 'identity')
        const allowed = ['br', 'zstd', 'gzip'].filter((name) => qualityOf(name) > 0)
        expect(packed.toSorted()).toEqual(allowed.toSorted())
        // Of those that are as welcome, the one that makes the page smallest.
        const order = allowed.toSorted((one, other) => qualityOf(other) - qualityOf(one))
        expect(packed).toEqual(order)
      }),
      RUNS,
    )
  })

  it('SEC-105 P8 any text is answered with encodings that we have', () => {
    fc.assert(
      fc.property(odd('gzip', 'br', ',', ';', 'q=', '0', '1', '.', '*', '=', ' '), (accept) => {
        for (const each of choose(accept)) expect(['br', 'zstd', 'gzip', 'identity']).toContain(each)
      }),
      RUNS,
    )
  })
})

describe('If-None-Match', () => {
  const etag = '"abc-br"'
  const tag = fc.constantFrom(
    '"abc-br"',
    'W/"abc-br"',
    '"abc"',
    '"abc-gz"',
    'abc-br',
    '"abc-br',
    '*',
    '""',
    'w/"abc-br"',
    '"ABC-BR"',
  )

  it('SEC-41 compares each tag of a list as it stands', () => {
    fc.assert(
      fc.property(fc.array(tag, { maxLength: 6 }), fc.constantFrom(',', ', ', ' ,'), (tags, comma) => {
        const header = tags.join(comma)
        const isListed = tags.some((each) => each === etag || each === `W/${etag}`)
        expect(isNotModified({ 'if-none-match': header }, etag)).toBe(isListed || header === '*')
      }),
      RUNS,
    )
  })

  it('SEC-41 P8 of any text only one with the whole tag in it is a match', () => {
    fc.assert(
      fc.property(odd('"abc-br"', '"', 'W/', ',', ' ', '*', 'abc-br'), odd('no-cache', ',', ' '), (header, control) => {
        const matches = isNotModified({ 'if-none-match': header, 'cache-control': control }, etag)
        if (matches) expect(header === '*' || header.includes(etag)).toBe(true)
      }),
      RUNS,
    )
  })
})

describe('Cookie', () => {
  const token = fc.string({
    unit: fc.constantFrom('a', 'b', 'X', '0', '9', '_', '-', '.', '!', '$', '&'),
    minLength: 1,
    maxLength: 8,
  })

  it('SEC-27 pairs are read back, the first of a name counts', () => {
    const value = fc
      .string({ unit: fc.constantFrom('a', 'b', '0', '=', '/', '+', '%', ' ', '"'), maxLength: 8 })
      .map((text) => encodeURIComponent(text))
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.oneof(token, fc.constantFrom('__proto__', 'constructor', 'toString')), value)),
        (pairs) => {
          const { cookies } = withCookies(toRequest({ cookie: pairs.map((pair) => pair.join('=')).join('; ') }))
          const expected = new Map(pairs.toReversed().map(([name, text]) => [name, decodeURIComponent(text)]))
          expect(new Map(Object.entries(cookies))).toEqual(expected)
        },
      ),
      RUNS,
    )
  })

  it('SEC-27 P8 any text is read, and nothing of it reaches a prototype', () => {
    fc.assert(
      fc.property(odd(';', '=', '__proto__', '%', '"', ' ', 'constructor', '__isr_draft'), (cookie) => {
        const { cookies } = withCookies(toRequest({ cookie }))
        expect(Object.values(cookies).every((value) => typeof value === 'string')).toBe(true)
        expect(cookies['hasOwnProperty'] === undefined || typeof cookies['hasOwnProperty'] === 'string').toBe(true)
        expect({}).not.toHaveProperty('polluted')
      }),
      RUNS,
    )
  })
})

describe('the draft cookie', () => {
  const manifest = createManifest([])
  const draft = createDraft(manifest, { development: false })
  const readCookie = (from: typeof draft) => {
    let cookie = ''
    const res = { getHeader: () => undefined, setHeader: (_name: string, [text]: string[]) => void (cookie = text!) }
    from.set(res as unknown as ServerResponse, true)
    return cookie.split(';', 1)[0]!
  }
  const pair = readCookie(draft)
  const value = pair.slice(pair.indexOf('=') + 1)

  it('SEC-43 is accepted whole, beside any other cookies', () => {
    expect(value).toMatch(/^[\w-]{43}$/)
    fc.assert(
      fc.property(
        odd('a=b', '=', ' ').map((text) => text.replaceAll(/;|__isr_draft/g, '')),
        (other) => {
          expect(draft.isOn(toRequest({ cookie: `x${other}; ${pair}` }))).toBe(true)
          expect(draft.isOn(toRequest({ cookie: `${pair}; x${other}` }))).toBe(true)
        },
      ),
      RUNS,
    )
  })

  it('SEC-43 nothing else is', () => {
    const change = fc.tuple(
      fc.integer({ min: 0, max: value.length }),
      fc.integer({ min: 0, max: 3 }),
      fc.string({ unit: 'binary', maxLength: 3 }),
    )
    fc.assert(
      fc.property(fc.oneof(odd(value, '%', '"', '=', value.slice(1)), change), (given) => {
        const text =
          typeof given === 'string' ? given : value.slice(0, given[0]) + given[2] + value.slice(given[0] + given[1])
        const read = text.split(';', 1)[0]!.replaceAll(/^[ \t]+|[ \t]+$/g, '')
        const isSame = read === value || safeDecode(read) === value
        expect(draft.isOn(toRequest({ cookie: `__isr_draft=${text}` })), text).toBe(isSame)
      }),
      RUNS,
    )
  })

  it('SEC-43 is another one in each build, and for each key', () => {
    const key = Buffer.alloc(32, 8).toString('base64url')
    const pairs = [
      pair,
      readCookie(createDraft({ ...manifest, buildId: 'build2' }, { development: false })),
      readCookie(createDraft({ ...manifest, draftKey: key }, { development: false })),
    ]
    expect(new Set(pairs).size).toBe(3)
    for (const other of pairs.slice(1)) expect(draft.isOn(toRequest({ cookie: other }))).toBe(false)
  })
})

function safeDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

describe('queries', () => {
  it('SEC-27 give each key its one value or all of them', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.constantFrom('__proto__', 'constructor', 'a', ''),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 8 }), (pairs) => {
        const params = new URLSearchParams(pairs.map(([name, value]) => [name.toWellFormed(), value.toWellFormed()]))
        const expected = [...new Set(params.keys())]
          .filter((name) => name !== '__proto__')
          .map((name) => [name, params.getAll(name).length === 1 ? params.get(name) : params.getAll(name)])
        expect(Object.entries(parseQuery(`?${params}`))).toEqual(expect.arrayContaining(expected))
        expect(Object.keys(parseQuery(`?${params}`))).toHaveLength(expected.length)
      }),
      RUNS,
    )
  })

  it('SEC-27 P8 any text is read, and parameters win', () => {
    fc.assert(
      fc.property(odd('&', '=', '%', '+', ';', '__proto__', 'id', '?', '#', '[]'), (search) => {
        const query = parseQuery(search, { id: 'mine' })
        expect(query['id']).toBe('mine')
        expect(Object.getPrototypeOf(query)).toBe(Object.prototype)
      }),
      RUNS,
    )
  })
})

describe('data addresses', () => {
  const prefixes = toDataPrefixes('build1', true)
  const segment = fc.oneof(
    fc.constantFrom('index', '.json', 'a.json', '_isr', 'data', 'build1', '__proto__'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }).filter((text) => text.isWellFormed()),
  )
  const path = fc.array(segment, { maxLength: 5 }).map((all) => `/${all.map(encodeURIComponent).join('/')}`)

  it('SEC-26 lead back to the path that made them, and to no other', () => {
    fc.assert(
      fc.property(path, path, (one, other) => {
        for (const prefix of prefixes) {
          const toAddress = (each: string) => `${prefix}${toDataName(each).slice(1)}.json`
          expect(parseDataPath(toAddress(one), prefixes)).toBe(one)
          expect(toAddress(one) === toAddress(other)).toBe(one === other)
        }
      }),
      RUNS,
    )
  })

  it('SEC-45 P8 any text is a path or nothing', () => {
    fc.assert(
      fc.property(
        odd('/_isr/data/', 'build1', '/', '.json', 'index', '..', '%2f', '\\', '/_next/data/build1/'),
        (text) => {
          expect(parseDataPath(text, prefixes) ?? '/').toMatch(/^\//)
        },
      ),
      RUNS,
    )
  })
})

describe('Range', () => {
  const text = 'ten bytes!'
  let server: TestServer
  let dir: string
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'isr-range-'))
    await writeFile(join(dir, 'file.txt'), text)
    const assets = createAssets(dir, 'assets')
    server = await listen((req, res) => void assets.answer(req, res, '/file.txt'))
  })
  afterAll(async () => {
    await server.close()
    await rm(dir, { recursive: true })
  })

  it('SEC-11 P2 any range is the whole file, a part that is where it says, or 416', async () => {
    const number = fc.oneof(
      fc.integer({ min: 0, max: 12 }).map(String),
      fc.constantFrom('', '00', '9'.repeat(30), '-1', ' 1', '1e1'),
    )
    const range = fc.oneof(
      { weight: 3, arbitrary: fc.tuple(number, number).map(([from, to]) => `bytes=${from}-${to}`) },
      odd('bytes', '=', '-', ',', '0', '5', ' ').map((each) => each.replaceAll(/[^\u0020-\u007e]/g, '')),
    )
    await fc.assert(
      fc.asyncProperty(range, async (header) => {
        const answer = await ask(server.port, '/file.txt', { headers: { range: header } })
        const [, from, to] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header.trim()) ?? []
        const [start, end] = [Number(from), to === '' ? Infinity : Number(to)]
        const status = from === undefined || start > end || end === 0 ? 200 : start < text.length ? 206 : 416
        expect([answer.status, answer.text], header).toEqual([
          status,
          status === 200 ? text : status === 206 ? text.slice(start, end + 1) : '',
        ])
        if (status === 206) expect(answer.headers['content-range']).toMatch(new RegExp(`^bytes ${start}-\\d+/10$`))
        if (status !== 416) expect(answer.headers['content-length']).toBe(String(answer.text.length))
      }),
      { numRuns: 300 },
    )
  })
})

describe('time', () => {
  /** For 128 KiB, eight times what Node lets through. In proportion to the square it would be many seconds. */
  const LIMIT_MS = 400
  const rules = { base: '/', trailingSlash: true, maxPathBytes: 1e9 }
  const match = createMatcher([
    { pattern: '/a/[b]/c' },
    { pattern: '/a/[...rest]' },
    { pattern: '/[[...all]]' },
    { pattern: '/[x]/[y]/[z]' },
  ])
  const draft = createDraft(createManifest([]), { development: false })
  const readers: Record<string, (text: string) => unknown> = {
    'Accept-Encoding': createEncodingChoice(),
    'If-None-Match': (text) => isNotModified({ 'if-none-match': text }, '"a"'),
    'If-None-Match with Cache-Control': (text) =>
      isNotModified({ 'if-none-match': '"a"', 'cache-control': text }, '"a"'),
    Cookie: (text) => withCookies(toRequest({ cookie: text })).cookies,
    'the draft cookie': (text) => draft.isOn(toRequest({ cookie: `__isr_draft=${text}` })),
    'the query': parseQuery,
    'the target': (text) => parseRequestUrl(`/${text}`, rules),
    'the query of a target': (text) => parseRequestUrl(`//?${text}`, rules),
    'the host of a target': (text) => parseRequestUrl(`http://${text}`, rules),
    'the matcher': (text) => match(`/a/${text}`),
    'the trailing slash': (text) => applyTrailingSlash(`/${text}`, true),
    'the data address': (text) => parseDataPath(`/_isr/data/build1/${text}`, toDataPrefixes('build1', true)),
    'the Location': (text) => attempt(() => toLocation(text, '/')),
    'the Location of a path': (text) => toLocation(`/${text}`, '/app/'),
    'Content-Type': (text) => attempt(() => contentType.parse(`a/b; ${text}`)),
    'If-Unmodified-Since': (text) => Date.parse(text),
    'User-Agent': (text) => isbot(text.slice(0, 16_384)),
  }
  const units = [
    'a',
    ' ',
    ',',
    ';',
    '=',
    '"',
    '\\',
    '/',
    '-',
    '.',
    '%',
    '%2',
    '%25',
    '%2f',
    '%41',
    '*',
    '\t',
    '(',
    '&',
    '+',
    ':',
    '@',
    '#',
    '?',
    '[',
    'W/',
    'W/"a"',
    ', ',
    '; ',
    '","',
    'q=',
    'a=b;',
    'a=',
    '/a',
    '/..',
    '../',
    '\u00e9',
    '1',
    'no-cache',
    'no-cache ',
    'bot/',
  ]

  it.each(Object.entries(readers))('SEC-105 %s takes time in proportion to its length', (_name, read) => {
    const size = 131_072
    for (const unit of units) {
      for (const [start, end] of [
        ['', ''],
        ['"', '\0'],
        ['a=', '!'],
        [' ', ',"'],
      ] as const) {
        const text = start + unit.repeat(size / unit.length) + end
        // The best of a few: a busy machine delays some.
        let best = Infinity
        for (let tries = 0; tries < 4 && best > LIMIT_MS; tries += 1) {
          const begin = performance.now()
          read(text)
          best = Math.min(best, performance.now() - begin)
        }
        expect(best, JSON.stringify([start, unit, end])).toBeLessThan(LIMIT_MS)
      }
    }
  })
})

function attempt(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}
