import { afterEach, describe, expect, it } from 'vitest'
import { startDevSite, type Answer, type DevTestOptions, type DevTestSite } from './testing/dev-site.ts'

let site: DevTestSite

afterEach(() => site.close())

const COUNTER = 'export const state = { calls: 0 }'

const HOME = `
import { state } from '../lib/counter'
import { Card } from '../lib/card'
import styles from '../lib/home.module.css'

export function getStaticProps(context) {
  state.calls += 1
  return { props: { calls: state.calls, reason: context.revalidateReason }, revalidate: 60 }
}

export default function Home({ calls, reason }) {
  return <main className={styles.home}><Card>home {calls} {reason}</Card></main>
}
`

const CARD = `
import './card.css'
export function Card({ children }) { return <p>{children}</p> }
`

const FILES = {
  'pages/index.jsx': HOME,
  'pages/about.jsx': 'export default function About() { return <h1>about</h1> }',
  'lib/counter.js': COUNTER,
  'lib/card.jsx': CARD,
  'lib/card.css': '.card { color: red }',
  'lib/home.module.css': '.home { color: blue }',
}

async function start(files: Record<string, string> = FILES, more: Omit<DevTestOptions, 'files'> = {}): Promise<void> {
  site = await startDevSite({ files, ...more })
}

/** Text as a reader sees it: without tags and the comments that React puts between texts. */
function toText({ text }: Answer): string {
  return text
    .replace(/^.*<body[^>]*>/s, '')
    .replaceAll(/<script.*?<\/script>/gs, '')
    .replaceAll(/<!--.*?-->|<[^>]+>/gs, '')
}

function readPageData({ text }: Answer): Record<string, unknown> {
  const json = /<script id="__ISR_DATA__" type="application\/json">(.*?)<\/script>/s.exec(text)?.[1]
  if (json === undefined) throw new Error(`no page data in ${text}`)
  return JSON.parse(json) as Record<string, unknown>
}

function countOf(text: string, part: string): number {
  return text.split(part).length - 1
}

