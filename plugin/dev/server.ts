import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isRunnableDevEnvironment, normalizePath, type RunnableDevEnvironment, type ViteDevServer } from 'vite'
import { createHandler, type IsrHandler } from '../../runtime/http/handler.ts'
import { createInProcessRenderer } from '../../runtime/renderer/in-process.ts'
import type { IsrApp, RouteManifest } from '../../runtime/types.ts'
import type { IsrContext } from '../context.ts'
import { configError } from '../errors.ts'
import type { Pages } from '../routes/scan.ts'
import { VIRTUAL, toResolvedId } from '../virtual/ids.ts'
import { isEmbeddedElsewhere } from './cross-site.ts'
import { createDevEngine } from './engine.ts'
import { ERROR_EVENT, sendError, toOverlayPayload, type ErrorShown } from './error-page.ts'
import { forgetFailedModules } from './failed-modules.ts'
import { insertIntoHead, readHeadTags } from './head.ts'
import { toOverlayError, type OverlayError } from './overlay.ts'
import { collectStyles, toStyleTags } from './styles.ts'

/** The build id of a site that is not built. */
const BUILD_ID = 'development'

/** What answers a development server's requests. */
export interface DevSite {
  /** A middleware for the end of Vite's own: assets, modules and public files are Vite's. */
  serve(req: IncomingMessage, res: ServerResponse): void
  /** The routes are no longer the same: the next request makes the handler anew. */
  forgetRoutes(): void
  /** Notes a change of the sources; true when an error was shown since the one before. */
  noteChange(): boolean
  /** Gives up what runs. */
  close(): Promise<void>
}

/** Builds what serves the pages of a development server through its ssr module runner. */
export function createDevSite(context: IsrContext, server: ViteDevServer): DevSite {
  const { logger } = server.config
  const ssr = getRunnable(server)
  const draftKey = randomBytes(32).toString('base64url')
  const log = {
    info: (line: string) => logger.info(line, { timestamp: true }),
    warn: (line: string) => logger.warn(line, { timestamp: true }),
    error: (line: string) => logger.error(line, { timestamp: true }),
  }
  const { maxPageBytes } = context.options.settings
  const renderer = createInProcessRenderer(loadApp, { maxPageBytes, compress: false })
  const engine = createDevEngine({
    renderer,
    settings: context.options.settings,
    clock: Date,
    warn: (message) => log.warn(message),
  })
  let handler: Promise<IsrHandler> | undefined
  let headTags: Promise<string> | undefined
  let hasFailed = false
  /** How many changes of the sources there were: tells an error page whether it is of today. */
  let changes = 0
  server.environments.client.hot.on(ERROR_EVENT, ({ changes: shown }: ErrorShown, client) => {
    if (shown !== changes) client.send({ type: 'full-reload', path: '*' })
  })

  /** The app as the sources are now, its documents with what Vite needs in them. */
  async function loadApp(): Promise<IsrApp> {
    const { default: app } = await ssr.runner.import<{ default: IsrApp }>(VIRTUAL.app)
    return {
      ...app,
      async render(input) {
        const html = await app.render(input)
        const pages = await context.pages()
        return insertIntoHead(html, (await getHeadTags()) + toStyleTags(findStyles(pages, input.pattern)))
      },
    }
  }

  function getHeadTags(): Promise<string> {
    headTags ??= readHeadTags(server, '/').catch((error: unknown) => {
      headTags = undefined
      throw error
    })
    return headTags
  }

  function findStyles({ special, files }: Pages, pattern: string) {
    const page = files.get(pattern) ?? special.error
    const roots = [special.document, special.app, page].filter((file) => file !== undefined)
    const generated = new Set<string>(Object.values(VIRTUAL).map(toResolvedId))
    return collectStyles(ssr.moduleGraph, roots, { base: context.base, isBoundary: (id) => generated.has(id) })
  }

  async function createSiteHandler(): Promise<IsrHandler> {
    const pages = await context.pages()
    const manifest = createManifest(context, pages, draftKey)
    return createHandler({ manifest, loadApp, engine, renderer, development: true, log, failures })
  }

  /** What a request fails with behind our back: API routes answer for themselves, and the log is all that there is. */
  const failures = {
    report: (error: unknown, { page }: { page?: string }) => logError(error, page),
    refuse: (kind: string, detail: string) => log.warn(`[vite-plugin-isr] ${kind}: ${detail}`),
  }

  function logError(error: unknown, page?: string): OverlayError {
    const overlay = toOverlayError(error, (file) => isOwnFile(context.root, file))
    logger.error(toLogText(overlay, page), { timestamp: true, error: overlay })
    return overlay
  }

  function getHandler(): Promise<IsrHandler> {
    handler ??= createSiteHandler()
    return handler
  }

  async function answerError(req: IncomingMessage, res: ServerResponse, error: unknown): Promise<void> {
    hasFailed = true
    await forgetFailedModules(ssr)
    const overlay = logError(error)
    const form = (req.url ?? '').startsWith('/_isr/') ? 'data' : 'html'
    // The page that asked for the data stays; a document that failed shows its error itself.
    if (form === 'data' && server.ws.clients.size > 0) {
      server.environments.client.hot.send({ type: 'error', err: toOverlayPayload(overlay) })
    }
    if (res.headersSent) res.destroy()
    else sendError(req, res, overlay, { form, base: context.base, changes })
  }

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      const error = await passTo(await getHandler(), req, res)
      if (error !== undefined) await answerError(req, res, error)
    } catch (error) {
      // The pages folder can't be read as routes: two files for one URL, say.
      await answerError(req, res, error)
    }
  }

  return {
    serve(req, res) {
      if (isEmbeddedElsewhere(req.headers) && !isApi(req.url ?? '/')) {
        refuseEmbedding(res)
        return
      }
      answer(req, res).catch(() => res.destroy())
    },
    forgetRoutes() {
      handler = undefined
    },
    noteChange() {
      const failed = hasFailed
      changes += 1
      hasFailed = false
      return failed
    },
    close: () => engine.close(0),
  }
}

