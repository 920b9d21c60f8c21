import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBody } from '../../cache/body.ts'
import { createPackWriter } from '../../cache/pack.ts'
import type { RouteManifest } from '../../types.ts'
import { createManifest, SETTINGS } from './manifest.ts'

/** A folder as `vite build` writes it, with a site of a few lines. */
export interface TestBuild {
  /** Everything is below it: `dist`, and the working directory of servers. */
  readonly root: string
  readonly dist: string
  readonly manifest: RouteManifest
  remove(): Promise<void>
}

/** How long before it is written a test build says that it was made: what a server makes at once is newer. */
export const TEST_BUILD_AGE_MS = 10

/** Written out as a bundle would be: plain JavaScript that needs nothing. */
const APP = `
let calls = 0
const modules = {
  '/': { getStaticProps: async () => ({ props: { calls: ++calls }, revalidate: 60 }) },
  '/p/[id]': {
    getStaticPaths: async () => ({ paths: [], fallback: 'blocking' }),
    getStaticProps: async ({ params }) => {
      if (params.id === 'broken') throw new Error('no data')
      if (params.id.startsWith('slow')) await new Promise((resolve) => setTimeout(resolve, 500))
      return { props: { id: params.id, calls: ++calls }, revalidate: 60 }
    },
  },
  '/api/revalidate': {
    default: async (req, res) => {
      try {
        res.json(await res.revalidate(req.query.path))
      } catch (error) {
        res.status(500).json({ code: error.code })
      }
    },
  },
}
const routes = ROUTES
export const app = {
  buildId: 'build1',
  base: '/',
  trailingSlash: false,
  routes,
  load: async (pattern) => ({ default() {}, ...modules[pattern] }),
  render: async ({ pattern, asPath, pageProps }) =>
    '<!DOCTYPE html><html><body>' + JSON.stringify({ pattern, asPath, pageProps }) + 'x'.repeat(1000) + '</body></html>',
}
`

export async function createTestBuild(changes: Partial<RouteManifest> = {}): Promise<TestBuild> {
  const root = await mkdtemp(join(tmpdir(), 'isr-build-'))
  const dist = join(root, 'dist')
  for (const name of ['client/assets', 'server', 'isr']) await mkdir(join(dist, name), { recursive: true })
  await writeFile(join(dist, 'client/assets/index-12345678.js'), 'console.log(1)')
  await writeFile(join(dist, 'client/robots.txt'), 'User-agent: *')

  const pack = await createPackWriter(join(dist, 'isr'))
  const now = Date.now()
  const toPage = async (key: string, text: string, revalidate: number | false) => ({
    key,
    kind: 'page' as const,
    status: 200 as const,
    startedAt: now - TEST_BUILD_AGE_MS,
    generatedAt: now,
    revalidate,
    expire: SETTINGS.expire,
    html: await createBody(Buffer.from(`<html>${text}</html>`), 'text/html; charset=utf-8', { compress: true }),
    data: await createBody(Buffer.from('{"pageProps":{}}'), 'application/json; charset=utf-8', { compress: true }),
  })
  await pack.add(await toPage('p:/', 'prerendered', 60))
  await pack.add(await toPage('p:/404', 'own 404', false))
  const entries = await pack.finish()

  const plain = { css: [], js: [], paths: 0 }
  const routes = [
    { pattern: '/', kind: 'isr' as const, file: 'pages/index.tsx', ...plain },
    { pattern: '/p/[id]', kind: 'isr' as const, file: 'pages/p/[id].tsx', fallback: 'blocking' as const, ...plain },
    { pattern: '/api/revalidate', kind: 'api' as const, file: 'pages/api/revalidate.ts', ...plain },
  ]
  const manifest = { ...createManifest(routes, changes), entries }
  await writeFile(
    join(dist, 'server/app.mjs'),
    APP.replace('ROUTES', () => JSON.stringify(routes)),
  )
  await writeFile(join(dist, 'isr/route-manifest.json'), JSON.stringify(manifest))
  return { root, dist, manifest, remove: () => rm(root, { recursive: true, force: true }) }
}
