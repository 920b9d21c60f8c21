import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Entry } from '../types.ts'
import { NO_STORE } from './cache-control.ts'
import { completeFor, readComplete } from './complete.ts'
import type { HttpContext } from './context.ts'
import { dropFraming, send } from './reply.ts'
import { CONTENT_TYPES, represent, toContent } from './representation.ts'

/** A body for an error, with the headers that describe it. */
export interface ErrorBody {
  readonly content: readonly string[]
  readonly bytes: Uint8Array | string
}

const TEXTS = {
  400: '400: Bad Request.',
  404: '404: This page could not be found.',
  500: '500: Internal Server Error.',
} as const

/** The statuses that have a page. */
export type ErrorStatus = keyof typeof TEXTS

/**
 * Sends an error page: the user's own 404 or 500 page out of the cache, or a small one that needs nothing. Whatever failed,
 * its text is not in it.
 */
export async function sendErrorPage(
  context: HttpContext,
  req: IncomingMessage,
  res: ServerResponse,
  status: ErrorStatus,
): Promise<void> {
  const body = await findErrorBody(context, req, status)
  // While the page was read, the page that failed may have gone on and answered by itself.
  if (res.headersSent || res.destroyed) return
  dropFraming(res)
  send(req, res, status, [...body.content, 'Cache-Control', NO_STORE], body.bytes)
}

/** The body of an error page, in the best encoding the visitor takes. Never rejects, except in development. */
export async function findErrorBody(
  context: HttpContext,
  req: IncomingMessage,
  status: ErrorStatus,
): Promise<ErrorBody> {
  const entry = status === 400 ? undefined : await readErrorPage(context, req, status)
  const encodings = context.chooseEncodings(req.headers['accept-encoding'])
  const representation = entry?.kind === 'page' ? represent(entry, 'html', encodings) : undefined
  if (!representation) return createPlainBody(status)
  return { content: toContent(representation), bytes: representation.bytes }
}

async function readErrorPage(
  context: HttpContext,
  req: IncomingMessage,
  status: 404 | 500,
): Promise<Entry | undefined> {
  const target = context.targets.errors[status]
  try {
    const entry = context.engine.peek(target.key, () => target.route.pattern)
    if (entry && (await completeFor(context, req, entry, 'html'))) return entry
    const outcome = await readComplete(context, req, target, 'html', { prefetch: false, complete: true })
    return 'entry' in outcome ? outcome.entry : undefined
  } catch (error) {
    // A developer is to see what is wrong with the page itself.
    if (context.development) throw error
    context.failures.report(error, { page: target.route.pattern, path: target.path })
    return undefined
  }
}

function createPlainBody(status: ErrorStatus): ErrorBody {
  const text = TEXTS[status]
  const html =
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">' +
    `<meta name="viewport" content="width=device-width"><title>${text}</title></head><body><h1>${text}</h1></body></html>`
  return {
    content: [
      'Content-Type',
      CONTENT_TYPES.html,
      'Content-Length',
      String(html.length),
      'X-Content-Type-Options',
      'nosniff',
    ],
    bytes: html,
  }
}
