import { createServer, type Plugin, type ViteDevServer } from 'vite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { guardPlugin } from './guard.ts'
import { createPageFilter } from './routes/folder.ts'
import { stripPlugin } from './strip/plugin.ts'
import { buildSite, createSite, toText, writeFiles } from './testing/site.ts'

const QUERY = `globalThis.loaded = 'canary-3e9d'\nexport const query = () => 'rows'\nexport default query`

function pluginsFor(root: string): Plugin[] {
  const { isPage, isApi } = createPageFilter(() => `${root}/pages`, ['tsx', 'ts'])
  return [stripPlugin(isPage), guardPlugin({ isApi })]
}

/** The message that a build of the browser's half ends with, or the text of the bundle. */
async function build(files: Record<string, string>, more: Plugin[] = []): Promise<string> {
  const root = createSite(files)
  try {
    return toText(await buildSite(root, [...pluginsFor(root), ...more]))
  } catch (error) {
    return (error as Error).message.replaceAll(root, '<root>')
  }
}

describe('guardPlugin in a build', () => {
  it('B35 lets a page through that uses server code in its data function only', async () => {
    const text = await build({
      'pages/index.tsx': `
        import { readFileSync } from 'node:fs'
        import { query } from '../lib/db.server'
        export const getStaticProps = () => query(readFileSync)
        export default () => 'a page'
        document.title = 'a page'`,
      'lib/db.server.ts': QUERY,
    })
    expect(text).toContain('a page')
    expect(text).not.toContain('canary')
  })

  it('B35 fails on a component that uses a .server file, with the imports from the page to it', async () => {
    const text = await build({
      'pages/index.tsx': `import { rows } from '../lib/rows'\nexport default () => rows()\nconsole.log(rows)`,
      'lib/rows.ts': `export { rows } from './more'`,
      'lib/more.ts': `import { query } from './db.server'\nexport * from './db.server'\nexport const rows = () => query()`,
      'lib/db.server.ts': QUERY,
    })
    expect(text).toContain('pages/index.tsx → lib/rows.ts → lib/more.ts → lib/db.server.ts')
    expect(text).toContain('ISR_SERVER_ONLY')
    expect(text).not.toContain('canary')
  })

  it.each([
    ['node:fs', `import { readFileSync } from 'node:fs'\nconsole.log(readFileSync)`],
    ['fs', `import * as fs from 'fs'\nconsole.log(fs)`],
    ['fs/promises', `import { readFile as read } from 'fs/promises'\nconsole.log(read)`],
    ['node:sqlite', `const sqlite = await import('node:sqlite')\nconsole.log(sqlite)`],
    ['server-only', `import 'server-only'`],
    ['vite-plugin-isr', `import isr from 'vite-plugin-isr'\nconsole.log(isr)`],
    [
      'vite-plugin-isr/runtime',
      `import { createIsrHandler } from 'vite-plugin-isr/runtime'\nconsole.log(createIsrHandler)`,
    ],
    ['pages/api/save.ts', `import save from './api/save'\nconsole.log(save)`],
    ['lib/db.server.ts', `export { default } from '../lib/db.server'`],
    ['lib/db.server.ts', `import * as db from '../lib/db.server'\nconsole.log(db)`],
    ['lib/db.server.ts', `if (location.hash) await import('../lib/db.server')`],
    ['lib/db.server.ts?raw', `import text from '../lib/db.server.ts?raw'\nconsole.log(text)`],
    ['lib/rows.server.json', `import rows from '../lib/rows.server.json'\nconsole.log(rows)`],
  ])('B35 fails on %s', async (name, page) => {
    const text = await build({
      'pages/index.tsx': `${page}\nexport const Page = () => null`,
      'pages/api/save.ts': `export default () => 1\nconsole.log('canary')`,
      'lib/db.server.ts': QUERY,
      'lib/rows.server.json': '["canary"]',
    })
    expect(text).toContain(`pages/index.tsx → ${name}. `)
    expect(text).toContain('ISR_SERVER_ONLY')
    expect(text).not.toContain('canary')
  })

  it('B35 lists all server-only modules, each with the shortest chain', async () => {
    const text = await build({
      'pages/index.tsx': `import '../lib/a'\nimport '../lib/b'\nimport 'node:os'`,
      'lib/a.ts': `import './b'\nimport './x.server'`,
      'lib/b.ts': `import './x.server'\nimport './a'`,
      'lib/x.server.ts': QUERY,
    })
    expect(text).toContain('2 problems')
    expect(text).toMatch(/pages\/index\.tsx → lib\/[ab]\.ts → lib\/x\.server\.ts\./)
    expect(text).toContain('pages/index.tsx → node:os.')
  })

  it('B35 names the page that generated code imports, not the generated code', async () => {
    const root = createSite({
      'pages/index.tsx': `import 'node:fs'`,
      'pages/other.tsx': `import './index'`,
    })
    const entry: Plugin = {
      name: 'entry',
      resolveId: (id) => (id === 'virtual:entry' ? '\0virtual:entry' : undefined),
      load: (id) =>
        id === '\0virtual:entry' ? `import('${root}/pages/index.tsx'); import('${root}/pages/other.tsx')` : undefined,
    }
    const failed = buildSite(root, [...pluginsFor(root), entry], { input: 'virtual:entry' })
    await expect(failed).rejects.toThrow('by way of pages/index.tsx: pages/index.tsx → node:fs.')
  })

  it('B35 allows server code that the bundler proves unreachable', async () => {
    const text = await build({
      'pages/index.tsx': `if (import.meta.env.SSR) { const { query } = await import('../lib/db.server'); query() }\nconsole.log('a page')`,
      'lib/db.server.ts': QUERY,
    })
    expect(text).toContain('a page')
    expect(text).not.toContain('canary')
  })

  it('B35 allows a package in the place of a module of Node, and a polyfill', async () => {
    const polyfill: Plugin = {
      name: 'polyfill',
      enforce: 'pre',
      resolveId: (id) => (id === 'node:path' ? '\0path' : undefined),
      load: (id) => (id === '\0path' ? `export const join = 'polyfilled path'` : undefined),
    }
    const text = await build(
      {
        'pages/index.tsx': `import 'events'\nimport { join } from 'node:path'\nconsole.log(join)`,
        'node_modules/events/package.json': '{"name":"events","version":"1.0.0","main":"index.js"}',
        'node_modules/events/index.js': `console.log('the events package')`,
      },
      [polyfill],
    )
    expect(text).toContain('polyfilled path')
    expect(text).toContain('the events package')
  })

  it('B35 leaves what packages import to Vite', async () => {
    const text = await build({
      'pages/index.tsx': `import 'a-package'`,
      'node_modules/a-package/package.json': '{"name":"a-package","version":"1.0.0","type":"module","main":"index.js"}',
      'node_modules/a-package/index.js': `import * as fs from 'node:fs'\nimport './x.server.js'\nconsole.log('a package', fs)`,
      'node_modules/a-package/x.server.js': `console.log('its own affair')`,
    })
    expect(text).toContain('its own affair')
  })

  it('B35 allows the browser part of this package', async () => {
    const own: Plugin = {
      name: 'own',
      resolveId: (id) => (id === 'vite-plugin-isr/client' ? '\0own' : undefined),
      load: (id) => (id === '\0own' ? `export const Link = 'the link'` : undefined),
    }
    const text = await build(
      { 'pages/index.tsx': `import { Link } from 'vite-plugin-isr/client'\nconsole.log(Link)` },
      [own],
    )
    expect(text).toContain('the link')
  })

  it('allows all of it on the server, where the markers are empty', async () => {
    const root = createSite({
      'pages/index.tsx': `import 'server-only'\nimport 'client-only'\nimport '../lib/db.server'\nimport 'node:fs'`,
      'lib/db.server.ts': QUERY,
    })
    const text = toText(await buildSite(root, pluginsFor(root), { environment: 'ssr' }))
    expect(text).toContain('canary-3e9d')
    expect(text).not.toContain('server-only')
  })
})

