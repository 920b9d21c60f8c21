import { readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPack } from '../../runtime/cache/pack.ts'
import { createFixture, type Ended, type Fixture } from '../testing/fixture.ts'

type Posts = Record<string, { title: string; revalidate?: number }>

const POSTS: Posts = { 1: { title: 'one' }, 2: { title: 'two' }, 3: { title: 'three' }, 4: { title: 'four' } }

/** Pages say when they are rendered, and their data function when it is called. */
const SITE = {
  'data.json': JSON.stringify(POSTS),
  'styles/post.css': 'main { color: rgb(1, 2, 3) }',
  'components/Title.jsx': `export default ({ text }) => <h1>{text}</h1>`,
  'pages/_app.jsx': `export default ({ Component, pageProps }) => <div className="app"><Component {...pageProps} /></div>`,
  'pages/about.jsx': `
export default function About() {
  if (import.meta.env.SSR) console.log('RENDER about')
  return <main>About {import.meta.env.VITE_NAME}</main>
}`,
  'pages/posts/[id].jsx': `
import { readFileSync } from 'node:fs'
import Title from '../../components/Title.jsx'
import '../../styles/post.css'
const read = () => JSON.parse(readFileSync('data.json', 'utf8'))
export const getStaticPaths = () => ({ paths: Object.keys(read()).map((id) => '/posts/' + id), fallback: true })
export const getStaticProps = ({ params }) => {
  console.log('DATA ' + params.id)
  const { title, revalidate = 60 } = read()[params.id]
  if (title === 'gone') return { notFound: true }
  return { props: { id: params.id, title, text: 'text of it, '.repeat(100) }, revalidate }
}
export default function Post({ id, title = 'loading', text }) {
  if (import.meta.env.SSR) console.log('RENDER ' + (id ?? 'shell'))
  return <main><Title text={title} />{text}</main>
}`,
}

const ALL = ['1', '2', '3', '4', 'about', 'shell']
const CACHE = 'node_modules/.vite/isr'

function list(what: string, { stdout }: Ended): string[] {
  return [...stdout.matchAll(new RegExp(`^${what} (\\w+)$`, 'gm'))].map(([, name]) => name!).toSorted()
}

