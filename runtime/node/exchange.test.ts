import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createHead, sendUnchanged, sendWhole, type WholeResponse } from '../http/reply.ts'
import { openServer, type RunningServer, type ServerLimits } from './server.ts'
import { keepSockets } from './testing/sockets.ts'

const HOST = '127.0.0.1'
const BODY = Buffer.from('<p>whole</p>')
const BIG = Buffer.alloc(16 * 1024 ** 2, 'x')
const WHOLE = createHead(['Content-Type', 'text/html'])
const UNCHANGED = createHead(['Vary', 'Accept-Encoding'])
const ETAG = '"a"'

let server: RunningServer | undefined
let plain: Server | undefined
afterEach(async () => {
  vi.useRealTimers()
  await server?.close(0)
  plain?.close()
  plain?.closeAllConnections()
  server = plain = undefined
  connections.clear()
})
// Registered last, so they are gone before the server ends.
const open = keepSockets()

/** How many answers took the short way. */
let short = 0
/** The server's ends of the connections. */
const connections = new Set<Socket>()

const listener: RequestListener = (req, res) => {
  connections.add(req.socket)
  const given = (res as Partial<WholeResponse>).sendWhole
  if (given) {
    ;(res as ServerResponse & WholeResponse).sendWhole = function sendWhole(...args) {
      const isSent = given.apply(this, args)
      if (isSent) short += 1
      return isSent
    }
  }
  if (req.url === '/slow') return void setImmediate(() => res.end('slow'))
  if (req.url === '/header') res.setHeader('X-Middleware', 'yes')
  if (req.url === '/unchanged') sendUnchanged(req, res, UNCHANGED, ETAG)
  else sendWhole(req, res, WHOLE, ETAG, req.url === '/large' ? BIG : BODY)
}

async function start(limits: Partial<ServerLimits> = {}): Promise<number> {
  short = 0
  server = await openServer(listener, { port: 0, host: HOST, limits })
  return server.port
}

/** Sends bytes, and reads what comes until `count` answers are there or the connection ends. */
async function exchange(port: number, text: string, count: number): Promise<string> {
  const socket = await open(port)
  let answer = ''
  const done = new Promise<void>((resolve) => {
    socket.on('close', () => resolve())
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1')
      const heads = answer.split('HTTP/1.1 ').length - 1
      if (heads === count && /(?:whole<\/p>|slow|\r\n\r\n)$/.test(answer)) setImmediate(resolve)
    })
  })
  socket.write(text)
  await done
  return answer.replaceAll(/Date: .*GMT/g, 'Date: now')
}

