import { describe, expect, it } from 'vitest'
import { isIsrError } from '../errors.ts'
import { parseServerSideProps, parseStaticPaths, parseStaticProps } from './result.ts'

const source = { page: 'pages/b/[s].tsx', path: '/b/1' }
const parse = (result: unknown) => parseStaticProps(result, source)
const paths = (result: unknown, pattern = '/b/[s]') =>
  parseStaticPaths(result, pattern, { page: `pages${pattern}.tsx` })

describe('parseStaticProps', () => {
  it.each([1, 60, 31_536_000])('V01 revalidate %s is taken as it is', async (revalidate) => {
    expect(await parse({ props: {}, revalidate })).toMatchObject({ kind: 'page', revalidate })
  })
  it('S06 revalidate true is one second', async () => {
    expect(await parse({ props: {}, revalidate: true })).toMatchObject({ revalidate: 1 })
  })
  it('V01 revalidate false and absent are told apart', async () => {
    expect((await parse({ props: {}, revalidate: false })).revalidate).toBe(false)
    expect((await parse({ props: {} })).revalidate).toBeUndefined()
  })
  it.each([0, -1, 0.5, '60', null, Number.POSITIVE_INFINITY, Number.NaN, 1e300, 'soon'])(
    'V01 REL-15 revalidate %s is refused, naming the page',
    async (revalidate) => {
      await expect(parse({ props: {}, revalidate })).rejects.toThrow(/pages\/b\/\[s\]\.tsx \(\/b\/1\): .*revalidate/)
    },
  )
  it.each([undefined, null, 'text', []])('E03 a result of %s is refused', async (result) => {
    await expect(parse(result)).rejects.toSatisfy((error) => isIsrError(error, 'ISR_RESULT'))
  })
  it('V04 unknown keys are refused by name', async () => {
    await expect(parse({ prop: {}, revalidate: 1 })).rejects.toThrow('`prop`')
  })
  it('V04 a misspelt key is told the right one, any other where data belongs', async () => {
    await expect(parse({ props: {}, revalidat: 60 })).rejects.toThrow(/`revalidat`\. .*; did you mean `revalidate`\?$/)
    await expect(parse({ posts: [] })).rejects.toThrow('did you mean to put it under `props`?')
    await expect(parse({ prop: {}, posts: [] })).rejects.toThrow('did you mean to put them under `props`?')
  })
  it('E03 an object without a result is refused', async () => {
    await expect(parse({ revalidate: 1 })).rejects.toThrow('without `props`')
  })
  it('B24 props that JSON cannot carry are refused with their access path', async () => {
    await expect(parse({ props: { a: [{ d: new Date() }] } })).rejects.toThrow('`.a[0].d`')
    await expect(parse({ props: null })).rejects.toThrow('`null`')
  })
  it('props may be a promise', async () => {
    expect(await parse({ props: Promise.resolve({ a: 1 }) })).toMatchObject({ props: { a: 1 } })
  })
  it('N10 notFound and redirect together are refused', async () => {
    await expect(parse({ notFound: true, redirect: { destination: '/' } })).rejects.toThrow('both')
  })
  it.each([
    [{ destination: '/x' }, 307],
    [{ destination: '/x', permanent: false }, 307],
    [{ destination: '/x', permanent: true }, 308],
    [{ destination: 'https://example.org/a b', statusCode: 301 }, 301],
  ])('N05 N06 redirect %j answers %s', async (redirect, status) => {
    expect(await parse({ redirect })).toMatchObject({ redirect: { status, destination: redirect.destination } })
  })
  it.each([
    { destination: '/x', statusCode: 200 },
    { destination: '/x', statusCode: 308, permanent: true },
    { destination: 1 },
    { destination: '' },
    { permanent: true },
    { destination: '/x', extra: 1 },
    'x',
  ])('N06 redirect %j is refused', async (redirect) => {
    await expect(parse({ redirect })).rejects.toThrow('redirect')
  })
  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'jaVa\nscript:x',
    ' javascript:x',
    'javascript%3Ax',
    '%6aavascript:x',
    '/a\r\nx-evil: 1',
  ])('SEC-79 destination %j is refused', async (destination) => {
    await expect(parse({ redirect: { destination } })).rejects.toThrow('destination')
  })
  it.each(['//evil.com', '/\\evil.com', '\\\\evil.com', '///evil', '/%2fevil.com', '/%5C%252fevil.com'])(
    'SEC-77 destination %j stays on this host',
    async (destination) => {
      const parsed = await parse({ redirect: { destination } })
      expect(parsed).toMatchObject({ redirect: { destination: expect.stringMatching(/^\/evil/) as string } })
    },
  )
})