describe('a second vite build', () => {
  let site: Fixture
  beforeAll(async () => void (site = await createFixture(SITE)))
  afterAll(() => site.remove())

  async function build(env: Record<string, string> = {}): Promise<Ended> {
    const ended = await site.vite(['build'], { env })
    expect([ended.code, ended.stderr]).toEqual([0, ''])
    return ended
  }
  const rebuild = async (env?: Record<string, string>) => list('RENDER', await build(env))
  const setPosts = (posts: Posts) => site.write({ 'data.json': JSON.stringify(posts) })
  const readManifest = async () => JSON.parse(await site.read('dist/isr/route-manifest.json'))
  const removeCache = () => rm(join(site.root, CACHE), { recursive: true, force: true })

  /** All of each entry but its times. */
  async function readEntries(posts: Posts): Promise<Record<string, unknown>> {
    const pack = openPack(join(site.root, 'dist/isr'), (await readManifest()).entries)
    const found: Record<string, unknown> = {}
    for (const key of ['s:/posts/[id]', 'p:/about', 'p:/404', ...Object.keys(posts).map((id) => `p:/posts/${id}`)]) {
      const entry = await pack.read(key)
      found[key] = entry && { ...entry, startedAt: 0, generatedAt: 0 }
    }
    await pack.close()
    return found
  }

  it('asks for all data and renders nothing when nothing has changed; the first one renders all', async () => {
    const first = await build()
    expect(list('RENDER', first)).toEqual(ALL)
    expect(first.stdout).not.toContain('last build')
    const { buildId, entries, draftKey } = await readManifest()
    const before = Date.now()
    const second = await build()
    expect([list('RENDER', second), list('DATA', second)]).toEqual([[], ['1', '2', '3', '4']])
    // With the two default error pages.
    expect(second.stdout).toContain('8 pages are those of the last build')
    const again = await readManifest()
    // The same code is the same address of data; a deployment begins with an empty cache all the same.
    expect(again.buildId).toBe(buildId)
    expect([again.entries.id === entries.id, again.draftKey === draftKey]).toEqual([false, false])
    const pack = openPack(join(site.root, 'dist/isr'), again.entries)
    for (const key of ['p:/posts/1', 's:/posts/[id]', 'p:/about']) {
      const entry = (await pack.read(key))!
      expect([entry.startedAt >= before, entry.generatedAt >= before]).toEqual([true, true])
      expect(entry.startedAt).toBeLessThanOrEqual(pack.newestStartedAt!)
    }
    await pack.close()
  })

  it('renders exactly what has other data, and is a clean build byte by byte', async () => {
    const { 4: _, ...rest } = POSTS
    const posts = { ...rest, 2: { title: 'two!' }, 3: { title: 'three', revalidate: 61 }, 5: { title: 'five' } }
    await setPosts(posts)
    expect(await rebuild()).toEqual(['2', '3', '5'])
    const entries = await readEntries(posts)
    expect((await readManifest()).entries.count).toBe(8)
    expect(await rebuild()).toEqual([])
    expect(await readEntries(posts)).toEqual(entries)
    await removeCache()
    expect((await rebuild()).length).toBe(6)
    expect(await readEntries(posts)).toEqual(entries)
  })

  it('with SOURCE_DATE_EPOCH its files are those of a clean build', async () => {
    const env = { SOURCE_DATE_EPOCH: '1700000000' }
    await setPosts(POSTS)
    await rebuild(env)
    await setPosts({ ...POSTS, 2: { title: 'two!' } })
    expect(await rebuild(env)).toEqual(['2'])
    const readAll = async () => {
      const names = (await Promise.all(['client', 'server', 'isr'].map((dir) => site.list(`dist/${dir}`)))).flat()
      const paths = await site.list('dist')
      expect(paths).toHaveLength(names.length)
      const files = paths.filter((path) => path !== 'isr/route-manifest.json')
      return Promise.all(files.map(async (path) => [path, await readFile(join(site.root, 'dist', path), 'base64')]))
    }
    const files = await readAll()
    await removeCache()
    expect(await rebuild(env)).toEqual(ALL)
    expect(await readAll()).toEqual(files)
    const pack = openPack(join(site.root, 'dist/isr'), (await readManifest()).entries)
    expect(await pack.read('p:/about')).toMatchObject({ startedAt: 1_700_000_000_000, generatedAt: 1_700_000_000_000 })
    await pack.close()
    // Of a commit that changed no code: other times are no other pages.
    const later = { SOURCE_DATE_EPOCH: '1700000001' }
    expect(await rebuild(later)).toEqual([])
    const pages = await readAll()
    await removeCache()
    expect(await rebuild(later)).toEqual(ALL)
    expect(await readAll()).toEqual(pages)
    // Pages that have times of their own would show in the files.
    expect(await rebuild()).toEqual(ALL)
    expect(await rebuild(env)).toEqual(ALL)
    const wrong = await site.vite(['build'], { env: { SOURCE_DATE_EPOCH: 'today' } })
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('SOURCE_DATE_EPOCH is "today"')])
  })

  it('a page that is not found any more, or found again, is what its data says', async () => {
    await setPosts(POSTS)
    await rebuild()
    await setPosts({ ...POSTS, 1: { title: 'gone' } })
    expect(await rebuild()).toEqual([])
    expect((await readEntries(POSTS))['p:/posts/1']).toMatchObject({ kind: 'notFound' })
    await setPosts(POSTS)
    expect(await rebuild()).toEqual(['1'])
  })

  const changes: Array<[what: string, files: Record<string, string>, isInCode: boolean]> = [
    ['a page', { 'pages/about.jsx': SITE['pages/about.jsx'].replace('About {', 'About us {') }, true],
    ['a shared component', { 'components/Title.jsx': `export default ({ text }) => <h2>{text}</h2>` }, true],
    ['_app', { 'pages/_app.jsx': SITE['pages/_app.jsx'].replace('"app"', '"site"') }, true],
    ['a style', { 'styles/post.css': 'main { color: rgb(4, 5, 6) }' }, true],
    ['a public variable', { '.env': 'VITE_NAME=ours' }, true],
    ['a variable of the server', { '.env': 'VITE_NAME=ours\nSECRET=1' }, false],
    ['the lock file', { 'package-lock.json': '{ "lockfileVersion": 3 }' }, false],
    ['an option', { 'vite.config.mjs': toConfig('{ expire: 99 }') }, false],
  ]
  it.each(changes)('renders everything when %s changed', async (_, files, isInCode) => {
    await rebuild()
    const { buildId } = await readManifest()
    await site.write(files)
    expect(await rebuild()).toEqual(ALL)
    expect((await readManifest()).buildId !== buildId).toBe(isInCode)
  })

  it('never takes a damaged page', async () => {
    await rebuild()
    const entries = await readEntries(POSTS)
    const pack = join(site.root, CACHE, 'entries.pack')
    const bytes = await readFile(pack)
    bytes[bytes.indexOf('p:/posts/3') + 20]! ^= 1
    await writeFile(pack, bytes)
    expect(await rebuild()).toEqual(['3'])
    expect(await readEntries(POSTS)).toEqual(entries)

    for (const damage of [
      () => truncate(pack, bytes.length - 1),
      () => rm(join(site.root, CACHE, 'entries.index')),
      () => rm(pack),
      () => truncate(join(site.root, CACHE, 'entries.fingerprints'), 100),
      // Of another build: what a build that was killed between two files leaves.
      async () => {
        const old = await readFile(join(site.root, CACHE, 'entries.fingerprints'))
        await rebuild()
        await writeFile(join(site.root, CACHE, 'entries.fingerprints'), old)
      },
    ]) {
      await damage()
      expect(await rebuild()).toEqual(ALL)
      expect(await readEntries(POSTS)).toEqual(entries)
    }
    expect((await site.list(CACHE)).toSorted()).toEqual(['entries.fingerprints', 'entries.index', 'entries.pack'])
  })

  it('takes nothing that a clock made which was wrong: it would be newer than all that comes after it', async () => {
    const nextYear = String(Math.floor(Date.now() / 1000) + 366 * 86_400)
    await rebuild({ SOURCE_DATE_EPOCH: nextYear })
    expect(await rebuild({ SOURCE_DATE_EPOCH: '1700000000' })).toEqual(ALL)
  })

  it('a build that fails leaves what the one before has kept', async () => {
    await rebuild()
    await site.write({ 'data.json': JSON.stringify({ ...POSTS, 2: null }) })
    expect((await site.vite(['build'])).code).toBe(1)
    await setPosts(POSTS)
    expect(await rebuild()).toEqual([])
  })

  it('takes nothing where that is turned off, or where nothing says which packages are installed', async () => {
    await site.write({
      'package-lock.json': '{}',
      'node_modules/dep/package.json': '{ "name": "dep", "version": "1.0.0", "type": "module", "main": "index.js" }',
      'node_modules/dep/index.js': `export const name = 'dep'`,
      'pages/about.jsx': `import { name } from 'dep'\nexport const getStaticProps = () => ({ props: { name } })\n${SITE['pages/about.jsx']}`,
    })
    await rebuild()
    expect(await rebuild()).toEqual([])
    await rm(join(site.root, 'package-lock.json'))
    const ended = await build()
    expect(list('RENDER', ended)).toEqual(ALL)
    expect(ended.stdout).toContain('there is no lock file that says what dep is')

    await site.write({ 'package-lock.json': '{}' })
    await rename(join(site.root, 'node_modules/dep'), join(site.root, 'own'))
    await symlink(join(site.root, 'own'), join(site.root, 'node_modules/dep'))
    await site.write({
      'vite.config.mjs': `import react from '@vitejs/plugin-react'\nimport isr from 'vite-plugin-isr'\nexport default { ssr: { external: ['dep'] }, plugins: [react(), isr()] }`,
    })
    expect((await build()).stdout).toContain('dep is not bundled')

    await site.write({ 'vite.config.mjs': toConfig('{ prerender: { reuse: false } }') })
    await rebuild()
    expect(await rebuild()).toEqual(ALL)
  })
})

function toConfig(options: string): string {
  return `import react from '@vitejs/plugin-react'\nimport isr from 'vite-plugin-isr'\nexport default { plugins: [react(), isr(${options})] }`
}
