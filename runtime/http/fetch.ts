import { Agent, createServer, request as sendRequest, type IncomingMessage, type RequestListener } from 'node:http'
import { duplexPair, Readable, type Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** The handler in the form of the fetch standard. */
export interface FetchAdapter {
  fetch(request: Request): Promise<Response>
  close(): void
}

/** Statuses whose answers have no body, not even an empty one (fetch standard). */
const BODILESS = new Set([204, 205, 304])

/** They belong to the connection in between, which is none. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade'])

/**
 * Serves fetch-standard requests through a Node handler: over a pair of streams in memory, with Node's own HTTP on both
 * ends. That costs a tenth of a millisecond, and everything a handler may do to a request or a response works, because they
 * are the real ones.
 */
export function createFetchAdapter(listener: RequestListener): FetchAdapter {
  const server = createServer(listener)
  const agent = new Agent({ keepAlive: true })
  agent.createConnection = () => connect((side) => server.emit('connection', side))

  return {
    async fetch(request) {
      const url = new URL(request.url)
      const headers = Object.fromEntries([...request.headers].filter(([name]) => !HOP_BY_HOP.has(name)))
      headers['host'] ??= url.host
      const outgoing = sendRequest({
        agent,
        method: request.method,
        path: url.pathname + url.search,
        headers,
        signal: request.signal,
      })
      const answered = new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.once('response', resolve)
        outgoing.once('error', reject)
      })
      if (request.body) {
        // An answer may come before the body is read, and the rest is then refused; the answer is what counts.
        pipeline(Readable.fromWeb(request.body as Parameters<typeof Readable.fromWeb>[0]), outgoing).catch(
          () => undefined,
        )
      } else outgoing.end()
      return toResponse(await answered, request.method)
    },

    close() {
      agent.destroy()
    },
  }
}

/** Two ends of a connection that end and break together. */
function connect(accept: (side: Duplex) => void): Duplex {
  const [near, far] = duplexPair()
  near.once('close', () => far.destroy())
  far.once('close', () => near.destroy())
  near.on('error', () => undefined)
  far.on('error', () => undefined)
  accept(far)
  return near
}

function toResponse(incoming: IncomingMessage, method: string): Response {
  const status = incoming.statusCode ?? 500
  const headers = new Headers()
  const { rawHeaders } = incoming
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!
    // One by one: there may be several cookies.
    if (!HOP_BY_HOP.has(name.toLowerCase())) headers.append(name, rawHeaders[index + 1]!)
  }
  const hasBody = method !== 'HEAD' && !BODILESS.has(status)
  if (!hasBody) incoming.resume()
  const body = hasBody ? (Readable.toWeb(incoming) as ReadableStream<Uint8Array>) : null
  return new Response(body, { status, statusText: incoming.statusMessage ?? '', headers })
}
