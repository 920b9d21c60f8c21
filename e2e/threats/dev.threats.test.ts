/** The development server beside one without the plugin, on the same files: it hands out nothing that plain Vite keeps. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isLong } from '../../scripts/flags.ts'
import type { ServerProcess } from '../process.ts'
import { eventually } from '../harness/eventually.ts'
import { send, sendRaw, sendTarget } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'

const SECRET = 'CANARY-of-the-project'

/** `LISTEN=all` is what `--host` does. */
const DEV = `import { createServer } from 'vite'
const { CONFIG, LISTEN, PORT } = process.env
const server = await createServer({
  configFile: CONFIG,
  server: { port: Number(PORT), strictPort: true, host: LISTEN === 'all' ? true : '127.0.0.1' },
})
await server.listen()
`

const MARKUP = '</script><img src=x onerror=alert(1)><!--'

let site: Site
let outside: string
let plain: ServerProcess
let ours: ServerProcess
/** As with `--host`. */
let open: ServerProcess

beforeAll(async () => {
  site = await createSite({
    files: {
      'dev.mjs': DEV,
      'plain.config.mjs': `import react from '@vitejs/plugin-react'
export default { appType: 'custom', cacheDir: 'node_modules/.vite-plain', plugins: [react()] }`,
      '.env': `DB_PASSWORD=${SECRET}\n`,
      '.env.local': `DB_PASSWORD=${SECRET}\n`,
      'key.pem': SECRET,
      '.npmrc': SECRET,
      '.git/config': SECRET,
      '.isr-cache/build/00/entry': SECRET,
      'lib/shown.js': 'export const shown = 1\n',
      'pages/index.jsx': `export const getStaticProps = () => ({ props: { words: 'unpublished words' } })
export default function Home({ words }) { return <main>{words}</main> }`,
      'pages/fails/[slug].jsx': `export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = ({ params }) => { throw new Error(params.slug + ${JSON.stringify(MARKUP)}) }
export default () => null`,
      'pages/api/image.js': `export default (req, res) => res.send('image')`,
      'pages/api/fails.js': `export default (req) => { throw new Error(req.query.text) }`,
    },
  })
  await site.build()
  await site.write({ 'dist/server/app.mjs': `// ${SECRET}\n${await site.read('dist/server/app.mjs')}` })
  outside = `${site.root}-secret`
  await mkdir(outside)
  await writeFile(`${outside}/file.txt`, SECRET)
  plain = await site.serve('dev.mjs', { CONFIG: 'plain.config.mjs' })
  ours = await site.serve('dev.mjs', { CONFIG: 'vite.config.mjs' })
  open = await site.serve('dev.mjs', { CONFIG: 'vite.config.mjs', LISTEN: 'all' })
})

afterAll(async () => {
  if (outside !== undefined) await rm(outside, { recursive: true, force: true })
  await site?.dispose()
})

/** Forms of a module that Vite makes, and those that once got around its checks. */
const QUERIES = [
  '',
  '?raw',
  '?raw??',
  '?import&raw',
  '?import&raw??',
  '?url',
  '?inline',
  '?import&inline=1.wasm?init',
  '?.svg?.wasm?init',
  '?html-proxy&index=0.js',
  '?direct',
  '?t=1&import',
  '%3fraw',
  '%00',
  '/',
  '/.',
  '::$DATA',
  '#/../../x',
  '?x#/../../x',
]

function spell(file: string): string[] {
  const path = file.startsWith('/') ? `/@fs${file}` : `/${file}`
  const full = file.startsWith('/') ? file : `${site.root}/${file}`
  return [
    path,
    `/.${path}`,
    `/lib/..${path}`,
    `/@fs${full}`,
    `/@fs/${full}`,
    `/@fs${site.root}/../..${full}`,
    `/@fs${full.replace(/(.)$/, (last) => `%${last.charCodeAt(0).toString(16)}`)}`,
    `/@id/${full}`,
    `/@id/__x00__${full}`,
    `/@fs${full.toUpperCase()}`,
    `/..${path}`,
    `//..${path}`,
    `/..%2f..%2f..%2f..%2f..${full.replaceAll('/', '%2f')}`,
    `/..\\..\\..\\..\\..${full.replaceAll('/', '\\')}`,
    `/@fs${full.replaceAll('/', '\\')}`,
    `\\@fs${full}`,
    `/_isr/data/development/..%2f..%2f..${path}.json`,
    `http://127.0.0.1${path}`,
  ]
}

