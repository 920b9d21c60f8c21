/** What lies beside the pages: code of the server, stored pages, files of the project. Nobody is served them, and no path writes over them. */
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isLong } from '../../scripts/flags.ts'
import type { ServerProcess } from '../process.ts'
import { send, sendTarget } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'

/** In every file that is nobody's. */
const SECRET = 'CANARY-of-the-server'

const EXPRESS = `import express from 'express'
import { createIsrHandler } from 'vite-plugin-isr/runtime'
const app = express()
app.use(createIsrHandler({ dist: 'dist' }))
app.listen(Number(process.env.PORT), '127.0.0.1')
`

describe('a built site', () => {
  let site: Site
  let servers: Map<string, ServerProcess>
  let draftKey: string

  beforeAll(async () => {
    site = await createSite({
      files: {
        'package.json': JSON.stringify({ name: 'site', private: true, type: 'module', description: SECRET }),
        '.env': `DB_PASSWORD=${SECRET}\n`,
        'express.mjs': EXPRESS,
        'public/robots.txt': 'User-agent: *',
        'public/.env': SECRET,
        'public/.git/config': SECRET,
        'public/.well-known/security.txt': 'Contact: us',
        'lib/db.server.js': `export const read = (slug) => ({ slug, length: '${SECRET}'.length })`,
        'pages/[...path].jsx': `import { read } from '../lib/db.server.js'
export const getStaticPaths = () => ({ paths: ['/one'], fallback: 'blocking' })
export const getStaticProps = ({ params }) =>
  params.path[0] === 'one' || params.path[0] === 'later' ? { props: read(params.path[0]) } : { notFound: true }
export default function Page({ slug }) { return <main>{slug}</main> }`,
      },
    })
    await site.build()
    draftKey = (JSON.parse(await site.read('dist/isr/route-manifest.json')) as { draftKey: string }).draftKey
    servers = new Map(
      await Promise.all(
        (['start', 'preview', 'express.mjs'] as const).map(
          async (mode) => [mode, await site.serve(mode, { ISR_CACHE_DIR: join(site.root, '.isr-cache') })] as const,
        ),
      ),
    )
  })

  afterAll(async () => {
    await site?.dispose()
  })

  /** Some of each kind; the exact names of what the build and the run time have written. */
  async function listPrivateFiles(): Promise<string[]> {
    const server = await site.list('dist/server')
    const chunk = server.find((file) => file.startsWith('chunks/') && file.endsWith('.mjs'))
    const [stored] = await site.list('.isr-cache')
    return [
      ...['app.mjs', 'start.mjs', 'app.mjs.map', chunk!].map((file) => `dist/server/${file}`),
      ...(await site.list('dist/isr')).map((file) => `dist/isr/${file}`),
      `.isr-cache/${stored!}`,
      'package.json',
      '.env',
      'vite.config.mjs',
      'lib/db.server.js',
      'pages/[...path].jsx',
    ]
  }

  /** Ways to say where a file of the site's folder is, as seen from `dist/client`. */
  function spell(file: string): string[] {
    const path = file.replaceAll('[', '%5B').replaceAll(']', '%5D')
    const inDist = path.startsWith('dist/') ? path.slice('dist/'.length) : `../${path}`
    return [
      `/${path}`,
      `/${inDist}`,
      `/../${inDist}`,
      `/assets/../../${inDist}`,
      `/assets/..%2f..%2f${inDist.replaceAll('/', '%2f')}`,
      `/assets/..%5c..%5c${inDist.replaceAll('/', '%5c')}`,
      `/assets/%2e%2e/%2e%2e/${inDist}`,
      `/assets/.%2e/.%2e/${inDist}`,
      `/assets/..\\..\\${inDist.replaceAll('/', '\\')}`,
      `/assets/%252e%252e/%252e%252e/${inDist}`,
      `/assets//..//..//${inDist}`,
      `/robots.txt/../../${inDist}`,
      `/robots.txt%00/../../${inDist}`,
      `/_isr/data/../../../${inDist}`,
      `/_isr/data/..%2f..%2f${inDist}.json`,
      `/./../${inDist}?x=1`,
      `/../${inDist}#x`,
      `http://localhost/../${inDist}`,
      `//../${inDist}`,
      `/@fs${site.root}/${path}`,
      `/@fs/${path}?raw`,
      `/${path}?import&raw`,
      `/${path}/`,
      `/file:${site.root}/${path}`,
    ]
  }

  describe.each(['start', 'preview', 'express.mjs'])('%s', (mode) => {
    let server: ServerProcess
    beforeAll(() => {
      server = servers.get(mode)!
    })

    it('serves what it is there for', async () => {
      expect((await send(server, '/robots.txt')).text).toBe('User-agent: *')
      expect((await send(server, '/one')).text).toContain('<main>one</main>')
      expect((await send(server, '/later')).text).toContain('<main>later</main>')
      expect((await send(server, '/.well-known/security.txt')).text).toBe('Contact: us')
    })

    it('SEC-68 SEC-57 P13 files of the build, of the cache and of the project are nobody’s, however they are spelt', async () => {
      const files = await listPrivateFiles()
      expect(files).toEqual(expect.arrayContaining(['dist/server/app.mjs', 'dist/isr/route-manifest.json']))
      for (const target of files.flatMap(spell)) {
        const answer = await sendTarget(server, target)
        expect(answer.text, target).not.toContain(SECRET)
        expect(answer.text, target).not.toContain(draftKey)
        // A redirect leads to another spelling of the same path, which is in the list or nobody's too.
        expect(
          answer.status === 308 || (answer.status >= 400 && answer.status < 500),
          `${target}: ${answer.status}`,
        ).toBe(true)
        if (answer.status === 308) {
          const location = answer.headers['location'] ?? ''
          expect(location, target).toMatch(/^\/(?![/\\])/)
          const next = await sendTarget(server, location)
          expect(next.text, `${target} → ${location}`).not.toContain(SECRET)
          expect(next.status, `${target} → ${location}`).toBeGreaterThanOrEqual(400)
        }
      }
    })

    it.each([
      '/.isr/',
      '/.isr/entries',
      '/dist/server/entry.js',
      '/dist/server/app.mjs.map',
      '/server/start.mjs',
      '/.vite/manifest.json',
      '/.vite/isr-manifest.json',
      '/.vite/ssr-manifest.json',
      '/assets/..%2f..%2fserver/app.mjs',
      '/static/../../package.json',
      '/.env',
      '/%2eenv',
      '/.git/config',
      '/.isr-cache/',
      '/isr/route-manifest.json',
      '/isr/entries',
      '/package.json',
      '/package-lock.json',
      '/node_modules/react/package.json',
      '/client/robots.txt',
      '/dist/client/robots.txt',
      '/assets',
      '/assets/',
      '/assets/.',
      '/.well-known/',
      '/.well-known/../.env',
    ])('SEC-68 %s is not found', async (target) => {
      const answer = await sendTarget(server, target)
      expect(answer.text).not.toContain(SECRET)
      expect([308, 400, 404]).toContain(answer.status)
      expect(answer.headers['cache-control'] ?? 'no-store').not.toContain('immutable')
    })

    it('SEC-68 a folder is not listed, and what is put into it later is not served', async () => {
      await site.write({ 'dist/client/late.txt': SECRET, 'dist/client/assets/late.js': SECRET })
      for (const target of ['/late.txt', '/assets/late.js', '/assets']) {
        const answer = await sendTarget(server, target)
        expect(answer.text).not.toMatch(new RegExp(`${SECRET}|late`))
        expect([308, 404]).toContain(answer.status)
      }
      await site.remove('dist/client/late.txt')
      await site.remove('dist/client/assets/late.js')
    })
  })

  it('SEC-68 SEC-122 the client’s folder holds assets and public files: no manifest, no map, no HTML, no code of the server', async () => {
    const files = await site.list('dist/client')
    const strange = files.filter(
      (file) => !/^assets\/[\w.[\]-]+\.js$/.test(file) && !['robots.txt', '.well-known/security.txt'].includes(file),
    )
    // Vite copies the whole of `public/`; what begins with a dot is not served (above).
    expect(strange.sort()).toEqual(['.env', '.git/config'])
    for (const file of files.filter((name) => name.endsWith('.js'))) {
      const text = await site.read(`dist/client/${file}`)
      expect(text, file).not.toContain(SECRET)
      expect(text, file).not.toContain('sourceMappingURL')
      expect(text, file).not.toContain(site.root)
    }
  })
})

