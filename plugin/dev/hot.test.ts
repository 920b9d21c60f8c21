import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createServer, isRunnableDevEnvironment, normalizePath, type HotPayload, type ViteDevServer } from 'vite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHotUpdate, planUpdate, type HotPlan, type HotSite } from './hot.ts'
import type { DataHalf } from './data-half.ts'

const SOURCES = {
  'pages/index.js': [
    "import { read } from '../lib/db.js'",
    "import { Card } from '../lib/card.js'",
    "import { format } from '../lib/format.js'",
    "import '../lib/page.css'",
    'export const getStaticProps = () => ({ props: { text: format(read()) } })',
    'export default () => Card',
  ].join('\n'),
  'pages/plain.js': "import { Card } from '../lib/card.js'\nexport default () => Card",
  'pages/api/hook.js': "import { log } from '../../lib/log.js'\nexport default () => log()",
  'pages/_document.js': 'export default () => null',
  'lib/db.js': "import { connect } from './connection.js'\nexport const read = () => connect()",
  'lib/connection.js': "export const connect = () => 'text'",
  'lib/card.js': 'export const Card = () => null',
  'lib/format.js': 'export const format = (text) => text',
  'lib/page.css': '.a { color: red }',
  'lib/log.js': 'export const log = () => {}',
}

let root: string
let server: ViteDevServer
let changedRoutes: boolean
let rescan: () => Promise<boolean>
let failed: boolean
let plan: HotPlan | undefined
const sent: HotPayload[] = []

/** The data half of the test's page: what the real one finds by analysis. */
function readHalf(code: string): DataHalf | undefined {
  const line = /^export const getStaticProps.*$/m.exec(code)?.[0]
  return line === undefined ? undefined : { fingerprint: line, imports: ['../lib/db.js', '../lib/format.js'] }
}

const site: HotSite = {
  isInPages: (file) => file.startsWith(`${root}/pages/`),
  isPublic: (file) => file.startsWith(`${root}/public/`),
  isPage: (file) => file.startsWith(`${root}/pages/`) && !file.includes('/api/') && !file.includes('/_'),
  isDocument: (file) => file === `${root}/pages/_document.js`,
  rescan: () => rescan(),
  readKnownHalf: (file) => (file === `${root}/pages/index.js` ? readHalf(SOURCES['pages/index.js']) : undefined),
  parseHalf: readHalf,
  isGenerated: (id) => id === '\0virtual:routes',
  noteChange: () => failed,
}

