/** Section A: what `vite build` does with pages, and what it refuses. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerProcess } from '../process.ts'
import { eventually } from '../harness/eventually.ts'
import { send } from '../harness/http.ts'
import { createSite, type Site, type SiteOptions } from '../harness/site.ts'

const sites: Site[] = []
afterAll(async () => {
  for (const site of sites) await site.dispose()
})

async function create(options: SiteOptions): Promise<Site> {
  const site = await createSite(options)
  sites.push(site)
  return site
}

const page = (name: string) => `export default function ${name}() { return <main>${name}</main> }`
/** A dynamic page whose getStaticPaths returns this, as source. */
const listing = (result: string) => `
export const getStaticPaths = () => (${result})
export const getStaticProps = () => ({ props: {} })
${page('Listed')}`
/** A page whose getStaticProps returns this, as source. */
const data = (result: string) => `
export const getStaticProps = () => (${result})
${page('Data')}`

describe('a site that builds', () => {
  let site: Site
  let output: string
  let server: ServerProcess
  beforeAll(async () => {
    site = await create({
      files: {
        'lib/secret.js': `import { hostname } from 'node:os'\nexport const secret = 'CANARY' + hostname()`,
        'lib/props-only.js': `export const words = 'PROPS_ONLY_WORDS'`,
        'lib/paths-only.js': `export const listed = ['a', 'b', 'c', 'd', 'e'] // PATHS_ONLY\nconsole.log('PATHS_ONLY_WORDS')`,
        'pages/_app.jsx': `export default function App({ Component, pageProps }) { return <Component {...pageProps} /> }`,
        'pages/index.jsx': `
import { ask } from '../source.server.js'
import { secret } from '../lib/secret.js'
import { words } from '../lib/props-only.js'
export async function getStaticProps(context) {
  await ask('index', { context, keys: Object.keys(context) })
  return { props: { length: secret.length + words.length }, revalidate: 3 }
}
${page('Home')}`,
        'pages/about.jsx': page('About'),
        'pages/b/[slug].jsx': `
import { ask } from '../../source.server.js'
export async function getStaticPaths(context) {
  await ask('b paths', { context, keys: Object.keys(context) })
  return { paths: ['/b/str%20ing', { params: { slug: 'plain' } }, { params: { slug: 'a/b?c#d%' } }, '/b/gone', '/b/moved'], fallback: false }
}
export async function getStaticProps(context) {
  await ask('b', context)
  const { slug } = context.params
  if (slug === 'gone') return { notFound: true, revalidate: 70 }
  if (slug === 'moved') return { redirect: { destination: '/about', permanent: false }, revalidate: 80 }
  return { props: { slug } }
}
export default function B({ slug }) { return <main>slug:{slug}</main> }`,
        'pages/many/[...all].jsx': `
import { listed } from '../../lib/paths-only.js'
export const getStaticPaths = () => ({ paths: listed.map((name) => '/many/x/' + name), fallback: false })
export const getStaticProps = async ({ params }) => {
  if (params.all[1] === 'd') await new Promise((resolve) => setTimeout(resolve, 900))
  return { props: { all: params.all }, revalidate: 60, expire: 7200 }
}
export default function Many({ all }) { return <main>{JSON.stringify(all)}</main> }`,
        'pages/shell/[id].jsx': `
import { useRouter } from 'vite-plugin-isr/client'
import { ask } from '../../source.server.js'
export const getStaticPaths = () => ({ paths: [], fallback: true })
export const getStaticProps = async (context) => ({ props: await ask('shell', context) })
export default function Shell(props) {
  const { isFallback, query } = useRouter()
  return <main>{isFallback ? 'LOADING' : 'DATA'} {JSON.stringify({ props, query })}</main>
}`,
        'pages/blocking/[id].jsx': `
import { useRouter } from 'vite-plugin-isr/client'
import { ask } from '../../source.server.js'
export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = async (context) => ({ props: await ask('blocking', context) })
export default function Blocking({ value }) {
  if (useRouter().isFallback) throw new Error('rendered as a shell')
  return <main>{value.toUpperCase()}</main>
}`,
        'pages/listed/[id].jsx': `
import { useRouter } from 'vite-plugin-isr/client'
export const getStaticPaths = () => ({ paths: [{ params: { id: '1' } }], fallback: false })
export const getStaticProps = ({ params }) => ({ props: { id: params.id } })
export default function Listed({ id }) {
  if (useRouter().isFallback) throw new Error('rendered as a shell')
  return <main>{id.toUpperCase()}</main>
}`,
        'pages/large/[id].jsx': `
export const getStaticPaths = () => ({ paths: ['/large/one', '/large/two'], fallback: false })
export const getStaticProps = () => ({ props: { text: 'x'.repeat(140_000) } })
${page('Large')}`,
        'pages/large/later/[id].jsx': `
export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = () => ({ props: { text: 'x'.repeat(150_000) }, revalidate: 1 })
${page('Later')}`,
        'pages/large/server/[id].jsx': `
export const getServerSideProps = () => ({ props: { text: 'x'.repeat(160_000) } })
${page('Server')}`,
        'pages/nearly-large.jsx': data(`{ props: { text: 'x'.repeat(127_900) } }`),
        'pages/nan.jsx': `
export const getStaticProps = () => ({ props: { value: NaN } })
export default function NotANumber({ value }) { return <main>{typeof value}</main> }`,
        'pages/search.jsx': `
export const getServerSideProps = ({ query }) => ({ props: { query } })
${page('Search')}`,
        'pages/api/hello.js': `export default (req, res) => res.json({})`,
      },
    })
    output = await site.build()
    server = await site.serve()
  })

  it('B01 a page without parameters: getStaticProps once, with these context keys', () => {
    expect(site.source.calls('index').map(({ detail }) => detail)).toEqual([
      {
        context: {
          locales: [],
          locale: '(undefined)',
          defaultLocale: '(undefined)',
          revalidateReason: 'build',
        },
        keys: expect.arrayContaining(['locales', 'locale', 'defaultLocale', 'revalidateReason']),
      },
    ])
    expect(site.source.calls('index')[0]!.detail.keys).not.toContain('params')
  })

  it('B02 a dynamic page: getStaticPaths once, getStaticProps once per path', () => {
    expect(site.source.calls('b paths').map(({ detail }) => detail.context.locales)).toEqual([[]])
    const calls = site.source.calls('b').map(({ detail }) => detail)
    expect(calls.map(({ params }): string => params.slug).toSorted()).toEqual([
      'a/b?c#d%',
      'gone',
      'moved',
      'plain',
      'str ing',
    ])
    for (const { revalidateReason } of calls) expect(revalidateReason).toBe('build')
  })

  it('B04 the segments of a path given as a string are decoded', async () => {
    expect((await send(server, '/b/str%20ing')).text).toContain('slug:<!-- -->str ing')
    expect((await send(server, `/b/${encodeURIComponent('a/b?c#d%')}`)).text).toContain('slug:<!-- -->a/b?c#d%')
    expect((await send(server, '/many/x/a')).text).toContain('[&quot;x&quot;,&quot;a&quot;]')
    expect(site.source.count('b')).toBe(5)
  })

  it('B22 notFound at build is an entry with its lifetime, and no page', async () => {
    const gone = await send(server, '/b/gone')
    expect([gone.status, gone.cache]).toEqual([404, 'HIT'])
    const left = Number(/^s-maxage=(\d+), stale-while-revalidate=/.exec(gone.headers['cache-control']!)?.[1])
    expect(left).toBeGreaterThan(10)
    expect(left).toBeLessThanOrEqual(70)
    expect(site.source.count('b')).toBe(5)
  })

  it('W10 a redirect at build is stored and served', async () => {
    const moved = await send(server, '/b/moved')
    expect([moved.status, moved.headers['location'], moved.cache]).toEqual([307, '/about', 'HIT'])
    expect(moved.headers['cache-control']).toMatch(/^s-maxage=\d+, stale-while-revalidate=\d+$/)
    const { buildId } = JSON.parse(await site.read('dist/isr/route-manifest.json'))
    const navigation = await send(server, `/_isr/data/${buildId}/b/moved.json`)
    expect([navigation.status, navigation.cache]).toEqual([200, 'HIT'])
    expect(navigation.json()).toEqual({ redirect: { destination: '/about', statusCode: 307 } })
    expect(site.source.count('b')).toBe(5)
  })

  it('B24 NaN passes and becomes null', async () => {
    const { buildId } = JSON.parse(await site.read('dist/isr/route-manifest.json'))
    expect((await send(server, `/_isr/data/${buildId}/nan.json`)).text).toBe('{"pageProps":{"value":null}}')
  })

  it('B25 the shell of fallback: true is rendered without props, and getStaticProps is not called for it', async () => {
    expect(site.source.count('shell')).toBe(0)
    const shell = await send(server, '/shell/new')
    expect(shell.text).toContain('LOADING<!-- --> <!-- -->{&quot;props&quot;:{},&quot;query&quot;:{}}')
  })

  it("B26 fallback: 'blocking' without paths emits nothing and is listed as SSG", () => {
    expect(site.source.count('blocking')).toBe(0)
    expect(output).toMatch(/^[┌├└] ● \/blocking\/\[id\](?: |$)/m)
  })

  it('B28 large data is warned of once per page, with a concrete path', () => {
    const warnings = output.split('\n').filter((line) => line.includes('exceeds the threshold of 128 kB'))
    expect(warnings).toEqual([
      expect.stringMatching(/data for page "\/large\/\[id\]" \(path "\/large\/(one|two)"\) is 140 kB which/),
    ])
  })

  it('B28 it is warned of once per page by the server too', async () => {
    for (const path of ['/later/1', '/later/2', '/server/1', '/server/2']) await send(server, `/large${path}`)
    await eventually(() => {
      const warnings = server.output().match(/data for page .* exceeds the threshold of 128 kB/g)
      expect(warnings).toEqual([
        'data for page "/large/later/[id]" (path "/large/later/1") is 150 kB which exceeds the threshold of 128 kB',
        'data for page "/large/server/[id]" (path "/large/server/1") is 160 kB which exceeds the threshold of 128 kB',
      ])
    })
  })

  it('B28 in development it is warned of every time', async () => {
    const dev = await site.serve('dev')
    for (const path of ['/one', '/one', '/two', '/server/1', '/server/1']) {
      expect((await send(dev, `/large${path}`)).status).toBe(200)
    }
    await eventually(() => {
      expect(dev.output().match(/data for page "\/large\/\[id\]" \(path "\/large\/one"\) is 140 kB/g)).toHaveLength(2)
      expect(dev.output().match(/data for page "\/large\/\[id\]" \(path "\/large\/two"\) is 140 kB/g)).toHaveLength(1)
      expect(dev.output().match(/data for page "\/large\/server\/\[id\]" .* is 160 kB/g)).toHaveLength(2)
    })
  })

  it('B33 the table of routes', () => {
    const table = output.slice(output.indexOf('Route (pages)')).split('\n')
    expect(table[0]).toMatch(/^Route \(pages\) .*Revalidate +Expire$/)
    const row = (start: string) => table.find((line) => line.startsWith(start)) ?? `no row "${start}"`
    expect(row('┌ ● / ')).toMatch(/ 3s +1y$/)
    expect(table[2]).toMatch(/^├ {3}\/_app /)
    expect(row('├ ○ /404')).toMatch(/^├ ○ \/404 /)
    expect(row('├ ○ /about')).not.toMatch(/\d(s|m|y)$/)
    expect(row('├ ƒ /api/hello')).toBe('├ ƒ /api/hello')
    expect(row('├ ƒ /search') + row('└ ƒ /search')).toMatch(/ƒ \/search /)
    const many = table.findIndex((line) => /^├ {3}\/many\/\[\.\.\.all\] /.test(line))
    expect(table.slice(many + 1, many + 6)).toEqual([
      expect.stringMatching(/^│ ├ ● \/many\/x\/d \((?:9\d\d ms|\d+\.?\d* s)\) .* 1m +2h$/),
      // On a machine with much to do, others are slow too and come before those that are not.
      expect.stringMatching(/^│ ├ ● \/many\/x\/[abce] .* 1m +2h$/),
      expect.stringMatching(/^│ ├ ● \/many\/x\/[abce] .* 1m +2h$/),
      expect.stringMatching(/^│ └ ● \[\+2 more paths\]$/),
      expect.stringMatching(/^├ ● \/nan /),
    ])
    const patterns = table.flatMap((line) => /^[┌├└] .? ?(\/\S*)/u.exec(line)?.[1] ?? []).filter((p) => p !== '/_app')
    expect(patterns).toEqual(patterns.toSorted())
    for (const legend of [
      /^○ +\(Static\) +prerendered/,
      /^● +\(SSG\) +prerendered.*getStaticProps/,
      /^ƒ +\(Dynamic\) +server-rendered/,
    ]) {
      expect(table.some((line) => legend.test(line))).toBe(true)
    }
  })

  it('B35 data functions and their imports are absent from the client bundle', async () => {
    const names = (await site.list('dist/client')).filter((name) => name.endsWith('.js'))
    expect(names.length).toBeGreaterThan(5)
    const code = (await Promise.all(names.map((name) => site.read(`dist/client/${name}`)))).join('\n')
    expect(code).not.toMatch(
      /CANARY|PROPS_ONLY|PATHS_ONLY|getStaticProps|getStaticPaths|getServerSideProps|node:os|SOURCE_URL/,
    )
  })
})

