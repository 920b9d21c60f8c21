import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { IsrError, isIsrError, toErrorMessage } from '../errors.ts'
import { LARGE_DATA_BYTES } from '../isr/large-data.ts'
import { parseServerSideProps, type ParsedResult } from '../isr/result.ts'
import { isDynamic } from '../routing/pattern.ts'
import type { GetServerSidePropsContext, PageModule, Target } from '../types.ts'
import { sendNotFound, sendRedirect } from './answer.ts'
import { NO_STORE } from './cache-control.ts'
import { isNotModified } from './conditional.ts'
import type { HttpContext } from './context.ts'
import { withCookies } from './cookies.ts'
import { importModule } from './own-module.ts'
import { parseQuery } from './query.ts'
import { isRead, send } from './reply.ts'
import { CONTENT_TYPES, type Form } from './representation.ts'
import { applyTrailingSlash } from '../routing/trailing-slash.ts'
import { withTimeLimit } from './time-limit.ts'

/**
 * Answers for a page with `getServerSideProps`: its data function runs in this thread, since it needs the request and the
 * response; React runs where all renders run. What the function sets on the response is sent with the page.
 */
export async function answerServerPage(
  context: HttpContext,
  req: IncomingMessage,
  res: ServerResponse,
  target: Target,
  search: string,
  form: Form,
): Promise<void> {
  if (req.method === 'OPTIONS') {
    send(req, res, 400, ['Content-Length', '0', 'Cache-Control', NO_STORE], '')
    return
  }
  // User code may write after it has answered; without a listener that would end the process.
  res.on('error', (error) => context.failures.report(error, { page: target.route.file, path: target.path }))
  const draft = context.draft.isOn(req)
  const asPath = applyTrailingSlash(target.path, context.manifest.trailingSlash) + search
  const query = parseQuery(search, target.params)
  const result = await callServerSideProps(context, target, {
    req: withCookies(req),
    res,
    ...(isDynamic(target.route.pattern) && { params: target.params }),
    query,
    resolvedUrl: asPath,
    ...(draft && { draftMode: true, preview: true }),
    locales: [],
    locale: undefined,
    defaultLocale: undefined,
  })
  // A page may answer by itself, with a file for example; it is then done, or will be.
  if (result === undefined || res.headersSent || res.destroyed) return

  const headers = toHeaders(context, res, draft)
  if (result.kind === 'redirect') return sendRedirect(context, req, res, result.redirect, form, headers)
  if (result.kind === 'notFound') return sendNotFound(context, req, res, form, headers)
  const pageProps = result.props
  const body =
    form === 'data'
      ? JSON.stringify({ pageProps })
      : await renderDocument(context, res, { target, asPath, query, pageProps, draft, statusCode: res.statusCode })
  if (body === undefined) return
  if (!res.headersSent && !res.destroyed) sendBody(req, res, body, form, headers)
  // The document holds the data, so a small one needs no further look.
  if (body.length > LARGE_DATA_BYTES) {
    context.warnOfLargeData(target.route.pattern, target.path, Buffer.byteLength(JSON.stringify({ pageProps })))
  }
}

async function callServerSideProps(
  context: HttpContext,
  target: Target,
  details: GetServerSidePropsContext,
): Promise<ParsedResult | undefined> {
  const { route, path } = target
  const place = { page: route.file, path }
  const work = async () => {
    const { getServerSideProps } = (await importModule(context, route)) as PageModule
    if (!getServerSideProps) {
      throw new IsrError('ISR_RESULT', `${route.file}: getServerSideProps is missing although the build saw it.`, place)
    }
    const result = await getServerSideProps(details)
    // A page that answered by itself often returns nothing.
    return details.res.headersSent ? undefined : parseServerSideProps(result, place)
  }
  try {
    const seconds = context.manifest.settings.generateTimeout
    return await withTimeLimit(work(), seconds, { what: 'getServerSideProps', ...place })
  } catch (error) {
    if (isIsrError(error)) throw error
    const message = `${route.file}: getServerSideProps for ${path} failed: ${toErrorMessage(error)}`
    throw new IsrError('ISR_PAGE', message, { ...place, cause: error })
  }
}

/** Undefined when the visitor has left meanwhile. */
async function renderDocument(
  context: HttpContext,
  res: ServerResponse,
  page: {
    target: Target
    asPath: string
    query: GetServerSidePropsContext['query']
    pageProps: Record<string, unknown>
    draft: boolean
    statusCode: number
  },
): Promise<string | undefined> {
  const { target, ...rest } = page
  const input = { pattern: target.route.pattern, isFallback: false, ...rest }
  const timeoutMs = context.manifest.settings.generateTimeout * 1000
  return context.renderSlots.run(async () =>
    res.destroyed ? undefined : context.renderer.run({ type: 'render', input }, { timeoutMs }),
  )
}

function sendBody(req: IncomingMessage, res: ServerResponse, text: string, form: Form, headers: string[]): void {
  const bytes = Buffer.from(text)
  const type = CONTENT_TYPES[form]
  const etag = `"${createHash('sha256').update(type).update('\0').update(bytes).digest('base64url').slice(0, 27)}"`
  if (isRead(req) && res.statusCode === 200 && isNotModified(req.headers, etag)) {
    res.writeHead(304, ['ETag', etag, ...headers])
    res.end()
    return
  }
  // Not compressed: the page may hold secrets beside what the visitor sent, and their lengths would tell (BREACH).
  const content = [
    'Content-Type',
    type,
    'Content-Length',
    String(bytes.byteLength),
    'X-Content-Type-Options',
    'nosniff',
  ]
  send(req, res, res.statusCode, [...content, 'ETag', etag, ...headers], bytes)
}

/** What the page sets wins, except in a draft, which nobody may keep. */
function toHeaders(context: HttpContext, res: ServerResponse, draft: boolean): string[] {
  if (res.hasHeader('cache-control') && !draft) return []
  return ['Cache-Control', context.development && !draft ? 'no-store' : NO_STORE]
}
