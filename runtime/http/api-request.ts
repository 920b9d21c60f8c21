import type { IncomingMessage } from 'node:http'
import { decode as decodeForm } from 'node:querystring'
import contentType from 'content-type'
import getRawBody from 'raw-body'
import { IsrError } from '../errors.ts'
import type { ApiConfig, ApiRequest, Params } from '../types.ts'
import type { BodyBudget } from './body-budget.ts'
import { formatByteSize, parseByteSize } from './byte-size.ts'
import { withCookies } from './cookies.ts'
import { parseQuery } from './query.ts'

/** A request that an API route must not see: its body is too large or broken. */
export class BodyError extends IsrError {
  readonly status: 400 | 413

  constructor(status: 400 | 413, message: string, cause?: unknown) {
    super(status === 413 ? 'ISR_BODY_TOO_LARGE' : 'ISR_BODY_INVALID', message, { cause })
    this.status = status
  }
}

/** Deeper JSON is nobody's data, and overflows the stack of whatever walks it. */
const MAX_DEPTH = 1000

/**
 * Makes Node's request what an API route expects: `query`, `cookies`, `body`, `draftMode`.
 *
 * @throws `BodyError` when the body is over its limit or not what its content type says
 */
export async function createApiRequest(
  req: IncomingMessage,
  details: {
    search: string
    params: Params
    draft: boolean
    config: ApiConfig['api']
    /** Longest body of a route that sets no limit of its own. */
    bodyBytes: number
    budget: BodyBudget
  },
): Promise<ApiRequest> {
  const request = withCookies(req) as ApiRequest
  // Frameworks that the handler may be mounted in have getters of these names on the prototype.
  define(request, 'query', parseQuery(details.search, details.params))
  if (details.draft) {
    define(request, 'draftMode', true)
    define(request, 'preview', true)
  }
  const { bodyParser = true } = details.config ?? {}
  if (bodyParser === false) define(request, 'body', undefined)
  // A framework in front may have parsed the body already; then the stream is empty.
  else if (request.body === undefined || !req.readableEnded) {
    const limit = typeof bodyParser === 'object' ? bodyParser.sizeLimit : undefined
    define(request, 'body', await readBody(req, limit ?? formatByteSize(details.bodyBytes), details.budget))
  }
  return request
}

function define(request: ApiRequest, name: string, value: unknown): void {
  Object.defineProperty(request, name, { value, configurable: true, enumerable: true, writable: true })
}

async function readBody(req: IncomingMessage, limit: number | string, budget: BodyBudget): Promise<unknown> {
  const bytes = parseByteSize(limit)
  if (bytes === undefined) {
    throw new IsrError(
      'ISR_OPTION',
      `config.api.bodyParser.sizeLimit is ${JSON.stringify(limit)}; write '1mb' or a number of bytes.`,
    )
  }
  const { type, parameters } = parseContentType(req.headers['content-type'])
  const text = await budget.hold(req, () => readText(req, parameters['charset'] ?? 'utf-8', bytes, limit))
  if (type === 'application/json' || type === 'application/ld+json') return parseJson(text)
  // Its objects have no prototype: a field may be called `__proto__`.
  if (type === 'application/x-www-form-urlencoded') return { ...decodeForm(text) }
  return text
}

function parseContentType(header: string | undefined): { type: string; parameters: Record<string, string> } {
  try {
    return contentType.parse(header ?? 'text/plain')
  } catch {
    return { type: 'text/plain', parameters: {} }
  }
}

async function readText(
  req: IncomingMessage,
  encoding: string,
  bytes: number,
  limit: number | string,
): Promise<string> {
  const tooLarge = (cause?: unknown) => new BodyError(413, `Body exceeded ${limit} limit`, cause)
  // Clients that announce it often wait for a word before they send it.
  if (Number(req.headers['content-length']) > bytes) throw tooLarge()
  try {
    return await getRawBody(req, { encoding, limit: bytes })
  } catch (error) {
    if ((error as { type?: unknown }).type === 'entity.too.large') throw tooLarge(error)
    throw new BodyError(400, 'Invalid body', error)
  }
}

function parseJson(text: string): unknown {
  if (text.length === 0) return {}
  if (isTooDeep(text)) throw new BodyError(400, 'Invalid JSON')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new BodyError(400, 'Invalid JSON', error)
  }
}

function isTooDeep(text: string): boolean {
  if (text.length <= MAX_DEPTH) return false
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (inString) {
      if (code === 92) index += 1
      else if (code === 34) inString = false
    } else if (code === 34) inString = true
    else if (code === 91 || code === 123) {
      depth += 1
      if (depth > MAX_DEPTH) return true
    } else if (code === 93 || code === 125) depth -= 1
  }
  return false
}