describe('parseServerSideProps', () => {
  it('refuses revalidate, which has no meaning there', async () => {
    await expect(parseServerSideProps({ props: {}, revalidate: 1 }, source)).rejects.toThrow('`revalidate`')
  })
})

describe('parseStaticPaths', () => {
  it('B04 a string path is matched against the page and decoded', () => {
    expect(paths({ paths: ['/b/str%20ing', '/b/a%62'], fallback: false }).paths).toEqual(['/b/str%20ing', '/b/ab'])
  })
  it('B05 a string path that does not match is refused', () => {
    expect(() => paths({ paths: ['/c/x'], fallback: false })).toThrow(
      '"/c/x" returned from getStaticPaths does not match the page "/b/[s]"',
    )
  })
  it.each([
    [
      { paths: [{ params: {} }], fallback: false },
      'B06',
      'A required parameter (s) was not provided as a string received undefined in getStaticPaths for /b/[s]',
    ],
    [{ paths: [{ params: { s: 1 } }], fallback: false }, 'B06', 'received number'],
    [{ paths: [{ s: '1' }], fallback: false }, 'B07', 'belong under `params`: `{ params: { s: … } }`'],
    [{ paths: [] }, 'B09', '`fallback` key must be returned'],
    [{ paths: [], fallback: 'yes' }, 'B09', 'received "yes"'],
    [{ fallback: false }, 'B10', 'paths: undefined'],
    [{ paths: {}, fallback: false }, 'B10', 'must be an array'],
    [{ paths: [], fallback: false, revalidate: 1 }, 'B11', 'extra keys: revalidate'],
    [undefined, 'B12', 'returned undefined'],
    [null, 'B12', 'returned null'],
    [[], 'B12', 'returned an array'],
    [{ paths: [1], fallback: false }, 'B12', 'returned 1 among'],
  ])('%j is refused (%s)', (result, _id, message) => {
    expect(() => paths(result)).toThrow(message)
  })
  it('B06 a catch-all needs an array', () => {
    expect(() => paths({ paths: [{ params: { x: 'a' } }], fallback: false }, '/d/[...x]')).toThrow(
      'as an array received string',
    )
  })
  it('B06 a parameter that is no text is shown, with what to make of it', () => {
    expect(() => paths({ paths: [{ params: { s: 7 } }], fallback: false })).toThrow(
      'A required parameter (s) was not provided as a string received number in getStaticPaths for /b/[s]. ' +
        'Its value is 7, and parameters are text: make it `String(s)`.',
    )
    const catchAll = (x: unknown) => () => paths({ paths: [{ params: { x } }], fallback: false }, '/d/[...x]')
    expect(catchAll(['a', 1])).toThrow('Its value is 1, and segments are text: make them `x.map(String)`.')
    expect(catchAll('a/b')).toThrow('Its value is "a/b": return the segments of the path')
    expect(catchAll(7)).toThrow('Its value is 7: return the segments of the path')
    expect(catchAll(undefined)).toThrow(/for \/d\/\[\.\.\.x\]\.$/)
  })
  it('a path that is listed twice is kept once', () => {
    expect(paths({ paths: ['/b/a', { params: { s: 'a' } }], fallback: true }).paths).toHaveLength(1)
  })
})

