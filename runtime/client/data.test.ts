import { beforeEach, describe, expect, it } from 'vitest'
import { createDataClient } from './data.ts'

let requests: Array<{ url: string; init: RequestInit }>
let answers: Array<() => Response | Promise<Response>>
let time: number

const json = (data: unknown, headers: Record<string, string> = {}, status = 200) =>
  new Response(JSON.stringify(data), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  })
const page = (version: number, control = 's-maxage=60, stale-while-revalidate=100', headers = {}) =>
  json({ pageProps: { version } }, { 'cache-control': control, ...headers })

function client() {
  return createDataClient(
    async (url, init) => {
      requests.push({ url, init })
      const answer = answers.shift()
      if (!answer) throw new Error('no answer prepared')
      return answer()
    },
    () => time,
  )
}
const flush = () => new Promise((resolve) => setImmediate(resolve))

beforeEach(() => {
  requests = []
  answers = []
  time = 1_000_000
})

describe('a request', () => {
  it('W3 C01 makes a round trip past the browser’s cache and says what it is', async () => {
    answers = [() => page(1), () => page(2)]
    const data = client()
    await data.load('/a', { keep: true })
    await data.prefetch('/b')
    expect(requests[0]!.init).toMatchObject({ cache: 'no-cache', headers: { 'x-isr-data': '1' } })
    expect(requests[0]!.init.headers).not.toHaveProperty('purpose')
    expect(requests[1]!.init).toMatchObject({ cache: 'no-cache', headers: { 'x-isr-data': '1', purpose: 'prefetch' } })
  })
  it.each([
    [{ pageProps: { a: 1 } }, 200],
    [{ notFound: true }, 404],
    [{ redirect: { destination: '/x', statusCode: 307 } }, 200],
  ])('C07 takes %j', async (body, status) => {
    answers = [() => json(body, {}, status)]
    expect(await client().load('/a', { keep: true })).toEqual(body)
  })
  it.each([
    ['HTML', () => new Response('<p>', { status: 200, headers: { 'content-type': 'text/html' } }), 200],
    ['a 404 page', () => new Response('<p>', { status: 404, headers: { 'content-type': 'text/html' } }), 404],
    ['a failing server', () => json({ pageProps: {} }, {}, 500), 500],
    ['broken JSON', () => new Response('{"pageProps":', { headers: { 'content-type': 'application/json' } }), 0],
    ['other JSON', () => json({ hello: 1 }), 200],
    ['null', () => json(null), 200],
    ['an empty redirect', () => json({ redirect: {} }), 200],
    ['no answer', () => Promise.reject(new TypeError('network')), 0],
  ])('C06 fails on %s', async (_, answer, status) => {
    answers = [answer]
    expect(await client().load('/a', { keep: true })).toEqual({ failed: true, status })
  })
})

describe('W3 the copy in memory', () => {
  it('C03 is shown at once, and revalidated for the next time', async () => {
    answers = [() => page(1), () => page(2), () => page(3)]
    const data = client()
    await data.prefetch('/a')
    expect(await data.load('/a', { keep: true })).toEqual({ pageProps: { version: 1 } })
    expect(requests).toHaveLength(2)
    expect(requests[1]!.init.headers).not.toHaveProperty('purpose')
    await flush()
    expect(await data.load('/a', { keep: true })).toEqual({ pageProps: { version: 2 } })
  })
  it('lives as long as the entry', async () => {
    answers = [() => page(1), () => page(2)]
    const data = client()
    await data.prefetch('/a')
    time += 59_999
    await data.prefetch('/a')
    expect(requests).toHaveLength(1)
    time += 1
    expect(await data.load('/a', { keep: true })).toEqual({ pageProps: { version: 2 } })
  })
  it('has spent some of its life in a shared cache', async () => {
    answers = [() => page(1, 's-maxage=60', { age: '58' }), () => page(2)]
    const data = client()
    await data.prefetch('/a')
    time += 2000
    await data.prefetch('/a')
    expect(requests).toHaveLength(2)
  })
  it.each(['private, no-cache, no-store, max-age=0, must-revalidate', 'no-store', 'x-s-maxage=9', 's-maxage=0'])(
    'is not kept with %s',
    async (control) => {
      answers = [() => page(1, control), () => page(2, control)]
      const data = client()
      await data.load('/a', { keep: true })
      expect(await data.load('/a', { keep: true })).toEqual({ pageProps: { version: 2 } })
    },
  )
  it('C05 of getServerSideProps data does not exist, whatever its headers', async () => {
    answers = [() => page(1), () => page(2)]
    const data = client()
    await data.load('/a', { keep: false })
    expect(await data.load('/a', { keep: false })).toEqual({ pageProps: { version: 2 } })
  })
  it('C10 is passed by when fresh data is asked for, and replaced', async () => {
    answers = [() => page(1), () => page(2), () => page(3)]
    const data = client()
    await data.prefetch('/a')
    expect(await data.load('/a', { keep: true, fresh: true })).toEqual({ pageProps: { version: 2 } })
    expect(await data.load('/a', { keep: true })).toEqual({ pageProps: { version: 2 } })
  })
  it('of a failure does not exist; a click after a failed prefetch asks again', async () => {
    answers = [() => Promise.reject(new TypeError('network')), () => page(2)]
    const data = client()
    await data.prefetch('/a')
    expect(await data.load('/a', { keep: true })).toEqual({ pageProps: { version: 2 } })
  })
  it('a click joins the prefetch that is under way', async () => {
    let respond!: (response: Response) => void
    answers = [() => new Promise((resolve) => (respond = resolve)), () => page(2)]
    const data = client()
    const prefetch = data.prefetch('/a')
    const loaded = data.load('/a', { keep: true })
    await flush()
    respond(page(1))
    expect(await loaded).toEqual({ pageProps: { version: 1 } })
    await prefetch
  })
  it('a failed revalidation leaves it in place', async () => {
    answers = [() => page(1), () => Promise.reject(new TypeError('network')), () => page(3)]
    const data = client()
    await data.prefetch('/a')
    await data.load('/a', { keep: true })
    await flush()
    expect(await data.load('/a', { keep: true })).toEqual({ pageProps: { version: 1 } })
  })
  it('P7 is one of at most a hundred', async () => {
    const data = client()
    for (let index = 0; index < 101; index++) {
      answers.push(() => page(index))
      await data.prefetch(`/${index}`)
    }
    await data.prefetch('/100')
    expect(requests).toHaveLength(101)
    answers.push(() => page(0))
    await data.prefetch('/0')
    expect(requests).toHaveLength(102)
  })
})
