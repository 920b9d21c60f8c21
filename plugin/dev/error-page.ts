import type { IncomingMessage, ServerResponse } from 'node:http'
import { stripVTControlCharacters } from 'node:util'
import type { ErrorPayload } from 'vite'
import type { OverlayError } from './overlay.ts'

/** What an error page sends when it is connected: an edit in between found nobody to tell. */
export const ERROR_EVENT = 'isr:error-shown'

/** What comes with the event: the number of changes at the time of the error. */
export interface ErrorShown {
  readonly changes: number
}

/** An error in the form that Vite's overlay takes. */
export function toOverlayPayload(error: OverlayError): ErrorPayload['err'] {
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s*at /.test(line))
  return {
    message: stripVTControlCharacters(error.message),
    stack: stripVTControlCharacters(frames.join('\n')),
    ...(error.id !== undefined && { id: error.id }),
    ...(error.frame !== undefined && { frame: stripVTControlCharacters(error.frame) }),
    ...(error.plugin !== undefined && { plugin: error.plugin }),
    ...(error.loc !== undefined && { loc: { file: error.id ?? '', ...error.loc } }),
  }
}

/**
 * Answers a request for a page with its error: as text, so that curl and browsers without script show it too, below Vite's
 * overlay. Vite's client on the page loads it again as soon as the file is mended.
 *
 * @param options `form` is `data` for navigation data, whose reader wants the status only; `base` is Vite's
 */
export function sendError(
  req: IncomingMessage,
  res: ServerResponse,
  error: OverlayError,
  { form, base, changes }: ErrorShown & { form: 'html' | 'data'; base: string },
): void {
  const payload = toOverlayPayload(error)
  const text = [payload.message, payload.frame, payload.stack].filter(Boolean).join('\n\n')
  const body = form === 'data' ? text : toDocument(payload, text, { base, changes })
  res.statusCode = 500
  res.setHeader('Content-Type', `text/${form === 'data' ? 'plain' : 'html'}; charset=utf-8`)
  res.setHeader('Cache-Control', 'no-store')
  res.setHeader('X-Content-Type-Options', 'nosniff')
  res.setHeader('Content-Length', Buffer.byteLength(body))
  if (req.method === 'HEAD') res.end()
  else res.end(body)
}

function toDocument(
  payload: ErrorPayload['err'],
  text: string,
  { base, changes }: ErrorShown & { base: string },
): string {
  const client = toScriptValue(`${base}@vite/client`)
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>500: Internal Server Error</title>
    <script type="module">
      import * as vite from ${client}
      if (vite.ErrorOverlay) document.body.appendChild(new vite.ErrorOverlay(${toScriptValue(payload)}))
      vite.createHotContext(location.pathname).send(${toScriptValue(ERROR_EVENT)}, { changes: ${changes} })
    </script>
  </head>
  <body>
    <h1>500: Internal Server Error</h1>
    <pre>${escapeText(text)}</pre>
  </body>
</html>
`
}

/** A value as script text that can't end its element. */
function toScriptValue(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', String.raw`\u003c`)
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
