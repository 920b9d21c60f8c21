// A program: the least that Node can start with. One answer, and the site's bundle for whoever asks for it.
import { createServer } from 'node:http'

const bundle = process.argv[2] ?? ''
const page = Buffer.from('<!doctype html><title>Hello</title>')
const head = ['content-type', 'text/html; charset=utf-8', 'content-length', String(page.length)]

createServer(async (request, response) => {
  if (request.url === '/bundle') await import(/* @vite-ignore */ bundle)
  response.writeHead(200, head).end(page)
}).listen(Number(process.env['PORT']), '127.0.0.1')
