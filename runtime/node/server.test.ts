import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { isIsrError } from '../errors.ts'
import { ask } from '../http/testing/client.ts'
import { parsePort } from './port.ts'
import { openServer, type RunningServer } from './server.ts'
import { keepSockets } from './testing/sockets.ts'

const HOST = '127.0.0.1'

let server: RunningServer | undefined
afterEach(async () => {
  await server?.close(0)
  server = undefined
})
// Registered last, so they are gone before the server ends.
const open = keepSockets()

function readAll(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.once('close', () => resolve(text))
  })
}

describe('errors', () => {
  it('P8 connections that the system refuses to hand over do not end the process', async () => {
    let listening: { emit(name: string, error: Error): boolean } | undefined
    server = await openServer(
      (req, res) => {
        // Node keeps the server of a connection there, without saying so in its types.
        listening = (req.socket as unknown as { server: typeof listening }).server
        res.end('fine')
      },
      { port: 0, host: HOST },
    )
    await ask(server.port, '/')
    for (let count = 0; count < 3; count += 1) listening!.emit('error', new Error('accept ENOBUFS'))
    expect((await ask(server.port, '/')).text).toBe('fine')
  })
})

describe('shutdown', () => {
  it('REL-53 R09 finishes answers that are on their way, closes all other connections at once', async () => {
    let answer: ServerResponse | undefined
    let onRequest = (): void => undefined
    const requested = new Promise<void>((resolve) => (onRequest = resolve))
    server = await openServer(
      (req, res) => {
        if (req.url === '/quick') return void res.end('quick')
        answer = res
        onRequest()
      },
      { port: 0, host: HOST },
    )
    const silent = await open(server.port)
    const idle = await open(server.port)
    idle.write('GET /quick HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(idle, 'data')
    const busy = await open(server.port)
    const text = readAll(busy)
    busy.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
    await requested

    const others = Promise.all([once(silent, 'close'), once(idle, 'close')])
    const closed = server.close(60_000)
    await others
    const { port } = server
    await expect(ask(port, '/quick')).rejects.toThrow(/ECONNREFUSED/)
    answer!.end('whole')
    expect(await text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close[\s\S]*whole/)
    await closed
  })

  it('REL-53 an answer that had begun is finished, and its connection closed', async () => {
    let answer: ServerResponse | undefined
    server = await openServer(
      (_req, res) => {
        answer = res
        res.writeHead(200, { 'Content-Length': '10' })
        res.write('01234')
      },
      { port: 0, host: HOST },
    )
    const busy = await open(server.port)
    const text = readAll(busy)
    busy.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(busy, 'data')
    const closed = server.close(60_000)
    answer!.end('56789')
    expect(await text).toMatch(/0123456789$/)
    await closed
  })

  it('REL-53 P2 an answer that is written but not read yet is read to its end', async () => {
    const big = Buffer.alloc(32 * 1024 ** 2, 'x')
    server = await openServer((_req, res) => void res.end(big), { port: 0, host: HOST })
    const slow = await open(server.port)
    slow.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(slow, 'readable')
    const closed = server.close(60_000)
    await expect.poll(() => ask(server!.port, '/').catch(String)).toMatch(/ECONNREFUSED/)
    const text = await readAll(slow)
    expect(text.length).toBeGreaterThan(big.length)
    await closed
  })

  it('REL-54 a second close is the first', async () => {
    server = await openServer((_req, res) => void res.end(), { port: 0, host: HOST })
    await Promise.all([server.close(0), server.close(60_000)])
    await server.close(0)
  })

  it('REL-53 what does not end is cut off', async () => {
    let onRequest = (): void => undefined
    const requested = new Promise<void>((resolve) => (onRequest = resolve))
    server = await openServer(() => onRequest(), { port: 0, host: HOST })
    const stuck = await open(server.port)
    const text = readAll(stuck)
    stuck.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await requested
    await server.close(10)
    expect(await text).toBe('')
  })
})

describe('limits', () => {
  const limits = {
    headersTimeout: 60,
    requestTimeout: 120,
    connectionsCheckingInterval: 20,
    keepAliveTimeout: 5000,
    idleTimeout: 150,
  }

  it('SEC-106 SEC-107 REL-56 dripped headers, a silent connection and a body that does not come end', async () => {
    server = await openServer((req, res) => void req.resume().on('end', () => res.end()), {
      port: 0,
      host: HOST,
      limits,
    })
    const silent = await open(server.port)
    const dripping = await open(server.port)
    const lazy = await open(server.port)
    const texts = [silent, dripping, lazy].map(readAll)
    dripping.write('GET / HTTP/1.1\r\nHost:')
    lazy.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx')
    for (const text of await Promise.all(texts)) expect(text).toMatch(/^(?:HTTP\/1\.1 408 [\s\S]*)?$/)
  })

  it('SEC-108 REL-56 a visitor who does not read is let go, one who waits for a slow page is not', async () => {
    const big = Buffer.alloc(32 * 1024 ** 2)
    server = await openServer(
      (req, res) => {
        if (req.url === '/big') res.end(big)
        else setTimeout(() => res.end('late'), 500)
      },
      { port: 0, host: HOST, limits },
    )
    const waiting = ask(server.port, '/slow')
    const socket = await open(server.port)
    socket.pause()
    socket.write('GET /big HTTP/1.1\r\nHost: x\r\n\r\n')
    expect((await waiting).text).toBe('late')
    let size = 0
    socket.on('data', (chunk: Buffer) => (size += chunk.length))
    socket.resume()
    await once(socket, 'close')
    expect(size).toBeLessThan(big.length)
  })
})

describe('too many', () => {
  it('SEC-107 P7 the connection that has been idle for longest makes room, one that waits for an answer does not', async () => {
    const waiting: ServerResponse[] = []
    server = await openServer((req, res) => void (req.url === '/wait' ? waiting.push(res) : res.end('fine')), {
      port: 0,
      host: HOST,
      limits: { maxConnections: 3 },
    })
    const busy = await open(server.port)
    const text = readAll(busy)
    busy.write('GET /wait HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    await expect.poll(() => waiting.length).toBe(1)
    const older = await open(server.port)
    const younger = await open(server.port)
    // The one that is used counts as the younger from then on.
    older.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(older, 'data')
    const gone = once(younger, 'close')
    expect((await ask(server.port, '/')).text).toBe('fine')
    await gone
    older.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(older, 'data')

    const others = [await open(server.port), await open(server.port)]
    for (const each of others) each.write('GET /wait HTTP/1.1\r\nHost: x\r\n\r\n')
    await expect.poll(() => waiting.length).toBe(3)
    // Nobody is idle now.
    await expect(ask(server.port, '/')).rejects.toThrow(/ECONNRESET|hang up/)
    for (const res of waiting) res.end('late')
    expect(await text).toMatch(/late$/)
    expect((await ask(server.port, '/')).text).toBe('fine')
  })

  it('P7 P2 a flood of requests on one connection is read no faster than it is answered, and answered in order', async () => {
    const count = 20_000
    const waiting: ServerResponse[] = []
    server = await openServer((_req, res) => void waiting.push(res), { port: 0, host: HOST })
    const client = await open(server.port)
    const text = readAll(client)
    const requests = Array.from({ length: count }, (_, index) => `GET /${index} HTTP/1.1\r\nHost: x\r\n\r\n`)
    client.write(`${requests.join('')}GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    let most = 0
    for (let answered = 0; answered <= count;) {
      await expect.poll(() => waiting.length, { interval: 1 }).toBeGreaterThan(0)
      most = Math.max(most, waiting.length)
      for (const res of waiting.splice(0)) {
        res.end(res.req.url)
        answered += 1
      }
    }
    const told = [...(await text).matchAll(/\r\n\r\n\/(\d+|last)/g)].map(([, name]) => name)
    expect(told).toEqual([...Array.from({ length: count }, (_, index) => String(index)), 'last'])
    expect(most).toBeLessThan(3000)
  })

  it('P7 floods on many connections at once are cut off, others are served', async () => {
    const waiting: ServerResponse[] = []
    server = await openServer((req, res) => void (req.url === '/fine' ? res.end('fine') : waiting.push(res)), {
      port: 0,
      host: HOST,
      limits: { idleTimeout: 500 },
    })
    const flood = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3000)
    const ended: Array<Promise<string>> = []
    for (let count = 0; count < 100; count += 1) {
      const client = await open(server.port)
      ended.push(readAll(client))
      client.write(flood)
    }
    await Promise.race(ended)
    expect((await ask(server.port, '/fine')).text).toBe('fine')
    // Of those that were cut, too: whoever works for an answer keeps it and all that wait behind it in memory.
    expect(waiting.length).toBeLessThan(10_200)
  })
})

describe('ports', () => {
  it('a taken port is the user’s to mend', async () => {
    server = await openServer((_req, res) => void res.end(), { port: 0, host: HOST })
    const error: unknown = await openServer((_req, res) => void res.end(), { port: server.port, host: HOST }).catch(
      (e: unknown) => e,
    )
    expect(isIsrError(error, 'ISR_PORT')).toBe(true)
    expect(String(error)).toContain(`Cannot listen on ${HOST}:${server.port}: something else does already.`)
  })

  it('an address of another machine is the user’s to mend', async () => {
    const error: unknown = await openServer(() => undefined, { port: 0, host: '192.0.2.1' }).catch((e: unknown) => e)
    expect(String(error)).toContain('this machine has no such address')
  })

  it.each([
    [undefined, 3000],
    ['', 3000],
    ['0', 0],
    ['8080', 8080],
  ])('PORT %j', (text, port) => {
    expect(parsePort(text)).toBe(port)
  })

  it.each(['abc', '-1', '65536', '80.5', '1e3', ' 80', '0x50'])('PORT %j is none', (text) => {
    expect(() => parsePort(text)).toThrow(/must be a whole number from 0 to 65535/)
  })
})
