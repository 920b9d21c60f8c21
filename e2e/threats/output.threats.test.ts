/** What a site hands out: in which form, and what of its server is in it. */
import { join } from 'node:path'
import { Script } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerProcess } from '../process.ts'
import { toDataPath } from '../harness/cache-app.ts'
import { send, sendTarget, type Answer } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'

/** Each in one place that browsers must not learn of. */
const SECRETS = {
  env: 'CANARY-from-env',
  define: 'CANARY-from-define',
  props: 'CANARY-in-data-function',
  module: 'CANARY-in-module',
  message: 'CANARY-in-message',
  api: 'CANARY-in-api',
  server: 'CANARY-in-server-props',
  paths: 'CANARY-in-paths',
} as const
const ANY_SECRET = new RegExp(Object.values(SECRETS).join('|'))

const MARKUP = '<img src=x onerror=alert(1)>'

const FILES = {
  '.env': `DB_PASSWORD=${SECRETS.env}\nVITE_SHOWN=shown-by-vite\nSHOP_SHOWN=shown-by-shop\nSHOPPING_PASSWORD=${SECRETS.env}-2\n`,
  'public/robots.txt': 'User-agent: *',
  'lib/private.txt': SECRETS.module,
  'lib/private.json': JSON.stringify({ password: SECRETS.module }),
  'lib/files.server.js': `import settings from './private.json'
export const where = () => String(new URL('./private.txt', import.meta.url)).length + settings.password.length`,
  'lib/db.server.js': `export const connect = () => ({ url: '${SECRETS.module}', password: process.env.DB_PASSWORD })`,
  'lib/store.js': `import { hostname } from 'node:os'\nexport const readPrice = () => ('${SECRETS.module}' + hostname()).length`,
  'pages/index.jsx': `import { connect } from '../lib/db.server.js'
import { where } from '../lib/files.server.js'
import { readPrice } from '../lib/store.js'
const TOKEN = '${SECRETS.props}'
// A remark on ${SECRETS.props}.
export const getStaticProps = async () => {
  const lengths = [connect().url, connect().password, __BUILD_SECRET__, TOKEN].map((text) => text.length)
  return { props: { lengths: [...lengths, readPrice(), where()] }, revalidate: 60 }
}
export default function Home({ lengths }) {
  const env = import.meta.env
  return <main>{lengths.join()} {String(env.DB_PASSWORD)} {JSON.stringify(env)} {env.VITE_SHOWN} {env.SHOP_SHOWN}</main>
}`,
  'pages/blog/[slug].jsx': `export const getStaticPaths = () => ({ paths: ['/blog/one'].filter(() => '${SECRETS.paths}'), fallback: 'blocking' })
export const getStaticProps = ({ params }) => {
  if (params.slug === 'fails') throw new Error('${SECRETS.message}')
  if (params.slug === 'rejects') return Promise.reject({ password: '${SECRETS.message}' })
  if (params.slug === 'moved') return { redirect: { destination: '/blog/one', permanent: true } }
  if (params.slug === 'none') return { notFound: true }
  return { props: { slug: params.slug, markup: ${JSON.stringify(MARKUP)} }, revalidate: 60 }
}
export default function Post({ slug, markup }) {
  if (slug === 'component') throw new Error(slug)
  return <main>{slug}{markup}</main>
}`,
  'pages/live.jsx': `export const getServerSideProps = ({ query }) => {
  if (query.fails) throw new Error('${SECRETS.message}')
  return { props: { length: '${SECRETS.server}'.length } }
}
export default function Live({ length }) { return <main>{length}</main> }`,
  'pages/plain.jsx': `export default () => <main>plain</main>`,
  'pages/shell/[id].jsx': `import { useRouter } from 'vite-plugin-isr/client'
export const getStaticPaths = () => ({ paths: [], fallback: true })
export const getStaticProps = ({ params }) => ({ props: { id: params.id } })
export default function Shell({ id }) { return useRouter().isFallback ? <p>Loading</p> : <p>{id}</p> }`,
  'pages/api/hello.js': `const KEY = '${SECRETS.api}'
export default (req, res) => res.json({ length: KEY.length })`,
  'pages/api/fails.js': `export default () => { throw new Error('${SECRETS.message}') }`,
  'pages/api/draft.js': `export default (req, res) => res.setDraftMode({ enable: true }).end()`,
}

