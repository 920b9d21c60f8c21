import type { IncomingMessage, ServerResponse } from 'node:http'
import { isbot } from 'isbot'
import { createHeads } from './heads.ts'
import { createLargeDataWarnings } from '../isr/large-data.ts'
import type { Engine, IsrApp, IsrEvent, Renderer, RouteManifest } from '../types.ts'
import { sendFound, sendPage } from './answer.ts'
import { answerApi } from './api.ts'
import type { Revalidate } from './api-response.ts'
import { createAssets, type Assets } from './assets.ts'
import { createBodyBudget } from './body-budget.ts'
import { completeFor, findLacking } from './complete.ts'
import type { HttpContext } from './context.ts'
import { createCrowd } from './crowd.ts'
import { isDataPath, parseDataPath, toDataPrefixes } from './data-url.ts'
import { createDraft } from './draft-cookie.ts'
import { createEncodingChoice } from './encoding.ts'
import { sendErrorPage } from './error-page.ts'
import { answerFailure, type Next } from './failed-request.ts'
import { createFailures, type Failures } from './failures.ts'
import { createFetchAdapter } from './fetch.ts'
import { toRefresh } from './location.ts'
import { createConsoleLog, type Log } from './log.ts'
import { answerPage } from './page.ts'
import { createPortions } from './portions.ts'
import { isRead, send, sendText, toTextHeaders } from './reply.ts'
import type { Form } from './representation.ts'
import { parseRequestUrl, type RequestUrl } from './request-url.ts'
import { createRevalidate } from './revalidate.ts'
import { applyTrailingSlash } from '../routing/trailing-slash.ts'
import { answerServerPage } from './server-page.ts'
import { createSlots } from './slots.ts'
import { createTargets } from './targets.ts'

export type { Next }

/**
 * Answers requests: a middleware for `node:http`, connect, Express and Fastify, with a fetch-standard form.
 */
export interface IsrHandler {
  (req: IncomingMessage, res: ServerResponse, next?: Next): void
  /**
   * Answers a fetch-standard request, for Hono and the like. Its URL must hold the whole path with Vite's base.
   *
   * @throws what breaks the connection: the request's own abort, or an API route that fails half way through its answer
   * @example app.all('*', (c) => handler.fetch(c.req.raw))
   */
  fetch(request: Request): Promise<Response>
  /** Ends what the handler started, after the server has stopped accepting requests. Waits for pending writes, bounded. */
  close(): Promise<void>
}

/** What a handler is made of. */
export interface HandlerOptions {
  readonly manifest: RouteManifest
  /** The app as code: imported when the first API route or `server` page asks for it. */
  readonly loadApp: () => Promise<IsrApp>
  readonly engine: Engine
  readonly renderer: Renderer
  /** `dist/client`; without it no files are served. */
  readonly clientDir?: string | undefined
  /** Folder of hashed assets below `clientDir`. Default: the manifest's. */
  readonly assetsDir?: string | undefined
  /** Nothing may be kept by anybody, errors go to `next`, and draft cookies work without TLS. Default false. */
  readonly development?: boolean | undefined
  /** Whether a user agent is a bot, which gets the page instead of a fallback shell. Default: the `isbot` list. */
  readonly isBot?: ((userAgent: string) => boolean) | undefined
  /** Paths that are no page go to `next` instead of being answered with the 404 page. Default false. */
  readonly fallthrough?: boolean | undefined
  readonly log?: Log | undefined
  /** Where failures are reported, when more than the handler reports them. Default: to `log`. */
  readonly failures?: Failures | undefined
  /** Hears of decisions that are made before the engine: drafts, and revalidations that are refused. It must not throw. */
  readonly onEvent?: ((event: IsrEvent) => void) | undefined
  /** Whether the process has no time to give away. Default: never. */
  readonly isBusy?: (() => boolean) | undefined
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined
  /** Runs when the handler is closed. */
  readonly onClose?: (() => Promise<void>) | undefined
}

/** A few milliseconds' work. */
const ANSWERS_IN_A_ROW = 100

/**
 * Builds the handler. All deciding that does not depend on the request is done here.
 */
