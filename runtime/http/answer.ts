import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Entry, NavigationData } from '../types.ts'
import { isNotModified } from './conditional.ts'
import type { HttpContext } from './context.ts'
import { isNextDataUrl } from './data-url.ts'
import { findErrorBody } from './error-page.ts'
import { toLocation, toRefresh } from './location.ts'
import { send, sendUnchanged, sendWhole, toTextHeaders, type HeaderList } from './reply.ts'
import {
  CONTENT_TYPES,
  represent,
  toCacheHeaders,
  toContent,
  toStateHeaders,
  VARY,
  type Form,
} from './representation.ts'

/** An entry with how the engine came to it. */
export interface Found {
  /** Of a page without data functions, which only a new build changes. */
  readonly isStatic: boolean
  readonly form: Form
  readonly entry: Entry
  readonly state: 'HIT' | 'STALE' | 'MISS'
  readonly detail: string | undefined
  /** When it was found, where the clock was asked for that. */
  readonly now?: number
}

type RedirectData = Extract<NavigationData, { redirect: unknown }>['redirect']

/** A redirect as a result or an entry holds it. */
export interface RedirectTarget {
  readonly status: 301 | 302 | 303 | 307 | 308
  readonly destination: string
  readonly basePath: boolean
}

/** Answers from an entry: status, headers and body all come from that one. */
export async function sendFound(
  context: HttpContext,
  req: IncomingMessage,
  res: ServerResponse,
  found: Found,
): Promise<void> {
  const { entry, form } = found
  if (entry.kind === 'page') return sendPage(context, req, res, found, entry)
  const headers = toHeaders(context, found)
  if (entry.kind === 'redirect') return sendRedirect(context, req, res, entry, form, headers)
  return sendNotFound(context, req, res, form, headers)
}

/** Answers with a page's document or its data, or with 304 where the client has it. */
export function sendPage(
  context: HttpContext,
  req: IncomingMessage,
  res: ServerResponse,
  found: Found,
  entry: Extract<Entry, { kind: 'page' }>,
): void {
  const encodings = context.chooseEncodings(req.headers['accept-encoding'])
  const representation = represent(entry, found.form, encodings)
  if (!representation) throw new Error(`The entry ${entry.key} has no navigation data.`)
  const { etag, bytes, encoding } = representation
  const isUnchanged = req.headers['if-none-match'] !== undefined && isNotModified(req.headers, etag)
  if (context.development) {
    const headers = toHeaders(context, found)
    if (isUnchanged) send(req, res, 304, ['ETag', etag, ...VARY, ...headers], '')
    else send(req, res, 200, [...toContent(representation), 'ETag', etag, ...headers], bytes)
    return
  }
  const { state, detail, isStatic } = found
  const heads = context.findHeads({ entry, state, detail, isStatic }, found.now ?? context.now())
  if (isUnchanged) sendUnchanged(req, res, heads.unchanged, etag)
  else sendWhole(req, res, heads.whole(found.form, encoding), etag, bytes)
}

/** A redirect for a document, or its description for the client's router. */
export function sendRedirect(
  context: HttpContext,
  req: IncomingMessage,
  res: ServerResponse,
  redirect: RedirectTarget,
  form: Form,
  headers: HeaderList,
): void {
  const { status, destination, basePath } = redirect
  if (form === 'data') {
    // The client puts the base in front, as it does for every path; what is no path is refused here already.
    const description = {
      destination: toLocation(destination, '/'),
      statusCode: status,
      ...(!basePath && { basePath }),
    }
    const isNext = context.next && isNextDataUrl(req, context.manifest.base)
    const data = isNext ? toNextRedirect(description) : { redirect: description }
    return sendJson(req, res, 200, data, headers)
  }
  const location = toLocation(destination, basePath ? context.manifest.base : '/')
  const refresh = status === 308 ? ['Refresh', toRefresh(location)] : []
  send(req, res, status, [...toTextHeaders(location), 'Location', location, ...refresh, ...headers], location)
}

/** A redirect as clients of Next.js expect it. */
function toNextRedirect({ destination, statusCode, basePath }: RedirectData) {
  return {
    pageProps: {
      __N_REDIRECT: destination,
      __N_REDIRECT_STATUS: statusCode,
      ...(basePath === false && { __N_REDIRECT_BASE_PATH: false }),
    },
  }
}

/** The 404 page as a page's own answer, or its description for the client's router. */
export async function sendNotFound(
  context: HttpContext,
  req: IncomingMessage,
  res: ServerResponse,
  form: Form,
  headers: HeaderList,
): Promise<void> {
  if (form === 'data') return sendJson(req, res, 404, { notFound: true }, headers)
  const body = await findErrorBody(context, req, 404)
  if (!res.headersSent && !res.destroyed) send(req, res, 404, [...body.content, ...headers], body.bytes)
}

function sendJson(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  value: unknown,
  headers: HeaderList,
): void {
  const text = JSON.stringify(value)
  const content = [
    'Content-Type',
    CONTENT_TYPES.data,
    'Content-Length',
    String(Buffer.byteLength(text)),
    'X-Content-Type-Options',
    'nosniff',
  ]
  send(req, res, status, [...content, ...headers], text)
}

/** The caching headers of what is no page, and of everything in development, where nothing may be kept. */
function toHeaders(context: HttpContext, found: Found): string[] {
  const { entry, state, detail, isStatic } = found
  if (!context.development) return toCacheHeaders(entry, state, detail, context.now(), context.next)
  const stateHeaders = isStatic ? [] : toStateHeaders(state, context.next)
  return [...stateHeaders, 'Cache-Control', 'no-store']
}
