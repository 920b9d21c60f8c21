import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createFixture, startProgram, type Fixture } from '../testing/fixture.ts'

const fixtures: Fixture[] = []
const folders: string[] = []
afterAll(async () => {
  for (const fixture of fixtures) await fixture.remove()
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

async function create(files: Readonly<Record<string, string>>): Promise<Fixture> {
  const fixture = await createFixture(files)
  fixtures.push(fixture)
  return fixture
}

const config = (options: string, vite = '') => `
import react from '@vitejs/plugin-react'
import isr from 'vite-plugin-isr'
export default { ${vite} plugins: [react(), isr(${options})] }`

describe('standalone: true', () => {
  it('runs where there is no node_modules, with the site’s own store', async () => {
    const site = await create({
      'vite.config.mjs': config('{ standalone: true, cache: { store: "./cache/store.ts" } }'),
      'cache/store.ts': `
import type { CreateStore } from 'vite-plugin-isr'
const create: CreateStore = ({ buildId }) => {
  const values = new Map<string, Uint8Array>()
  console.log('STORE of ' + buildId.length)
  return {
    async get(key) { return values.get(key) },
    async set(key, value, meta) { console.log('SET ' + key + ' ' + meta.kind); values.set(key, value.slice()) },
    async delete(key) { values.delete(key) },
  }
}
export default create`,
      'pages/posts/[id].jsx': `
export const getStaticPaths = () => ({ paths: ['/posts/1'], fallback: 'blocking' })
export const getStaticProps = ({ params }) => ({ props: { id: params.id }, revalidate: 60 })
export default function Post({ id }) { return <main>{id}</main> }`,
    })
    expect(await site.vite(['build'])).toMatchObject({ code: 0 })
    const elsewhere = await mkdtemp(join(tmpdir(), 'isr-standalone-'))
    folders.push(elsewhere)
    await cp(join(site.root, 'dist'), join(elsewhere, 'dist'), { recursive: true })
    const server = await startProgram(['dist/server/start.mjs'], { cwd: elsewhere, env: { PORT: '0' } })
    try {
      const origin = new URL(server.url).origin
      const prerendered = await fetch(`${origin}/posts/1`)
      expect([prerendered.status, prerendered.headers.get('x-isr-cache')]).toEqual([200, 'HIT'])
      const made = await fetch(`${origin}/posts/2`)
      expect([made.headers.get('x-isr-cache'), await made.text()]).toEqual([
        'MISS',
        expect.stringContaining('<main>2</main>'),
      ])
    } finally {
      await server.close()
    }
    expect(server.output()).toContain('STORE of 20')
    expect(server.output()).toContain('SET p:/posts/2 page')
  })
})

describe('special pages', () => {
  it('_app, _document, _error, 404 and 500 shape every page, and the build shows _app without a symbol', async () => {
    const site = await create({
      'pages/_app.jsx': `
import './global.css'
export default function App({ Component, pageProps }) { return <div className="app"><Component {...pageProps} /></div> }`,
      'pages/global.css': 'body { color: #010203 }',
      'pages/_document.jsx': `
export default function Document({ children }) { return <html lang="fr"><head><meta name="own" /></head><body>{children}</body></html> }`,
      'pages/index.jsx': `export default () => <main>home</main>`,
      'pages/404.jsx': `
export const getStaticProps = () => ({ props: { text: 'lost' }, revalidate: 10 })
export default ({ text }) => <main>{text}</main>`,
      'pages/500.jsx': `export default () => <main>broken</main>`,
    })
    const built = await site.vite(['build'])
    expect([built.code, built.stderr]).toEqual([0, ''])
    expect(built.stdout).toMatch(/^├ {3}\/_app +[\d.]+ kB$/m)
    expect(built.stdout).toMatch(/^├ ● \/404 .* 10s +1y$/m)
    const server = await site.start(['dist/server/start.mjs'], { PORT: '0' })
    try {
      const origin = new URL(server.url).origin
      const home = await (await fetch(origin)).text()
      expect(home).toMatch(/<html lang="fr">.*<meta name="own"\/>.*<div class="app"><main>home<\/main><\/div>/s)
      const stylesheet = /<link rel="stylesheet" href="([^"]+)"/.exec(home)![1]!
      expect(await (await fetch(new URL(stylesheet, origin))).text()).toContain('#010203')
      const missing = await fetch(`${origin}/nothing`)
      expect([missing.status, await missing.text()]).toEqual([404, expect.stringContaining('<main>lost</main>')])
      const broken = await fetch(`${origin}/500`)
      expect(await broken.text()).toContain('<main>broken</main>')
    } finally {
      await server.close()
    }
  })
  it('B32 a 404 page that returns notFound fails the build', async () => {
    const site = await create({
      'pages/404.jsx': `
export const getStaticProps = () => ({ notFound: true })
export default () => <main />`,
    })
    const { code, stderr } = await site.vite(['build'])
    expect(code).toBe(1)
    expect(stderr).toContain('pages/404.jsx')
  })
})

