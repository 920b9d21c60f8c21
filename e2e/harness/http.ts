/** Requests that are sent as they are written, and answers as they came over the wire. */
import { request, type Agent } from 'node:http'
import { connect } from 'node:net'

/** Where requests go: a server of `Site`, or anything that knows its port. */
export interface Target {
  readonly port: number
}

export interface Answer {
  readonly status: number
  /** The reason phrase. */
  readonly reason: string
  /** Names in lower case; a header that came several times is joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  /** As they came, in their order and case. */
  readonly rawHeaders: ReadonlyArray<readonly [name: string, value: string]>
  readonly body: Buffer
  readonly text: string
  /** The header `x-isr-cache`. */
  readonly cache: string | undefined
  json(): any
}

export interface SendOptions {
  method?: string
  headers?: Readonly<Record<string, string | readonly string[]>>
  body?: string | Uint8Array
  /** Rejects when the answer is not complete by then. Default 30 seconds. */
  timeoutMs?: number
  /** Whoever gives up before. */
  signal?: AbortSignal
  /** Whose connections are used. Default: one of its own, which ends with the answer. */
  agent?: Agent
}

/** What public pages never are. */
export const NOSTORE = 'private, no-cache, no-store, max-age=0, must-revalidate'

/** `path` is sent as it is: nothing is normalised. It adds `Host` and `Connection` and no other header. */
export function send(target: Target, path: string, options: SendOptions = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, timeoutMs = 30_000, signal, agent = false } = options
  const late = AbortSignal.timeout(timeoutMs)
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port: target.port,
      path,
      method,
      headers: {
        // Node frames the body of some methods only.
        ...(body !== undefined && !('transfer-encoding' in headers) && { 'content-length': Buffer.byteLength(body) }),
        ...Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
        ),
      },
      agent,
      signal: signal === undefined ? late : AbortSignal.any([late, signal]),
    })
    outgoing.once('error', reject)
    outgoing.once('response', (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.once('error', reject)
      incoming.once('end', () => {
        const { statusCode = 0, statusMessage = '', rawHeaders } = incoming
        resolve(toAnswer(statusCode, statusMessage, toPairs(rawHeaders), Buffer.concat(chunks)))
      })
    })
    outgoing.end(body)
  })
}

/**
 * Sends these very bytes on a socket of their own and reads until the server ends the connection; they should ask for
 * `Connection: close`.
 */
export async function sendRaw(target: Target, bytes: string, timeoutMs = 30_000): Promise<Answer> {
  const received = await new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(target.port, '127.0.0.1', () => socket.write(bytes, 'latin1'))
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no end after ${timeoutMs} ms`)))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.once('error', reject)
    socket.once('end', () => resolve(Buffer.concat(chunks)))
  })
  const end = received.indexOf('\r\n\r\n')
  const [line = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n')
  const [, status = '0', reason = ''] = /^HTTP\/1\.1 (\d{3}) ?(.*)$/.exec(line) ?? []
  const pairs = lines.map((header) => {
    const colon = header.indexOf(':')
    return [header.slice(0, colon), header.slice(colon + 1).trim()] as const
  })
  const chunked = pairs.some(([name, value]) => name.toLowerCase() === 'transfer-encoding' && value === 'chunked')
  const rest = received.subarray(end + 4)
  return toAnswer(Number(status), reason, pairs, chunked ? joinChunks(rest) : rest)
}

/** A GET whose request target is exactly this, spaces and all. */
export function sendTarget(target: Target, requestTarget: string, method = 'GET'): Promise<Answer> {
  return sendRaw(target, `${method} ${requestTarget} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
}

function toPairs(rawHeaders: readonly string[]): Array<readonly [string, string]> {
  return rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name, rawHeaders[index + 1]!] as const] : []))
}

function toAnswer(
  status: number,
  reason: string,
  rawHeaders: ReadonlyArray<readonly [string, string]>,
  body: Buffer,
): Answer {
  const headers: Record<string, string> = {}
  for (const [name, value] of rawHeaders) {
    const key = name.toLowerCase()
    headers[key] = key in headers ? `${headers[key]}, ${value}` : value
  }
  const text = body.toString()
  return {
    status,
    reason,
    headers,
    rawHeaders,
    body,
    text,
    cache: headers['x-isr-cache'],
    json: () => JSON.parse(text) as unknown,
  }
}

function joinChunks(bytes: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let at = 0; ;) {
    const line = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16)
    if (!(size > 0)) return Buffer.concat(chunks)
    chunks.push(bytes.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
}