export function createHandler(options: HandlerOptions): IsrHandler {
  const { manifest, fallthrough = false } = options
  const context = createContext(options)
  const assets = options.clientDir ? createAssets(options.clientDir, manifest.assetsDir ?? 'assets') : undefined
  const revalidate = createRevalidate(context)
  const dataPrefixes = toDataPrefixes(manifest.buildId, context.next)
  const routes = { assets, revalidate, dataPrefixes, fallthrough }

  function handler(req: IncomingMessage, res: ServerResponse, next?: Next): void {
    try {
      // Express and connect shorten `url` below the path that they mounted us at; pages know their whole path.
      const target = (req as { originalUrl?: string }).originalUrl ?? req.url ?? '/'
      const hit = answerHit(context, routes, req, res, target)
      if (hit === true) return
      const answered = hit || answer(context, routes, req, res, target, next)
      answered.catch((error: unknown) => answerFailure(context, req, res, error, next))
    } catch (error) {
      answerFailure(context, req, res, error, next)
    }
  }

  const adapter = createFetchAdapter((req, res) => handler(req, res))
  return Object.assign(handler, {
    fetch: adapter.fetch,
    async close() {
      adapter.close()
      await options.onClose?.()
    },
  })
}

function createContext(options: HandlerOptions): HttpContext {
  const { manifest, engine, renderer, loadApp, development = false } = options
  const { now = Date.now, log = createConsoleLog(), isBot = isbot, onEvent = () => {} } = options
  const { failures = createFailures(log, now) } = options
  const { concurrency, queue, waiters } = manifest.settings.render
  // As long as one of the engine's renders may wait for its turn.
  const waitMs = manifest.settings.generateTimeout * 1000
  return {
    manifest,
    development,
    next: manifest.settings.next ?? false,
    engine,
    renderer,
    loadApp,
    targets: createTargets(manifest),
    findHeads: createHeads(manifest.settings.next ?? false),
    chooseEncodings: createEncodingChoice(),
    isBot,
    draft: createDraft(manifest, { development }),
    draftSlots: createSlots({ limit: concurrency, queue, waitMs }),
    serverPageSlots: createSlots({ limit: waiters, queue: 0, waitMs }),
    renderSlots: createSlots({ limit: concurrency, queue, waitMs }),
    bodyBudget: createBodyBudget(manifest.settings.api.totalBodyBytes),
    portions: createPortions(ANSWERS_IN_A_ROW),
    crowd: createCrowd(options.isBusy ?? (() => false)),
    failures,
    warnOfLargeData: createLargeDataWarnings((line) => log.warn(line), { repeat: development }),
    onEvent,
    log,
    now,
  }
}

/**
 * The short way of a hit: one look-up in the cache by the path as it came, and one write. Keys are made of canonical paths alone,
 * so that no other spelling finds anything. Whatever is unusual goes the long way.
 */
function answerHit(
  context: HttpContext,
  { assets, dataPrefixes }: Routes,
  req: IncomingMessage,
  res: ServerResponse,
  target: string,
): boolean | Promise<boolean> {
  if (!isRead(req)) return false
  const path = toBarePath(cutQuery(target), context.manifest)
  if (path === undefined || isApiPath(path) || assets?.has(path)) return false
  const form = isDataPath(path, context.next) ? 'data' : 'html'
  const pagePath = form === 'html' ? path : parseDataPath(path, dataPrefixes)
  const key = pagePath === undefined ? undefined : context.targets.toKey(pagePath)
  if (key === undefined || context.draft.isOn(req)) return false
  // The clock is asked once: it takes as long as looking something up.
  const now = context.now()
  const entry = context.engine.peek(key, context.targets.findPattern, now)
  if (entry === undefined) return false
  const isStatic = entry.kind === 'page' && entry.data === undefined
  if (isStatic && form === 'data') return false
  const found = { isStatic, form, entry, state: 'HIT', detail: undefined, now } as const
  if (entry.kind !== 'page') return sendFound(context, req, res, found).then(() => true)
  if (findLacking(context, req, entry, form)) {
    return completeFor(context, req, entry, form).then((isWhole) => {
      if (isWhole && !res.destroyed) sendPage(context, req, res, found, entry)
      return isWhole
    })
  }
  sendPage(context, req, res, found, entry)
  return true
}