describe('pages', () => {
  it('W01 a page with getStaticProps is made on each request and kept by nobody', async () => {
    await start()
    const first = await site.get('/')
    expect(first.status).toBe(200)
    expect(first.headers['cache-control']).toBe('no-store')
    expect(first.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(toText(first)).toContain('home 1 stale')
    expect(readPageData(first)).toMatchObject({
      page: '/',
      buildId: 'development',
      pageProps: { calls: 1, reason: 'stale' },
    })
    expect(toText(await site.get('/'))).toContain('home 2 stale')
  })

  it('J01 navigation data comes from a run of its own', async () => {
    await start()
    const answer = await site.get('/_isr/data/development/index.json')
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(JSON.parse(answer.text)).toEqual({ pageProps: { calls: 1, reason: 'stale' } })
    expect((await site.get('/_isr/data/other/index.json')).status).toBe(404)
  })

  it("has Vite's client and the preamble of Fast Refresh, once, and the entry", async () => {
    await start()
    const { text } = await site.get('/')
    const head = text.slice(0, text.indexOf('</head>'))
    expect(countOf(text, '/@vite/client"')).toBe(1)
    expect(countOf(text, 'injectIntoGlobalHook(')).toBeLessThanOrEqual(1)
    expect(head).toMatch(/react-refresh|html-proxy/)
    const entry = /<script type="module" src="([^"]*virtual:isr\/client[^"]*)"/.exec(text)?.[1]
    expect((await site.get(entry!)).headers['content-type']).toContain('javascript')
  })

  it('links the styles of a page, so that it never flashes unstyled', async () => {
    await start()
    const { text } = await site.get('/')
    const links = [...text.matchAll(/<link rel="stylesheet" href="([^"]+)" data-vite-dev-id="([^"]+)">/g)]
    expect(links.map(([, href]) => href)).toEqual(['/lib/card.css?direct', '/lib/home.module.css?direct'])
    expect(links.map(([, , id]) => id)).toEqual([`${site.root}/lib/card.css`, `${site.root}/lib/home.module.css`])
    expect(text.indexOf('<link rel="stylesheet"')).toBeLessThan(text.indexOf('</head>'))
    const css = await site.get(links[1]![1]!, { headers: { accept: 'text/css,*/*' } })
    expect(css.headers['content-type']).toBe('text/css')
    const name = /\.(_?[\w-]+) \{/.exec(css.text)![1]!
    expect(text).toContain(`class="${name}"`)
    expect((await site.get('/about')).text).not.toContain('rel="stylesheet"')
  })

  it('S07 U01 X01 H01 E06 answers as production does where there is no data', async () => {
    await start()
    const about = await site.get('/about')
    expect([about.status, about.headers['cache-control'], about.headers['x-isr-cache']]).toEqual([
      200,
      'no-store',
      undefined,
    ])
    expect(await site.get('/about/')).toMatchObject({ status: 308, headers: { location: '/about' } })
    const missing = await site.get('/nothing')
    expect(missing.status).toBe(404)
    expect(missing.text).toContain('This page could not be found')
    expect((await site.get('/about', { method: 'POST' })).status).toBe(405)
    expect((await site.get('/about/%E0%A4%A')).status).toBe(400)
  })

  it('serves public files and modules through Vite, and pages below the base', async () => {
    await start({ ...FILES, 'public/robots.txt': 'User-agent: *' }, { config: { base: '/app/' } })
    const home = await site.get('/app/')
    expect(home.status).toBe(200)
    expect(home.text).toContain('src="/app/@vite/client"')
    expect(home.text).toContain('href="/app/lib/card.css?direct"')
    expect((await site.get('/app/lib/card.css?direct')).headers['content-type']).toBe('text/css')
    expect((await site.get('/app/robots.txt')).text).toBe('User-agent: *')
    expect((await site.get('/app/_isr/data/development/index.json')).status).toBe(200)
    expect((await site.get('/')).status).not.toBe(200)
  })

  it('S08 J02 runs getServerSideProps with the request', async () => {
    await start({
      ...FILES,
      'pages/find.jsx': `
        export const getServerSideProps = ({ query, resolvedUrl }) => ({ props: { q: query.q ?? '', resolvedUrl } })
        export default function Find({ q, resolvedUrl }) { return <p>{q} {resolvedUrl}</p> }`,
    })
    const page = await site.get('/find?q=a')
    expect(toText(page)).toContain('a /find?q=a')
    expect(page.headers['cache-control']).toBe('no-store')
    expect(JSON.parse((await site.get('/_isr/data/development/find.json?q=b')).text)).toMatchObject({
      pageProps: { q: 'b' },
    })
  })

  it('F01 F03 F04 N01 N05 fallbacks and results as in production', async () => {
    const page = (fallback: string) => `
      export const getStaticPaths = () => ({ paths: ['/LISTED'], fallback: ${fallback} })
      export function getStaticProps({ params }) {
        if (params.slug === 'gone') return { notFound: true }
        if (params.slug === 'moved') return { redirect: { destination: '/about', permanent: false } }
        return { props: { slug: params.slug } }
      }
      export default function Page({ slug }) { return <p>slug {slug ?? 'pending'}</p> }`
    await start({
      ...FILES,
      'pages/f/[slug].jsx': page('false').replace('LISTED', 'f/one'),
      'pages/b/[slug].jsx': page("'blocking'").replace('LISTED', 'b/one'),
      'pages/t/[slug].jsx': page('true').replace('LISTED', 't/one'),
    })
    expect(toText(await site.get('/f/one'))).toContain('slug one')
    expect((await site.get('/f/two')).status).toBe(404)
    expect(toText(await site.get('/b/two'))).toContain('slug two')
    expect(toText(await site.get('/t/one'))).toContain('slug one')
    const shell = await site.get('/t/two')
    expect(toText(shell)).toContain('slug pending')
    expect(readPageData(shell)).toMatchObject({ isFallback: true, query: {} })
    expect(JSON.parse((await site.get('/_isr/data/development/t/two.json')).text)).toEqual({
      pageProps: { slug: 'two' },
    })
    const gone = await site.get('/b/gone')
    expect([gone.status, gone.headers['cache-control']]).toEqual([404, 'no-store'])
    expect(await site.get('/b/moved')).toMatchObject({ status: 307, headers: { location: '/about' } })
  })

  it('A07 O18 API routes answer, and revalidate runs getStaticProps once', async () => {
    await start({
      ...FILES,
      'pages/api/calls.js': `
        import { state } from '../../lib/counter'
        export default (req, res) => res.status(200).json({ calls: state.calls })`,
      'pages/api/revalidate.js': `
        export default async (req, res) => {
          try {
            res.json(await res.revalidate(req.query.path))
          } catch (error) {
            res.status(500).send(error.message)
          }
        }`,
    })
    expect((await site.get('/api/revalidate?path=/')).text).toBe('{"status":"regenerated"}')
    expect((await site.get('/api/calls')).text).toBe('{"calls":1}')
    const unknown = await site.get('/api/revalidate?path=/nothing')
    expect([unknown.status, unknown.text]).toEqual([500, expect.stringContaining('Failed to revalidate "/nothing"')])
  })

  it('A11 B28 warns of silent API routes and of large data, each time', async () => {
    await start({
      'pages/index.jsx': `
        export const getStaticProps = () => ({ props: { text: 'x'.repeat(140_000) } })
        export default function Home() { return <p>large</p> }`,
      'pages/api/silent.js': 'export default (req, res) => { setTimeout(() => res.end("late"), 50) }',
    })
    await site.get('/')
    await site.get('/')
    expect(site.logs.filter((line) => line.includes('exceeds the threshold of 128 kB'))).toHaveLength(2)
    expect((await site.get('/api/silent')).text).toBe('late')
    expect(site.logs.join('\n')).toContain('API resolved without sending a response for /api/silent')
  })
})

describe('changes', () => {
  it('an edited page is served as it is now, and what it does not concern keeps its state', async () => {
    await start()
    await site.get('/about')
    await site.get('/')
    await site.change('pages/about.jsx', 'export default function About() { return <h1>edited</h1> }')
    expect(toText(await site.get('/about'))).toContain('edited')
    expect(toText(await site.get('/'))).toContain('home 2 stale')
  })

  it('an edit of getStaticProps, or of what it imports, has the browser ask for the data again', async () => {
    await start()
    await site.get('/')
    await site.change('pages/index.jsx', HOME.replace('calls: state.calls,', 'calls: -1,'))
    expect(site.sent).toContainEqual({ type: 'custom', event: 'isr:data' })
    expect((await site.get('/_isr/data/development/index.json')).text).toContain('"calls":-1')
    site.sent.length = 0
    await site.change('lib/counter.js', 'export const state = { calls: 100 }')
    expect(site.sent).toContainEqual({ type: 'custom', event: 'isr:data' })
    expect(site.sent.some(({ type }) => type === 'full-reload')).toBe(false)
  })

  it('an edit of a component or a style asks for nothing', async () => {
    await start()
    await site.get('/')
    await site.change('pages/index.jsx', HOME.replace('home {calls}', 'changed {calls}'))
    await site.change('lib/card.jsx', CARD.replace('<p>', '<p className="card">'))
    await site.change('lib/card.css', '.card { color: green }')
    expect(site.sent).toEqual([])
    const page = await site.get('/')
    expect(toText(page)).toContain('changed')
    expect(page.text).toContain('<p class="card">')
    expect((await site.get('/lib/card.css?direct')).text).toContain('green')
  })

  it('an edit of a CSS module replaces its link and the component, and reloads nothing', async () => {
    await start()
    for (const path of ['/', '/pages/index.jsx', '/lib/home.module.css', '/lib/home.module.css?direct'])
      await site.get(path)
    await site.change('lib/home.module.css', '.home { color: green }')
    const updates = site.sent.flatMap((payload) => (payload.type === 'update' ? payload.updates : []))
    expect(updates.map(({ type, path }) => `${type} ${path}`).toSorted()).toEqual([
      'css-update /lib/home.module.css?direct',
      'js-update /pages/index.jsx',
    ])
    expect(site.sent).toHaveLength(1)
  })

  it('pages are added, renamed and removed without a restart', async () => {
    await start()
    expect((await site.get('/new')).status).toBe(404)
    await site.change('pages/new.jsx', 'export default function New() { return <h1>new</h1> }')
    expect(site.sent).toContainEqual({ type: 'full-reload', path: '*' })
    expect(toText(await site.get('/new'))).toContain('new')
    const routes = await site.get('/@id/__x00__virtual:isr/routes-client')
    expect(routes.text).toContain('pages/new.jsx')
    await site.change('pages/new.jsx')
    expect((await site.get('/new')).status).toBe(404)
    await site.change('pages/posts/[id].jsx', 'export default function Post() { return <h1>post</h1> }')
    expect(toText(await site.get('/posts/7'))).toContain('post')
  })

  it('a page that gets another kind is served as that kind', async () => {
    await start()
    await site.get('/about')
    await site.change(
      'pages/about.jsx',
      `export const getServerSideProps = ({ query }) => ({ props: { q: query.q } })
       export default function About({ q }) { return <h1>about {q}</h1> }`,
    )
    expect(site.sent).toContainEqual({ type: 'full-reload', path: '*' })
    expect(toText(await site.get('/about?q=kind'))).toContain('about kind')
  })

  it('_app and _document appear, change and go', async () => {
    await start()
    await site.get('/')
    await site.change(
      'pages/_document.jsx',
      'export default ({ children }) => <html lang="fr"><head></head><body>{children}</body></html>',
    )
    expect((await site.get('/')).text).toContain('<html lang="fr">')
    site.sent.length = 0
    await site.change(
      'pages/_document.jsx',
      'export default ({ children }) => <html lang="de"><head></head><body>{children}</body></html>',
    )
    expect(site.sent).toEqual([{ type: 'full-reload', path: '*' }])
    expect((await site.get('/')).text).toContain('<html lang="de">')
    await site.change(
      'pages/_app.jsx',
      'export default ({ Component, pageProps }) => <div id="app"><Component {...pageProps} /></div>',
    )
    expect((await site.get('/')).text).toContain('<div id="app">')
    await site.change('pages/_app.jsx')
    expect((await site.get('/')).text).not.toContain('<div id="app">')
  })
})

describe('errors', () => {
  const BROKEN = `
    export function getStaticProps() {
      throw new Error('no <script>alert(1)</script> database')
    }
    export default function Home() { return null }`

  it('X02 a 404 page that fails shows its own error', async () => {
    await start({ ...FILES, 'pages/404.jsx': "export default () => { throw new Error('lost twice') }" })
    const answer = await site.get('/nothing')
    expect(answer.status).toBe(500)
    expect(answer.text).toContain('lost twice')
  })

  it('SEC-121 a data error is shown with its stack, and nothing in it becomes markup', async () => {
    await start({ ...FILES, 'pages/index.jsx': BROKEN })
    const answer = await site.get('/')
    expect(answer.status).toBe(500)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.text).toContain('ErrorOverlay')
    expect(answer.text).toContain('/@vite/client')
    expect(answer.text).not.toContain('<script>alert(1)')
    expect(answer.text).toContain('pages/index.jsx: getStaticProps for / failed: Error: no &lt;script&gt;')
    expect(site.logs.join('\n')).toContain(`File: ${site.root}/pages/index.jsx:`)
  })

  it('an error of getStaticProps is gone when the file is mended, and browsers are told', async () => {
    await start({ ...FILES, 'pages/index.jsx': BROKEN })
    expect((await site.get('/')).status).toBe(500)
    await site.change('pages/index.jsx', HOME)
    expect(site.sent).toContainEqual({ type: 'full-reload', path: '*' })
    expect((await site.get('/')).status).toBe(200)
  })

  it('REL-60 a page that throws at import, or does not parse, recovers when it is mended', async () => {
    await start({ ...FILES, 'pages/index.jsx': `throw new Error('at import')\n${HOME}` })
    expect((await site.get('/')).text).toContain('at import')
    await site.change('pages/index.jsx', `${HOME}\nexport const x = (`)
    expect(site.sent).toContainEqual({ type: 'full-reload', path: '*' })
    site.sent.length = 0
    expect((await site.get('/')).status).toBe(500)
    await site.change('pages/index.jsx', HOME)
    expect(site.sent).toContainEqual({ type: 'full-reload', path: '*' })
    expect(toText(await site.get('/'))).toContain('home')
  })

  it('a module that failed for a reason outside of it is tried again on the next request', async () => {
    await start({
      ...FILES,
      'pages/index.jsx': `
        import { state } from '../lib/connect'
        export const getStaticProps = () => ({ props: { state } })
        export default function Home({ state }) { return <p>{state}</p> }`,
      'lib/connect.js': `
        globalThis.attempts = (globalThis.attempts ?? 0) + 1
        if (globalThis.attempts === 1) throw new Error('database is down')
        export const state = 'connected'`,
    })
    expect((await site.get('/')).text).toContain('database is down')
    expect(toText(await site.get('/'))).toContain('connected')
  })

  it('a component that throws, and a missing import, are shown and recover', async () => {
    await start({ ...FILES, 'pages/about.jsx': "import { more } from '../lib/more'\nexport default () => more.text" })
    expect((await site.get('/about')).text).toContain('lib/more')
    await site.change('lib/more.js', 'export const more = undefined')
    expect(site.sent).toContainEqual({ type: 'full-reload', path: '*' })
    const thrown = await site.get('/about')
    expect(thrown.status).toBe(500)
    expect(thrown.text).toContain(`${site.root}/pages/about.jsx:`)
    await site.change('lib/more.js', "export const more = { text: 'mended' }")
    expect(toText(await site.get('/about'))).toContain('mended')
  })

  it('two files for one URL are an error and not the end, and its file can be removed', async () => {
    await start({ ...FILES, 'pages/about/index.jsx': 'export default () => <h1>other</h1>' })
    const answer = await site.get('/')
    expect(answer.status).toBe(500)
    expect(answer.text).toContain('pages/about.jsx and pages/about/index.jsx')
    await site.change('pages/about/index.jsx')
    expect(site.sent).toContainEqual({ type: 'full-reload', path: '*' })
    expect((await site.get('/')).status).toBe(200)
  })

  it('a public file at the path of a page is an error that names both, and can be renamed', async () => {
    await start({ ...FILES, 'public/about': 'no page' })
    expect((await site.get('/')).text).toContain('Both public/about and pages/about.jsx are at /about')
    await site.change('public/about')
    expect((await site.get('/about')).status).toBe(200)
    await site.change('public/about', 'no page')
    expect((await site.get('/')).status).toBe(500)
  })

  it('a site without pages says so, and serves the first one', async () => {
    await start({ 'vite-env.d.ts': '' })
    const answer = await site.get('/')
    expect(answer.status).toBe(500)
    expect(answer.text).toContain('ISR_PAGES_DIR')
    await site.change('src/pages/index.jsx', 'export default () => <p>first</p>')
    expect(toText(await site.get('/'))).toContain('first')
  })

  it('W5 a restart ends what the server before it waited for, and nothing of the one after it', async () => {
    await start({
      ...FILES,
      'pages/index.jsx':
        'export const getStaticProps = () => new Promise(() => globalThis.started?.())\nexport default () => null',
    })
    const running = new Promise<void>((done) => Object.assign(globalThis, { started: done }))
    // Vite breaks open connections when it restarts.
    const waiting = expect(site.get('/')).rejects.toThrow('socket hang up')
    await running
    await site.server.restart()
    await waiting
    const url = site.server.resolvedUrls!.local[0]!
    expect((await fetch(new URL('/about', url))).status).toBe(200)
  })

  it('B13 B15 B18 wrong exports are an error that names the file', async () => {
    await start()
    await site.get('/')
    await site.change('pages/about.jsx', 'export const getStaticPaths = () => ({})\nexport default () => null')
    const answer = await site.get('/about')
    expect(answer.status).toBe(500)
    expect(answer.text).toContain('Wrong exports of pages/about.jsx')
    await site.change('pages/about.jsx', FILES['pages/about.jsx'])
    expect((await site.get('/about')).status).toBe(200)
  })

  it('W01 V01 B24 results that cannot be served are shown with their message', async () => {
    await start({
      ...FILES,
      'pages/date.jsx':
        'export const getStaticProps = () => ({ props: { posts: [{ date: new Date() }] } })\nexport default () => null',
      'pages/zero.jsx': 'export const getStaticProps = () => ({ props: {}, revalidate: 0 })\nexport default () => null',
    })
    expect((await site.get('/date')).text).toContain('.posts[0].date')
    expect((await site.get('/zero')).text).toContain('revalidate: 0')
  })

  it('W5 a data call that never answers is an error after generateTimeout', async () => {
    await start(
      {
        ...FILES,
        'pages/index.jsx': 'export const getStaticProps = () => new Promise(() => {})\nexport default () => null',
      },
      { options: { generateTimeout: 3 } },
    )
    const answer = await site.get('/')
    expect(answer.status).toBe(500)
    expect(answer.text).toContain('generateTimeout')
    expect((await site.get('/about')).status).toBe(200)
  })

  it('a failing data request answers 500 without a document', async () => {
    await start({ ...FILES, 'pages/index.jsx': BROKEN })
    const answer = await site.get('/_isr/data/development/index.json')
    expect(answer.status).toBe(500)
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
  })

  it('A10 an API route that throws answers 500 and logs its stack', async () => {
    await start({ ...FILES, 'pages/api/fail.js': "export default () => {\n  throw new Error('api failed')\n}" })
    const answer = await site.get('/api/fail')
    expect([answer.status, answer.text]).toEqual([500, 'Internal Server Error'])
    await site.get('/api/fail')
    const logs = site.logs.filter((line) => line.includes('pages/api/fail.js: api failed'))
    expect(logs).toHaveLength(2)
    expect(logs[0]).toContain(`File: ${site.root}/pages/api/fail.js:`)
  })
})

describe('other sites', () => {
  it('SEC-120 cannot embed pages or data, and get no permission to read', async () => {
    await start({ ...FILES, 'pages/api/image.js': "export default (req, res) => res.send('image')" })
    const foreign = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', origin: 'https://evil.example' }
    expect((await site.get('/', { headers: foreign })).status).toBe(403)
    expect((await site.get('/_isr/data/development/index.json', { headers: foreign })).status).toBe(403)
    expect((await site.get('/api/image', { headers: foreign })).status).toBe(200)
    const link = await site.get('/', {
      headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', origin: 'https://evil.example' },
    })
    expect(link.status).toBe(200)
    expect(link.headers['access-control-allow-origin']).toBeUndefined()
  })

  it('SEC-123 paths with backslashes and doubled slashes lead nowhere else', async () => {
    await start()
    expect((await site.get('//evil.example/about')).headers.location ?? '').not.toMatch(/^\/[/\\]/)
    const odd = await site.get(String.raw`/..\..\etc\passwd`)
    expect(odd.status).toBeGreaterThanOrEqual(300)
    expect(odd.text).not.toContain('root:')
  })
})