describe('the paths of getStaticPaths', () => {
  /** Holds nothing but what the test has made, so that anything new in it is noticed. */
  let outside: string
  let site: Site
  const { TMPDIR } = process.env

  beforeEach(async () => {
    outside = await realpath(await mkdtemp(join(tmpdir(), 'isr-outside-')))
    process.env['TMPDIR'] = outside
    site = await createSite({})
    await mkdir(`${site.root}-evil`)
    await writeFile(`${site.root}-evil/x.html`, 'before')
  })

  afterEach(async () => {
    if (TMPDIR === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = TMPDIR
    await site.dispose()
    await rm(outside, { recursive: true, force: true })
  })

  /** Digests of all files that a build has no business with, by their real paths. */
  async function snapshot(): Promise<Map<string, string>> {
    const digests = new Map<string, string>()
    async function visit(folder: string): Promise<void> {
      for (const entry of await readdir(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name)
        if (/^(?:node_modules|dist|\.isr-cache|isr-env\.d\.ts)$/.test(relative(site.root, path))) continue
        if (entry.isDirectory()) await visit(path)
        else
          digests.set(
            await realpath(path),
            createHash('sha256')
              .update(await readFile(path))
              .digest('hex'),
          )
      }
    }
    await visit(outside)
    return digests
  }

  const writePages = (slugs: readonly string[]) =>
    site.write({
      'pages/[slug].jsx': `
export const getStaticPaths = () => ({ paths: ${JSON.stringify(slugs.map((slug) => ({ params: { slug } })))}, fallback: false })
export const getStaticProps = ({ params }) => ({ props: { slug: params.slug } })
export default function Page({ slug }) { return <main>{slug}</main> }`,
    })

  it('SEC-61 that climb, or are too long for a file, write inside the output folder only, and are served as what they are', async () => {
    const slugs = [
      '../pwned',
      '../static-evil/x',
      '../../../../../../pwned',
      '/etc/pwned',
      String.raw`..\..\pwned`,
      String.raw`C:\pwned`,
      `${outside}/pwned`,
      '~/pwned',
      'x'.repeat(300),
      '深'.repeat(90),
      'con',
      'aux.html',
      'x::$DATA',
      'a.',
      'index.html',
      'route-manifest.json',
      'entries',
      '%2e%2e',
      '__proto__',
    ]
    await writePages(slugs)
    const before = await snapshot()
    await site.build()
    expect(await snapshot()).toEqual(before)
    // One packed file with its index, whatever the paths are.
    expect((await site.list('dist/isr')).length).toBe(3)
    expect((await site.list('dist')).filter((file) => /pwned|evil|\.html$/.test(file))).toEqual([])
    const server = await site.serve()
    for (const slug of slugs) {
      const answer = await send(server, `/${encodeURIComponent(slug)}`)
      // The path of a page may be as long as `maxPathBytes`, and one that begins like another host is refused.
      const expected = /^[/\\]/.test(slug) ? [200, 400] : [200]
      expect(expected, slug).toContain(answer.status)
      if (answer.status === 200)
        expect([answer.cache, answer.text.includes(`<main>${slug}</main>`)]).toEqual(['HIT', true])
    }
    expect(await snapshot()).toEqual(before)
  })

  it('SEC-61 that nobody could ask for fail the build, which names page and path, and leave no build behind', async () => {
    const paths = ['a\0b', '..', '.', '', 'line\nbreak', '\uD800', 'x'.repeat(1100)]
    await site.write(
      Object.fromEntries(
        paths.map((slug, index) => [
          `pages/p${index}/[slug].jsx`,
          `export const getStaticPaths = () => ({ paths: [{ params: { slug: ${JSON.stringify(slug)} } }], fallback: false })
export const getStaticProps = () => ({ props: {} })
export default () => <main>x</main>`,
        ]),
      ),
    )
    const before = await snapshot()
    const { code, output } = await site.tryBuild()
    expect(code).not.toBe(0)
    for (const index of paths.keys()) expect(output).toContain(`pages/p${index}/[slug].jsx`)
    expect(await snapshot()).toEqual(before)
    expect(await site.list('dist/isr')).toEqual([])
  })

  it('SEC-61 a great many of them are one file', { timeout: isLong ? 900_000 : 120_000 }, async () => {
    const count = isLong ? 100_000 : 2_000
    await writePages([])
    await site.write({
      'pages/[slug].jsx': `
export const getStaticPaths = () => ({ paths: Array.from({ length: ${count} }, (_, i) => '/p' + i), fallback: false })
export const getStaticProps = ({ params }) => ({ props: { slug: params.slug } })
export default function Page({ slug }) { return <main>{slug}</main> }`,
    })
    const before = await snapshot()
    await site.build()
    expect(await snapshot()).toEqual(before)
    expect((await site.list('dist/isr')).length).toBe(3)
    expect((await site.list('dist/client')).every((file) => file.startsWith('assets/'))).toBe(true)
  })
})
