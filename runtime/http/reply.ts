import { validateHeaderValue, type IncomingMessage, type ServerResponse } from 'node:http'
import { NO_STORE } from './cache-control.ts'

/** Headers as `writeHead` takes them fastest: names and values in turn. */
export type HeaderList = readonly string[]

/** An answer of a server that can write it past what Node does for answers of all kinds: our own. */
export interface WholeResponse {
  /**
   * Sends an answer that is complete.
   *
   * @param lines the headers, each with its line end, without those that are about the connection
   * @returns false when this is one that it can't be done with; nothing has happened to it then
   */
  sendWhole(status: 200 | 304, lines: string, body: Uint8Array | undefined): boolean
}

/** What says where a body ends and how it is encoded: of the bytes that are sent, and of no others. */
const FRAMING = ['content-length', 'transfer-encoding', 'content-encoding', 'content-range', 'trailer']

/** What describes a body besides. */
const DESCRIPTION = ['content-type', 'etag', 'last-modified']

/**
 * Sends a whole answer: status, headers and body in one go, without the body for HEAD. What a middleware or a page has set is
 * sent too, but for the framing, which would be that of another body. What they vary by is added to, and what is private stays so.
 */
export function send(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  headers: HeaderList,
  body: Uint8Array | string,
): void {
  // Most answers have no header yet.
  const isFirst = res.getHeaderNames().length === 0
  if (!isFirst) removeHeaders(res, FRAMING)
  res.writeHead(status, (isFirst ? headers : joinVary(res, keepPrivate(res, headers))) as string[])
  if (req.method === 'HEAD') res.end()
  else res.end(body)
}

/** Headers that many answers have in common. */
export interface Head {
  readonly headers: HeaderList
  /** The same as they go over the wire. */
  readonly lines: string
}

/** @throws where a name or a value is none that a header may have */
export function createHead(headers: HeaderList): Head {
  for (let at = 0; at < headers.length; at += 2) validateHeaderValue(headers[at]!, headers[at + 1]!)
  return { headers, lines: toLines(headers) }
}

/**
 * Sends a page: as `send` does, but the short way where the server has one and nobody else has set a header.
 *
 * @param etag with its quotes, and nothing in it that a header may not have
 */
export function sendWhole(
  req: IncomingMessage,
  res: ServerResponse & Partial<WholeResponse>,
  { headers, lines }: Head,
  etag: string,
  body: Uint8Array,
): void {
  const { byteLength } = body
  if (res.sendWhole && res.getHeaderNames().length === 0) {
    const all = `Content-Length: ${byteLength}\r\nETag: ${etag}\r\n${lines}`
    if (res.sendWhole(200, all, req.method === 'HEAD' ? undefined : body)) return
  }
  send(req, res, 200, ['Content-Length', String(byteLength), 'ETag', etag, ...headers], body)
}

/** Tells a visitor in the same way that the page is the one that they have. */
export function sendUnchanged(
  req: IncomingMessage,
  res: ServerResponse & Partial<WholeResponse>,
  { headers, lines }: Head,
  etag: string,
): void {
  if (res.sendWhole && res.getHeaderNames().length === 0) {
    if (res.sendWhole(304, `ETag: ${etag}\r\n${lines}`, undefined)) return
  }
  send(req, res, 304, ['ETag', etag, ...headers], '')
}

/** As Node writes them. */
function toLines(headers: HeaderList): string {
  let lines = ''
  for (let at = 0; at < headers.length; at += 2) {
    lines += `${headers[at]}: ${headers[at + 1]}\r\n`
  }
  return lines
}

/** Replaced, the `Vary: Origin` of middleware would be lost, and a shared cache would give one site's permission to all. */
function joinVary(res: ServerResponse, headers: HeaderList): HeaderList {
  const given = [res.getHeader('vary') ?? []].flat().join(', ')
  const at = findHeader(headers, 'Vary')
  if (at === -1 || given === '') return headers
  const known = given.split(',').map((name) => name.trim().toLowerCase())
  const ours = headers[at + 1]!
  const isKnown = known.includes('*') || known.includes(ours.toLowerCase())
  return headers.with(at + 1, isKnown ? given : `${given}, ${ours}`)
}

/**
 * A page that is the same for all may be kept by all, but not together with what middleware gave to this visitor: a session's
 * cookie above all. What middleware says of an answer that it calls private is true of ours too.
 */
function keepPrivate(res: ServerResponse, headers: HeaderList): HeaderList {
  const at = findHeader(headers, 'Cache-Control')
  const given = [res.getHeader('cache-control') ?? []].flat().join(', ')
  const isPrivate = /\bprivate\b/i.test(given)
  if (at === -1) {
    return res.hasHeader('set-cookie') && given === '' ? [...headers, 'Cache-Control', NO_STORE] : headers
  }
  if (headers[at + 1] === NO_STORE || !(isPrivate || res.hasHeader('set-cookie'))) return headers
  return headers.with(at + 1, isPrivate ? given : NO_STORE)
}

function findHeader(headers: HeaderList, name: string): number {
  return headers.findIndex((text, index) => index % 2 === 0 && text === name)
}

/** Sends a short text that no cache keeps. */
export function sendText(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  text: string,
  extra: HeaderList = [],
): void {
  dropFraming(res)
  send(req, res, status, [...toTextHeaders(text), 'Cache-Control', NO_STORE, ...extra], text)
}

/** Content headers of a plain text. */
export function toTextHeaders(text: string): string[] {
  return [
    'Content-Type',
    'text/plain; charset=utf-8',
    'Content-Length',
    String(Buffer.byteLength(text)),
    'X-Content-Type-Options',
    'nosniff',
  ]
}

/** 405 for what only answers GET and HEAD. */
export function sendMethodNotAllowed(req: IncomingMessage, res: ServerResponse): void {
  sendText(req, res, 405, 'Method Not Allowed', ['Allow', 'GET, HEAD'])
}

/** Takes back headers that described an answer which is not sent after all: set by a page before it failed, say. */
export function dropFraming(res: ServerResponse): void {
  if (res.headersSent) return
  removeHeaders(res, FRAMING)
  removeHeaders(res, DESCRIPTION)
}

function removeHeaders(res: ServerResponse, names: readonly string[]): void {
  for (const name of names) res.removeHeader(name)
}

/** Whether a visitor only wants to look. */
export function isRead(req: IncomingMessage): boolean {
  return req.method === 'GET' || req.method === 'HEAD'
}