describe('pages that misbehave in the build', () => {
  it('B27 a page that never answers is tried three times and fails the build, which ends', async () => {
    const site = await create({
      // More than a worker takes to start on a busy machine.
      'vite.config.mjs': config('{ generateTimeout: 5 }'),
      'pages/hangs.jsx': `
export const getStaticProps = () => { console.log('CALLED'); return new Promise(() => {}) }
export default () => <main />`,
      'pages/fine.jsx': `export default () => <main />`,
    })
    const { code, stdout, stderr } = await site.vite(['build'])
    expect(code).toBe(1)
    expect(stdout.match(/CALLED/g)).toHaveLength(3)
    expect(stderr).toContain('1 page could not be prerendered')
    expect(stderr).toContain('(ISR_TIMEOUT)')
  })
  it('a page that ends its process fails alone', async () => {
    const site = await create({
      'pages/exits.jsx': `
export const getStaticProps = () => process.exit(3)
export default () => <main />`,
      'pages/fine.jsx': `export default () => <main />`,
    })
    const { code, stderr } = await site.vite(['build'])
    expect(code).toBe(1)
    expect(stderr).toContain('1 page could not be prerendered')
    expect(stderr).toContain('/exits (pages/exits.jsx)')
    expect(stderr).toContain('ISR_RENDERER_LOST')
  })
  it('B25 the shell of fallback: true that takes its props for granted fails with a hint', async () => {
    const site = await create({
      'pages/[id].jsx': `
export const getStaticPaths = () => ({ paths: [], fallback: true })
export const getStaticProps = () => ({ props: { item: { name: 'x' } } })
export default function Page({ item }) { return <main>{item.name}</main> }`,
    })
    const { code, stderr } = await site.vite(['build'])
    expect(code).toBe(1)
    expect(stderr).toContain('the fallback shell of /[id] (pages/[id].jsx)')
    expect(stderr).toContain('`useRouter().isFallback`')
  })
  it('B28 large page data is a warning that names the path', async () => {
    const site = await create({
      'pages/[id].jsx': `
export const getStaticPaths = () => ({ paths: ['/a', '/b'], fallback: false })
export const getStaticProps = () => ({ props: { text: 'x'.repeat(200_000) } })
export default function Page() { return <main /> }`,
    })
    const { code, stderr } = await site.vite(['build'])
    expect(code).toBe(0)
    expect(
      stderr.match(/data for page "\/\[id\]" \(path "\/[ab]"\) is 200 kB which exceeds the threshold of 128 kB/g),
    ).toHaveLength(1)
  })
  it('B05 B09 B10 B11 B12 a wrong getStaticPaths names the page and what was seen', async () => {
    const page = (result: string) => `
export const getStaticPaths = () => (${result})
export const getStaticProps = () => ({ props: {} })
export default function Page() { return <main /> }`
    const site = await create({
      'pages/b05/[id].jsx': page(`{ paths: ['/elsewhere/1'], fallback: false }`),
      'pages/b09/[id].jsx': page(`{ paths: [] }`),
      'pages/b10/[id].jsx': page(`{ fallback: false }`),
      'pages/b11/[id].jsx': page(`{ paths: [], fallback: false, revalidate: 1 }`),
      'pages/b12/[id].jsx': page(`undefined`),
    })
    const { code, stderr } = await site.vite(['build'])
    expect(code).toBe(1)
    expect(stderr).toContain('getStaticPaths of 5 pages failed:')
    for (const [id, text] of [
      ['b05', '"/elsewhere/1"'],
      ['b09', 'fallback'],
      ['b10', '`paths: undefined`'],
      ['b11', 'extra keys: revalidate'],
      ['b12', 'returned undefined'],
    ] as const) {
      const start = stderr.indexOf(`getStaticPaths of /${id}/[id] (pages/${id}/[id].jsx)`)
      expect(start).toBeGreaterThan(0)
      expect(stderr.slice(start).split('\n')[1]).toContain(text)
    }
  })
})

