// A program: the limit for a middleware in Node. A Map of Buffers that were made beforehand, with the least of HTTP that is
// still right: the path, the encoding, the validator.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

interface Stored {
  readonly head: readonly string[]
  readonly body: Buffer
  readonly etag: string
}

const pages = new Map<string, { identity: Stored; gzip: Stored; br: Stored }>()
const folder = join(process.argv[2] ?? '', 'posts')

for (const name of readdirSync(folder)) {
  if (!name.endsWith('.html')) continue
  const read = (suffix: string, encoding?: string) => toStored(readFileSync(join(folder, name + suffix)), encoding)
  pages.set(`/posts/${name.slice(0, -5)}`, { identity: read(''), gzip: read('.gz', 'gzip'), br: read('.br', 'br') })
}

createServer((request, response) => {
  const page = pages.get(request.url ?? '')
  if (page === undefined) {
    response.writeHead(404).end()
    return
  }
  const accepted = request.headers['accept-encoding'] ?? ''
  const stored = accepted.includes('br') ? page.br : accepted.includes('gzip') ? page.gzip : page.identity
  if (request.headers['if-none-match'] === stored.etag) {
    response.writeHead(304, ['etag', stored.etag, 'vary', 'accept-encoding', 'cache-control', 's-maxage=3600']).end()
    return
  }
  response.writeHead(200, stored.head as string[]).end(stored.body)
}).listen(Number(process.env['PORT']), '127.0.0.1')

function toStored(body: Buffer, encoding?: string): Stored {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  const head = ['content-type', 'text/html; charset=utf-8', 'content-length', String(body.length), 'etag', etag]
  head.push('vary', 'accept-encoding', 'cache-control', 's-maxage=3600')
  if (encoding !== undefined) head.push('content-encoding', encoding)
  return { head, body, etag }
}
