import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { startDevSite, type DevTestSite } from './testing/dev-site.ts'

let site: DevTestSite

afterEach(() => site.close())

const PAGE = 'export default function Page() { return <p>page</p> }'
const DATA = 'export function getStaticProps() { return { props: {} } }'

const file = () => join(site.root, 'isr-env.d.ts')

/** The routes in one of the interfaces of the file. */
function readRoutes(name: string): string[] {
  const [, members = ''] = readFileSync(file(), 'utf8').split(`interface ${name} {\n`)
  return [...members.slice(0, members.indexOf('  }\n')).matchAll(/^ {4}'(.*?)':/gm)].map(([, route]) => route!)
}

describe('isr-env.d.ts while a site is developed', () => {
  it('is there with the server, and follows pages that are added, renamed and removed', async () => {
    site = await startDevSite({ files: { 'pages/index.jsx': PAGE, 'pages/posts/[id].jsx': PAGE } })
    expect(readRoutes('RouteParams')).toEqual(['/', '/posts/[id]'])
    await site.change('pages/about.jsx', PAGE)
    expect(readRoutes('RouteParams')).toEqual(['/', '/about', '/posts/[id]'])
    await site.change('pages/api/refresh.js', 'export default function handler(req, res) { res.end() }')
    await site.change('pages/about.jsx')
    expect(readRoutes('RouteParams')).toEqual(['/', '/api/refresh', '/posts/[id]'])
  })

  it('learns that a page can be revalidated', async () => {
    site = await startDevSite({ files: { 'pages/index.jsx': PAGE } })
    expect(readRoutes('IsrRoutes')).toEqual([])
    await site.change('pages/index.jsx', `${DATA}\n${PAGE}`)
    expect(readRoutes('IsrRoutes')).toEqual(['/'])
  })

  it('is left alone by edits that change no route, and by pages that go wrong', async () => {
    site = await startDevSite({ files: { 'pages/index.jsx': PAGE } })
    const { mtimeMs } = statSync(file())
    await site.change('pages/index.jsx', PAGE.replace('page', 'edited'))
    await site.change('pages/index.js', PAGE)
    await site.change('pages/[broken.jsx', PAGE)
    expect(statSync(file()).mtimeMs).toBe(mtimeMs)
  })

  it('is not written with `types: false`', async () => {
    site = await startDevSite({ files: { 'pages/index.jsx': PAGE }, options: { types: false } })
    await site.change('pages/about.jsx', PAGE)
    expect(existsSync(file())).toBe(false)
  })
})