const get = (path: string, extra = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${extra}\r\n`

describe('an answer that is sent whole', () => {
  it.each([
    ['GET', get('/'), 1],
    ['304', get('/unchanged'), 1],
    ['HEAD', get('/').replace('GET', 'HEAD'), 1],
    ['one after the other', get('/') + get('/unchanged') + get('/'), 3],
    ['a body that nobody reads', `${get('/', 'Content-Length: 5\r\n')}01234${get('/')}`, 2],
    ['a large body that nobody reads', `${get('/', 'Content-Length: 300000\r\n')}${'0'.repeat(300_000)}${get('/')}`, 2],
    [
      'many chunks that nobody reads',
      `${get('/', 'Transfer-Encoding: chunked\r\n')}${`2710\r\n${'0'.repeat(10_000)}\r\n`.repeat(30)}0\r\n\r\n${get('/')}`,
      2,
    ],
    ['a body in chunks', `${get('/', 'Transfer-Encoding: chunked\r\n')}5\r\n01234\r\n0\r\n\r\n${get('/')}`, 2],
    ['100-continue', get('/', 'Expect: 100-continue\r\nContent-Length: 1\r\n') + `x${get('/')}`, 3],
    ['another protocol', get('/', 'Connection: upgrade\r\nUpgrade: websocket\r\n'), 1],
  ])('P2 %s: is to the byte what Node writes', async (_name, text, count) => {
    const port = await start()
    plain = createServer({ keepAliveTimeout: 65_000 }, listener).listen(0, HOST)
    await once(plain, 'listening')
    const expected = await exchange((plain.address() as AddressInfo).port, text, count)
    const heads = expected.match(/HTTP\/1\.1 (?!100)/g)
    expect(heads).not.toBeNull()
    expect(await exchange(port, text, count)).toBe(expected)
    expect(short).toBe(heads!.length)
  })

  it.each([
    ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n'],
    ['HTTP/1.0 that wants to stay', 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'],
    ['the last of its connection', get('/', 'Connection: close\r\n')],
    ['a header of somebody else', get('/header')],
  ])('%s takes the long way, to the same bytes', async (_name, text) => {
    const port = await start()
    plain = createServer({ keepAliveTimeout: 65_000 }, listener).listen(0, HOST)
    await once(plain, 'listening')
    const expected = await exchange((plain.address() as AddressInfo).port, text, 1)
    expect(expected).toContain('whole')
    expect(await exchange(port, text, 1)).toBe(expected)
    expect(short).toBe(0)
  })

  it('the date is that of its second, also when the clock is set back', async () => {
    const port = await start()
    const dates: unknown[] = []
    for (const second of [10, 10.5, 11, 75, 12]) {
      vi.useFakeTimers({ toFake: ['Date'], now: second * 1000 })
      const socket = await open(port)
      socket.write(get('/'))
      const [head] = (await once(socket, 'data')) as [Buffer]
      dates.push(/Date: (.*)\r/.exec(head.toString())?.[1])
    }
    expect(short).toBe(5)
    expect(dates).toEqual([10, 10, 11, 75, 12].map((second) => new Date(second * 1000).toUTCString()))
  })

  it('P2 waits for its turn behind an answer that takes longer', async () => {
    const text = await exchange(await start(), get('/slow') + get('/') + get('/slow') + get('/'), 4)
    expect(text.match(/slow|whole/g)).toEqual(['slow', 'whole', 'slow', 'whole'])
  })

  it('P2 is complete for who reads slowly, and so is the one behind it', async () => {
    const socket = await open(await start())
    socket.write(get('/large') + get('/'))
    await once(socket, 'readable')
    let size = 0
    let end = ''
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      size += chunk.length
      end = (end + chunk.toString('latin1')).slice(-1000)
      if (end.endsWith('whole</p>')) break
    }
    expect(size).toBeGreaterThan(BIG.length)
    // The one behind had to wait for its turn.
    expect(short).toBe(1)
  })

  it('REL-53 P2 is finished before a shutdown ends its connection', async () => {
    const socket = await open(await start())
    socket.write(get('/large'))
    await once(socket, 'readable')
    const closed = server!.close(60_000)
    let size = 0
    for await (const chunk of socket as AsyncIterable<Buffer>) size += chunk.length
    expect(size).toBeGreaterThan(BIG.length)
    await closed
  })

  it('SEC-108 REL-56 P7 who does not read it is let go', async () => {
    const port = await start({ connectionsCheckingInterval: 20, idleTimeout: 150 })
    const socket = await open(port)
    socket.pause()
    socket.write(get('/large'))
    await once(socket, 'readable')
    const [connection] = connections
    if (!connection!.destroyed) await once(connection!, 'close')
    let size = 0
    for await (const chunk of socket as AsyncIterable<Buffer>) size += chunk.length
    expect(size).toBeLessThan(BIG.length)
  })

  it('SEC-107 P7 counts as a use of its connection: another one makes room', async () => {
    const port = await start({ maxConnections: 2 })
    const older = await open(port)
    const younger = await open(port)
    older.write(get('/'))
    await once(older, 'data')
    const gone = once(younger, 'close')
    const third = await open(port)
    third.write(get('/'))
    await Promise.all([gone, once(third, 'data')])
    older.write(get('/'))
    await once(older, 'data')
    expect(short).toBe(3)
  })

  it('P8 of a Node that did not tidy up at `finish` only the first would go the short way', async () => {
    short = 0
    server = await openServer(
      (req, res) => {
        // As if nobody heard of it.
        if (req.url === '/deaf') res.removeAllListeners('finish')
        listener(req, res)
      },
      { port: 0, host: HOST },
    )
    expect(await exchange(server.port, get('/deaf') + get('/'), 2)).toMatch(/whole<\/p>$/)
    expect(await exchange(server.port, get('/'), 1)).toContain('whole')
    expect(short).toBe(1)
  })
})
