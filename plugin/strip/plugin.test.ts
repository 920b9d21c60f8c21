import { createServer } from 'vite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createPageFilter } from '../routes/folder.ts'
import { buildSite, createSite, toText } from '../testing/site.ts'
import { stripPlugin, stripScanPlugin } from './plugin.ts'

const CANARY = 'canary-5f1c'
const EFFECT = 'effect-77ab'

/** A page whose server half has a secret, behind a module that a bundler can't drop because it does something. */
const site = {
  'pages/index.tsx': `
    import { query } from '../lib/db'
    import { format } from '../lib/format'
    const token = '${CANARY}-in-page'
    export async function getStaticProps() { return { props: { rows: query(token), at: format(1) } } }
    export default function Page(props) { return format(props.at) }
    document.body.append(Page({ at: 2 }))`,
  'lib/db.ts': `
    import './pool'
    globalThis.dbLoaded = '${EFFECT}'
    export const query = (token) => [token, '${CANARY}-in-module']`,
  'lib/pool.ts': `globalThis.pool = '${CANARY}-in-import'`,
  'lib/format.ts': `export const format = (value) => 'formatted ' + value`,
}

const filterOf = (root: string) => createPageFilter(() => `${root}/pages`, ['tsx', 'ts'])

describe('stripPlugin', () => {
  it('B35 keeps a secret of the server half out of the browser bundle', async () => {
    const root = createSite(site)
    const text = toText(await buildSite(root, [stripPlugin(filterOf(root).isPage)]))
    expect(text).toContain('formatted')
    expect(text).not.toContain(CANARY)
    expect(text).not.toContain(EFFECT)
  })

  it('B35 the same site leaks without it, so the test above can fail', async () => {
    const text = toText(await buildSite(createSite(site), []))
    expect(text).toContain(`${CANARY}-in-import`)
    expect(text).toContain(EFFECT)
  })

  it('B35 keeps the server half out of source maps', async () => {
    const root = createSite(site)
    const output = await buildSite(root, [stripPlugin(filterOf(root).isPage)], { build: { sourcemap: true } })
    expect(output.some(({ fileName }) => fileName.endsWith('.map'))).toBe(true)
    expect(toText(output)).not.toContain(CANARY)
  })

  it('B35 leaves the server bundle whole', async () => {
    const root = createSite(site)
    const text = toText(await buildSite(root, [stripPlugin(filterOf(root).isPage)], { environment: 'ssr' }))
    expect(text).toContain(`${CANARY}-in-page`)
  })

  it('B35 fails the build on export * and names the page', async () => {
    const root = createSite({ 'pages/index.tsx': `export * from './_x'`, 'pages/_x.tsx': 'export default 1' })
    await expect(buildSite(root, [stripPlugin(filterOf(root).isPage)])).rejects.toThrow(/index\.tsx.*export \* from/s)
  })

  it('leaves a syntax error to Vite, which shows the place', async () => {
    const root = createSite({ 'pages/index.tsx': 'export const getStaticProps = (' })
    const failed = buildSite(root, [stripPlugin(filterOf(root).isPage)])
    await expect(failed).rejects.toThrow(/PARSE_ERROR|Unexpected|Expected/)
    await expect(failed).rejects.not.toThrow('isr:strip')
  })

  it('B35 serves the browser half in development, with a query as with none, and the whole to the server', async () => {
    const root = createSite(site)
    const server = await createServer({
      root,
      configFile: false,
      logLevel: 'silent',
      appType: 'custom',
      server: { middlewareMode: true, ws: false },
      optimizeDeps: { noDiscovery: true },
      plugins: [stripPlugin(filterOf(root).isPage)],
    })
    onTestFinished(() => server.close())
    const { client, ssr } = server.environments
    for (const url of ['/pages/index.tsx', '/pages/index.tsx?t=123']) {
      const code = (await client.transformRequest(url))!.code.split('//# sourceMappingURL')[0]
      expect(code).toContain('format')
      expect(code).not.toContain(CANARY)
      expect(code).not.toContain('lib/db')
    }
    expect((await ssr.transformRequest('/pages/index.tsx'))!.code).toContain(CANARY)
  })
})

describe('stripScanPlugin', () => {
  it('B35 is a plugin for Rolldown with the same transform', async () => {
    const { rolldown } = await import('rolldown')
    const root = createSite(site)
    const bundle = await rolldown({
      input: `${root}/pages/index.tsx`,
      plugins: [stripScanPlugin(filterOf(root).isPage)],
    })
    const { output } = await bundle.generate()
    await bundle.close()
    expect(output[0].code).toContain('formatted')
    expect(output[0].code).not.toContain(CANARY)
  })
})
