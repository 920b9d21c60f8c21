/** Section P: which page answers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerProcess } from '../process.ts'
import { NOSTORE, send } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'

/** A page of each kind that shows which it is and with which parameters. */
const shown = (name: string) => `
import { useRouter } from 'vite-plugin-isr/client'
export default function Page() {
  const { query, pathname, asPath } = useRouter()
  return <main>{JSON.stringify({ page: '${name}', query, pathname, asPath })}</main>
}`
const isr = (name: string, fallback = 'blocking') => `
export const getStaticPaths = () => ({ paths: [], fallback: '${fallback}' })
export const getStaticProps = ({ params }) => ({ props: { params }, revalidate: 60 })
${shown(name)}`
const server = (name: string) => `export const getServerSideProps = () => ({ props: {} })\n${shown(name)}`

let site: Site
let running: ServerProcess
beforeAll(async () => {
  site = await createSite({
    files: {
      'pages/index.jsx': shown('home'),
      'pages/[top].jsx': isr('top'),
      'pages/one/two.jsx': shown('static'),
      'pages/one/[id].jsx': isr('id'),
      'pages/one/[...all].jsx': isr('all'),
      'pages/two/index.jsx': shown('two index'),
      'pages/two/[...all].jsx': isr('two all'),
      'pages/three/[[...all]].jsx': isr('three all'),
      'pages/four/[id]/edit.jsx': server('edit'),
      'pages/four/[id]/[part].jsx': isr('part'),
      'pages/four/[id]/index.jsx': isr('four'),
      'pages/four/fixed/[part].jsx': server('fixed part'),
      'pages/five/[...all].jsx': isr('five all'),
      'pages/optional/[[...all]].jsx': `
export const getStaticPaths = () => ({
  paths: [{ params: { all: [] } }, { params: { all: ['a'] } }, '/optional/b/c'],
  fallback: false,
})
export const getStaticProps = ({ params }) => ({ props: { given: JSON.stringify(params) } })
export default function Optional({ given }) { return <main>{given}</main> }`,
      'pages/nothing/[[...all]].jsx': `
export const getStaticPaths = () => ({ paths: [{ params: { all: undefined } }], fallback: false })
export const getStaticProps = ({ params }) => ({ props: { given: JSON.stringify(params) } })
export default function Nothing({ given }) { return <main>{given}</main> }`,
      'pages/null/[[...all]].jsx': `
export const getStaticPaths = () => ({ paths: [{ params: { all: null } }], fallback: false })
export const getStaticProps = ({ params }) => ({ props: { given: JSON.stringify(params) } })
export default function Null({ given }) { return <main>{given}</main> }`,
      'pages/false/[[...all]].jsx': `
export const getStaticPaths = () => ({ paths: [{ params: { all: false } }], fallback: false })
export const getStaticProps = ({ params }) => ({ props: { given: JSON.stringify(params) } })
export default function False({ given }) { return <main>{given}</main> }`,
      'pages/dotted.name.jsx': shown('dotted'),
      'pages/api/hello.js': `export default (req, res) => res.json({ page: 'hello', query: req.query })`,
      'pages/api/[id].js': `export default (req, res) => res.json({ page: 'id', query: req.query })`,
      'pages/api/deep/[...all].js': `export default (req, res) => res.json({ page: 'all', query: req.query })`,
      'pages/api/index.js': `export default (req, res) => res.json({ page: 'index', query: req.query })`,
      'public/one/public.txt': 'public',
    },
  })
  await site.build()
  running = await site.serve()
})
afterAll(() => site.dispose())

async function show(path: string): Promise<any> {
  const answer = await send(running, path)
  const [, text] = /<main>(.*?)<\/main>/s.exec(answer.text) ?? []
  if (answer.status !== 200 || text === undefined) return answer.status
  return JSON.parse(text.replaceAll('&quot;', '"'))
}

