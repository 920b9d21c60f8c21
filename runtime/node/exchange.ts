import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { WholeResponse } from '../http/reply.ts'

const STATUS_LINES = { 200: 'HTTP/1.1 200 OK\r\n', 304: 'HTTP/1.1 304 Not Modified\r\n' } as const

export interface ExchangeOptions {
  /** Whether too many requests wait already for one more of this connection, which then has to end. */
  readonly isOver: (socket: Socket) => boolean
  /** Milliseconds that clients are told an idle connection stays open for. */
  readonly keepAliveTimeout: number
}

/** What a server makes its requests and answers of. */
export interface Exchange {
  readonly Request: typeof IncomingMessage
  readonly Response: typeof ServerResponse
  /** Whether an answer was sent whole and nothing of it is left to do. */
  isSent(res: ServerResponse): boolean
}

/**
 * Node makes a stream of each request and of each answer, which is most of what a cached page costs. An answer that is there
 * as a whole needs neither: it is written to the connection, and `finish` has Node tidy up and go on to the next request.
 */
export function createExchange({ isOver, keepAliveTimeout }: ExchangeOptions): Exchange {
  const toHeadEnd = createHeadEnd(keepAliveTimeout)
  /** Should some Node not tidy up at `finish`, its first such answer shows it, and all others take the long way. */
  let isTidied = true

  class Request extends IncomingMessage {
    declare isUpgrade: boolean
    /** It has no body, and its answer is written: nobody is going to read from it. */
    isSpent = false

    /**
     * Node reads 64 kB at a time and makes a request of each of the thousands that may be in there, even of a connection
     * that the first of them ended; some hundred such connections would use up the memory. What makes it stop in between is
     * a request that is to become another protocol: of one that is too much we say that it is.
     */
    get upgrade(): boolean {
      if (this.isUpgrade || !isOver(this.socket)) return this.isUpgrade
      this.socket.destroy()
      return true
    }

    set upgrade(value: boolean) {
      this.isUpgrade = value
    }

    /** Node reads to its end what nobody has read: several turns of the event loop, for nothing. */
    override resume(): this {
      return this.isSpent ? this : super.resume()
    }

    /** When a visitor leaves, each of their requests gets an error whose stack says nothing and, with source maps, costs much. */
    override destroy(error?: NodeJS.ErrnoException): this {
      if (error?.code === 'ECONNRESET') error.stack = String(error)
      return super.destroy(error)
    }
  }

  class Response extends ServerResponse implements WholeResponse {
    isWhole = false

    sendWhole(status: 200 | 304, lines: string, body: Uint8Array | undefined): boolean {
      const { socket, req } = this
      // Without a connection it is still another answer's turn.
      if (!isTidied || !socket || !this.shouldKeepAlive || req.httpVersion !== '1.1' || this.headersSent) return false
      this.isWhole = true
      this.statusCode = status
      const { headers } = req
      ;(req as Request).isSpent = headers['content-length'] === undefined && headers['transfer-encoding'] === undefined
      socket.cork()
      socket.write(`${STATUS_LINES[status]}${lines}${toHeadEnd()}`, 'latin1')
      if (body) socket.write(body)
      socket.uncork()
      // A client that is slow to take it keeps its connection busy, and the end of the connection is that of the answer.
      if (socket.writableLength > 0) socket.write('', (error) => error ?? this.tidy(socket))
      else this.tidy(socket)
      return true
    }

    private tidy(socket: Socket): void {
      if (socket.destroyed) return
      this.emit('finish')
      if (this.socket === null) return
      isTidied = false
      socket.destroySoon()
    }
  }

  replaceGetter(Request, 'readableEnded', (request) => request.isSpent)
  replaceGetter(Response, 'headersSent', (response) => response.isWhole)
  replaceGetter(Response, 'writableEnded', (response) => response.isWhole)
  return {
    Request,
    Response: Response as typeof ServerResponse,
    isSent: (res) => (res as Response).isWhole && res.socket === null,
  }
}

/** What every head ends with, as Node writes it; the same text for as long as the second is the same. */
function createHeadEnd(keepAliveTimeout: number): () => string {
  const ends = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveTimeout / 1000)}\r\n\r\n`
  let second = -1
  let text = ''
  return function toHeadEnd() {
    const now = Date.now()
    if (now - second >= 1000 || now < second) {
      second = now - (now % 1000)
      text = `Date: ${new Date(now).toUTCString()}\r\n${ends}`
    }
    return text
  }
}

/** Says yes where our class knows more than Node's. Its types have fields there, which no accessor may take the place of. */
function replaceGetter<T extends object>(
  type: { readonly prototype: T },
  name: keyof T & string,
  isTrue: (object: T) => boolean,
): void {
  const { get } = findProperty(type.prototype, name)
  Object.defineProperty(type.prototype, name, {
    configurable: true,
    get(this: T) {
      return isTrue(this) || get?.call(this)
    },
  })
}

function findProperty(object: object, name: string): PropertyDescriptor {
  for (let at: object | null = object; at; at = Object.getPrototypeOf(at) as object | null) {
    const property = Object.getOwnPropertyDescriptor(at, name)
    if (property) return property
  }
  return {}
}