/** Every spelling, and every form of the two that Vite knows; with `--long` every form of every spelling. */
function listTargets(files: readonly string[]): string[] {
  return files.flatMap((file) => {
    const [path = '', , , full = ''] = spell(file)
    const formed = isLong ? spell(file) : [path, full]
    return [...spell(file), ...formed.flatMap((each) => QUERIES.map((query) => each + query))]
  })
}

describe('files', () => {
  const denied = ['.env', '.env.local', 'key.pem', '.npmrc', '.git/config']

  it('SEC-120 P13 plain Vite serves sources of the project, and so do we', async () => {
    for (const server of [plain, ours, open]) expect((await send(server, '/lib/shown.js')).text).toContain('shown = 1')
  })

  it('SEC-68 SEC-123 P13 what plain Vite keeps is kept, in every spelling and form', { timeout: 600_000 }, async () => {
    const files = [...denied, `${outside}/file.txt`, '/etc/passwd']
    for (const target of listTargets(files)) {
      const [without, answer] = await Promise.all([sendTarget(plain, target), sendTarget(ours, target)])
      expect(without.text, `plain Vite: ${target}`).not.toMatch(new RegExp(`${SECRET}|root:x?:0`))
      expect(answer.text, target).not.toMatch(new RegExp(`${SECRET}|root:x?:0`))
      expect(answer.status === 200 && without.status === 403, target).toBe(false)
    }
  })

  it.each(['ours', 'with --host'])(
    'SEC-68 SEC-124 P13 the build and the stored pages are kept, too (%s)',
    async (name) => {
      const server = name === 'ours' ? ours : open
      const { draftKey } = JSON.parse(await site.read('dist/isr/route-manifest.json')) as { draftKey: string }
      const files = ['dist/isr/route-manifest.json', 'dist/server/app.mjs', '.isr-cache/build/00/entry']
      for (const target of listTargets(files)) {
        const answer = await sendTarget(server, target)
        expect(answer.text, target).not.toContain(SECRET)
        expect(answer.text, target).not.toContain(draftKey)
      }
      for (const file of files) expect((await send(server, `/${file}`)).status, file).toBe(403)
    },
  )

  it('SEC-123 a path with backslashes leads to no other host and to no file', async () => {
    for (const target of [
      String.raw`/\evil.example`,
      String.raw`\\evil.example\share`,
      String.raw`/..\..\..\..\etc\passwd`,
      String.raw`/pages\..\..\..\etc\passwd`,
      String.raw`/@fs\etc\passwd`,
      String.raw`/C:\windows\win.ini`,
      '/..%5c..%5c..%5cetc%5cpasswd',
      '//evil.example/..',
    ]) {
      const answer = await sendTarget(ours, target)
      expect(answer.text, target).not.toMatch(/root:x?:0/)
      expect(answer.status, target).not.toBe(200)
      expect(answer.headers['location'] ?? '/', target).toMatch(/^\/(?![/\\])/)
    }
  })

  it('P13 the half of a page that servers run is no module of its own, and its text is what plain Vite has of a source', async () => {
    const module = await send(ours, '/pages/index.jsx', { headers: { 'sec-fetch-dest': 'script' } })
    expect(module.status).toBe(200)
    expect(module.text).not.toContain('unpublished words')
  })
})