describe('pages whose exports do not go together', () => {
  const good = { 'pages/index.jsx': page('Home') }

  it.each([
    [
      'B13 getStaticProps on a dynamic page without getStaticPaths',
      { 'pages/x/[id].jsx': data('{ props: {} }') },
      /pages\/x\/\[id\]\.jsx: getStaticPaths is missing.*\/x\/\[id\] is a dynamic page/,
    ],
    [
      'B14 getStaticPaths without getStaticProps',
      {
        'pages/x/[id].jsx': `export const getStaticPaths = () => ({ paths: [], fallback: false })\n${page('X')}`,
      },
      /pages\/x\/\[id\]\.jsx: getStaticPaths was added without getStaticProps/,
    ],
    [
      'B15 getStaticPaths on a page without parameters',
      { 'pages/x.jsx': listing('{ paths: [], fallback: false }') },
      /pages\/x\.jsx: getStaticPaths is only allowed on dynamic pages/,
    ],
    [
      'B17 siblings with different parameter names',
      {
        'pages/x/[s]/one.jsx': page('One'),
        'pages/x/[t]/two.jsx': page('Two'),
      },
      /different parameter names.*\[s\] \(pages\/x\/\[s\]\/one\.jsx\) and \[t\] \(pages\/x\/\[t\]\/two\.jsx\)/,
    ],
    [
      'B18 getStaticProps and getServerSideProps',
      { 'pages/x.jsx': `export const getServerSideProps = () => ({ props: {} })\n${data('{ props: {} }')}` },
      /pages\/x\.jsx: getStaticProps and getServerSideProps are both there/,
    ],
    [
      'B20 getStaticProps as a property of the component',
      { 'pages/x.jsx': `${page('X')}\nX.getStaticProps = () => ({ props: {} })` },
      /pages\/x\.jsx: getStaticProps is attached to the page's component as a property.*must be an export/,
    ],
    [
      'B32 pages/404 with getServerSideProps',
      { 'pages/404.jsx': `export const getServerSideProps = () => ({ props: {} })\n${page('NotFound')}` },
      /pages\/404\.jsx: getServerSideProps cannot be used on an error page/,
    ],
    [
      'B32 pages/500 with getServerSideProps',
      { 'pages/500.jsx': `export const getServerSideProps = () => ({ props: {} })\n${page('Failed')}` },
      /pages\/500\.jsx: getServerSideProps cannot be used on an error page/,
    ],
    [
      'B35 a page that re-exports everything',
      { 'lib/x.jsx': data('{ props: {} }'), 'pages/x.jsx': `export * from '../lib/x.jsx'` },
      /pages\/x\.jsx: "export \* from '\.\.\/lib\/x\.jsx'" is not allowed in a page/,
    ],
  ])('%s fails the build', async (_, files: Record<string, string>, message) => {
    const site = await create({ files: { ...good, ...files } })
    const { code, output } = await site.tryBuild()
    expect(output).toMatch(message)
    expect(code).toBe(1)
    expect(await site.list('dist/isr')).not.toContain('route-manifest.json')
  })
})

