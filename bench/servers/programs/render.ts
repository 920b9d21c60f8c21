// A program: the limit for misses. Reads the data and renders the page with `renderToString` for each request, and keeps nothing.
import { createServer } from 'node:http'
import { renderDocument } from '../../site/document.tsx'
import { loadPost } from '../../site/load.ts'

const PREFIX = '/posts/'

createServer((request, response) => {
  const path = request.url ?? ''
  const result = path.startsWith(PREFIX) ? loadPost(path.slice(PREFIX.length)) : { notFound: true as const }
  if ('notFound' in result) {
    response.writeHead(404).end()
    return
  }
  const body = Buffer.from(renderDocument(result.props))
  const head = ['content-type', 'text/html; charset=utf-8', 'content-length', String(body.length)]
  response.writeHead(200, head).end(body)
}).listen(Number(process.env['PORT']), '127.0.0.1')
