// A program: opens so many connections, then asks for one page on all of them at once, and prints what came of it as one line of
// JSON. It reads the answers to their ends and keeps nothing of them, so that it is seldom slower than who answers.
import { connect, type Socket } from 'node:net'

interface Plan {
  readonly port: number
  readonly path: string
  readonly count: number
  /** Seconds for all connections, and again for all answers; what is not there by then counts as unanswered. */
  readonly patience: number
}

interface Visitor {
  readonly socket: Socket
  /** Bytes that are missing; undefined until the head has said how many there are. */
  missing: number | undefined
  isGood: boolean
  /** When the answer was there as a whole. */
  time: number | undefined
}

/** Faster than the queue of new connections takes them, some would have to try again a second later. */
const AT_A_TIME = 100
const LENGTH = /\r\ncontent-length: *(\d+)/i
const LAST_CHUNK = '0\r\n\r\n'

const plan = JSON.parse(process.argv[2] ?? '') as Plan
/** Of all connections: what is in it is looked at before the next one reads. */
const buffer = Buffer.allocUnsafe(2 ** 16)
const visitors: Visitor[] = []
let open = 0
let done = 0
let finish = (): void => {}

const connected = performance.now() + plan.patience * 1000
while (open < plan.count && performance.now() < connected) {
  await new Promise<void>((resolve) => {
    finish = resolve
    const wanted = Math.min(plan.count, visitors.length + AT_A_TIME)
    while (visitors.length < wanted) visitors.push(createVisitor())
    setTimeout(resolve, Math.max(0, connected - performance.now())).unref()
  })
}

const begin = performance.now()
await new Promise<void>((resolve) => {
  finish = resolve
  const text = `GET ${plan.path} HTTP/1.1\r\nHost: 127.0.0.1:${plan.port}\r\n\r\n`
  for (const { socket } of visitors) socket.write(text)
  setTimeout(resolve, plan.patience * 1000)
})
const times = visitors
  .flatMap(({ isGood, time }) => (isGood && time !== undefined ? [time - begin] : []))
  .toSorted((one, other) => one - other)
console.error(JSON.stringify({ answered: times.length, first: times[0] ?? 0, last: times.at(-1) ?? 0 }))
process.exit()

function createVisitor(): Visitor {
  const onread = { buffer, callback: (length: number) => read(visitor, length) }
  const visitor: Visitor = {
    socket: connect({ port: plan.port, host: '127.0.0.1', onread }, () => {
      open += 1
      if (open === visitors.length) finish()
    }),
    missing: undefined,
    isGood: false,
    time: undefined,
  }
  visitor.socket.on('error', () => end(visitor, false))
  visitor.socket.on('close', () => end(visitor, false))
  return visitor
}

function read(visitor: Visitor, length: number): boolean {
  let bytes = length
  if (visitor.missing === undefined) {
    const text = buffer.toString('latin1', 0, Math.min(length, 2048))
    const headEnd = text.indexOf('\r\n\r\n') + 4
    visitor.isGood = text.startsWith('HTTP/1.1 200') && headEnd > 3
    visitor.missing = Number(LENGTH.exec(text.slice(0, headEnd))?.[1] ?? Infinity)
    bytes -= headEnd
  }
  visitor.missing -= bytes
  const isChunked = visitor.missing === Infinity
  if (isChunked ? buffer.toString('latin1', length - LAST_CHUNK.length, length) === LAST_CHUNK : visitor.missing <= 0) {
    end(visitor, visitor.isGood)
  }
  return true
}

function end(visitor: Visitor, isGood: boolean): void {
  if (visitor.time !== undefined) return
  visitor.isGood = isGood
  visitor.time = performance.now()
  done += 1
  if (done === visitors.length) finish()
}