describe('guardPlugin in development', () => {
  it('B35 fails the server-only module with the chain, and is content once the import is gone', async () => {
    const root = createSite({
      'pages/index.tsx': `import { rows } from '../lib/rows'\nexport default rows`,
      'lib/rows.ts': `import { query } from './db.server'\nexport const rows = query`,
      'lib/db.server.ts': QUERY,
      'lib/safe.ts': `if (import.meta.env.SSR) await import('node:fs')`,
    })
    const { client, ssr } = (await serve(root)).environments
    await client.transformRequest('/pages/index.tsx')
    await client.transformRequest('/lib/rows.ts')
    await expect(client.transformRequest('/lib/db.server.ts')).rejects.toThrow(
      'pages/index.tsx → lib/rows.ts → lib/db.server.ts. ',
    )
    // An import that never runs is never asked for.
    await expect(client.transformRequest('/lib/safe.ts')).resolves.toBeTruthy()
    expect((await ssr.transformRequest('/lib/db.server.ts'))!.code).toContain('canary')

    writeFiles(root, { 'lib/rows.ts': `export const rows = 1` })
    client.moduleGraph.invalidateAll()
    expect((await client.transformRequest('/lib/rows.ts'))!.code).not.toContain('db.server')
  })

  it('B35 fails modules of Node and the marker', async () => {
    const root = createSite({ 'pages/index.tsx': `import 'node:fs'\nimport 'server-only'\nimport 'fs'` })
    const { client } = (await serve(root)).environments
    const { code } = (await client.transformRequest('/pages/index.tsx'))!
    const urls = [...code.matchAll(/"\/@id\/(__x00__[^"]+)"/g)].map(([, id]) => id!.replace('__x00__', '\0'))
    expect(urls).toHaveLength(3)
    for (const url of urls) {
      await expect(client.transformRequest(url)).rejects.toThrow(/pages\/index\.tsx → (?:node:fs|server-only|fs)\. /)
    }
  })

  it('imports the markers on the server', async () => {
    const root = createSite({
      'pages/index.tsx': `import 'server-only'\nimport 'client-only'\nexport default 'fine'`,
      // As published: it throws where nothing says that it is resolved for server components.
      'node_modules/server-only/package.json': '{"name":"server-only","version":"0.0.1","main":"index.js"}',
      'node_modules/server-only/index.js': 'throw new Error("only in a Server Component")',
    })
    const server = await serve(root)
    const { ssr } = server.environments
    if (!('runner' in ssr)) throw new Error('no runner')
    const runner = ssr.runner as { import(url: string): Promise<{ default: string }> }
    expect((await runner.import('/pages/index.tsx')).default).toBe('fine')
  })
})

async function serve(root: string): Promise<ViteDevServer> {
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    appType: 'custom',
    server: { middlewareMode: true, ws: false, preTransformRequests: false },
    optimizeDeps: { noDiscovery: true },
    plugins: pluginsFor(root),
  })
  onTestFinished(() => server.close())
  return server
}
