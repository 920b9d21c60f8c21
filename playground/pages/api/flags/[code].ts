import { createHash } from 'node:crypto'
import type { ApiRequest, ApiResponse } from 'vite-plugin-isr'
import { readFlag } from '../../../server/flags.server.ts'

/** A country's flag as SVG, by its three-letter code. */
export default async function handler(req: ApiRequest<'/api/flags/[code]'>, res: ApiResponse) {
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.setHeader('Allow', 'GET, HEAD')
    return res.status(405).json({ message: 'Method not allowed.' })
  }
  const flag = await readFlag(req.query.code)
  if (!flag) return res.status(404).json({ message: 'There is no such flag.' })

  const takesBrotli = /\bbr\b/.test(req.headers['accept-encoding'] ?? '')
  const body = takesBrotli ? flag.brotli : flag.svg
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  res.setHeader('Cache-Control', 'public, max-age=604800')
  res.setHeader('Vary', 'Accept-Encoding')
  res.setHeader('ETag', etag)
  if (req.headers['if-none-match'] === etag) return res.status(304).end()
  res.setHeader('Content-Type', 'image/svg+xml')
  // Opened on its own an SVG is a document of this site: it shall run nothing.
  res.setHeader('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox")
  if (takesBrotli) res.setHeader('Content-Encoding', 'br')
  res.setHeader('Content-Length', body.length)
  return res.end(req.method === 'HEAD' ? undefined : body)
}