describe('other sites', () => {
  const pages = [
    '/',
    '/missing',
    '/_isr/data/development/index.json',
    '/fails/x',
    '/_isr/data/development/fails/x.json',
  ]
  const modules = ['/pages/index.jsx', '/@vite/client', '/lib/shown.js', '/api/image']

  it.each(['http://evil.example', 'null', 'http://localhost.evil.example', 'http://127.0.0.1.evil.example:80'])(
    'SEC-120 P13 %s may read nothing',
    async (origin) => {
      for (const server of [ours, open]) {
        for (const path of [...pages, ...modules]) {
          for (const method of ['GET', 'OPTIONS']) {
            const answer = await send(server, path, {
              method,
              headers: { origin, 'access-control-request-method': 'GET', 'sec-fetch-site': 'cross-site' },
            })
            expect(answer.headers['access-control-allow-origin'], `${method} ${path}`).toBeUndefined()
          }
        }
      }
    },
  )

  it('SEC-120 P13 what may read plain Vite may read us, and no more', async () => {
    for (const origin of [
      'http://localhost:1234',
      'http://127.0.0.1:1234',
      'https://app.localhost',
      'http://[::1]:1',
    ]) {
      const [without, answer] = await Promise.all(
        [plain, ours].map((server) => send(server, '/lib/shown.js', { headers: { origin } })),
      )
      for (const name of ['access-control-allow-origin', 'access-control-allow-credentials', 'vary']) {
        expect(answer!.headers[name], `${name} for ${origin}`).toBe(without!.headers[name])
      }
    }
  })

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil.example:5173',
    'evil@127.0.0.1:x',
  ])('SEC-120 P13 asked for as %s it answers nothing: an address that was rebound reads nothing', async (host) => {
    for (const server of [plain, ours, open]) {
      for (const path of ['/', '/_isr/data/development/index.json', '/pages/index.jsx', '/fails/x', '/api/image']) {
        const answer = await send(server, path, { headers: { host, 'x-forwarded-host': 'localhost' } })
        expect(answer.status, path).toBe(403)
        expect(answer.text).not.toContain('unpublished')
      }
    }
  })

  it('SEC-120 can’t embed a page, its data or its error', async () => {
    for (const path of pages) {
      const answer = await send(open, path, {
        headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
      })
      expect([answer.status, answer.headers['cache-control']], path).toEqual([403, 'no-store'])
      expect(answer.text).not.toMatch(/unpublished|onerror/)
    }
    const opened = await send(open, '/', { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' } })
    expect(opened.text).toContain('unpublished words')
  })

  it('SEC-120 can’t listen to updates: without its token the web socket is refused, as in plain Vite', async () => {
    for (const server of [plain, ours, open]) {
      for (const target of ['/', '/?token=', '/?token=guess']) {
        const answer = await sendRaw(
          server,
          `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
            'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: vite-hmr\r\n\r\n',
        )
        expect(answer.status, target).toBe(400)
      }
    }
  })

  it('SEC-86 SEC-120 data is JSON for nobody’s script, and nothing is kept', async () => {
    const answer = await send(ours, '/_isr/data/development/index.json')
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
  })
})

describe('errors', () => {
  /** Between a page's script tags and in its text nothing of the markup is markup. */
  function expectEscaped(html: string): void {
    expect(html).not.toMatch(/<img|<svg|<script>alert|onerror=alert\(1\)><!--[^]*<img/i)
    expect(html.match(/<\/script>/gi)).toHaveLength(html.match(/<script\b/gi)?.length ?? 0)
  }

  it.each([
    `/fails/${encodeURIComponent('<svg onload=alert(1)>')}`,
    `/fails/${encodeURIComponent('"><script>alert(1)</script>')}`,
    `/fails/${encodeURIComponent('${alert(1)}`')}`,
    `/fails/x?next=${encodeURIComponent('<script>alert(1)</script>')}`,
  ])('SEC-121 %s: its message is text in the document', async (path) => {
    const answer = await send(ours, path)
    expect([answer.status, answer.headers['content-type']]).toEqual([500, 'text/html; charset=utf-8'])
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    expect(answer.text).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expectEscaped(answer.text)
  })

  it('SEC-121 the source that is shown with it is text', async () => {
    await site.write({ 'pages/broken.jsx': `export default () => <p>{'${MARKUP}'</p>\n` })
    const answer = await eventually(async () => {
      const found = await send(ours, '/broken')
      expect(found.status).toBe(500)
      return found
    })
    expect(answer.text).toContain('&lt;img')
    expectEscaped(answer.text)
    await site.remove('pages/broken.jsx')
  })

  it('SEC-121 as data it is plain text, and an API route’s message is not told at all', async () => {
    const data = await send(
      ours,
      `/_isr/data/development/fails/${encodeURIComponent('<script>alert(1)</script>')}.json`,
    )
    expect(data.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    })
    const api = await send(ours, '/api/fails?text=<script>alert(1)</script>')
    expect([api.status, api.text]).toEqual([500, 'Internal Server Error'])
  })

  it('SEC-121 a path that is not found is not repeated as markup', async () => {
    for (const target of ['/<script>alert(1)</script>', '/%3Cscript%3Ealert(1)%3C/script%3E', '/"onload="alert(1)']) {
      expectEscaped((await sendTarget(ours, target)).text)
    }
  })
})
