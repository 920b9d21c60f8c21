import type { RequestListener } from 'node:http'
import { createInProcessRenderer } from '../../renderer/in-process.ts'
import type { ApiModule, Fallback, IsrApp, ManifestRoute, PageModule, RouteManifest } from '../../types.ts'
import { createHandler, type HandlerOptions, type IsrHandler } from '../handler.ts'
import { createTestEngine, type TestEngine } from './engine.ts'
import { createManifest } from './manifest.ts'
import { listen, type TestServer } from './server.ts'

/** A page or API route of a test site; its kind follows from its exports, as in a build. */
export interface TestPage {
  readonly module?: Partial<PageModule> | ApiModule
  readonly fallback?: Fallback
  /** Paths that the build would have listed. */
  readonly paths?: readonly string[]
}

/** A site of literals, its clock, and a server in front of it. */
export interface TestSite extends TestServer {
  readonly handler: IsrHandler
  readonly engine: TestEngine
  readonly clock: { now: number }
  readonly lines: string[]
  readonly manifest: RouteManifest
}

export async function startSite(
  pages: Record<string, TestPage>,
  changes: {
    manifest?: Partial<RouteManifest>
    options?: Partial<HandlerOptions>
    /** How the handler is put into a server; without it, plain. */
    mount?: (handler: IsrHandler) => RequestListener
    render?: IsrApp['render']
  } = {},
): Promise<TestSite> {
  const routes = Object.entries(pages).map(([pattern, page]): ManifestRoute => ({
    pattern,
    kind: kindOf(pattern, page.module),
    file: `pages${pattern === '/' ? '/index' : pattern}.tsx`,
    ...(page.fallback !== undefined && { fallback: page.fallback }),
    css: [],
    js: [],
    paths: page.paths?.length ?? 0,
  }))
  const manifest = createManifest(routes, changes.manifest)
  const app: IsrApp = {
    ...manifest,
    async load(pattern) {
      return { default: () => undefined, ...pages[pattern]?.module }
    },
    render:
      changes.render ??
      (async ({ pattern, query, pageProps, isFallback, draft, asPath }) =>
        `<!DOCTYPE html><html><head></head><body><p>${JSON.stringify({ pattern, asPath, query, pageProps, isFallback, draft })}</p>` +
        `${'<i>padding</i>'.repeat(100)}</body></html>`),
  }
  const clock = { now: 1_700_000_000_000 }
  const lines: string[] = []
  const add = (line: string) => void lines.push(line)
  const renderer = createInProcessRenderer(async () => app)
  const listed = new Set(Object.values(pages).flatMap((page) => page.paths ?? []))
  const engine = createTestEngine({ renderer, settings: manifest.settings, now: () => clock.now, listed })
  const handler = createHandler({
    manifest,
    loadApp: async () => app,
    engine,
    renderer,
    log: { info: add, warn: add, error: add },
    now: () => clock.now,
    ...changes.options,
  })
  const server = await listen(changes.mount?.(handler) ?? ((req, res) => handler(req, res)))
  return {
    ...server,
    handler,
    engine,
    clock,
    lines,
    manifest,
    async close() {
      await engine.settle()
      await handler.close()
      await engine.close(1000)
      await server.close()
    },
  }
}

function kindOf(pattern: string, module: TestPage['module'] = {}): ManifestRoute['kind'] {
  if (pattern === '/api' || pattern.startsWith('/api/')) return 'api'
  if ('getStaticProps' in module) return 'isr'
  return 'getServerSideProps' in module ? 'server' : 'static'
}
