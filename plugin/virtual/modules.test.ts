import { parseSync } from 'vite'
import { describe, expect, it } from 'vitest'
import type { AppAssets } from '../build/assets.ts'
import type { Pages } from '../routes/scan.ts'
import { toAppModule } from './app.ts'
import { toClientModule } from './client.ts'
import { toDevUrl, toResolvedId, VIRTUAL } from './ids.ts'
import { toRoutesClientModule } from './routes-client.ts'
import { toEnvironmentModule, toStartModule, toStoreModule, toWorkerModule } from './server.ts'

const pages: Pages = {
  pagesDir: '/site/pages',
  routes: [
    { pattern: '/', kind: 'isr', file: 'pages/index.tsx' },
    { pattern: '/api/revalidate', kind: 'api', file: 'pages/api/revalidate.ts' },
    { pattern: '/posts/[id]', kind: 'server', file: 'pages/posts/[id].tsx' },
    { pattern: '/__proto__', kind: 'static', file: `pages/it's "odd".tsx` },
  ],
  special: { app: '/site/pages/_app.tsx', error: '/site/pages/_error.tsx' },
  files: new Map([
    ['/', '/site/pages/index.tsx'],
    ['/api/revalidate', '/site/pages/api/revalidate.ts'],
    ['/posts/[id]', '/site/pages/posts/[id].tsx'],
    ['/__proto__', `/site/pages/it's "odd".tsx`],
  ]),
  exports: new Map(),
}
const assets: AppAssets = {
  entry: '/app/assets/client-1.js',
  routes: new Map([
    ['/', { css: ['/app/a.css'], js: ['/app/a.js'] }],
    ['/__proto__', { css: ['/app/odd.css'], js: [] }],
  ]),
  shared: { css: ['/app/shared.css'], js: [] },
}
const appInput: Parameters<typeof toAppModule>[0] = {
  pages,
  buildId: 'b1',
  base: '/app/',
  trailingSlash: false,
  renderModule: '/package/render/index.js',
  fetches: false,
  fetchLogModule: '/package/isr/fetch-log.js',
  assets,
  entry: assets.entry,
}

