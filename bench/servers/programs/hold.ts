// A program: the limit for a herd in Node. All who ask for a page that nobody has asked for yet are held while it would be
// rendered, on a timer, and then answered from one Buffer, as are all who ask later.
import { readFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'

const body = readFileSync(process.argv[2] ?? '')
const renderMs = Number(process.argv[3])
const head = ['content-type', 'text/html; charset=utf-8', 'content-length', String(body.length)]
const known = new Set<string>(['/posts/1'])
const held = new Map<string, ServerResponse[]>()

createServer(({ url = '' }, response) => {
  if (known.has(url)) return answer(response)
  const waiting = held.get(url)
  if (waiting) waiting.push(response)
  else hold(url, response)
}).listen(Number(process.env['PORT']), '127.0.0.1')

function hold(url: string, response: ServerResponse): void {
  held.set(url, [response])
  setTimeout(() => {
    known.add(url)
    held.get(url)?.forEach(answer)
    held.delete(url)
  }, renderMs)
}

function answer(response: ServerResponse): void {
  response.writeHead(200, head).end(body)
}