describe('precedence', () => {
  it.each([
    ['/', 'home', {}],
    ['/anything', 'top', { top: 'anything' }],
    ['/one/two', 'static', {}],
    ['/one/other', 'id', { id: 'other' }],
    ['/one/other/more', 'all', { all: ['other', 'more'] }],
    ['/one/two/more', 'all', { all: ['two', 'more'] }],
    ['/one', 'top', { top: 'one' }],
    ['/two', 'two index', {}],
    ['/two/x', 'two all', { all: ['x'] }],
    ['/three/x/y%20z', 'three all', { all: ['x', 'y z'] }],
    ['/four/7', 'four', { id: '7' }],
    ['/four/7/edit', 'edit', { id: '7' }],
    ['/four/7/other', 'part', { id: '7', part: 'other' }],
    ['/four/fixed/edit', 'fixed part', { part: 'edit' }],
    ['/dotted.name', 'dotted', {}],
  ])('P01 %s is answered by %s', async (path, page, query) => {
    expect(await show(path)).toMatchObject({ page, query, asPath: path })
  })
  it('P01 an optional catch-all takes no segment, and the parameter is absent', async () => {
    expect(await show('/three')).toEqual({
      page: 'three all',
      query: {},
      pathname: '/three/[[...all]]',
      asPath: '/three',
    })
  })
  it('P01 a required catch-all does not take no segment', async () => {
    // `/five` is a page of `[top]`; nothing else answers below it.
    expect(await show('/five')).toMatchObject({ page: 'top' })
    expect(await show('/five/x')).toMatchObject({ page: 'five all' })
    expect(await show('/four')).toMatchObject({ page: 'top' })
    expect((await send(running, '/api/deep')).json()).toEqual({ page: 'id', query: { id: 'deep' } })
    expect(await show('/four/7/edit/more')).toBe(404)
  })
  it('P01 getStaticPaths of an optional catch-all lists the path without segments', async () => {
    expect(await show('/optional')).toEqual({})
    expect(await show('/optional/a')).toEqual({ all: ['a'] })
    expect(await show('/optional/b/c')).toEqual({ all: ['b', 'c'] })
    expect(await show('/optional/b')).toBe(404)
    for (const path of ['/nothing', '/null', '/false']) expect(await show(path)).toEqual({})
  })
  it('P01 a page that is called index by its parameter has data of its own', async () => {
    expect(await show('/index')).toMatchObject({ page: 'top', query: { top: 'index' } })
    const { buildId } = JSON.parse(await site.read('dist/isr/route-manifest.json'))
    const data = await send(running, `/_isr/data/${buildId}/index/index.json`)
    expect([data.status, data.json()]).toEqual([200, { pageProps: { params: { top: 'index' } } }])
    expect((await send(running, `/_isr/data/${buildId}/index.json`)).status).toBe(404)
  })
  it('P01 files of public/ come before pages', async () => {
    expect((await send(running, '/one/public.txt')).text).toBe('public')
  })
  it('P01 API routes follow the same rule, and are no pages', async () => {
    expect((await send(running, '/api/hello')).json()).toEqual({ page: 'hello', query: {} })
    expect((await send(running, '/api/other')).json()).toEqual({ page: 'id', query: { id: 'other' } })
    expect((await send(running, '/api/deep/a/b')).json()).toEqual({ page: 'all', query: { all: ['a', 'b'] } })
    expect((await send(running, '/api')).json()).toEqual({ page: 'index', query: {} })
    expect((await send(running, '/api/a/b/c')).status).toBe(404)
  })
})

describe('kinds of pages', () => {
  it('P05 each kind keeps its own headers', async () => {
    const home = await send(running, '/')
    expect([home.cache, home.headers['cache-control']]).toEqual([undefined, 'public, max-age=0, must-revalidate'])
    const edit = await send(running, '/four/1/edit')
    expect([edit.cache, edit.headers['cache-control']]).toEqual([undefined, NOSTORE])
    const page = await send(running, '/four/kinds')
    expect([page.cache, page.headers['cache-control']]).toEqual(['MISS', expect.stringMatching(/^s-maxage=60, stale/)])
    const api = await send(running, '/api/hello')
    expect([api.cache, api.headers['cache-control']]).toEqual([undefined, undefined])
  })
})
