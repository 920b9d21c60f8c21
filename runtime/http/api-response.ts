import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { Stream } from 'node:stream'
import { IsrError } from '../errors.ts'
import type { ApiResponse, RevalidateResult } from '../types.ts'
import { parseByteSize } from './byte-size.ts'
import { isNotModified } from './conditional.ts'
import { isRead } from './reply.ts'

/** What `res.revalidate` calls. */
export type Revalidate = (path: string, options?: { unstable_onlyGenerated?: boolean }) => Promise<RevalidateResult>

/** Makes Node's response what an API route expects: `status`, `json`, `send`, `redirect`, `revalidate`, `setDraftMode`. */
export function createApiResponse(
  res: ServerResponse,
  helpers: { revalidate: Revalidate; setDraftMode: (enable: boolean) => void },
): ApiResponse {
  const response = res as ApiResponse
  const methods: Pick<ApiResponse, 'status' | 'json' | 'send' | 'redirect' | 'revalidate' | 'setDraftMode'> = {
    status(code) {
      res.statusCode = code
      return response
    },
    json(value) {
      res.setHeader('Content-Type', 'application/json; charset=utf-8')
      sendValue(res, JSON.stringify(value))
    },
    send(value) {
      sendValue(res, value)
    },
    redirect(statusOrUrl: number | string, url?: string) {
      const [status, location] = typeof statusOrUrl === 'string' ? [307, statusOrUrl] : [statusOrUrl, url]
      if (typeof status !== 'number' || typeof location !== 'string') {
        throw new IsrError(
          'ISR_API_REDIRECT',
          'Invalid redirect arguments. Please use a single argument URL, e.g. res.redirect("/destination") or use a status ' +
            "code and URL, e.g. res.redirect(307, '/destination').",
        )
      }
      res.statusCode = status
      res.setHeader('Location', location)
      res.end(location)
      return response
    },
    revalidate: helpers.revalidate,
    setDraftMode({ enable }) {
      helpers.setDraftMode(enable)
      return response
    },
  }
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(res, name, { value, configurable: true, enumerable: true, writable: true })
  }
  return response
}

function sendValue(res: ServerResponse, value: unknown): void {
  if (value === undefined || value === null) {
    res.end()
    return
  }
  if (res.statusCode === 204 || res.statusCode === 304) {
    for (const name of ['Content-Type', 'Content-Length', 'Transfer-Encoding']) res.removeHeader(name)
    res.end()
    return
  }
  if (value instanceof Stream) {
    setDefault(res, 'Content-Type', 'application/octet-stream')
    // Without a listener, a stream that fails would end the process; so the visitor sees that the answer is not whole.
    value.on('error', (error: Error) => res.destroy(error))
    res.once('close', () => (value as Stream & { destroy?: () => void }).destroy?.())
    value.pipe(res)
    return
  }
  const isBytes = value instanceof Uint8Array
  if (isBytes) setDefault(res, 'Content-Type', 'application/octet-stream')
  else if (typeof value === 'string') setDefault(res, 'Content-Type', 'text/plain; charset=utf-8')
  else res.setHeader('Content-Type', 'application/json; charset=utf-8')
  const bytes = isBytes ? value : Buffer.from(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
  sendBytes(res, bytes)
}

function sendBytes(res: ServerResponse, bytes: Uint8Array): void {
  const { req } = res
  setDefault(res, 'X-Content-Type-Options', 'nosniff')
  if (isRead(req) && res.statusCode === 200) {
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`
    setDefault(res, 'ETag', etag)
    if (isNotModified(req.headers, String(res.getHeader('etag')))) {
      res.removeHeader('Content-Type')
      res.statusCode = 304
      res.end()
      return
    }
  }
  // With both, the two ends of a connection may disagree on where the answer ends.
  for (const name of ['Transfer-Encoding', 'Trailer']) res.removeHeader(name)
  res.setHeader('Content-Length', bytes.byteLength)
  res.end(req.method === 'HEAD' ? undefined : bytes)
}

function setDefault(res: ServerResponse, name: string, value: string): void {
  if (!res.hasHeader(name)) res.setHeader(name, value)
}

/** Calls back, once and with the limit as text, when more than `limit` bytes were written as the body of an answer. */
export function watchResponseSize(
  res: ServerResponse,
  limit: boolean | number | string | undefined,
  onExceeded: (limit: string) => void,
): void {
  if (limit === false) return
  const own = typeof limit === 'number' || typeof limit === 'string' ? parseByteSize(limit) : undefined
  const bytes = own ?? 4 * 1024 ** 2
  const text = own === undefined ? '4mb' : typeof limit === 'string' ? limit : `${bytes} bytes`
  let written = 0
  let isOver = false
  const count = (chunk: unknown, encoding: unknown) => {
    if (typeof chunk === 'string') {
      written += Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
    } else if (chunk instanceof Uint8Array) written += chunk.byteLength
    if (written <= bytes || isOver) return
    isOver = true
    onExceeded(text)
  }
  const { write, end } = res
  // `end(chunk)` does not come back through `write`, so each byte is counted once.
  res.write = function countedWrite(...args: unknown[]) {
    count(args[0], args[1])
    return Reflect.apply(write, res, args)
  } as typeof res.write
  res.end = function countedEnd(...args: unknown[]) {
    count(args[0], args[1])
    return Reflect.apply(end, res, args)
  } as typeof res.end
}
