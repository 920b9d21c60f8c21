// A program: serves every page of a build once, and prints what the memory of the process has grown by for each.
import { Agent, createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createIsrHandler } from 'vite-plugin-isr/runtime'

const CONNECTIONS = 8
/** Enough for V8 to have compiled what a page needs, which is no part of the page. */
const WARM_UP = 2000

const [dist, count] = [process.argv[2] ?? '', Number(process.argv[3])]
const warmUp = Math.min(WARM_UP, count / 2)
const { gc } = globalThis
if (gc === undefined) throw new Error('Run with --expose-gc')
const handler = createIsrHandler({ dist })
const server = createServer((request, response) => handler(request, response))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })

// Asked for twice: what a hit prepares is a part of it.
await visit(1, warmUp)
const before = readMemory()
await visit(warmUp + 1, count)
console.log(JSON.stringify({ bytes: (readMemory() - before) / (count - warmUp) }))
process.exit()

async function visit(first: number, last: number): Promise<void> {
  for (let id = first; id <= last; id += CONNECTIONS) {
    const ids = Array.from({ length: Math.min(CONNECTIONS, last - id + 1) }, (_, index) => id + index)
    for (let time = 0; time < 2; time++) await Promise.all(ids.map((each) => request(`/posts/${each}`)))
  }
}

function request(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path, agent, headers: { 'accept-encoding': 'gzip, br' } }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${path}: ${response.statusCode}`))
      response.resume().once('end', resolve)
    }).once('error', reject)
  })
}

function readMemory(): number {
  for (let time = 0; time < 4; time++) gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
