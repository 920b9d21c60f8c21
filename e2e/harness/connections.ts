/** Keep-alive connections for floods: raw sockets, so that the client costs little of what is measured. Only to this machine. */
import { connect, type Socket } from 'node:net'
import type { Target } from './http.ts'

export interface Reply {
  readonly status: number
  /** The header `x-isr-cache`. */
  readonly cache: string | undefined
  readonly head: string
  readonly body: Buffer
  /** From the first byte that was sent to the last that came. */
  readonly tookMs: number
}

export interface Connections {
  /** A GET of exactly this target; waits for a free connection. Rejects when the connection breaks or nothing moves for a minute. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Reply>
  /** Opens them all, some at a time: the system refuses thousands at once. */
  open(): Promise<void>
  /** Answers that are not there yet. */
  pending(): number
  close(): void
}

interface Task {
  readonly bytes: string
  /** When it was sent. */
  begin: number
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
}

interface Line {
  readonly socket: Socket
  task: Task | undefined
  /** Of the answer that is coming. */
  chunks: Buffer[]
  length: number
  /** Bytes of the whole answer, once its head is there. */
  expected: number | undefined
  head: string
  headEnd: number
}

const OPENING_AT_A_TIME = 200
const SILENCE_MS = 60_000
/** Tasks that were sent are taken off the list so many at a time. */
const FORGET_AFTER = 1000

/** @param count how many connections, and so how many requests at a time */
export function createConnections(target: Target, count: number): Connections {
  const idle: Line[] = []
  const lines = new Set<Line>()
  const waiting: Task[] = []
  let first = 0
  let inFlight = 0

  function openLine(): Line {
    const socket = connect({ port: target.port, host: '127.0.0.1', noDelay: true })
    const line: Line = { socket, task: undefined, chunks: [], length: 0, expected: undefined, head: '', headEnd: 0 }
    lines.add(line)
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error(`nothing moved for ${SILENCE_MS} ms`)))
    socket.on('data', (chunk: Buffer) => {
      line.chunks.push(chunk)
      line.length += chunk.length
      readReply(line)
    })
    socket.on('error', (error) => end(line, error))
    socket.on('close', () => end(line, new Error('the connection was closed without an answer')))
    return line
  }

  function end(line: Line, error: Error): void {
    lines.delete(line)
    const at = idle.indexOf(line)
    if (at !== -1) idle.splice(at, 1)
    const { task } = line
    line.task = undefined
    if (task) {
      inFlight -= 1
      task.reject(error)
    }
    startNext()
  }

  function readReply(line: Line): void {
    const { task } = line
    if (!task) return
    if (line.expected === undefined && !readHead(line)) return
    if (line.length < line.expected!) return
    const received = line.chunks.length === 1 ? line.chunks[0]! : Buffer.concat(line.chunks)
    const { head, headEnd } = line
    Object.assign(line, { task: undefined, chunks: [], length: 0, expected: undefined })
    inFlight -= 1
    task.resolve({
      status: Number(head.slice(9, 12)),
      cache: /\r\nx-isr-cache: (\w+)/i.exec(head)?.[1],
      head,
      body: received.subarray(headEnd),
      tookMs: performance.now() - task.begin,
    })
    if (/\r\nconnection: close/i.test(head)) line.socket.destroy()
    else {
      idle.push(line)
      startNext()
    }
  }

  function readHead(line: Line): boolean {
    const received = Buffer.concat(line.chunks)
    line.chunks = [received]
    const end = received.indexOf('\r\n\r\n')
    if (end === -1) return false
    line.head = received.toString('latin1', 0, end)
    line.headEnd = end + 4
    const length = line.head.startsWith('304', 9) ? '0' : /\r\ncontent-length: (\d+)/i.exec(line.head)?.[1]
    if (length === undefined) line.socket.destroy(new Error(`an answer without a length: ${line.head}`))
    line.expected = line.headEnd + Number(length)
    return length !== undefined
  }

  function startNext(): void {
    while (first < waiting.length) {
      const line = idle.pop() ?? (lines.size < count ? openLine() : undefined)
      if (!line) return
      const task = waiting[first]!
      first += 1
      if (first === FORGET_AFTER) {
        waiting.splice(0, first)
        first = 0
      }
      line.task = task
      task.begin = performance.now()
      line.socket.write(task.bytes, 'latin1')
    }
  }

  return {
    get(path, headers = {}) {
      const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      const bytes = `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${fields.join('')}\r\n`
      inFlight += 1
      return new Promise((resolve, reject) => {
        waiting.push({ bytes, begin: 0, resolve, reject })
        startNext()
      })
    },

    async open() {
      while (lines.size < count) {
        const batch = Array.from({ length: Math.min(OPENING_AT_A_TIME, count - lines.size) }, openLine)
        await Promise.all(
          batch.map(async (line) => {
            await new Promise<void>((resolve, reject) => {
              line.socket.once('connect', resolve)
              line.socket.once('error', reject)
            })
            idle.push(line)
          }),
        )
      }
    },

    pending: () => inFlight,

    close() {
      for (const { socket } of lines) socket.destroy()
    },
  }
}
