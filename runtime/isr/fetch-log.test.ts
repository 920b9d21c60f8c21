import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { IsrApp, PageModule } from '../types.ts'
import { logFetches } from './fetch-log.ts'

let server: Server
let origin: string
const unwrapped = globalThis.fetch
beforeAll(async () => {
  server = createServer((req, res) => res.writeHead(req.url!.startsWith('/gone') ? 404 : 200).end('data'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  globalThis.fetch = unwrapped
  server.closeAllConnections()
  server.close()
})

const toApp = (page: Partial<PageModule>): IsrApp => ({
  buildId: 'b',
  base: '/',
  trailingSlash: false,
  routes: [],
  load: async () => ({ default: () => null, ...page }),
  render: async () => '',
})

async function run(page: Partial<PageModule>, call: (page: PageModule) => unknown, fullUrl = true) {
  const lines: string[] = []
  const app = logFetches(toApp(page), { fullUrl, log: (line) => lines.push(line.replace(/\d+ ms/, 'n ms')) })
  const result = await call(await app.load('/posts/[id]'))
  return { lines, result }
}

const context = {
  params: { id: 'a b' },
  revalidateReason: 'stale',
  locales: [],
  locale: undefined,
  defaultLocale: undefined,
} as const
const props = { props: {} }

describe('logFetches', () => {
  it('names the data function, the path, the method, the URL and the status', async () => {
    const getStaticProps = async () => {
      await fetch(`${origin}/posts/1?key=secret`)
      await fetch(new URL('/gone', origin), { method: 'post' })
      await fetch(new Request(`${origin}/put`, { method: 'PUT', body: 'x' }))
      return props
    }
    const { lines, result } = await run({ getStaticProps }, (page) => page.getStaticProps!(context))
    expect(result).toBe(props)
    expect(lines).toEqual([
      `[vite-plugin-isr] getStaticProps of /posts/a%20b: GET ${origin}/posts/1?key=secret 200 in n ms`,
      `[vite-plugin-isr] getStaticProps of /posts/a%20b: POST ${origin}/gone 404 in n ms`,
      `[vite-plugin-isr] getStaticProps of /posts/a%20b: PUT ${origin}/put 200 in n ms`,
    ])
  })
  it('leaves the query out unless fullUrl asks for it, and credentials always', async () => {
    const url = `${origin.replace('//', '//me:word@')}/posts?key=secret`
    const getStaticPaths = async () => {
      // Node refuses credentials in a URL, which is a failed fetch.
      await fetch(url).catch(() => {})
      await fetch(`${origin}/posts?key=secret`)
      return { paths: [], fallback: false }
    }
    const { lines } = await run({ getStaticPaths }, (page) => page.getStaticPaths!({ locales: [] }), false)
    expect(lines).toEqual([
      `[vite-plugin-isr] getStaticPaths of /posts/[id]: GET ${origin}/posts failed in n ms`,
      `[vite-plugin-isr] getStaticPaths of /posts/[id]: GET ${origin}/posts 200 in n ms`,
    ])
  })
  it('two data functions that run at the same time do not mix', async () => {
    const getStaticProps = async ({ params }: { params?: { id?: unknown } }) => {
      await fetch(`${origin}/${String(params!.id)}`)
      return props
    }
    const { lines } = await run({ getStaticProps }, (page) =>
      Promise.all(['1', '2'].map(async (id) => page.getStaticProps!({ ...context, params: { id } }))),
    )
    expect(lines.toSorted()).toEqual([
      `[vite-plugin-isr] getStaticProps of /posts/1: GET ${origin}/1 200 in n ms`,
      `[vite-plugin-isr] getStaticProps of /posts/2: GET ${origin}/2 200 in n ms`,
    ])
  })
  it('other fetches are not logged, and fetch is wrapped once however often an app is made', async () => {
    const { lines } = await run({}, () => fetch(`${origin}/else`))
    expect(lines).toEqual([])
    const wrapped = globalThis.fetch
    await run({}, () => undefined)
    expect(globalThis.fetch).toBe(wrapped)
  })
})
