import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import type { GetServerSideProps, GetStaticProps } from '../types.ts'
import { NO_STORE } from './cache-control.ts'
import { ask } from './testing/client.ts'
import { startSite, type TestPage, type TestSite } from './testing/site.ts'

let site: TestSite | undefined
afterEach(async () => {
  await site?.close()
  site = undefined
})

const getStaticProps: GetStaticProps = async ({ params }) => ({ props: { params: params ?? null }, revalidate: 60 })

/** `/server/<result>`: the result after the headers of the query were set. */
const getServerSideProps: GetServerSideProps = async ({ res, params, query }) => {
  for (const [name, value] of Object.entries(query)) if (name !== 'result') res.setHeader(name, value!)
  switch (params!['result']) {
    case 'redirect':
      return { redirect: { destination: '/p/1', permanent: true } }
    case 'missing':
      return { notFound: true }
    default:
      return { props: {} }
  }
}

const pages: Record<string, TestPage> = {
  '/p/[id]': { module: { getStaticProps }, fallback: 'blocking' },
  '/moved': { module: { getStaticProps: async () => ({ redirect: { destination: '/p/1', permanent: false } }) } },
  '/server/[result]': { module: { getServerSideProps } },
  '/about': {},
}

/** Puts headers on every answer before the handler sees the request, as middleware in front of it does. */
function startBehind(set: (req: IncomingMessage, res: ServerResponse) => void) {
  return startSite(pages, {
    mount: (handler) => (req, res) => {
      set(req, res)
      handler(req, res)
    },
  })
}

const targets = [
  '/p/1',
  '/p/1',
  '/_isr/data/build1/p/1.json',
  '/moved',
  '/about',
  '/about/',
  '/nope',
  '/%00',
  '/server/props',
  '/server/redirect',
  '/server/missing',
]

describe('what an answer varies by', () => {
  it('SEC-83 SEC-34 what middleware says an answer varies by is added to, never replaced', async () => {
    site = await startBehind((req, res) => {
      res.setHeader('Access-Control-Allow-Origin', req.headers.origin ?? 'null')
      res.setHeader('Vary', ['Origin', 'Cookie'])
    })
    for (const target of targets) {
      const headers = { origin: 'https://evil.example' }
      const { headers: answered } = await ask(site.port, target, { headers })
      expect(answered['access-control-allow-origin'], target).toBe('https://evil.example')
      expect(answered.vary, target).toMatch(/^Origin, Cookie(?:, Accept-Encoding)?$/)
    }
    const { headers } = await ask(site.port, '/p/1')
    expect(headers.vary).toBe('Origin, Cookie, Accept-Encoding')
    const same = await ask(site.port, '/p/1', { headers: { 'if-none-match': headers.etag! } })
    expect([same.status, same.headers.vary]).toEqual([304, 'Origin, Cookie, Accept-Encoding'])
  })

  it.each([
    ['*', '*'],
    ['accept-encoding', 'accept-encoding'],
    ['X, ACCEPT-ENCODING', 'X, ACCEPT-ENCODING'],
    ['X-Accept-Encoding', 'X-Accept-Encoding, Accept-Encoding'],
    ['', 'Accept-Encoding'],
  ])('SEC-34 Vary: %s becomes %s', async (given, expected) => {
    site = await startBehind((_req, res) => void res.setHeader('Vary', given))
    expect((await ask(site.port, '/p/1')).headers.vary).toBe(expected)
  })

  it('SEC-34 a server page keeps what it varies by, whatever it returns', async () => {
    site = await startSite(pages)
    for (const result of ['props', 'redirect', 'missing']) {
      const { headers } = await ask(site.port, `/server/${result}?vary=Cookie&cache-control=public`)
      expect(headers['cache-control']).toBe('public')
      expect(headers.vary, result).toMatch(/^Cookie(?:, Accept-Encoding)?$/)
    }
  })
})

describe('what middleware gives to one visitor', () => {
  const publicTargets = ['/p/1', '/p/1', '/_isr/data/build1/p/1.json', '/moved', '/about', '/about/']

  it('SEC-33 SEC-34 P6 a cookie goes with no answer that others may keep', async () => {
    site = await startBehind((_req, res) => void res.setHeader('Set-Cookie', 'session=alice'))
    for (const target of targets) {
      const { headers } = await ask(site.port, target)
      expect(headers['set-cookie']).toEqual(['session=alice'])
      expect(headers['cache-control'], target).toBe(NO_STORE)
    }
    const { headers } = await ask(site.port, '/p/1')
    const same = await ask(site.port, '/p/1', { headers: { 'if-none-match': headers.etag! } })
    expect([same.status, same.headers['cache-control']]).toEqual([304, NO_STORE])
    // The page itself is kept here as ever, without it.
    expect(headers['x-isr-cache']).toBe('HIT')
  })

  it.each(['private', 'private, no-store', 'max-age=60 , PRIVATE'])(
    'SEC-33 what is said to be %s stays so',
    async (control) => {
      site = await startBehind((_req, res) => void res.setHeader('Cache-Control', control))
      for (const target of publicTargets) {
        expect((await ask(site.port, target)).headers['cache-control'], target).toBe(control)
      }
      expect((await ask(site.port, '/nope')).headers['cache-control']).toBe(NO_STORE)
    },
  )

  it('SEC-33 any other word about caching is ours', async () => {
    site = await startBehind((_req, res) => void res.setHeader('Cache-Control', 'public, max-age=99'))
    await ask(site.port, '/p/1')
    expect((await ask(site.port, '/p/1')).headers['cache-control']).toMatch(/^s-maxage=60, /)
    expect((await ask(site.port, '/nope')).headers['cache-control']).toBe(NO_STORE)
  })
})