const CONFIG = `define: { __BUILD_SECRET__: JSON.stringify('${SECRETS.define}') }, envPrefix: ['VITE_', 'SHOP_'],`

let site: Site
let server: ServerProcess
let buildId: string

beforeAll(async () => {
  site = await createSite({ files: FILES, config: `${CONFIG} build: { sourcemap: true },` })
  await site.build()
  buildId = (JSON.parse(await site.read('dist/isr/route-manifest.json')) as { buildId: string }).buildId
  server = await site.serve()
})

afterAll(async () => {
  await site?.dispose()
})

const data = (path: string) => toDataPath(buildId, path)

describe('what browsers load', () => {
  it('SEC-68 P13 no file holds what only the server knows, with source maps switched on', async () => {
    const files = await site.list('dist/client')
    expect(files.filter((file) => file.endsWith('.map')).length).toBeGreaterThan(5)
    for (const file of files) {
      const text = await site.read(`dist/client/${file}`)
      expect(ANY_SECRET.exec(text)?.[0], file).toBeUndefined()
      expect(text, file).not.toMatch(/DB_PASSWORD=|SHOPPING_PASSWORD|node:os|__BUILD_SECRET__(?!\\?["'`])/)
      expect(text, file).not.toContain(site.root)
    }
  })

  it('SEC-68 variables with the prefixes of the config are there, and no others', async () => {
    const files = (await site.list('dist/client')).filter((file) => file.endsWith('.js'))
    const code = (await Promise.all(files.map((file) => site.read(`dist/client/${file}`)))).join('\n')
    expect(code).toContain('shown-by-vite')
    expect(code).toContain('shown-by-shop')
    expect(code).not.toMatch(/SOURCE_URL|ISR_CACHE_DIR/)
    const page = await send(server, '/')
    expect(page.text).toContain('undefined')
    expect(page.text).toContain('shown-by-vite')
    expect(page.text).not.toMatch(ANY_SECRET)
  })

  it('SEC-42 SEC-68 no answer holds them, of pages, data, errors and API routes, also when they fail', async () => {
    for (const path of [
      '/',
      '/blog/one',
      '/blog/fails',
      '/blog/rejects',
      '/blog/component',
      '/blog/moved',
      '/blog/none',
      '/live',
      '/live?fails=1',
      '/plain',
      '/shell/x',
      '/missing',
    ]) {
      for (const target of [path, data(path)]) {
        const answer = await send(server, target)
        expect(answer.text, target).not.toMatch(ANY_SECRET)
        expect(answer.text, target).not.toContain(site.root)
        expect(answer.text, target).not.toMatch(/\.mjs:\d+|\bat \w+ \(|Error: /)
      }
    }
    const api = await send(server, '/api/fails')
    expect([api.status, api.text]).toEqual([500, 'Internal Server Error'])
    // The log is where they belong.
    expect(server.output()).toContain(SECRETS.message)
  })

  it('SEC-122 a production build has no code for development, and no development address answers', async () => {
    for (const file of await site.list('dist/client')) {
      expect(await site.read(`dist/client/${file}`), file).not.toMatch(
        /isr:error-shown|isr:data|\/@vite\/client|import\.meta\.hot\b/,
      )
    }
    for (const file of (await site.list('dist/server')).filter((name) => name.endsWith('.mjs'))) {
      expect(await site.read(`dist/server/${file}`), file).not.toMatch(
        /isr:error-shown|\/@vite\/client|ErrorOverlay|vite-hmr/,
      )
    }
    const missing = await send(server, '/missing')
    for (const path of [
      '/@vite/client',
      '/@react-refresh',
      '/@id/__x00__virtual:isr/app',
      '/@fs/etc/passwd',
      '/__open-in-editor?file=pages/index.jsx',
      '/__vite_ping',
      '/__inspect',
      '/__isr',
      '/__isr/cache',
      '/_isr',
      '/_isr/cache',
      '/_isr/debug',
      '/_isr/clear',
      '/_isr/revalidate?path=/',
      '/_isr/entries',
      '/_isr/manifest',
      '/_isr/data',
      '/_isr/data/development/index.json',
      `/_isr/data/${buildId}`,
      `/_isr/data/${buildId}/index`,
      `/_isr/data/${buildId}/index.json.map`,
      '/_next/data/x/index.json',
      '/_next/image?url=/robots.txt&w=64&q=75',
      '/__nextjs_original-stack-frame',
      '/api',
      '/api/_isr',
      '/api/revalidate?path=/',
      '/metrics',
      '/debug',
      '/.well-known/isr',
    ]) {
      for (const method of ['GET', 'POST', 'PURGE', 'DELETE', 'PUT', 'TRACE', 'PROPFIND']) {
        const answer = await send(server, path, { method })
        expect([404, 405], `${method} ${path}`).toContain(answer.status)
        if (method === 'GET') expect(answer.body.length, path).toBeLessThanOrEqual(missing.body.length)
      }
    }
  })
})

describe('the form of an answer', () => {
  it('SEC-86 data is JSON, whatever the request would like', async () => {
    for (const headers of [
      { accept: 'text/html' },
      {
        accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
        'sec-fetch-dest': 'document',
        'sec-fetch-mode': 'navigate',
      },
      { accept: 'text/javascript', 'sec-fetch-dest': 'script' },
      { 'x-requested-with': 'XMLHttpRequest' },
      { 'content-type': 'text/html' },
    ]) {
      const answer = await send(server, data('/blog/one'), { headers })
      expect(answer.headers).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'x-content-type-options': 'nosniff',
      })
      expect(answer.json()).toMatchObject({ pageProps: { markup: MARKUP } })
    }
  })

  it('SEC-86 every answer says its type, and that it is not to be guessed', async () => {
    await send(server, '/blog/fails')
    const answers: Record<string, Answer> = {}
    for (const target of [
      '/',
      data('/'),
      '/blog/one',
      '/blog/new',
      '/blog/fails',
      data('/blog/fails'),
      '/blog/moved',
      data('/blog/moved'),
      '/blog/none',
      data('/blog/none'),
      '/live',
      data('/live'),
      '/live?fails=1',
      data('/live?fails=1'),
      '/plain',
      '/shell/a',
      '/missing',
      data('/missing'),
      '/blog/one/',
      '/blog//one',
      '/%zz',
      `/${'x'.repeat(3000)}`,
      '/robots.txt',
      '/assets/missing.js',
      `/assets/${(await site.list('dist/client/assets'))[0]!}`,
      '/api/fails',
      '/api/missing',
    ]) {
      answers[target.slice(0, 80)] = await sendTarget(server, target)
    }
    answers['POST /'] = await send(server, '/', { method: 'POST' })
    answers['POST data'] = await send(server, data('/'), { method: 'POST' })
    const draft = await send(server, '/blog/one', { headers: { cookie: await getDraftCookie() } })
    answers['a draft'] = draft
    for (const [target, { status, headers, text }] of Object.entries(answers)) {
      expect(headers['x-content-type-options'], `${target}: ${status}`).toBe('nosniff')
      expect(headers['content-type'], target).toMatch(/^(?:text|application)\/[a-z]+(?:; ?charset=utf-8)?$/)
      // Nothing of the address is markup in what is not found.
      if (status >= 400) expect(text, target).not.toMatch(/<img|onerror/)
    }
    expect(answers['/blog/fails']!.status).toBe(500)
    expect(draft.cache).toBe('BYPASS')
  })

  it('SEC-87 another site’s script gets an object that is no statement, without a callback', async () => {
    for (const query of ['', '?callback=steal', '?jsonp=steal', '?cb=steal&format=js']) {
      for (const path of ['/', '/blog/one', '/blog/moved', '/blog/none', '/live']) {
        const { text, headers } = await send(server, data(path) + query)
        expect(text, path).toMatch(/^\{"/)
        expect(text).not.toContain('steal')
        // As a script it does not parse, so that it neither runs nor sets anything.
        expect(() => new Script(text), path).toThrow(SyntaxError)
        expect(headers['content-type']).toBe('application/json; charset=utf-8')
        expect(headers['x-content-type-options']).toBe('nosniff')
        expect(headers['access-control-allow-origin']).toBeUndefined()
      }
    }
  })

  async function getDraftCookie(): Promise<string> {
    const { headers } = await send(server, '/api/draft')
    return (headers['set-cookie'] ?? '').split(';')[0]!
  }
})

describe('lists of paths', () => {
  const many = Array.from({ length: 300 }, (_, index) => `/blog/p${index}`)

  it('SEC-103 no address takes one: each request is for one path', async () => {
    const before = (await site.list('.isr-cache')).length
    const list = many.slice(0, 60).join(',')
    for (const target of [
      `/_isr/data/${buildId}/index.json?paths=${list}`,
      `/_isr/data/${buildId}/index.json?p=/blog/p1&p=/blog/p2&paths[]=/blog/p3`,
      `/_isr/data/${buildId}/blog/p1,/blog/p2.json`,
      `/_isr/data/${buildId}/blog/p1.json,blog/p2.json`,
      `/_isr/data/${buildId}/blog/{p1,p2}.json`,
      `/_isr/data/${buildId}/blog/*.json`,
      `/_isr/data/${buildId}.json?paths=${list}`,
      `/_isr/data?paths=${list}`,
      `/_isr/manifest?paths=${list}`,
      `/__manifest?paths=${list}`,
      `/sitemap.xml?paths=${list}`,
    ]) {
      const answer = await sendTarget(server, target)
      expect(answer.body.length, target).toBeLessThan(10_000)
    }
    for (const path of [data('/'), '/_isr/data', '/', '/api/missing']) {
      const answer = await send(server, path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(Array.from({ length: 100_000 }, (_, index) => `/blog/p${index}`)),
      })
      expect([404, 405], path).toContain(answer.status)
    }
    // At most what the few addresses above are pages of themselves: none of the paths that they list.
    const made = (await site.list('.isr-cache')).length - before
    expect(made).toBeLessThanOrEqual(4)
    expect((await send(server, many[50]!)).cache).toBe('MISS')
  })
})

describe('long headers', () => {
  const names = [
    'accept',
    'accept-encoding',
    'accept-language',
    'if-none-match',
    'if-match',
    'if-range',
    'range',
    'cookie',
    'forwarded',
    'x-forwarded-for',
    'user-agent',
    'referer',
    'cache-control',
    'content-type',
    'sec-fetch-site',
    'authorization',
  ]
  const fills = [
    ',',
    ';',
    ' ',
    '-',
    '=',
    '"',
    '\\',
    '*',
    'W/"',
    'a,',
    'q=0.',
    '%2',
    '/',
    ';q=',
    '0-0,',
    '\t ',
    'gzip;',
    '__isr_draft=',
  ]

  // An overlapping pattern takes 300 ms for this length, and four times as long for twice of it.
  it.each(names)('SEC-105 15 KB of one text in %s are read in no time', async (name) => {
    const targets = ['/', data('/'), '/robots.txt', '/missing', '/live', '/api/hello']
    for (const [index, fill] of fills.entries()) {
      const value = `${fill.repeat(Math.ceil(15_000 / fill.length)).slice(0, 15_000)}x`
      const target = targets[index % targets.length]!
      const times: number[] = []
      for (let round = 0; round < 20 && Math.min(...times, Infinity) > 25; round++) {
        const begin = performance.now()
        const answer = await send(server, target, { headers: { [name]: value } })
        times.push(performance.now() - begin)
        expect(answer.status, `${name}: ${fill}`).toBeLessThan(500)
      }
      expect(Math.min(...times), `${name}: ${fill} for ${target}`).toBeLessThan(100)
    }
  })

  it('SEC-105 all of them at once are refused or answered, and the next visitor is', async () => {
    const headers = Object.fromEntries(names.map((name) => [name, ','.repeat(900)]))
    expect((await send(server, '/', { headers })).status).toBeLessThan(500)
    const tooMany = Object.fromEntries(names.map((name) => [name, ','.repeat(15_000)]))
    // The server may have closed the connection before all of them were sent.
    const outcome = await send(server, '/', { headers: tooMany }).then(
      ({ status }) => status,
      ({ code }: NodeJS.ErrnoException) => code,
    )
    expect([431, 'ECONNRESET', 'EPIPE']).toContain(outcome)
    expect((await send(server, '/')).status).toBe(200)
  })
})

describe('maps', () => {
  it('SEC-68 by default browsers get none, and the server keeps its own', async () => {
    const other = await createSite({ files: FILES, config: CONFIG })
    try {
      await other.build()
      expect((await other.list('dist/client')).filter((file) => file.endsWith('.map'))).toEqual([])
      expect((await other.list('dist/server')).filter((file) => file.endsWith('.map')).length).toBeGreaterThan(0)
      expect(await other.list(join('dist/client', '.vite'))).toEqual([])
    } finally {
      await other.dispose()
    }
  })
})
