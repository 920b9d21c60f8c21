/** `vite preview` beside the preview of plain Vite on the same folder, below a base, with links and siblings laid out as traps. */
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerProcess } from '../process.ts'
import { send, sendTarget } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'

const SECRET = 'CANARY-of-the-neighbour'

/** `LISTEN=all` is what `--host` does. */
const PREVIEW = `import { preview } from 'vite'
const { CONFIG, LISTEN, PORT } = process.env
await preview({
  configFile: CONFIG,
  preview: { port: Number(PORT), strictPort: true, host: LISTEN === 'all' ? true : '127.0.0.1' },
})
`

let site: Site
let outside: string
let plain: ServerProcess
let ours: ServerProcess
let open: ServerProcess
let start: ServerProcess

beforeAll(async () => {
  site = await createSite({
    config: "base: '/app/',",
    files: {
      'preview.mjs': PREVIEW,
      'plain.config.mjs': `export default { base: '/app/', appType: 'custom', build: { outDir: 'dist/client' } }`,
      'public/robots.txt': 'User-agent: *',
      'public/docs/manual.txt': 'manual',
      'pages/index.jsx': `export const getStaticProps = () => ({ props: {}, revalidate: 60 })
export default () => <main>home</main>`,
      'pages/[...path].jsx': `export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = ({ params }) =>
  params.path[0] === 'page' ? { props: {}, revalidate: 60 } : { notFound: true }
export default () => <main>page</main>`,
    },
  })
  await site.build()
  outside = `${site.root}-secret`
  await mkdir(outside)
  await writeFile(join(outside, 'file.txt'), SECRET)
  await site.write({
    'dist-secret/file.txt': SECRET,
    'dist/client-secret/file.txt': SECRET,
    'dist/clientfile.txt': SECRET,
    'dist/client/.env': SECRET,
    'dist/client/.git/config': SECRET,
    'dist/client/docs/.htpasswd': SECRET,
    'app-evil/file.txt': SECRET,
  })
  await symlink(join(outside, 'file.txt'), join(site.root, 'dist/client/link.txt'))
  await symlink(outside, join(site.root, 'dist/client/folder'))
  await symlink('..', join(site.root, 'dist/client/up'))
  await symlink('/etc', join(site.root, 'dist/client/assets/etc'))
  await symlink('../server/app.mjs', join(site.root, 'dist/client/app.mjs'))
  plain = await site.serve('preview.mjs', { CONFIG: 'plain.config.mjs' })
  ours = await site.serve('preview.mjs', { CONFIG: 'vite.config.mjs' })
  open = await site.serve('preview.mjs', { CONFIG: 'vite.config.mjs', LISTEN: 'all' })
  start = await site.serve('start')
})

afterAll(async () => {
  if (outside !== undefined) await rm(outside, { recursive: true, force: true })
  await site?.dispose()
})

const traps = [
  'link.txt',
  'folder/file.txt',
  'up/server/app.mjs',
  'up/isr/route-manifest.json',
  'assets/etc/passwd',
  'app.mjs',
  '.env',
  '.git/config',
  'docs/.htpasswd',
  '../client-secret/file.txt',
  '../clientfile.txt',
  '../../dist-secret/file.txt',
  '../server/app.mjs',
  '../isr/route-manifest.json',
  '../../package.json',
  '-secret/file.txt',
]

function spell(trap: string): string[] {
  return [
    `/app/${trap}`,
    `/app/./${trap}`,
    `/app/docs/../${trap}`,
    `/app/${trap.replaceAll('/', '%2f')}`,
    `/app/${trap.replaceAll('.', '%2e')}`,
    `/app/${trap.replaceAll('/', '\\')}`,
    `/app/${trap.replaceAll('/', '%5c')}`,
    `/app/${trap.replaceAll('.', '%252e')}`,
    `/app//${trap}`,
    `/app/assets/../${trap}`,
    `/app/docs/manual.txt/../../${trap}`,
    `/app/${trap}?import&raw`,
    `/app/${trap}#x`,
    `/app/${trap}/`,
    `/app${trap}`,
    `/${trap}`,
    `/app/../app/${trap}`,
    `/app/@fs${outside}/file.txt`,
  ]
}