describe('logging.fetches', () => {
  it('logs each fetch of a data function in the build and at run time, with the whole URL when asked', async () => {
    const site = await create({
      'vite.config.mjs': config('{ logging: { fetches: { fullUrl: true } } }'),
      'pages/[id].jsx': `
export const getStaticPaths = () => ({ paths: ['/1'], fallback: 'blocking' })
export const getStaticProps = async ({ params }) => ({ props: { text: await (await fetch('data:text/plain,' + params.id + '?q=1')).text() } })
export default function Page({ text }) { return <main>{text}</main> }`,
    })
    const built = await site.vite(['build'])
    expect(built.stdout).toMatch(/\[vite-plugin-isr\] getStaticProps of \/1: GET data:text\/plain,1\?q=1 200 in \d+ ms/)
    const server = await site.start(['dist/server/start.mjs'], { PORT: '0' })
    try {
      expect(await (await fetch(`${new URL(server.url).origin}/2`)).text()).toContain('<main>2?q=1</main>')
      expect(server.output()).toMatch(/getStaticProps of \/2: GET data:text\/plain,2\?q=1 200/)
    } finally {
      await server.close()
    }
  })
})

describe('trailingSlash: true', () => {
  it('U02 is known to the server', async () => {
    const site = await create({
      'vite.config.mjs': config('{ trailingSlash: true, pagesDir: "routes", pageExtensions: ["page.jsx"] }'),
      'routes/about.page.jsx': `
import { text } from './about.text.jsx'
export default () => <main>{text}</main>`,
      'routes/about.text.jsx': `export const text = 'about us'`,
    })
    expect(await site.vite(['build'])).toMatchObject({ code: 0, stderr: '' })
    const server = await site.start(['dist/server/start.mjs'], { PORT: '0' })
    try {
      const origin = new URL(server.url).origin
      const bare = await fetch(`${origin}/about`, { redirect: 'manual' })
      expect([bare.status, bare.headers.get('location')]).toEqual([308, '/about/'])
      expect(await (await fetch(`${origin}/about/`)).text()).toContain('about us')
    } finally {
      await server.close()
    }
  })
})

describe('mistakes that stop the build', () => {
  const plain = `export default () => <main />`
  it('a page behind assets or a public file, and a listed path too', async () => {
    const site = await create({
      'vite.config.mjs': config('', `build: { assetsDir: 'files' },`),
      'pages/files/[id].jsx': plain,
      'pages/cart.jsx': plain,
      'public/cart': 'no page',
    })
    const { code, stderr } = await site.vite(['build'])
    expect(code).toBe(1)
    expect(stderr).toContain('/files/[id] of pages/files/[id].jsx lies below /files/')
    expect(stderr).toContain('Both public/cart and pages/cart.jsx are at /cart')

    await rm(join(site.root, 'pages/cart.jsx'))
    await site.write({
      'vite.config.mjs': config(''),
      'pages/[name].jsx': `
export const getStaticPaths = () => ({ paths: ['/cart'], fallback: false })
export const getStaticProps = () => ({ props: {} })
export default () => <main />`,
    })
    const second = await site.vite(['build'])
    expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('Both public/cart and pages/[name].jsx')])
  })
  it('server-only code is told without the frames of the bundler', async () => {
    const site = await create({
      'pages/index.jsx': `import fs from 'node:fs'\nexport default () => <main>{String(fs.existsSync('/'))}</main>`,
    })
    const { code, stderr } = await site.vite(['build'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error during build:\n\[vite-plugin-isr\] Server-only code .*\(ISR_SERVER_ONLY\)\s*$/m)
    expect(stderr).not.toMatch(/^ +at |Getter|UsageError|Build failed with/m)
  })
  it('a store that is not there is told by its option, and a missing React plugin once', async () => {
    const site = await create({
      'vite.config.mjs': `
import isr from 'vite-plugin-isr'
export default { plugins: [isr({ cache: { store: './nowhere.ts' } })] }`,
      'pages/index.jsx': plain,
    })
    const { code, stderr } = await site.vite(['build'])
    expect(code).toBe(1)
    expect(stderr).toContain(
      `Option \`cache.store\` is "./nowhere.ts", and there is no module ${site.root}/nowhere.ts.`,
    )
    expect(stderr).not.toMatch(/^ +at |Getter|Build failed with/m)
    expect(stderr.match(/No React plugin found/g)).toHaveLength(1)
    // Found as Vite finds modules: without its extension, too.
    await site.write({
      'vite.config.mjs': config('{ cache: { store: "./store" } }'),
      'store.ts': 'export default () => ({ get() {}, set() {}, delete() {} })',
    })
    expect((await site.vite(['build'])).code).toBe(0)
  })
})