/** The path of a page whose one address this is, by its base and its last slash; undefined where it is none. */
function toBarePath(rawPath: string, { base, trailingSlash }: RouteManifest): string | undefined {
  if (!rawPath.startsWith(base)) return undefined
  const path = base === '/' ? rawPath : rawPath.slice(base.length - 1)
  // Without that rule none ends with one, and neither do keys.
  if (!trailingSlash) return path
  return applyTrailingSlash(path, true) === path ? applyTrailingSlash(path, false) : undefined
}

function isApiPath(path: string): boolean {
  return path.startsWith('/api') && (path.length === 4 || path[4] === '/')
}

function cutQuery(target: string): string {
  const mark = target.indexOf('?')
  return mark === -1 ? target : target.slice(0, mark)
}

interface Routes {
  readonly assets: Assets | undefined
  readonly revalidate: Revalidate
  readonly dataPrefixes: readonly string[]
  readonly fallthrough: boolean
}

/** The map of the server: what a path is, and who answers for it. */
async function answer(
  context: HttpContext,
  routes: Routes,
  req: IncomingMessage,
  res: ServerResponse,
  target: string,
  next: Next | undefined,
): Promise<void> {
  const { manifest, targets } = context
  const url = parseRequestUrl(target, { ...manifest, maxPathBytes: manifest.settings.maxPathBytes })
  if (url.type === 'refused') return refuse(context, req, res, url)
  if (url.type === 'redirect') return redirectTo(context, req, res, url.location)
  if (url.type === 'outside') return answerAbsent()

  const { path, query } = url
  if (routes.assets?.has(path)) return routes.assets.answer(req, res, path)
  if (url.redirect !== undefined) return redirectTo(context, req, res, url.redirect)
  if (isDataPath(path, context.next)) return answerData()

  const bare = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  if (bare === '/api' || bare.startsWith('/api/')) {
    const match = targets.findApi(bare)
    return match ? answerApi(context, routes.revalidate, req, res, match, query) : answerAbsent()
  }
  return answerPath(bare, 'html')

  /** Navigation data; what is not found there is a page, so that the client loads it as one. */
  async function answerData(): Promise<void> {
    const pagePath = parseDataPath(path, routes.dataPrefixes)
    if (pagePath === undefined) return sendErrorPage(context, req, res, 404)
    return answerPath(pagePath, 'data')
  }

  async function answerPath(pagePath: string, form: Form): Promise<void> {
    const page = findPage(pagePath, form)
    if (!page) return form === 'data' ? sendErrorPage(context, req, res, 404) : answerAbsent()
    if (form === 'html' && page.route.pattern === '/500') return sendErrorPage(context, req, res, 500)
    if (page.route.kind === 'server') {
      return context.serverPageSlots.run(() => answerServerPage(context, req, res, page, query, form))
    }
    if (form === 'data' && page.route.kind === 'static') return sendErrorPage(context, req, res, 404)
    return answerPage(context, req, res, page, form)
  }

  /** The 404 page is nobody's address, but the client fetches its data to show it in place. */
  function findPage(pagePath: string, form: Form) {
    return form === 'data' && pagePath === '/404' ? targets.errors[404] : targets.findPage(pagePath)
  }

  async function answerAbsent(): Promise<void> {
    if (routes.fallthrough && next) return next()
    return sendErrorPage(context, req, res, 404)
  }
}

function refuse(
  context: HttpContext,
  req: IncomingMessage,
  res: ServerResponse,
  url: Extract<RequestUrl, { type: 'refused' }>,
): Promise<void> | void {
  context.failures.refuse(`refused a request with ${url.status}`, url.reason)
  if (url.status === 414) return sendText(req, res, 414, 'URI Too Long')
  return sendErrorPage(context, req, res, url.status)
}

function redirectTo(context: HttpContext, req: IncomingMessage, res: ServerResponse, location: string): void {
  const headers = [...toTextHeaders(location), 'Location', location, 'Refresh', toRefresh(location)]
  // Browsers keep a permanent redirect for good, across projects that share a port.
  if (context.development) headers.push('Cache-Control', 'no-store')
  send(req, res, 308, headers, location)
}
