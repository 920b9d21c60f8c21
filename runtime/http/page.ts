import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Outcome, ReadRequest, Target } from '../types.ts'
import { sendFound, sendNotFound, sendRedirect } from './answer.ts'
import { NO_STORE } from './cache-control.ts'
import { toCacheStatus } from './cache-status.ts'
import { completeFor, readComplete } from './complete.ts'
import { isPrefetch, type HttpContext } from './context.ts'
import { PLAIN } from './encoding.ts'
import { sendErrorPage } from './error-page.ts'
import { isRead, send, sendMethodNotAllowed } from './reply.ts'
import { represent, toContent, toStateHeaders, type Form } from './representation.ts'

/** Answers for a page that is not rendered per request, as a document or as navigation data. */
export async function answerPage(
  context: HttpContext,
  req: IncomingMessage,
  res: ServerResponse,
  target: Target,
  form: Form,
): Promise<void> {
  if (!isRead(req)) return sendMethodNotAllowed(req, res)
  if (target.route.kind === 'isr' && context.draft.isOn(req)) return answerDraft(context, req, res, target, form)

  const complete = form === 'data' || isBot(context, req)
  const outcome = await readInTurn(context, req, target, form, { prefetch: isPrefetch(req), complete })
  if (res.destroyed) return
  if (outcome.state === 'ABSENT') return sendErrorPage(context, req, res, 404)
  if (outcome.state === 'SHELL') return answerShell(context, req, res, target)
  const { entry, state, detail } = outcome
  // A HIT is what it says; only the others have a reason worth a header.
  return sendFound(context, req, res, {
    isStatic: target.route.kind === 'static',
    form,
    entry,
    state,
    detail: state === 'HIT' ? undefined : detail,
  })
}

async function readInTurn(
  context: HttpContext,
  req: IncomingMessage,
  target: Target,
  form: Form,
  request: ReadRequest,
): Promise<Outcome> {
  try {
    return await readComplete(context, req, target, form, request)
  } finally {
    const turn = context.portions.next()
    if (turn) await turn
  }
}

/** The page without its data, until the client has fetched it: the same for every path of the page, kept by nobody. */
async function answerShell(
  context: HttpContext,
  req: IncomingMessage,
  res: ServerResponse,
  target: Target,
): Promise<void> {
  const shell = context.targets.toShell(target)
  const held = context.engine.peek(shell.key, () => shell.route.pattern)
  const entry = held && (await completeFor(context, req, held, 'html')) ? held : await readShell(context, req, shell)
  const encodings = context.chooseEncodings(req.headers['accept-encoding'])
  const representation = entry?.kind === 'page' ? represent(entry, 'html', encodings) : undefined
  if (!representation) throw new Error(`The fallback shell of ${target.route.pattern} is missing.`)
  if (res.destroyed) return
  const headers = [...toContent(representation), ...toPrivateHeaders(context, 'MISS', 'fallback-shell')]
  send(req, res, 200, headers, representation.bytes)
}

async function readShell(context: HttpContext, req: IncomingMessage, shell: Target) {
  const outcome = await readComplete(context, req, shell, 'html', { prefetch: false, complete: true })
  return 'entry' in outcome ? outcome.entry : undefined
}

/** A page as its editor sees it before it is public: made for this request alone, neither read from the cache nor stored. */
async function answerDraft(
  context: HttpContext,
  req: IncomingMessage,
  res: ServerResponse,
  target: Target,
  form: Form,
): Promise<void> {
  const { route, params, path } = target
  const timeoutMs = context.manifest.settings.generateTimeout * 1000
  const made = await context.draftSlots.run(async () => {
    if (res.destroyed) return undefined
    const begin = context.now()
    const job = { type: 'page', pattern: route.pattern, params, path, reason: 'stale', draft: true } as const
    return { generated: await context.renderer.run(job, { timeoutMs }), renderMs: context.now() - begin }
  })
  if (!made) return
  const { generated, renderMs } = made
  const bytes = generated.kind === 'page' ? generated.html.identity.byteLength : 0
  context.onEvent({ type: 'bypass', path, pattern: route.pattern, reason: 'draft', ageMs: 0, renderMs, bytes })
  if (res.destroyed) return
  const headers = toPrivateHeaders(context, 'BYPASS', 'draft')
  if (generated.kind === 'redirect') return sendRedirect(context, req, res, generated, form, headers)
  if (generated.kind === 'notFound') return sendNotFound(context, req, res, form, headers)
  const entry = { ...generated, key: target.key, startedAt: 0, generatedAt: 0, expire: 0 }
  await context.engine.complete(entry, form, 'identity')
  const representation = represent(entry, form, PLAIN)
  if (!representation) return sendErrorPage(context, req, res, 404)
  send(req, res, 200, [...toContent(representation), ...headers], representation.bytes)
}

function toPrivateHeaders({ next }: HttpContext, state: 'MISS' | 'BYPASS', detail: string): string[] {
  return [
    ...toStateHeaders(state, next),
    'Cache-Status',
    toCacheStatus(state, detail, undefined),
    'Cache-Control',
    NO_STORE,
  ]
}

function isBot(context: HttpContext, req: IncomingMessage): boolean {
  const userAgent = req.headers['user-agent']
  if (userAgent === undefined) return false
  try {
    return context.isBot(userAgent)
  } catch (error) {
    // A hook that fails must not cost anybody their page; the whole page is right for everybody.
    context.failures.report(error, { page: 'isBot' })
    return true
  }
}
