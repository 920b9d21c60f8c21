import { createServer, request as sendRequest } from 'node:http'
import type { ClientRequest, IncomingMessage, RequestListener } from 'node:http'
import { duplexPair, Readable, type Duplex } from 'node:stream'
import { NO_STORE } from './cache-control.ts'

/** The handler in the form of the fetch standard. */
export interface FetchAdapter {
  fetch(request: Request): Promise<Response>
  close(): void
}

/** Statuses whose answers have no body, not even an empty one (fetch standard). */
const BODILESS = new Set([204, 205, 304])

/** They belong to the connection in between, which is none. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'])

/**
 * Serves fetch-standard requests through a Node handler: over a pair of streams in memory, with Node's own HTTP on both
 * ends. That costs a tenth of a millisecond, and everything a handler may do to a request or a response works, because they
 * are the real ones.
 */
export function createFetchAdapter(listener: RequestListener): FetchAdapter {
  const server = createServer(listener)
  const open = new Set<Duplex>()

  function connect(): Duplex {
    const [near, far] = createConnection()
    open.add(near)
    near.once('close', () => open.delete(near))
    server.emit('connection', far)
    return near
  }

  return {
    async fetch(request) {
      const url = new URL(request.url)
      const headers = Object.fromEntries([...request.headers].filter(([name]) => !HOP_BY_HOP.has(name)))
      headers['host'] ??= url.host
      const announced = headers['content-length']
      // Of a GET the standard's Request leaves the body away, but not the header.
      if (request.method === 'GET' || request.method === 'HEAD') delete headers['content-length']
      else if (announced !== undefined && !/^\d{1,15}$/.test(announced)) return refuse()
      else if (announced === undefined && request.body) headers['transfer-encoding'] = 'chunked'
      const length = headers['content-length'] === undefined ? undefined : Number(announced)
      const outgoing = sendRequest({
        createConnection: connect,
        method: request.method,
        path: url.pathname + url.search,
        headers,
        signal: request.signal,
      })
      const answered = new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.once('response', resolve)
        outgoing.once('error', reject)
      })
      sendBody(request.body, outgoing, length).catch((error: unknown) => outgoing.destroy(error as Error))
      try {
        return toResponse(await answered, request.method)
      } catch (error) {
        if (error instanceof LengthError) return refuse()
        throw error
      }
    },

    close() {
      for (const connection of open) connection.destroy()
    },
  }
}

/** A body that is not of the length that its header says. */
class LengthError extends Error {}

function refuse(): Response {
  const headers = { 'Cache-Control': NO_STORE, 'X-Content-Type-Options': 'nosniff' }
  return new Response('Bad Request', { status: 400, headers })
}

/**
 * Sends a request with its body, which must be of the length that was announced: the handler would wait for ever for what is
 * missing, and take what is too much for another request. An answer may come before it is read, and the rest is then left: cancelling it would be right, but
 * Node's own streams throw where nobody can catch it when they are cancelled in the middle of a read.
 */
async function sendBody(
  body: ReadableStream<Uint8Array> | null,
  outgoing: ClientRequest,
  length: number | undefined,
): Promise<void> {
  if (!body) {
    if (length) throw new LengthError()
    outgoing.end()
    return
  }
  const reader = body.getReader()
  const closed = new Promise<void>((resolve) => void outgoing.once('close', resolve))
  let sent = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (outgoing.destroyed) return
    if (done) break
    sent += value.byteLength
    if (length !== undefined && sent > length) throw new LengthError()
    if (outgoing.write(value)) continue
    const drained = new Promise<void>((resolve) => void outgoing.once('drain', resolve))
    await Promise.race([drained, closed])
  }
  if (length !== undefined && sent < length) throw new LengthError()
  outgoing.end()
}

/** Two ends of a connection that end and break together. */
function createConnection(): [near: Duplex, far: Duplex] {
  const [near, far] = duplexPair()
  near.once('close', () => far.destroy())
  far.once('close', () => near.destroy())
  for (const side of [near, far]) {
    side.on('error', () => undefined)
    // Handlers that know sockets may ask these of one.
    const ignore = () => side
    Object.assign(side, { setTimeout: ignore, setNoDelay: ignore, setKeepAlive: ignore, ref: ignore, unref: ignore })
  }
  return [near, far]
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
