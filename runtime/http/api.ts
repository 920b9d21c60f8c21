import type { IncomingMessage, ServerResponse } from 'node:http'
import { finished } from 'node:stream'
import type { ApiConfig, ApiModule, ManifestRoute, Params } from '../types.ts'
import { isIsrError } from '../errors.ts'
import type { BodyError } from './api-request.ts'
import { createApiResponse, watchResponseSize, type Revalidate } from './api-response.ts'
import { NO_STORE } from './cache-control.ts'
import type { HttpContext } from './context.ts'
import { importModule } from './own-module.ts'
import { dropFraming, sendText, toTextHeaders } from './reply.ts'

/** Answers through an API route: Node's request and response, with what Next.js adds to them. */
export async function answerApi(
  context: HttpContext,
  revalidate: Revalidate,
  req: IncomingMessage,
  res: ServerResponse,
  match: { readonly route: ManifestRoute; readonly params: Params },
  search: string,
): Promise<void> {
  const { route, params } = match
  const place = { page: route.file, path: route.pattern }
  // A handler may write after it has answered; without a listener that would end the process.
  res.on('error', (error) => context.failures.report(error, place))
  try {
    const module = (await importModule(context, route)) as ApiModule
    const config = module.config?.api
    // Its parsers bring half a megabyte of character tables, which a server that only serves pages never loads.
    const { createApiRequest } = await import('./api-request.ts')
    const draft = context.draft.isOn(req)
    const { bodyBytes } = context.manifest.settings.api
    const request = await createApiRequest(req, {
      search,
      params,
      draft,
      config,
      bodyBytes,
      budget: context.bodyBudget,
    })
    const response = createApiResponse(res, {
      revalidate,
      setDraftMode(enable) {
        context.draft.set(res, enable)
        // A cache that kept the answer would hand the cookie to everybody.
        if (!res.hasHeader('cache-control')) res.setHeader('Cache-Control', NO_STORE)
      },
    })
    // What a draft cookie touched is nobody else's; a handler that knows better sets its own.
    if (draft) res.setHeader('Cache-Control', NO_STORE)
    watchResponseSize(res, config?.responseLimit, (limit) => {
      context.failures.refuse(
        `API response of ${route.pattern} exceeds ${limit}`,
        'API routes are meant to respond quickly (config.api.responseLimit).',
      )
    })
    await callHandler(context, module, request, response, route, config)
  } catch (error) {
    if (isBodyError(error)) return refuseBody(req, res, error)
    if (isIsrError(error, 'ISR_OVERLOADED')) throw error
    context.failures.report(error, place)
    // Half an answer must look like one: the connection is broken, not ended.
    if (res.headersSent) res.destroy()
    else sendText(req, res, 500, 'Internal Server Error')
  }
}

async function callHandler(
  context: HttpContext,
  module: ApiModule,
  request: Parameters<ApiModule['default']>[0],
  response: Parameters<ApiModule['default']>[1],
  route: ManifestRoute,
  config: ApiConfig['api'],
): Promise<void> {
  if (typeof module.default !== 'function') {
    throw new TypeError(`${route.file} has no default export that is a function`)
  }
  let isPiped = false
  response.once('pipe', () => (isPiped = true))
  const result: unknown = await module.default(request, response)
  if (result instanceof Response && !response.headersSent) {
    throw new TypeError(
      `${route.file} returned a Response, which is not sent: answer through the second argument, as in res.json(value)`,
    )
  }
  if (!context.development || config?.externalResolver) return
  if (isPiped || response.writableEnded || response.headersSent || response.destroyed) return
  context.log.warn(
    `[vite-plugin-isr] API resolved without sending a response for ${route.pattern} (${route.file}), this may result in ` +
      'stalled requests. Answer before the handler returns, or set config.api.externalResolver.',
  )
}

function isBodyError(error: unknown): error is BodyError {
  return isIsrError(error, 'ISR_BODY_TOO_LARGE') || isIsrError(error, 'ISR_BODY_INVALID')
}

function refuseBody(req: IncomingMessage, res: ServerResponse, { status, message }: BodyError): void {
  if (res.headersSent || res.destroyed) return
  dropFraming(res)
  res.statusMessage = message
  res.writeHead(status, [...toTextHeaders(message), 'Cache-Control', NO_STORE])
  res.write(message)
  // The answer is whole for whoever reads it, but ends with the body: a connection that is closed while more comes is reset,
  // and the answer lost with it. The rest is thrown away as it comes.
  finished(req, () => res.end())
  req.resume()
}
