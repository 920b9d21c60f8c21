import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerProcess } from '../process.ts'
import { isPrivate, readPageData, readRouter, readValue, useCacheApp } from '../harness/cache-app.ts'
import { eventually } from '../harness/eventually.ts'
import { NOSTORE, send, type Answer, type SendOptions } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'

const show = `import { useRouter } from 'vite-plugin-isr/client'
export function Show({ title, value }) {
  const { asPath, isFallback, isPreview } = useRouter()
  return <main><h1>{title}</h1><p id="value">{value}</p>
    <pre id="router">{JSON.stringify({ asPath, isFallback, isPreview })}</pre></main>
}
`
const index = `import { ask } from '../source.server.js'
export default function Home({ value }) { return <p id="value">{value}</p> }
export async function getStaticProps() { return { props: await ask('home'), revalidate: 60 } }
`
const broken = `import { ask } from '../source.server.js'
export default function Broken({ value }) { return <p id="value">{value}</p> }
export async function getServerSideProps() { return { props: await ask('broken') } }
`

/** A site of these pages beside a home page and one that can fail. */
function useSite(pages: Readonly<Record<string, string>>) {
  let site: Site
  let server: ServerProcess
  beforeAll(async () => {
    const files = { 'pages/index.jsx': index, 'pages/broken.jsx': broken, 'components/show.jsx': show, ...pages }
    site = await createSite({ files })
    await site.build()
    server = await site.serve()
  })
  afterAll(async () => {
    await site?.dispose()
  })
  return {
    get source() {
      return site.source
    },
    get: (path: string, options?: SendOptions) => send(server, path, options),
  }
}

function expectErrorPage(answer: Answer, status: number, text: string) {
  expect(answer.status).toBe(status)
  expect(isPrivate(answer)).toBe(true)
  expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
  expect(answer.text).toContain(text)
}

describe('without error pages', () => {
  const app = useCacheApp()

  it('X01 the default 404 page', async () => {
    const answer = await app.get('/nowhere')
    expectErrorPage(answer, 404, '404: This page could not be found.')
    expect(answer.text).toMatch(/^<!DOCTYPE html>/)
    expect(answer.headers).not.toHaveProperty('cache-status')
    expectErrorPage(await app.get('/nowhere/deeper?a=b'), 404, '404: This page could not be found.')
    expectErrorPage(await app.get('/404'), 404, '404: This page could not be found.')
  })

  it('X04 the default 500 page is a plain one', async () => {
    app.source.fail('server', 'secret')
    const answer = await app.get('/server')
    expectErrorPage(answer, 500, '500: Internal Server Error.')
    expect(answer.text).not.toContain('secret')
  })

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'X05 an unknown path is a 404 for %s',
    async (method) => {
      const answer = await app.get('/nowhere', { method })
      expect([answer.status, answer.headers['cache-control']]).toEqual([404, NOSTORE])
      expect(answer.text).toContain(method === 'HEAD' ? '' : '404: This page could not be found.')
      const api = await app.get('/api/nowhere', { method })
      expect([api.status, api.headers['cache-control']]).toEqual([404, NOSTORE])
    },
  )
})

describe('with a 404 page that has data, and a 500 page', () => {
  const site = useSite({
    'pages/api/revalidate.js': `export default async (req, res) => res.json(await res.revalidate(req.query.path))
`,
    'pages/404.jsx': `import { Show } from '../components/show.jsx'
import { ask } from '../source.server.js'
export default function NotFound({ value }) { return <Show title="Nothing here" value={value} /> }
export async function getStaticProps(context) { return { props: await ask('404', context), revalidate: 1 } }
`,
    'pages/500.jsx': `import { Show } from '../components/show.jsx'
export default function Failed() { return <Show title="Our fault" value="sorry" /> }
`,
  })

  it('X02 the page is cached and regenerated, the answer is a 404 that nobody keeps', async () => {
    expect(site.source.count('404')).toBe(1)
    const first = await site.get('/nowhere')
    expectErrorPage(first, 404, 'Nothing here')
    expect(readValue(first)).toBe('404 1')
    expect(readRouter(first).asPath).toBe('/404')
    expect(readPageData(first).page).toBe('/404')

    // Stale after a second, and refreshed by those who see it.
    const renewed = await eventually(async () => {
      const answer = await site.get('/somewhere/else')
      expect(readValue(answer)).not.toBe('404 1')
      return answer
    })
    expectErrorPage(renewed, 404, 'Nothing here')
    expect(readRouter(renewed).asPath).toBe('/404')
    expect(site.source.calls('404').at(-1)!.detail).toMatchObject({ revalidateReason: 'stale' })
    expect(site.source.calls('404').at(-1)!.detail).not.toHaveProperty('params')
  })

  it('X02 when it fails the last good one stays', async () => {
    site.source.fail('404')
    const before = site.source.count('404')
    await eventually(async () => {
      const answer = await site.get('/nowhere')
      expectErrorPage(answer, 404, 'Nothing here')
      expect(site.source.count('404')).toBeGreaterThan(before)
    })
    expectErrorPage(await site.get('/nowhere'), 404, 'Nothing here')
    site.source.heal('404')
  })

  it('X02 res.revalidate renews it, like any page with getStaticProps', async () => {
    site.source.set('404', { value: 'edited' })
    const answer = await site.get('/api/revalidate?path=/404')
    expect(answer.text).toBe('{"status":"regenerated"}')
    const next = await site.get('/nowhere')
    expectErrorPage(next, 404, 'Nothing here')
    expect(readValue(next)).toBe('edited')
    expect((await site.get('/api/revalidate?path=/500')).status).toBe(500)
  })

  it('X02 /404 itself is a 404', async () => {
    expectErrorPage(await site.get('/404'), 404, 'Nothing here')
  })

  it('X04 the 500 page is prerendered and served on errors', async () => {
    site.source.fail('broken', 'secret')
    const answer = await site.get('/broken')
    expectErrorPage(answer, 500, 'Our fault')
    expect(readValue(answer)).toBe('sorry')
    expect(answer.text).not.toContain('secret')
    expect(readPageData(answer).page).toBe('/500')
    expectErrorPage(await site.get('/500'), 500, 'Our fault')
  })
})

describe('with an _error page only', () => {
  const site = useSite({
    'pages/_error.jsx': `import { Show } from '../components/show.jsx'
export default function Failure({ statusCode }) { return <Show title={'Status ' + statusCode} value="own" /> }
`,
  })

  it('X04 _error is used for both', async () => {
    expectErrorPage(await site.get('/nowhere'), 404, 'Status 404')
    site.source.fail('broken', 'secret')
    expectErrorPage(await site.get('/broken'), 500, 'Status 500')
    // It is nobody's address.
    expectErrorPage(await site.get('/_error'), 404, 'Status 404')
  })
})

describe('with a 500 page that has data', () => {
  const site = useSite({
    'pages/500.jsx': `import { Show } from '../components/show.jsx'
import { ask } from '../source.server.js'
export default function Failed({ value }) { return <Show title="Our fault" value={value} /> }
export async function getStaticProps() { return { props: await ask('500') } }
`,
  })

  it('X04 the 500 page may have getStaticProps, which is not called when something fails', async () => {
    expect(site.source.count('500')).toBe(1)
    site.source.fail('broken')
    const answer = await site.get('/broken')
    expectErrorPage(answer, 500, 'Our fault')
    expect(readValue(answer)).toBe('500 1')
    expectErrorPage(await site.get('/nowhere'), 404, '404: This page could not be found.')
    expect(site.source.count('500')).toBe(1)
  })
})
