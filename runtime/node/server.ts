import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { IsrError } from '../errors.ts'

/** A server that accepts requests. */
export interface RunningServer {
  readonly port: number
  /**
   * Stops accepting, closes connections nobody waits on, and lets the others finish.
   *
   * @param graceMs after so many milliseconds, what still runs is cut off
   */
  close(graceMs: number): Promise<void>
}

/** Who may take how long. Milliseconds. */
export interface ServerLimits {
  readonly headersTimeout: number
  readonly requestTimeout: number
  readonly connectionsCheckingInterval: number
  readonly keepAliveTimeout: number
  readonly idleTimeout: number
}

const LIMITS: ServerLimits = {
  /** A visitor who drips headers. */
  headersTimeout: 10_000,
  /** A visitor who drips a body. */
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
  /** Longer than the 60 seconds after which load balancers drop idle connections, so that they close first. */
  keepAliveTimeout: 65_000,
  /** A connection on which nothing moves for so long is closed, unless a page or an API route is still working for it. */
  idleTimeout: 60_000,
}

/**
 * Opens a server with limits for slow and silent clients.
 *
 * @param options.port 0 lets the system choose
 * @param options.host undefined listens on all addresses
 * @throws `IsrError` `ISR_PORT` when the port is taken or not allowed
 */
export async function openServer(
  listener: RequestListener,
  options: { readonly port: number; readonly host: string | undefined; readonly limits?: ServerLimits },
): Promise<RunningServer> {
  const { limits = LIMITS } = options
  /** The answers that are on their way, by connection. */
  const connections = new Map<Socket, Set<ServerResponse>>()
  let isClosing = false

  const server = createServer({ ...limits }, (req, res) => {
    const { socket } = req
    const answers = connections.get(socket)
    answers?.add(res)
    if (isClosing) res.shouldKeepAlive = false
    res.once('close', () => {
      answers?.delete(res)
      if (isClosing && answers?.size === 0) socket.destroySoon()
    })
    listener(req, res)
  })
  server.on('connection', (socket) => {
    connections.set(socket, new Set())
    socket.once('close', () => connections.delete(socket))
  })
  server.setTimeout(limits.idleTimeout, (socket) => {
    const answers = connections.get(socket)
    // Nothing to read for the visitor yet is no fault of theirs; bytes that they do not take are.
    if (answers && answers.size > 0 && socket.writableLength === 0) socket.setTimeout(limits.idleTimeout)
    else socket.destroy()
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(toPortError(error, options.port, options.host)))
    server.listen(options.port, options.host, resolve)
  })
  // A connection that the system could not hand over, for want of memory say, is one visitor's loss and no reason to end.
  server.on('error', () => undefined)

  return {
    port: (server.address() as AddressInfo).port,
    close(graceMs) {
      isClosing = true
      return new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), graceMs)
        server.close(() => {
          clearTimeout(timer)
          resolve()
        })
        for (const [socket, answers] of connections) {
          if (answers.size === 0) socket.destroy()
          else for (const res of answers) if (!res.headersSent) res.shouldKeepAlive = false
        }
      })
    },
  }
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