/** Lets the handler answer. Resolves with the error that it passes on instead, or when the answer is over. */
function passTo(handle: IsrHandler, req: IncomingMessage, res: ServerResponse): Promise<unknown> {
  return new Promise((resolve) => {
    res.once('close', () => resolve(undefined))
    handle(req, res, resolve)
  })
}

function getRunnable({ environments }: ViteDevServer): RunnableDevEnvironment {
  const { ssr } = environments
  if (ssr && isRunnableDevEnvironment(ssr)) return ssr
  throw configError(
    'The environment `ssr` has no module runner in this process, and pages are rendered through it. Leave `environments.ssr.dev.createEnvironment` to Vite.',
  )
}

/** What the build would write, for a site that is not built. */
function createManifest({ options, base }: IsrContext, pages: Pages, draftKey: string): RouteManifest {
  return {
    version: 1,
    buildId: BUILD_ID,
    base,
    trailingSlash: options.trailingSlash,
    routes: pages.routes.map((route) => ({ ...route, css: [], js: [], paths: 0 })),
    settings: options.settings,
    draftKey,
    entries: { id: '', pack: '', index: '', count: 0, bytes: 0 },
  }
}

/** API routes may be meant for other sites: what they allow is the site's own affair, as in production. */
function isApi(url: string): boolean {
  return /^\/api(?:[/?]|$)/.test(url)
}

function refuseEmbedding(res: ServerResponse): void {
  res.statusCode = 403
  res.setHeader('Content-Type', 'text/plain; charset=utf-8')
  res.setHeader('Cache-Control', 'no-store')
  res.end('Forbidden: this development server does not hand its pages to other sites.')
}

function isOwnFile(root: string, file: string): boolean {
  const path = normalizePath(file)
  return path.startsWith(`${root}/`) && !path.includes('/node_modules/')
}

function toLogText({ message, id, loc, frame, stack }: OverlayError, page: string | undefined): string {
  const text = message.replace(/^\[vite-plugin-isr\] /, '')
  const frames = (stack ?? '').split('\n').filter((line) => /^\s*at /.test(line))
  const place = id === undefined ? undefined : `  File: ${id}${loc ? `:${loc.line}:${loc.column}` : ''}`
  const title = page === undefined || text.startsWith(page) ? text : `${page}: ${text}`
  return [`[vite-plugin-isr] ${title}`, place, frame, ...frames].filter((line) => line !== undefined).join('\n')
}
