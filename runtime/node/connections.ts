import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** The connections of a server, and which of them has to go when there are too many. */
export interface Connections {
  readonly size: number
  /** Takes a connection in. When there are too many, the one that has been idle for longest makes room for it. */
  open(socket: Socket): void
  /** Says in an answer that is about to be made whether it is the last of its connection. */
  greet(res: ServerResponse): void
  /** Notes that a connection was used for a request that is answered already. */
  touch(socket: Socket): void
  /** Notes an answer that somebody waits for from now on, until it is sent or broken off. */
  track(socket: Socket, res: ServerResponse): void
  /** Whether too many requests wait already for one more of this connection, which then has to end. */
  isOver(socket: Socket): boolean
  /** What is to happen to a connection on which nothing has moved for a while: it goes, unless we are the slow side. */
  rest(socket: Socket): void
  /** No connection is kept open for a next request from now on. */
  retire(): void
  /** Closes those that nobody waits on. */
  closeIdle(): void
  closeAll(): void
}

/**
 * A client may send requests without waiting for their answers. From so many on its connection is no longer read, so that
 * it waits; what was read in one go may still be more, up to two and a half thousand of the shortest requests.
 */
const PIPELINED = 100
/**
 * Requests that wait behind another one of their connection, all together: each costs about 5 kB. The client that sends more
 * is cut off. Without this, some hundred connections that don't read their answers would use up the memory.
 */
const MAX_WAITING = 10_000

/** @param limits.idleTimeout milliseconds between two calls of `rest` for a connection that is worked for */
export function createConnections(limits: {
  readonly maxConnections: number
  readonly idleTimeout: number
}): Connections {
  /** The answers that are on their way, by connection. */
  const answers = new Map<Socket, Set<ServerResponse>>()
  /** Those on which nobody waits for an answer; the one that has been so for longest comes first. */
  const idle = new Set<Socket>()
  /** Those that are not read for now. */
  const full = new Set<Socket>()
  let waiting = 0
  const collected = new FinalizationRegistry<number>((count) => (waiting -= count))
  let isRetiring = false

  function makeRoom(): boolean {
    for (const socket of idle) {
      cut(socket)
      return true
    }
    return false
  }

  function cut(socket: Socket): void {
    forget(socket)
    socket.destroy()
  }

  function forget(socket: Socket): void {
    const pending = answers.get(socket)
    // They take up memory for as long as the first one, which may still be worked for, keeps their connection from being
    // collected. Node tells answers that have not got their turn nothing of its end.
    if (pending && pending.size > 1) collected.register(socket, pending.size - 1)
    answers.delete(socket)
    idle.delete(socket)
    full.delete(socket)
  }

  function finish(socket: Socket, pending: Set<ServerResponse>, res: ServerResponse): void {
    if (!answers.has(socket)) return
    pending.delete(res)
    if (pending.size > 0) waiting -= 1
    else idle.add(socket)
    if (pending.size < PIPELINED && full.delete(socket)) socket.resume()
    if (isRetiring && pending.size === 0) socket.destroySoon()
  }

  return {
    get size() {
      return answers.size
    },

    open(socket) {
      if (answers.size >= limits.maxConnections && !makeRoom()) {
        socket.destroy()
        return
      }
      answers.set(socket, new Set())
      idle.add(socket)
      socket.once('close', () => forget(socket))
      // Node goes on reading after each answer.
      socket.on('resume', () => full.has(socket) && socket.pause())
    },

    greet(res) {
      if (isRetiring) res.shouldKeepAlive = false
    },

    touch(socket) {
      // Put behind the others.
      if (idle.delete(socket)) idle.add(socket)
    },

    track(socket, res) {
      const pending = answers.get(socket)
      if (!pending) return
      pending.add(res)
      idle.delete(socket)
      res.once('close', () => finish(socket, pending, res))
      if (pending.size > 1) waiting += 1
      if (pending.size >= PIPELINED) {
        full.add(socket)
        socket.pause()
      }
    },

    isOver: (socket) => waiting >= MAX_WAITING && (answers.get(socket)?.size ?? 0) > 0,

    rest(socket) {
      // Nothing to read for the visitor yet is no fault of theirs; bytes that they do not take are. Where nothing is read from,
      // nobody would notice that they have gone.
      const isWaiting = (answers.get(socket)?.size ?? 0) > 0 && socket.writableLength === 0 && !full.has(socket)
      if (isWaiting) socket.setTimeout(limits.idleTimeout)
      else socket.destroy()
    },

    retire() {
      isRetiring = true
      for (const pending of answers.values()) {
        for (const res of pending) if (!res.headersSent) res.shouldKeepAlive = false
      }
    },

    closeIdle() {
      for (const socket of idle) socket.destroy()
    },

    closeAll() {
      for (const socket of answers.keys()) socket.destroy()
    },
  }
}
