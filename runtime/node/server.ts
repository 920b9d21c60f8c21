import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { Server as NetServer, type AddressInfo } from 'node:net'
import { IsrError } from '../errors.ts'
import { sendText } from '../http/reply.ts'
import { createConnections } from './connections.ts'
import { createExchange } from './exchange.ts'
import { readOpenFilesLimit, toMaxConnections } from './open-files.ts'

/** A server that accepts requests. */
export interface RunningServer {
  readonly port: number
  /**
   * Stops accepting, closes connections nobody waits on, and lets the others finish. A second call changes nothing and
   * resolves with the first.
   *
   * @param graceMs after so many milliseconds, what still runs is cut off
   */
  close(graceMs: number): Promise<void>
}

/** Who may take how long, in milliseconds, and how many there may be. */
export interface ServerLimits {
  readonly headersTimeout: number
  readonly requestTimeout: number
  readonly connectionsCheckingInterval: number
  readonly keepAliveTimeout: number
  readonly idleTimeout: number
  readonly maxConnections: number
}

const LIMITS: ServerLimits = {
  /** A visitor who drips headers, or connects and says nothing. */
  headersTimeout: 10_000,
  /** A visitor who drips a body. */
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
  /** Longer than the 60 seconds after which load balancers drop idle connections, so that they close first. */
  keepAliveTimeout: 65_000,
  /**
   * A connection on which nothing moves for so long is closed, unless a page or an API route is still working for it. Bytes
   * that were taken since the last look count as movement, so that who stops reading is closed after twice as long at most.
   */
  idleTimeout: 30_000,
  /** An idle one costs some kilobytes. Fewer where the system allows fewer open files. */
  maxConnections: 20_000,
}

/** Browsers send twenty. What is in them is limited to 16 kB by Node, which counts neither spaces nor line ends. */
const MAX_HEADERS = 1000

/**
 * Opens a server with limits for slow, silent and all too many clients.
 *
 * @param options.port 0 lets the system choose
 * @param options.host undefined listens on all addresses
 * @throws `IsrError` `ISR_PORT` when the port is taken or not allowed
 */
export async function openServer(
  listener: RequestListener,
  options: { readonly port: number; readonly host: string | undefined; readonly limits?: Partial<ServerLimits> },
): Promise<RunningServer> {
  const limits = { ...LIMITS, ...options.limits }
  const maxConnections = toMaxConnections(limits.maxConnections, readOpenFilesLimit())
  const connections = createConnections({ maxConnections, idleTimeout: limits.idleTimeout })

  const { headersTimeout, requestTimeout, connectionsCheckingInterval, keepAliveTimeout } = limits
  const { Request, Response, isSent } = createExchange({ isOver: connections.isOver, keepAliveTimeout })
  const server = createServer(
    {
      headersTimeout,
      requestTimeout,
      connectionsCheckingInterval,
      keepAliveTimeout,
      IncomingMessage: Request,
      ServerResponse: Response,
    },
    (req, res) => {
      const { socket } = req
      connections.greet(res)
      if (req.rawHeaders.length > 2 * MAX_HEADERS) refuseHeaders(req, res)
      else listener(req, res)
      if (isSent(res)) connections.touch(socket)
      else connections.track(socket, res)
    },
  )
  // Node drops those beyond without a word, and what a proxy adds comes last: one more than is allowed shows that it did.
  server.maxHeadersCount = MAX_HEADERS + 1
  server.on('connection', connections.open)
  server.setTimeout(limits.idleTimeout, connections.rest)

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(toPortError(error, options.port, options.host)))
    server.listen(options.port, options.host, resolve)
  })
  // A connection that the system could not hand over, for want of memory say, is one visitor's loss and no reason to end.
  server.on('error', () => undefined)

  async function shutDown(graceMs: number): Promise<void> {
    connections.retire()
    // What has reached this machine already is read before connections count as idle.
    await new Promise((resolve) => setImmediate(resolve))
    // The HTTP server's own close would also end connections with an answer that is written but not read to its end.
    const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()))
    connections.closeIdle()
    const timer = setTimeout(connections.closeAll, graceMs)
    await closed
    clearTimeout(timer)
    // Ends its checks for slow clients, which were still wanted until now.
    server.close()
  }

  let closing: Promise<void> | undefined
  return {
    port: (server.address() as AddressInfo).port,
    close: (graceMs) => (closing ??= shutDown(graceMs)),
  }
}

function refuseHeaders(req: IncomingMessage, res: ServerResponse): void {
  sendText(req, res, 431, 'Request Header Fields Too Large', ['Connection', 'close'])
}

function toPortError(error: NodeJS.ErrnoException, port: number, host: string | undefined): IsrError {
  const place = host === undefined ? `port ${port}` : `${host}:${port}`
  switch (error.code) {
    case 'EADDRINUSE':
      return new IsrError(
        'ISR_PORT',
        `Cannot listen on ${place}: something else does already. Choose another with PORT or --port.`,
      )
    case 'EACCES':
      return new IsrError(
        'ISR_PORT',
        `Cannot listen on ${place}: ports below 1024 need more rights. Choose another with PORT or --port.`,
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new IsrError(
        'ISR_PORT',
        `Cannot listen on ${place}: this machine has no such address. Choose another with HOST or --host.`,
      )
    default:
      return new IsrError('ISR_PORT', `Cannot listen on ${place}: ${error.message}`, { cause: error })
  }
}
