import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFixture, type Ended, type Fixture } from '../testing/fixture.ts'

const CANARY = 'CANARY_7f3a91'

/** A server-only module that leaves a timer open and does something when it is imported: what makes leaks and hangs. */
const DATABASE = `
import { hostname } from 'node:os'
globalThis.opened = '${CANARY}' + hostname()
setInterval(() => {}, 1000)
export const find = (id) => ({ id, title: 'Post ' + id })
`

const SITE = {
  'lib/database.js': DATABASE,
  'public/robots.txt': 'User-agent: *',
  'styles/shared.css': 'main { color: rgb(1, 2, 3) }',
  'styles/lazy.css': 'aside { color: rgb(4, 5, 6) }',
  'components/Lazy.jsx': `import '../styles/lazy.css'
export default () => <aside>lazy</aside>`,
  'images/only-server.svg': `<svg xmlns="http://www.w3.org/2000/svg"><!--${'x'.repeat(5000)}--></svg>`,
  'pages/index.tsx': `
import '../styles/shared.css'
import { find } from '../lib/database.js'
import image from '../images/only-server.svg'
import type { GetStaticProps } from 'vite-plugin-isr'
interface Props { title: string; image: string }
export const getStaticProps: GetStaticProps<Props> = async (context) => {
  console.log('CALLED index ' + JSON.stringify(context, (key, value) => value === undefined ? 'undefined' : value))
  return { props: { title: find('home').title, image }, revalidate: 60 }
}
export default function Home({ title, image }: Props) {
  return <main><h1>{title}</h1><img src={image} alt="" /></main>
}`,
  'pages/about.jsx': `
import { lazy, Suspense } from 'react'
import '../styles/shared.css'
const Lazy = lazy(() => import('../components/Lazy.jsx'))
export default function About() { return <main>About<Suspense><Lazy /></Suspense></main> }`,
  'pages/posts/[id].jsx': `
import { find } from '../../lib/database.js'
export async function getStaticPaths(context) {
  console.log('CALLED paths ' + JSON.stringify(context))
  return { paths: [{ params: { id: '1' } }, '/posts/str%20ing', { params: { id: 'gone' } }, { params: { id: 'old' } }], fallback: 'blocking' }
}
export async function getStaticProps({ params, revalidateReason }) {
  console.log('CALLED post ' + params.id + ' ' + revalidateReason)
  if (params.id === 'gone') return { notFound: true, revalidate: 5 }
  if (params.id === 'old') return { redirect: { destination: '/posts/1', permanent: true } }
  return { props: { post: find(params.id) }, revalidate: 30, expire: 3600 }
}
export default function Post({ post }) { return <main><h1>{post.title}</h1></main> }`,
  'pages/shell/[id].jsx': `
import { useRouter } from 'vite-plugin-isr/client'
export async function getStaticPaths() { return { paths: [], fallback: true } }
export async function getStaticProps({ params }) { return { props: { id: params.id } } }
export default function Shell({ id }) { return useRouter().isFallback ? <p>Loading</p> : <p>{id.toUpperCase()}</p> }`,
  'pages/search.jsx': `
export async function getServerSideProps({ query }) { return { props: { q: query.q ?? '' } } }
export default function Search({ q }) { return <main>{q}</main> }`,
  'pages/api/hello.js': `export default function handler(req, res) { res.status(200).json({ hello: req.query.name }) }`,
}

const calls = (output: string) => output.split('\n').filter((line) => line.startsWith('CALLED'))