/** Runs a generated module with its imports replaced. */
async function evaluate(code: string, stubs: Record<string, string> = {}): Promise<Record<string, unknown>> {
  let text = code
  for (const [specifier, stub] of Object.entries(stubs)) {
    text = text.replaceAll(
      JSON.stringify(specifier),
      JSON.stringify(`data:text/javascript,${encodeURIComponent(stub)}`),
    )
  }
  return (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(text)}`)) as Record<
    string,
    unknown
  >
}

const everyModule: [string, string][] = [
  ['routes-client', toRoutesClientModule(pages)],
  ['client', toClientModule(pages, { base: '/', trailingSlash: true, dataEvent: 'isr:data' })],
  ['app', toAppModule(appInput)],
  ['worker', toWorkerModule()],
  ['start', toStartModule()],
  ['environment', toEnvironmentModule('production')],
  ['store', toStoreModule('/site/cache store.ts')],
]

describe('generated modules', () => {
  it.each(everyModule)('%s is a module that parses', (_, code) => {
    expect(parseSync('module.js', code).errors).toEqual([])
  })
  it.each(everyModule)('%s imports only published names, generated modules and files', (_, code) => {
    const specifiers = [...code.matchAll(/(?:from |import\(|import )(['"])(.*?)\1/g)].map(
      ([, , specifier]) => specifier!,
    )
    for (const specifier of specifiers)
      expect(specifier).toMatch(/^(?:vite-plugin-isr\/(?:client|runtime)$|virtual:isr\/|\/|node:)/)
  })
})

describe('toRoutesClientModule', () => {
  it('B35 lists pages with a lazy import each, and no API route', async () => {
    const { routes } = (await evaluate(toRoutesClientModule(pages))) as { routes: { pattern: string; load: unknown }[] }
    expect(routes).toEqual([
      { pattern: '/', kind: 'isr', load: expect.any(Function) },
      { pattern: '/posts/[id]', kind: 'server', load: expect.any(Function) },
      { pattern: '/__proto__', kind: 'static', load: expect.any(Function) },
    ])
    expect(String(routes[1]!.load)).toBe('() => import("/site/pages/posts/[id].tsx")')
  })
})

describe('toClientModule', () => {
  it('imports _app with the entry, and _error when it is needed', () => {
    const code = toClientModule(pages, { base: '/app/', trailingSlash: true, dataEvent: undefined })
    expect(code).toContain('import * as appModule from "/site/pages/_app.tsx"')
    expect(code).toContain('error: () => import("/site/pages/_error.tsx")')
    expect(code).toContain('base: "/app/", trailingSlash: true')
    expect(code).not.toContain('document')
  })
  it('listens for new data in development only', () => {
    const options = { base: '/', trailingSlash: false }
    expect(toClientModule(pages, { ...options, dataEvent: 'isr:data' })).toContain('import.meta.hot.on("isr:data"')
    expect(toClientModule(pages, { ...options, dataEvent: undefined })).not.toMatch(/import\.meta\.hot|refreshData/)
  })
})

describe('toAppModule', () => {
  interface Options {
    modules: Record<string, unknown>
    routes: { pattern: string }[]
    assets(pattern: string): { css: string[] }
    [name: string]: unknown
  }
  const load = async (input: Parameters<typeof toAppModule>[0]) =>
    (
      await evaluate(toAppModule(input), {
        [input.renderModule]: 'export const createApp = (options) => options',
        [input.fetchLogModule]: 'export const logFetches = (app, { fullUrl }) => ({ ...app, fullUrl })',
      })
    )['default'] as Options

  it('hands createApp every route, its lazy module and its assets', async () => {
    const options = await load(appInput)
    expect(options).toMatchObject({
      buildId: 'b1',
      base: '/app/',
      trailingSlash: false,
      entry: '/app/assets/client-1.js',
    })
    expect(options.routes.map(({ pattern }) => pattern)).toEqual(['/', '/api/revalidate', '/posts/[id]', '/__proto__'])
    expect(Object.keys(options.modules)).toEqual(['/', '/api/revalidate', '/posts/[id]', '/__proto__'])
    expect(options.assets('/').css).toEqual(['/app/a.css'])
    expect([options['app'], options['document'], options['error']]).toEqual([
      expect.any(Function),
      undefined,
      expect.any(Function),
    ])
  })
  it('SEC-27 names of Object.prototype are ordinary patterns', async () => {
    const { modules, assets } = await load(appInput)
    expect(assets('/__proto__').css).toEqual(['/app/odd.css'])
    expect(assets('constructor').css).toEqual(['/app/shared.css'])
    expect('toString' in modules).toBe(false)
  })
  it('a default error page has the styles of the entry', async () => {
    expect((await load(appInput)).assets('/404').css).toEqual(['/app/shared.css'])
  })
  it('logs fetches only when that is asked for', async () => {
    expect(toAppModule(appInput)).not.toContain('fetch-log')
    expect(await load({ ...appInput, fetches: { fullUrl: true } })).toMatchObject({ fullUrl: true, buildId: 'b1' })
  })
  it('has no assets in development', async () => {
    const options = await load({ ...appInput, assets: undefined, entry: '/@id/__x00__virtual:isr/client' })
    expect(options.assets('/')).toEqual({ css: [], js: [] })
  })
})

describe('toStartModule', () => {
  it('sets up the process before anything else is imported', () => {
    const first = toStartModule().split('\n')[0]
    expect(first).toBe('import "virtual:isr/environment"')
  })
})

describe('ids', () => {
  it('are generated ids in Vite and URLs in the browser', () => {
    expect(toResolvedId(VIRTUAL.app)).toBe('\0virtual:isr/app')
    expect(toDevUrl(VIRTUAL.client)).toBe('@id/__x00__virtual:isr/client')
  })
})
