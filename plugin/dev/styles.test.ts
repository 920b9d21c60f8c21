import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createServer, isRunnableDevEnvironment, normalizePath, type ViteDevServer } from 'vite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collectStyles, toStyleTags } from './styles.ts'

let root: string
let server: ViteDevServer | undefined

beforeEach(() => {
  root = normalizePath(realpathSync(mkdtempSync(join(tmpdir(), 'isr-styles-'))))
})

afterEach(async () => {
  await server?.close()
  server = undefined
  rmSync(root, { recursive: true })
})

async function start(files: Record<string, string>): Promise<(url: string) => Promise<Record<string, unknown>>> {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  server = await createServer({
    root,
    base: '/app/',
    configFile: false,
    appType: 'custom',
    logLevel: 'silent',
    server: { middlewareMode: true, ws: false },
    plugins: [
      {
        name: 'generated-styles',
        resolveId: (id) => (id === 'virtual:theme.css' ? '\0virtual:theme.css' : undefined),
        load: (id) => (id === '\0virtual:theme.css' ? '.theme { color: red }' : undefined),
      },
    ],
  })
  const { ssr } = server.environments
  if (!isRunnableDevEnvironment(ssr)) throw new Error('no runner')
  return (url) => ssr.runner.import(url)
}

function collect(names: string[], isBoundary = (_id: string) => false): string[] {
  const files = names.map((name) => `${root}/${name}`)
  return collectStyles(server!.environments.ssr.moduleGraph, files, { base: '/app/', isBoundary }).map(
    ({ href }) => href,
  )
}

describe('collectStyles', () => {
  it('lists styles in the order of evaluation, each once, with base, without strings', async () => {
    const load = await start({
      'app.js': "import './global.css'",
      'page.js':
        "import './card.js'\nimport styles from './page.module.css'\nimport text from './text.css?inline'\nimport './global.css'",
      'card.js': "import './card.css'\nimport './page.js'",
      'global.css': '.g { color: red }',
      'page.module.css': '.p { color: red }',
      'card.css': '.c { color: red }',
      'text.css': '.t { color: red }',
    })
    await load('/app.js')
    await load('/page.js')
    expect(collect(['app.js', 'page.js'])).toEqual([
      '/app/global.css?direct',
      '/app/card.css?direct',
      '/app/page.module.css?direct',
    ])
  })

  it('finds the styles of a lazy component once it was loaded', async () => {
    const load = await start({
      'page.js': "export const load = () => import('./lazy.js')",
      'lazy.js': "import './lazy.css'",
      'lazy.css': '.l { color: red }',
    })
    const page = await load('/page.js')
    expect(collect(['page.js'])).toEqual([])
    await (page['load'] as () => Promise<unknown>)()
    expect(collect(['page.js'])).toEqual(['/app/lazy.css?direct'])
  })

  it('does not look behind a boundary', async () => {
    const load = await start({
      'page.js': "import './routes.js'",
      'routes.js': "import './other.css'",
      'other.css': '.o { color: red }',
    })
    await load('/page.js')
    expect(collect(['page.js'], (id) => id.endsWith('/routes.js'))).toEqual([])
  })

  it('leaves generated styles to the browser, as they have no address of their own', async () => {
    const load = await start({ 'page.js': "import 'virtual:theme.css'" })
    await load('/page.js')
    expect(collect(['page.js'])).toEqual([])
  })

  it('names the module by the id that Vite gives it in the browser', async () => {
    const load = await start({ 'page.js': "import './page.module.css'", 'page.module.css': '.p { color: red }' })
    await load('/page.js')
    const [style] = collectStyles(server!.environments.ssr.moduleGraph, [`${root}/page.js`], {
      base: '/app/',
      isBoundary: () => false,
    })
    const browser = await server!.environments.client.transformRequest('/page.module.css')
    expect(browser?.code).toContain(`__vite__id = ${JSON.stringify(style!.id)}`)
  })
})

describe('toStyleTags', () => {
  it('SEC-121 escapes file names', () => {
    expect(toStyleTags([{ href: '/a"b&c.css', id: '/x<y".css' }])).toBe(
      '<link rel="stylesheet" href="/a&quot;b&amp;c.css" data-vite-dev-id="/x&lt;y&quot;.css">',
    )
  })
})