describe('vite build', () => {
  let site: Fixture
  let built: Ended
  beforeAll(async () => {
    site = await createFixture(SITE)
    built = await site.vite(['build'])
  })
  afterAll(() => site.remove())

  it('ends by itself although the pages left a timer open', () => {
    expect([built.code, built.stderr]).toEqual([0, ''])
  })
  it('B01 B02 calls each data function once', () => {
    expect(calls(built.stdout).toSorted()).toEqual([
      'CALLED index {"revalidateReason":"build","locales":[],"locale":"undefined","defaultLocale":"undefined"}',
      'CALLED paths {"locales":[]}',
      'CALLED post 1 build',
      'CALLED post gone build',
      'CALLED post old build',
      'CALLED post str ing build',
    ])
  })
  it('B33 ends with the table of routes', () => {
    const table = built.stdout.slice(built.stdout.indexOf('Route (pages)'))
    expect(table).toMatch(/^Route \(pages\) +JS +HTML +Revalidate +Expire$/m)
    expect(table).toMatch(/^┌ ● \/ +[\d.]+ kB +[\d.]+ (?:B|kB) +1m +1y$/m)
    expect(table).toMatch(/^├ ○ \/404 /m)
    expect(table).toMatch(/^├ ○ \/about /m)
    expect(table).toMatch(/^├ ƒ \/api\/hello$/m)
    expect(table).toMatch(/^├ {3}\/posts\/\[id\] /m)
    expect(table).toMatch(/^│ ├ ● \/posts\/1 .* 30s +1h$/m)
    expect(table).toMatch(/^│ └ ● \[\+1 more paths\]$/m)
    expect(table).toMatch(/^├ ƒ \/search /m)
    expect(table).toMatch(/^└ ● \/shell\/\[id\] /m)
  })
  it('B35 server-only code is not in the client folder', async () => {
    const names = await site.list('dist/client')
    expect(names.length).toBeGreaterThan(5)
    for (const name of names)
      expect(await site.read(`dist/client/${name}`)).not.toMatch(/CANARY|getStaticProps|node:os/)
    const server = await Promise.all((await site.list('dist/server')).map((name) => site.read(`dist/server/${name}`)))
    expect(server.join('')).toContain(CANARY)
  })
  it('writes assets and public files into dist/client, and no HTML and no manifest', async () => {
    const names = await site.list('dist/client')
    expect(names).toContain('robots.txt')
    expect(names.filter((name) => /\.html$|manifest/.test(name))).toEqual([])
  })
  it('an image that only getStaticProps imports has its file', async () => {
    expect((await site.list('dist/client')).some((name) => /^assets\/only-server-.+\.svg$/.test(name))).toBe(true)
  })
  it('the server needs nothing but Node, React and what the site imports itself', async () => {
    const needed = new Set<string>()
    for (const name of (await site.list('dist/server')).filter((name) => name.endsWith('.mjs'))) {
      const code = await site.read(`dist/server/${name}`)
      for (const [, specifier] of code.matchAll(/^(?:import|export)\b[^'"]*from\s*["']([^"'.][^"']*)["']/gm))
        needed.add(specifier!)
      for (const [, specifier] of code.matchAll(/import\(["']([^"'.][^"']*)["']\)/g)) needed.add(specifier!)
      for (const [, specifier] of code.matchAll(/__require\(["']([^"'.][^"']*)["']\)/g)) needed.add(specifier!)
    }
    const builtin = (await import('node:module')).builtinModules
    const packages = [...needed].filter((name) => !name.startsWith('node:') && !builtin.includes(name))
    expect(packages.filter((name) => !/^react(?:-dom)?(?:\/|$)/.test(name))).toEqual([])
  })
  it('the start file reaches React only through the app', async () => {
    const seen = new Set<string>()
    let all = ''
    const visit = async (name: string): Promise<void> => {
      if (seen.has(name)) return
      seen.add(name)
      const code = await site.read(`dist/server/${name}`)
      all += code
      expect(code).not.toMatch(/from\s*["']react(?:-dom)?(?:\/[\w.]+)?["']/)
      for (const [, file] of code.matchAll(/^import\b[^'"]*["']\.{1,2}\/([^"']+)["']/gm)) {
        await visit(name.startsWith('chunks/') ? `chunks/${file}` : file!)
      }
    }
    await visit('start.mjs')
    // By the time that the app is imported, the process is set up for it.
    expect(all).toMatch(/process\.env\["NODE_ENV"\] = "production"/)
  })
  it('writes the manifest with routes, assets and settings', async () => {
    const manifest = JSON.parse(await site.read('dist/isr/route-manifest.json'))
    expect(manifest).toMatchObject({ version: 1, base: '/', trailingSlash: false, settings: { expire: 31_536_000 } })
    expect(manifest.buildId).toMatch(/^[0-9a-f]{20}$/)
    expect(manifest.routes.map(({ pattern, kind, fallback, paths }: any) => [pattern, kind, fallback, paths])).toEqual([
      ['/', 'isr', undefined, 1],
      ['/about', 'static', undefined, 1],
      ['/api/hello', 'api', undefined, 0],
      ['/posts/[id]', 'isr', 'blocking', 4],
      ['/search', 'server', undefined, 0],
      ['/shell/[id]', 'isr', true, 0],
    ])
    // 2 pages, 4 posts, 1 shell, 2 default error pages
    expect(manifest.entries.count).toBe(9)
    expect((await site.list('dist/isr')).toSorted()).toEqual(['entries.index', 'entries.pack', 'route-manifest.json'])
  })
  it('the CSS of shared chunks and of lazy components is the page’s', async () => {
    const { routes } = JSON.parse(await site.read('dist/isr/route-manifest.json'))
    const cssOf = async (pattern: string) => {
      const { css } = routes.find((route: any) => route.pattern === pattern)
      return (await Promise.all(css.map((url: string) => site.read(`dist/client${url}`)))).join('')
    }
    const colors = (css: string) => [/#010203/.test(css), /#040506/.test(css)]
    expect(colors(await cssOf('/'))).toEqual([true, false])
    expect(colors(await cssOf('/about'))).toEqual([true, true])
    expect(colors(await cssOf('/search'))).toEqual([false, false])
  })
})

describe('a failing build', () => {
  let site: Fixture
  afterAll(() => site.remove())

  it('W11 lists all failing pages with path, params and mapped stack, and takes the old manifest away', async () => {
    site = await createFixture({
      'pages/index.jsx': `export default function Home() { return <main>Home</main> }`,
    })
    expect((await site.vite(['build'])).code).toBe(0)
    expect(await site.list('dist/isr')).toContain('route-manifest.json')
    await site.write({
      'pages/posts/[id].tsx': `
interface Props { id: string }
type Unused = string

export const getStaticPaths = () => ({ paths: ['1', '2', '3'].map((id) => ({ params: { id } })), fallback: false })
export const getStaticProps = ({ params }: { params: { id: string } }) => {
  if (params.id === '2') throw new Error('the database is down')
  return { props: { id: params.id } }
}
export default function Post({ id }: Props) { return <main>{id}</main> }`,
      'pages/crash.jsx': `
export default function Crash({ user }) { return <main>{user.name}</main> }`,
      'pages/date.jsx': `
export const getStaticProps = () => ({ props: { posts: [{ at: new Date() }] } })
export default function Page() { return <main /> }`,
      'pages/bad/[id].jsx': `
export const getStaticPaths = () => ({ paths: [{ params: { id: 7 } }], fallback: false })
export const getStaticProps = () => ({ props: {} })
export default function Page() { return <main /> }`,
    })
    const { code, stdout, stderr } = await site.vite(['build'])
    expect(code).toBe(1)
    expect(stdout).not.toContain('Route (pages)')
    expect(stderr).toContain('4 pages could not be prerendered, 3 of them tried 3 times:')
    expect(stderr).toContain('/posts/2 (pages/posts/[id].tsx) with params {"id":"2"}')
    expect(stderr).toContain('at getStaticProps (pages/posts/[id].tsx:7:')
    expect(stderr).toContain('at Crash (pages/crash.jsx:2:')
    expect(stderr).toContain('`.posts[0].at`')
    expect(stderr).toContain(
      'A required parameter (id) was not provided as a string received number in getStaticPaths for /bad/[id]',
    )
    expect(stderr).not.toContain('react-dom')
    expect(await site.list('dist/isr')).not.toContain('route-manifest.json')
  })
  it('B16 conflicting paths are all named', async () => {
    await site.write({
      'pages/crash.jsx': 'export default function Page() { return <main /> }',
      'pages/date.jsx': 'export default function Page() { return <main /> }',
      'pages/bad/[id].jsx': `
export const getStaticPaths = () => ({ paths: ['/bad/new'], fallback: false })
export const getStaticProps = () => ({ props: {} })
export default function Page() { return <main /> }`,
      'pages/bad/new.jsx': 'export default function Page() { return <main /> }',
    })
    const { code, stderr } = await site.vite(['build'])
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /must be unique per page: \/bad\/new belongs to pages\/bad\/new\.jsx and to pages\/bad\/\[id\]\.jsx/,
    )
    expect(await site.list('dist/isr')).not.toContain('route-manifest.json')
  })
  it('a wrong option, base or command says what to do instead', async () => {
    const config = (text: string) => `import isr from 'vite-plugin-isr'\nexport default ${text}`
    const failWith = async (text: string, args = ['build']) => {
      await site.write({ 'vite.config.mjs': config(text) })
      const { code, stderr } = await site.vite(args)
      expect(code).toBe(1)
      return stderr
    }
    expect(await failWith('{ plugins: [isr({ pageDir: "x" })] }')).toContain('Did you mean `pagesDir`?')
    expect(await failWith('{ base: "./", plugins: [isr()] }')).toContain("Use an absolute path such as '/' or '/shop/'")
    expect(await failWith('{ base: "https://cdn.example/", plugins: [isr()] }')).toContain(
      '`base: "https://cdn.example/"`',
    )
    expect(await failWith('{ plugins: [isr()] }', ['build', '--watch'])).toContain('never ends')
    expect(await failWith('{ plugins: [isr()] }', ['build', '--ssr'])).toContain('Run `vite build`')
    expect(await failWith('{ plugins: [isr(), isr()] }')).toContain('more than once')
    expect(await failWith('{ plugins: [isr()] }', ['preview'])).toContain('Run `vite build` first')
  })
  it('the old programmatic build says how to build all of it', async () => {
    await site.write({
      'vite.config.mjs': `import isr from 'vite-plugin-isr'\nexport default { plugins: [isr()] }`,
      'build.mjs': `import { build } from 'vite'\nbuild({ logLevel: 'silent' }).catch((error) => console.log(error.message))`,
    })
    const running = await site.run('build.mjs')
    expect(running.stdout).toContain('createBuilder(config)).buildApp()')
  })
})