describe.each(['preview', 'preview --host', 'start.mjs'])('%s', (name) => {
  let server: ServerProcess
  beforeAll(() => {
    server = name === 'preview' ? ours : name === 'start.mjs' ? start : open
  })

  it('serves pages and files', async () => {
    expect((await send(server, '/app/robots.txt')).text).toBe('User-agent: *')
    expect((await send(server, '/app/docs/manual.txt')).text).toBe('manual')
    expect((await send(server, '/app/')).text).toContain('<main>home</main>')
    expect((await send(server, '/app/page')).text).toContain('<main>page</main>')
  })

  it('SEC-124 SEC-68 P13 links, siblings and dot files of the folder are not served, whatever plain Vite does', async () => {
    const code = (await site.read('dist/server/app.mjs')).slice(0, 200)
    const { draftKey } = JSON.parse(await site.read('dist/isr/route-manifest.json')) as { draftKey: string }
    for (const target of traps.flatMap(spell)) {
      const answer = await sendTarget(server, target)
      for (const text of [SECRET, code, draftKey, 'root:x:0']) expect(answer.text, target).not.toContain(text)
      expect(
        answer.status === 308 || (answer.status >= 400 && answer.status < 500),
        `${target}: ${answer.status}`,
      ).toBe(true)
    }
  })

  it('SEC-124 P13 what plain Vite refuses is refused', async () => {
    for (const target of [...traps.flatMap(spell), '/', '/robots.txt', '/app/missing.txt', '/app/assets/missing.js']) {
      const [without, answer] = await Promise.all([sendTarget(plain, target), sendTarget(server, target)])
      if (without.status !== 200) expect(answer.status, target).not.toBe(200)
    }
  })

  it('SEC-124 a file that becomes a link while it is served leads nowhere', async () => {
    const file = join(site.root, 'dist/client/docs/manual.txt')
    await rename(file, `${file}.real`)
    await symlink(join(outside, 'file.txt'), file)
    try {
      const answer = await send(server, '/app/docs/manual.txt')
      expect(answer.text).not.toContain(SECRET)
      expect(answer.status).toBe(404)
    } finally {
      await rename(`${file}.real`, file)
    }
    expect((await send(server, '/app/docs/manual.txt')).text).toBe('manual')
  })

  it.each([
    '/app-evil/file.txt',
    '/app-evil/../robots.txt',
    '/application',
    '/apprentice/robots.txt',
    '/app;/robots.txt',
    '/app;x/robots.txt',
    '/app%2frobots.txt',
    '/app%5crobots.txt',
    '/app%2f',
    '/APP/robots.txt',
    '/ap/robots.txt',
    '/robots.txt',
    '/page',
    '/_isr/data/x/page.json',
    '/app.txt',
    '/app%00/robots.txt',
    '/x/app/robots.txt',
    '/%61pp/robots.txt',
  ])('SEC-57 %s is not below the base', async (target) => {
    const answer = await sendTarget(server, target)
    expect(answer.text).not.toMatch(/User-agent|<main>page|<main>home|CANARY/)
    expect([400, 404]).toContain(answer.status)
  })
})

describe('hosts and other sites', () => {
  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example'])(
    'SEC-120 P13 asked for as %s the preview answers nothing, as plain Vite',
    async (host) => {
      for (const server of [plain, ours, open]) {
        for (const path of ['/app/', '/app/page', '/app/robots.txt', '/app/missing']) {
          expect((await send(server, path, { headers: { host } })).status, path).toBe(403)
        }
      }
    },
  )

  it.each(['http://evil.example', 'null', 'http://localhost:1234'])(
    'SEC-120 SEC-83 P13 what %s may read is what it may read of plain Vite',
    async (origin) => {
      for (const [path, method] of [
        ['/app/robots.txt', 'GET'],
        ['/app/robots.txt', 'OPTIONS'],
        ['/app/', 'GET'],
      ] as const) {
        const headers = { origin, 'access-control-request-method': 'GET' }
        const [without, answer] = await Promise.all(
          [plain, ours].map((server) => send(server, path, { method, headers })),
        )
        const allowed = 'access-control-allow-origin'
        expect(answer!.headers[allowed], `${method} ${path}`).toBe(without!.headers[allowed])
      }
    },
  )
})