describe('what is said of a wrong result', () => {
  const ALLOWED = 'Allowed are `props`, `revalidate`, `expire`, `notFound`, `redirect`'
  const wrong = (what: string) => `getStaticProps returned a wrong \`redirect\`: ${what}.`
  const STATUSES = '`statusCode` must be one of 301, 302, 303, 307, 308, received'
  const long = 'x'.repeat(61)

  it.each<[result: unknown, said: string]>([
    [
      { prop: {}, posts: [] },
      `getStaticProps returned the unknown keys \`prop\`, \`posts\`. ${ALLOWED}; did you mean to put them under \`props\`?`,
    ],
    [{ prop: {} }, `getStaticProps returned the unknown key \`prop\`. ${ALLOWED}; did you mean \`props\`?`],
    [{ notFound: 'yes' }, 'getStaticProps returned `notFound: "yes"`. It must be `true` or left out.'],
    [
      { props: {}, revalidate: 0 },
      'getStaticProps returned `revalidate: 0`. It must be a positive whole number of seconds, `true` for 1, or `false` for ' +
        'never; for a page that is never cached use getServerSideProps.',
    ],
    [
      { props: {}, revalidate: { valueOf: () => 5 } },
      'getStaticProps returned `revalidate: a value of type object`. It must be a positive whole number of seconds, `true` ' +
        'for 1, or `false` for never.',
    ],
    ...[0, -1, 0.5, NaN, Infinity, '60', true, 2 ** 53].map((expire): [unknown, string] => [
      { props: {}, expire },
      `getStaticProps returned \`expire: ${typeof expire === 'string' ? `"${expire}"` : expire}\`. It must be a positive whole number of seconds.`,
    ]),
    [{ redirect: 'x' }, wrong('it is "x", not an object')],
    [{ redirect: null }, wrong('it is null, not an object')],
    [{ redirect: false }, wrong('it is false, not an object')],
    [{ redirect: { destination: '/x', to: 1 } }, wrong('unknown key `to`')],
    [{ redirect: { destination: 7 } }, wrong('`destination` must be a string, received 7')],
    [
      { redirect: { destination: 'x-http://a' } },
      wrong('`destination` must be a path or an http(s) URL without control characters, received "x-http://a"'),
    ],
    [{ redirect: { destination: '/x', permanent: 'no' } }, wrong('`permanent` must be `true` or `false`')],
    [
      { redirect: { destination: '/x', permanent: true, statusCode: 308 } },
      wrong('give `permanent` or `statusCode`, not both'),
    ],
    [{ redirect: { destination: '/x', statusCode: 200 } }, wrong(`${STATUSES} 200`)],
    [{ redirect: { destination: '/x', statusCode: 1n } }, wrong(`${STATUSES} a value of type bigint`)],
    [{ redirect: { destination: '/x', basePath: true } }, wrong('`basePath` can only be `false`')],
    [
      long,
      `getStaticProps returned "${'x'.repeat(60)}…". Return an object with \`props\`, \`notFound\` or \`redirect\`; is a \`return\` missing?`,
    ],
    [
      long.slice(1),
      `getStaticProps returned "${'x'.repeat(60)}". Return an object with \`props\`, \`notFound\` or \`redirect\`; is a \`return\` missing?`,
    ],
    [
      7n,
      'getStaticProps returned a value of type bigint. Return an object with `props`, `notFound` or `redirect`; is a `return` missing?',
    ],
  ])('V01 N06 %o', async (result, said) => {
    await expect(parse(result)).rejects.toMatchObject({
      message: `pages/b/[s].tsx (/b/1): ${said}`,
      code: 'ISR_RESULT',
      page: 'pages/b/[s].tsx',
      path: '/b/1',
    })
  })

  it('B24 of props that are none', async () => {
    await expect(parse({ props: 7 })).rejects.toMatchObject({
      code: 'ISR_PROPS',
      message: expect.stringMatching(
        /^pages\/b\/\[s\]\.tsx \(\/b\/1\): error serializing props returned from `getStaticProps`\. Reason: /,
      ) as string,
    })
  })

  it.each<[paths: unknown, said: string]>([
    [[null], 'getStaticPaths returned null among `paths`. Each must be a string or `{ params }`.'],
    [[true], 'getStaticPaths returned true among `paths`. Each must be a string or `{ params }`.'],
    ...['x', null, [], undefined, 5].map((params): [unknown, string] => [
      [{ params }],
      `getStaticPaths returned a path with \`params: ${params === 'x' ? '"x"' : Array.isArray(params) ? 'an array' : params}\`. It must be an object.`,
    ]),
    [
      [{ params: { s: 'a' }, locale: 'de', s: 1, t: 2 }],
      'additional keys were returned from getStaticPaths beside `params`: s, t. URL parameters belong under `params`: ' +
        '`{ params: { s: …, t: … } }`.',
    ],
    ...[7, 7n, true].map((value): [unknown, string] => [
      [{ params: { s: value } }],
      `A required parameter (s) was not provided as a string received ${typeof value} in getStaticPaths for /b/[s]. ` +
        `Its value is ${value}, and parameters are text: make it \`String(s)\`.`,
    ]),
    [
      [{ params: { s: {} } }],
      'A required parameter (s) was not provided as a string received object in getStaticPaths for /b/[s].',
    ],
  ])('B06 B07 B12 of the paths %o', (list, said) => {
    const parsed = () => paths({ paths: list, fallback: false })
    expect(parsed).toThrow(`pages/b/[s].tsx: ${said}`)
    try {
      parsed()
    } catch (error) {
      expect(error).toMatchObject({ message: `pages/b/[s].tsx: ${said}`, code: 'ISR_PATHS', page: 'pages/b/[s].tsx' })
    }
  })

  it('B06 of the first parameter that is wrong, not of one before it', () => {
    const parsed = (params: object) => () => paths({ paths: [{ params }], fallback: false }, '/b/[s]/[t]')
    expect(parsed({ s: 'a', t: 3 })).toThrow('Its value is 3, and parameters are text: make it `String(t)`.')
    expect(parsed({ s: 4, t: 3 })).toThrow('Its value is 4, and parameters are text: make it `String(s)`.')
    expect(parsed(Object.create({ s: 'a', t: 'b' }) as object)).toThrow(/for \/b\/\[s\]\/\[t\]\.$/)
  })
})

