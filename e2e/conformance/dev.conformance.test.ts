import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerProcess } from '../process.ts'
import { readPageData, readValue } from '../harness/cache-app.ts'
import { eventually } from '../harness/eventually.ts'
import { send } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'

const page = (
  name: string,
  rest: string,
) => `import { ask } from '${name.includes('/') ? '../' : ''}../source.server.js'

export default function Page({ value }) {
  return <p id="value">{value}</p>
}

${rest}`

const files = {
  'pages/index.jsx': page(
    'index',
    `export async function getStaticProps(context) {
  const { value } = await ask('home', context)
  return { props: { value }, revalidate: 60 }
}`,
  ),
  'pages/post/[slug].jsx': page(
    'post/[slug]',
    `export async function getStaticPaths(context) {
  const { paths } = await ask('paths', context)
  return { paths, fallback: false }
}

export async function getStaticProps(context) {
  const { value } = await ask('post/' + context.params.slug, context)
  return { props: { value } }
}`,
  ),
  'pages/server.jsx': page(
    'server',
    `export async function getServerSideProps() {
  const { value } = await ask('server')
  return { props: { value } }
}`,
  ),
  'pages/date.jsx': page('date', 'export const getStaticProps = () => ({ props: { posts: [{ date: new Date(0) }] } })'),
  'pages/zero.jsx': page('zero', 'export const getStaticProps = () => ({ props: {}, revalidate: 0 })'),
}

describe('development', () => {
  let site: Site
  let server: ServerProcess

  beforeAll(async () => {
    site = await createSite({ files })
    site.source.set('paths', { paths: ['/post/a'] })
    server = await site.serve('dev')
  })

  afterAll(async () => {
    await site?.dispose()
  })

  it('W01 getStaticProps runs on every request, for the page and for its data, and nobody keeps the answer', async () => {
    for (const number of [1, 2]) {
      const answer = await send(server, '/')
      expect([answer.status, answer.headers['cache-control'], readValue(answer)]).toEqual([
        200,
        'no-store',
        `home ${number}`,
      ])
      expect(readPageData(answer).buildId).toBe('development')
    }
    const data = await send(server, '/_isr/data/development/index.json')
    expect([data.status, data.headers['cache-control'], data.json()]).toEqual([
      200,
      'no-store',
      { pageProps: { value: 'home 3' } },
    ])
    expect(
      site.source.calls('home').map(({ detail }) => (detail as { revalidateReason: string }).revalidateReason),
    ).toEqual(['stale', 'stale', 'stale'])
    const server1 = await send(server, '/server')
    expect([server1.headers['cache-control'], readValue(server1)]).toEqual(['no-store', 'server 1'])
    expect((await send(server, '/_isr/data/another-build/index.json')).status).toBe(404)
  })

  it('W01 getStaticPaths runs again, so that a new path is a page at once', async () => {
    expect(readValue(await send(server, '/post/a'))).toBe('post/a 1')
    expect((await send(server, '/post/b')).status).toBe(404)
    expect(site.source.count('post/b')).toBe(0)
    const before = site.source.count('paths')
    site.source.set('paths', { paths: ['/post/b'] })
    expect(readValue(await send(server, '/post/b'))).toBe('post/b 1')
    expect((await send(server, '/post/a')).status).toBe(404)
    expect(site.source.count('paths')).toBe(before + 2)
  })

  it('W01 results that cannot be served say why, on the page and in the log', async () => {
    for (const [path, text] of [
      ['/date', '.posts[0].date'],
      ['/zero', 'revalidate: 0'],
    ] as const) {
      const answer = await send(server, path)
      expect([answer.status, answer.headers['cache-control']]).toEqual([500, 'no-store'])
      expect(answer.text).toContain(text)
      await eventually(() => expect(server.output()).toContain(text))
    }
  })
})