describe('a build in which pages fail', () => {
  let site: Site
  let code: number | null
  let output: string
  beforeAll(async () => {
    site = await create({
      // What is good must be made within it on a busy machine too.
      options: '{ generateTimeout: 5 }',
      files: {
        'pages/index.jsx': `
import { ask } from '../source.server.js'
export const getStaticProps = async (context) => ({ props: await ask('index', context) })
${page('Home')}`,
        'pages/b05/[id].jsx': listing(`{ paths: ['/elsewhere/1'], fallback: false }`),
        'pages/b06-missing/[id].jsx': listing(`{ paths: [{ params: {} }], fallback: false }`),
        'pages/b06-number/[id].jsx': listing(`{ paths: [{ params: { id: 7 } }], fallback: false }`),
        'pages/b06-string/[...all].jsx': listing(`{ paths: [{ params: { all: 'x' } }], fallback: false }`),
        'pages/b06-array/[id].jsx': listing(`{ paths: [{ params: { id: ['x'] } }], fallback: false }`),
        'pages/b07/[s].jsx': listing(`{ paths: [{ s: '1', other: '2' }], fallback: false }`),
        'pages/b09-missing/[id].jsx': listing(`{ paths: [] }`),
        'pages/b09-wrong/[id].jsx': listing(`{ paths: [], fallback: 'true' }`),
        'pages/b10-missing/[id].jsx': listing(`{ fallback: false }`),
        'pages/b10-object/[id].jsx': listing(`{ paths: {}, fallback: false }`),
        'pages/b11/[id].jsx': listing(`{ paths: [], fallback: false, revalidate: 5 }`),
        'pages/b12-array/[id].jsx': listing(`[]`),
        'pages/b12-nothing/[id].jsx': listing(`undefined`),
        'pages/b21/data.jsx': `
import { ask } from '../../source.server.js'
export const getStaticProps = async () => {
  await ask('b21')
  throw new Error('no data today')
}
${page('Data')}`,
        'pages/b21/component.tsx': `
interface Props { user: { name: string } }
type Unused = Props

export default function Component({ user }: Props) {
  return <main>{user.name}</main>
}`,
        'pages/b21/[id].tsx': `
interface Props { id: string }
type Unused = Props

export const getStaticPaths = () => ({ paths: ['1', '2', '3'].map((id) => ({ params: { id } })), fallback: false })
export const getStaticProps = ({ params }: { params: { id: string } }) => {
  if (params.id === '2') throw new Error('post two is broken')
  return { props: { id: params.id } }
}
export default function Post({ id }: Props) { return <main>{id}</main> }`,
        'pages/b24/date.jsx': data(`{ props: { d: new Date() } }`),
        'pages/b24/undefined.jsx': data(`{ props: { a: [{ b: undefined }] } }`),
        'pages/b24/function.jsx': data(`{ props: { a: { b: () => 1 } } }`),
        'pages/b24/map.jsx': data(`{ props: { list: [1, new Map()] } }`),
        'pages/b24/instance.jsx': data(`{ props: { user: new (class User { name = 'x' })() } }`),
        'pages/b24/circular.jsx': `
export const getStaticProps = () => {
  const node = { children: [] }
  node.children.push({ parent: node })
  return { props: { node } }
}
${page('Circular')}`,
        'pages/b24/key.jsx': data(`{ props: { 'a-b': { 'c d': 1n } } }`),
        'pages/b24/null.jsx': data(`{ props: null }`),
        'pages/b25/[id].jsx': `
export const getStaticPaths = () => ({ paths: [], fallback: true })
export const getStaticProps = () => ({ props: { user: { name: 'x' } } })
export default function NoShell({ user }) { return <main>{user.name}</main> }`,
        'pages/b27.jsx': `
import { ask } from '../source.server.js'
export const getStaticProps = async () => ({ props: await ask('b27') })
${page('Slow')}`,
        'pages/404.jsx': data('{ notFound: true }'),
      },
    })
    site.source.hold('b27')
    ;({ code, output } = await site.tryBuild())
  })

  it('B05 B06 B07 B09 B10 B11 B12 B21 B24 B25 B27 B32 it exits with 1, and no server takes it for a build', async () => {
    expect(code).toBe(1)
    expect(output).not.toContain('Route (pages)')
    expect(await site.list('dist/isr')).not.toContain('route-manifest.json')
  })

  it('B05 a string path that does not fit names path and page', () => {
    expect(output).toContain('"/elsewhere/1" returned from getStaticPaths does not match the page "/b05/[id]"')
  })

  it.each([
    ['missing', '(id) was not provided as a string received undefined in getStaticPaths for /b06-missing/[id]'],
    ['a number', '(id) was not provided as a string received number in getStaticPaths for /b06-number/[id]'],
    [
      'a string for a catch-all',
      '(all) was not provided as an array received string in getStaticPaths for /b06-string/[...all]',
    ],
    ['an array', '(id) was not provided as a string received array in getStaticPaths for /b06-array/[id]'],
  ])('B06 a parameter that is %s', (_, text) => {
    expect(output).toContain(`A required parameter ${text}`)
  })

  it('B07 keys beside params are listed with where they belong', () => {
    expect(output).toMatch(/pages\/b07\/\[s\]\.jsx: additional keys.* s, other\. .*`params`/)
  })

  it.each(['missing', 'wrong'])('B09 fallback that is %s', (name) => {
    expect(output).toMatch(new RegExp(`pages/b09-${name}/\\[id\\]\\.jsx: the \`fallback\` key must be returned`))
  })

  it.each(['missing', 'object'])('B10 paths: %s', (name) => {
    expect(output).toMatch(new RegExp(`pages/b10-${name}/\\[id\\]\\.jsx: .*\`paths: .*must be an array`))
  })

  it('B11 unknown keys are listed', () => {
    expect(output).toMatch(/pages\/b11\/\[id\]\.jsx: .*extra keys: revalidate\./)
  })

  it.each(['array', 'nothing'])('B12 getStaticPaths that returns no object: %s', (name) => {
    expect(output).toMatch(new RegExp(`pages/b12-${name}/\\[id\\]\\.jsx: getStaticPaths returned .*Return \`\\{ paths`))
  })

  it('B21 data functions and components that throw name their page', () => {
    expect(output).toMatch(/\/b21\/data \(pages\/b21\/data\.jsx\)\n.*no data today/)
    expect(output).toMatch(/\/b21\/component \(pages\/b21\/component\.tsx\)\n.*(?:undefined|name)/)
  })

  it.each([
    ['date', '`.d`', /`object` \("\[object Date\]"\)/],
    ['undefined', '`.a[0].b`', /`undefined` cannot be serialized/],
    ['function', '`.a.b`', /`function` cannot be serialized/],
    ['map', '`.list[1]`', /`object` \("\[object Map\]"\)/],
    ['instance', '`.user`', /`object` \("\[object Object\]"\)/],
    ['circular', '`.node.children[0].parent`', /circular reference to `\.node`/],
    ['key', '`["a-b"]["c d"]`', /`bigint` cannot be serialized/],
    ['null', 'props', /props must be a plain object, received `null`/],
  ])('B24 props that are no JSON: %s', (name, path, reason) => {
    const line = output.split('\n').find((text) => text.includes(`pages/b24/${name}.jsx (/b24/${name})`)) ?? ''
    expect(line).toContain(`serializing ${path} returned from \`getStaticProps\``)
    expect(line).toMatch(reason)
  })

  it('B25 a component that cannot do without its props fails as a shell', () => {
    expect(output).toMatch(/fallback shell of \/b25\/\[id\] \(pages\/b25\/\[id\]\.jsx\)/)
    expect(output).toContain('useRouter().isFallback')
  })

  it('B27 a data function that is too slow is tried three times', () => {
    expect(site.source.count('b27')).toBe(3)
    expect(output).toMatch(/\/b27 \(pages\/b27\.jsx\)\n.*5 s/)
  })

  it('B32 pages/404 that returns notFound', () => {
    expect(output).toMatch(/pages\/404\.jsx.*notFound/)
  })

  it('W11 every page was tried, failures three times, and all are listed with page, params and mapped stack', () => {
    // The good page is rendered although the first of the others failed before.
    expect(site.source.count('index')).toBe(1)
    expect(site.source.count('b21')).toBe(3)
    const failed = 14 - 1 + 3 + 8 + 3
    expect(output).toMatch(new RegExp(`${failed} pages could not be prerendered, \\d+ of them tried 3 times`))
    expect(output).toContain('/b21/2 (pages/b21/[id].tsx) with params {"id":"2"}')
    expect(output).toContain('at getStaticProps (pages/b21/[id].tsx:7:')
    expect(output).toContain('at Component (pages/b21/component.tsx:6:')
    expect(output).not.toContain('/b21/1 (')
  })
})

describe('pages that claim the same path', () => {
  it('B16 two dynamic pages, and a dynamic and a concrete page, are named with both files', async () => {
    const site = await create({
      files: {
        'pages/x/new.jsx': page('New'),
        'pages/x/[id].jsx': listing(`{ paths: ['/x/new', '/x/other'], fallback: false }`),
        'pages/[...all].jsx': listing(`{ paths: ['/x/other'], fallback: false }`),
      },
    })
    const { code, output } = await site.tryBuild()
    expect(code).toBe(1)
    expect(output).toMatch(/Conflicting paths.*must be unique per page: \/x\/new belongs to .*new\.jsx.*\[id\]\.jsx/)
    expect(output).toMatch(/Conflicting paths.*\/x\/other.*\[/)
    expect(output).toMatch(/\/x\/other.*(?=.*pages\/x\/\[id\]\.jsx)(?=.*pages\/\[\.\.\.all\]\.jsx)/)
  })
})
