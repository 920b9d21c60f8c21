import type { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { isIsrError } from '../errors.ts'
import { ask } from '../http/testing/client.ts'
import { parsePort } from './port.ts'
import { openServer, type RunningServer } from './server.ts'

const HOST = '127.0.0.1'

let server: RunningServer | undefined
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await server?.close(0)
  server = undefined
})

async function open(port: number): Promise<Socket> {
  const socket = connect(port, HOST)
  sockets.push(socket)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

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

  it('SEC-106 dripped headers, SEC-107 a silent connection, REL-56 a body that does not come', async () => {
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

  it('SEC-108 a visitor who does not read is let go, one who waits for a slow page is not', async () => {
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