beforeEach(async () => {
  root = normalizePath(realpathSync(mkdtempSync(join(tmpdir(), 'isr-hot-'))))
  changedRoutes = false
  rescan = async () => changedRoutes
  failed = false
  sent.length = 0
  for (const [name, text] of Object.entries(SOURCES)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  const pages = ['pages/index.js', 'pages/plain.js', 'pages/api/hook.js', 'pages/_document.js']
  const hotUpdate = createHotUpdate(site, () => server)
  server = await createServer({
    root,
    configFile: false,
    appType: 'custom',
    logLevel: 'silent',
    server: { middlewareMode: true, ws: false, watch: null },
    plugins: [
      {
        name: 'routes',
        resolveId: (id) => (id === 'virtual:routes' ? '\0virtual:routes' : undefined),
        load: (id) =>
          id === '\0virtual:routes'
            ? `${pages.map((page) => `import ${JSON.stringify(`/${page}`)}`).join('\n')}\nimport.meta.hot.accept()`
            : undefined,
        hotUpdate: { order: 'post', handler: hotUpdate },
      },
    ],
  })
  const { ssr, client } = server.environments
  if (!isRunnableDevEnvironment(ssr)) throw new Error('no runner')
  await ssr.runner.import('virtual:routes')
  client.hot.send = (payload: HotPayload | string) => void sent.push(payload as HotPayload)
})

afterEach(async () => {
  await server.close()
  rmSync(root, { recursive: true })
})

async function planFor(name: string, code?: string, type: 'create' | 'update' | 'delete' = 'update'): Promise<HotPlan> {
  const text = code ?? SOURCES[name as keyof typeof SOURCES] ?? ''
  plan = await planUpdate(site, server.environments.ssr, { file: `${root}/${name}`, type, read: () => text })
  return plan
}

describe('planUpdate', () => {
  it('an edit of a component keeps the data', async () => {
    expect(await planFor('lib/card.js')).toBe('none')
    expect(await planFor('pages/plain.js')).toBe('none')
    expect(await planFor('pages/index.js', SOURCES['pages/index.js'].replace('() => Card', '() => [Card]'))).toBe(
      'none',
    )
  })

  it('looks at the pages when a file that is being written has its text', async () => {
    const order: string[] = []
    rescan = async () => order.push('rescan') > 0
    const read = async () => {
      await new Promise((resolve) => setTimeout(resolve))
      order.push('read')
      return ''
    }
    const { ssr } = server.environments
    expect(await planUpdate(site, ssr, { file: `${root}/pages/plain.js`, type: 'update', read })).toBe('reload')
    expect(order).toEqual(['read', 'rescan'])
    const gone = () => Promise.reject(new Error('ENOENT'))
    expect(await planUpdate(site, ssr, { file: `${root}/pages/plain.js`, type: 'update', read: gone })).toBe('reload')
  })

  it('an edit of getStaticProps refreshes the data', async () => {
    expect(await planFor('pages/index.js', SOURCES['pages/index.js'].replace('read()', "'new'"))).toBe('data')
  })

  it('a page that no longer parses shows its error where the data is', async () => {
    expect(await planFor('pages/index.js', 'export const getStatic')).toBe('data')
  })

  it('an edit of a module that getStaticProps uses, directly or through others, refreshes the data', async () => {
    expect(await planFor('lib/db.js')).toBe('data')
    expect(await planFor('lib/connection.js')).toBe('data')
    expect(await planFor('lib/format.js')).toBe('data')
  })

  it('styles, API routes and what only those use, and files that nobody imports are no data', async () => {
    expect(await planFor('lib/page.css')).toBe('none')
    expect(await planFor('pages/api/hook.js')).toBe('none')
    expect(await planFor('lib/log.js')).toBe('none')
    expect(await planFor('README.md')).toBe('none')
  })

  it('_document is outside what can be refreshed', async () => {
    expect(await planFor('pages/_document.js')).toBe('reload')
  })

  it('other routes than before mean another site', async () => {
    expect(await planFor('pages/new.js', '', 'create')).toBe('none')
    changedRoutes = true
    expect(await planFor('pages/new.js', '', 'create')).toBe('reload')
    expect(await planFor('pages/plain.js', '', 'delete')).toBe('reload')
    expect(await planFor('pages/index.js')).toBe('reload')
    expect(await planFor('lib/new.js', '', 'create')).toBe('none')
  })
})

describe('createHotUpdate', () => {
  async function change(name: string, type: 'add' | 'change' | 'unlink' = 'change'): Promise<HotPayload[]> {
    const marker = new Promise<void>((resolve) => {
      const send = server.environments.client.hot.send
      server.environments.client.hot.send = (payload: HotPayload | string) => {
        send(payload as HotPayload)
        resolve()
      }
    })
    server.watcher.emit(type, `${root}/${name}`)
    await marker
    return [...sent]
  }

  it('waits for the text of a server module that its editor empties before it writes it', async () => {
    const file = join(root, 'lib/db.js')
    writeFileSync(file, '')
    setTimeout(() => writeFileSync(file, SOURCES['lib/db.js'].replace('connect()', "'new'")), 30)
    expect(await change('lib/db.js')).toEqual([{ type: 'custom', event: 'isr:data' }])
    const { code } = (await server.environments.ssr.transformRequest('/lib/db.js'))!
    expect(code).toContain('new')
  })

  it('sends the data event after the server has dropped the old module', async () => {
    const module = server.environments.ssr.moduleGraph.getModuleById(`${root}/lib/db.js`)!
    expect(module.transformResult).not.toBeNull()
    expect(await change('lib/db.js')).toEqual([{ type: 'custom', event: 'isr:data' }])
    expect(module.transformResult).toBeNull()
  })

  it('reloads once and drops the generated modules when the routes are others', async () => {
    const routes = server.environments.ssr.moduleGraph.getModuleById('\0virtual:routes')!
    changedRoutes = true
    expect(await change('pages/new.js', 'add')).toEqual([{ type: 'full-reload', path: '*' }])
    expect(routes.transformResult).toBeNull()
  })

  it('drops the generated modules when a file is added and written at once', async () => {
    const routes = server.environments.ssr.moduleGraph.getModuleById('\0virtual:routes')!
    writeFileSync(join(root, 'pages/new.js'), 'export default () => null')
    // The first look, which finds the new route, ends when the second has begun.
    let looks = 0
    let beginSecond = () => {}
    const second = new Promise<void>((resolve) => (beginSecond = resolve))
    rescan = async () => {
      const isFirst = ++looks === 1
      if (isFirst) await second
      else beginSecond()
      return isFirst
    }
    const reloaded = change('pages/new.js', 'add')
    server.watcher.emit('change', `${root}/pages/new.js`)
    expect(await reloaded).toContainEqual({ type: 'full-reload', path: '*' })
    expect(routes.transformResult).toBeNull()
  })

  it('REL-60 any change after an error may have mended it', async () => {
    failed = true
    expect(await change('lib/card.js')).toEqual([{ type: 'full-reload', path: '*' }])
  })
})
