// A program: opens so many connections, then asks for one page on all of them at once, and prints what came of it as one line of
// JSON. It reads the answers to their ends and looks into each for the time of its render.
import { connect, type Socket } from 'node:net'

interface Plan {
  readonly port: number
  readonly path: string
  readonly count: number
  /** Seconds after which a request counts as unanswered. */
  readonly patience: number
}

/** Faster than the queue of new connections takes them, some would have to try again a second later. */
const AT_A_TIME = 100
const RENDERED_AT = /data-rendered-at="(\d+)"/

const plan = JSON.parse(process.argv[2] ?? '') as Plan
const sockets: Socket[] = []
while (sockets.length < plan.count) {
  const missing = Math.min(AT_A_TIME, plan.count - sockets.length)
  sockets.push(...(await Promise.all(Array.from({ length: missing }, open))))
}

const text = `GET ${plan.path} HTTP/1.1\r\nHost: 127.0.0.1:${plan.port}\r\nConnection: close\r\n\r\n`
const begin = performance.now()
const answers = await Promise.all(sockets.map(ask))
const good = answers.filter(({ head }) => head.startsWith('HTTP/1.1 200'))
const times = good.map(({ time }) => time).toSorted((one, other) => one - other)
console.error(
  JSON.stringify({
    answered: good.length,
    first: times[0] ?? 0,
    last: times.at(-1) ?? 0,
    renders: new Set(good.map(({ renderedAt }) => renderedAt)).size,
  }),
)
process.exit()

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(plan.port, '127.0.0.1', () => resolve(socket))
    socket.once('error', reject)
  })
}

function ask(socket: Socket): Promise<{ head: string; renderedAt: string | undefined; time: number }> {
  return new Promise((resolve) => {
    let head = ''
    let renderedAt: string | undefined
    const done = () => resolve({ head, renderedAt, time: performance.now() - begin })
    socket.removeAllListeners('error')
    socket.on('data', (part: Buffer) => {
      if (renderedAt !== undefined) return
      head += part.toString('latin1')
      renderedAt = RENDERED_AT.exec(head)?.[1]
      if (renderedAt !== undefined) head = head.slice(0, 20)
    })
    socket.once('error', () => {
      head = ''
      done()
    })
    socket.once('end', done)
    socket.setTimeout(plan.patience * 1000, () => socket.destroy(new Error('no answer')))
    socket.write(text)
  })
}
