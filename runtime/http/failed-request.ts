import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIsrError } from '../errors.ts'
import type { HttpContext } from './context.ts'
import { sendErrorPage } from './error-page.ts'
import { dropFraming, sendText } from './reply.ts'

/** Passes a request on, or an error, in the manner of connect and Express. */
export type Next = (error?: unknown) => void

/** Seconds after which a visitor who met a full queue may try again. */
const RETRY_AFTER = '2'

/** Nothing that goes wrong with one request may touch another, or the process. */
export function answerFailure(
  context: HttpContext,
  req: IncomingMessage,
  res: ServerResponse,
  error: unknown,
  next?: Next,
): void {
  try {
    const path = (req.url ?? '').split('?', 1)[0]!
    if (isIsrError(error, 'ISR_OVERLOADED') || isIsrError(error, 'ISR_CLOSED')) {
      context.failures.refuse('answered 503', error.message)
      if (!res.headersSent) sendText(req, res, 503, 'Service Unavailable', ['Retry-After', RETRY_AFTER])
      return
    }
    // Vite shows the error over the page, with the stack, and hides it when the file is mended.
    if (context.development && next && !res.headersSent) {
      dropFraming(res)
      next(error)
      return
    }
    // Why it fails has been told.
    if (!isIsrError(error, 'ISR_PAUSED')) context.failures.report(error, { path })
    if (res.headersSent) {
      // Half an answer must look like one.
      if (!res.writableEnded) res.destroy()
      return
    }
    sendErrorPage(context, req, res, 500).catch(() => res.destroy())
  } catch {
    res.destroy()
  }
}