describe('what is right', () => {
  it('V01 expire is taken in seconds', async () => {
    expect(await parse({ props: {}, expire: 1 })).toMatchObject({ expire: 1 })
    expect((await parse({ props: {} })).expire).toBeUndefined()
  })
  it('N01 notFound: true is the 404 page, with the lifetime that it was given', async () => {
    expect(await parse({ notFound: true })).toEqual({ kind: 'notFound', revalidate: undefined, expire: undefined })
    expect(await parse({ notFound: true, revalidate: 5, props: {} })).toMatchObject({ kind: 'notFound', revalidate: 5 })
    expect(await parseServerSideProps({ notFound: true }, source)).toEqual({ kind: 'notFound' })
  })
  it('N01 notFound: false and undefined say nothing', async () => {
    expect(await parse({ props: { a: 1 }, notFound: false })).toMatchObject({ kind: 'page' })
    expect(await parse({ props: { a: 1 }, notFound: undefined, redirect: undefined })).toMatchObject({ kind: 'page' })
  })
  it.each(['http://a.example/', 'HTTPS://a.example/', '/go?to=javascript:1', 'plain', '/a?u=http://b'])(
    'N05 destination %s',
    async (destination) => {
      expect(await parse({ redirect: { destination } })).toMatchObject({ redirect: { destination, basePath: true } })
    },
  )
  it('N08 basePath: false leaves the base away', async () => {
    expect(await parse({ redirect: { destination: '/x', basePath: false } })).toMatchObject({
      redirect: { basePath: false },
    })
  })
  it('B04 a slash at the end of a path string is not part of it, but the root is', () => {
    expect(paths({ paths: ['/b/a/', '/b/a'], fallback: 'blocking' })).toEqual({
      fallback: 'blocking',
      paths: ['/b/a'],
    })
    expect(paths({ paths: ['/'], fallback: false }, '/[[...x]]').paths).toEqual(['/'])
    expect(() => paths({ paths: ['/b/a//'], fallback: false })).toThrow('does not match')
  })
  it('a locale beside params is left alone', () => {
    expect(paths({ paths: [{ params: { s: 'a' }, locale: 'de' }], fallback: false }).paths).toHaveLength(1)
  })
  it('of a path that is listed twice the first stays in its place', () => {
    expect(paths({ paths: ['/b/a', '/b/b', '/b/a'], fallback: true }).paths).toEqual(['/b/a', '/b/b'])
  })
})
