/** What the tests of the network's edges share: a site of each kind of page, and clients that behave badly on sockets of their own. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { afterEach } from 'vitest'
import type { Target } from './http.ts'

/** Characters of the page `/big`. */
export const BIG = 5 * 1024 ** 2

export const networkFiles = {
  'pages/index.jsx': `
export default function Home() { return <h1>Home</h1> }
export const getStaticProps = () => ({ props: {}, revalidate: 3600 })
`,
  'pages/big.jsx': `
export default function Big() { return <p>{'x'.repeat(${BIG})}</p> }
export const getStaticProps = () => ({ props: {}, revalidate: false })
`,
  'pages/any/[slug].jsx': `
import { ask } from '../../source.server.js'
export default function Any({ slug, value }) { return <p id="value">{slug}: {value}</p> }
export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export async function getStaticProps({ params }) {
  const { value } = await ask(params.slug)
  return { props: { slug: params.slug, value }, revalidate: 1 }
}
`,
  'pages/fails/[slug].jsx': `
export default function Fails() { return null }
export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export async function getStaticProps({ params }) { throw new Error('no data for ' + params.slug) }
`,
  'pages/server.jsx': `
export default function Server({ keys }) { return <p>{keys.join(' ')}</p> }
export const getServerSideProps = ({ req, query }) => ({ props: { keys: Object.keys({ ...req.headers, ...query }) } })
`,
  'pages/api/echo.js': `
export default (req, res) => res.json({
  method: req.method, url: req.url, body: req.body ?? null, headers: req.headers, cookies: req.cookies, query: req.query,
})
`,
  'pages/api/kind.js': `
export default ({ body }, res) => {
  const isObject = typeof body === 'object' && body !== null
  res.json({ type: typeof body, size: isObject ? Object.keys(body).length : String(body).length, polluted: ({}).polluted ?? null })
}
`,
  'pages/api/roomy.js': `
export const config = { api: { bodyParser: { sizeLimit: '32mb' } } }
export { default } from './kind.js'
`,
  'pages/api/small.js': `
export const config = { api: { bodyParser: { sizeLimit: '10kb' } } }
export { default } from './kind.js'
`,
  'pages/api/upload.js': `
export const config = { api: { bodyParser: false } }
export default async function upload(req, res) {
  let size = 0
  for await (const chunk of req) size += chunk.length
  res.json({ size })
}
`,
  'pages/api/wait.js': `
import { ask } from '../../source.server.js'
export default async (req, res) => res.json(await ask(String(req.query.for)))
`,
  'pages/api/fails.js': `
export default (req) => { throw new Error('no answer to ' + req.url) }
`,
  'public/robots.txt': 'User-agent: *\n',
}

/** A connection to a server, and all that came over it. */
export interface Client {
  readonly socket: Socket
  /** What was received so far, a byte a character. */
  readonly text: string
  /** Resolves when the connection is closed, by whomever and however. */
  readonly closed: Promise<void>
  write(bytes: string | Uint8Array): void
  /** Resolves when what was received matches. @throws after `timeoutMs` */
  receives(pattern: RegExp, timeoutMs?: number): Promise<string>
  end(): void
}

export async function openClient({ port }: Target): Promise<Client> {
  const socket = connect(port, '127.0.0.1')
  const chunks: string[] = []
  const changed = new Set<() => void>()
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk.toString('latin1'))
    for (const check of changed) check()
  })
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()))
  await Promise.race([once(socket, 'connect'), closed])
  const client: Client = {
    socket,
    get text() {
      return chunks.join('')
    },
    closed,
    write: (bytes) => void socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes),
    receives(pattern, timeoutMs = 20_000) {
      return new Promise((resolve, reject) => {
        const finish = (settle: () => void) => {
          clearTimeout(timer)
          changed.delete(check)
          settle()
        }
        const check = () => {
          if (pattern.test(client.text)) finish(() => resolve(client.text))
        }
        const fail = (why: string) => {
          finish(() => reject(new Error(`${why}: ${String(pattern)} in ${JSON.stringify(client.text.slice(0, 2000))}`)))
        }
        const timer = setTimeout(() => fail(`not after ${timeoutMs} ms`), timeoutMs)
        void closed.then(() => {
          check()
          fail('closed before')
        })
        changed.add(check)
        check()
      })
    },
    end: () => socket.destroy(),
  }
  return client
}

/** Sends these bytes on a connection of their own. @returns all that came back until it was closed */
export async function exchange(target: Target, bytes: string | Uint8Array, timeoutMs = 20_000): Promise<string> {
  const client = await openClient(target)
  const timer = setTimeout(() => client.socket.destroy(), timeoutMs)
  client.write(bytes)
  await client.closed
  clearTimeout(timer)
  return client.text
}

/** Opens clients, of the server that a test has just then or of another one, and ends them after the test. */
export function keepClients(getTarget: () => Target): {
  open(target?: Target): Promise<Client>
  openMany(count: number): Promise<Client[]>
} {
  let clients: Client[] = []

  afterEach(() => {
    for (const client of clients) client.end()
    clients = []
  })

  async function open(target = getTarget()): Promise<Client> {
    const client = await openClient(target)
    clients.push(client)
    return client
  }

  return { open, openMany: (count) => Promise.all(Array.from({ length: count }, () => open())) }
}

/** The text of a request with a head like a browser's. */
export function toRequest(method: string, path: string, headers: Record<string, string> = {}, body = ''): string {
  const lines = Object.entries({ Host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

export const toStatuses = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))

/** Memory that a process really has, in bytes. Linux. */
export function readRss(pid: number): number {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}

/** The median and the 99th percentile of how long a request took, in milliseconds. */
export async function measure(count: number, request: () => Promise<unknown>): Promise<{ p50: number; p99: number }> {
  const times: number[] = []
  for (let index = 0; index < count; index += 1) {
    const begin = performance.now()
    await request()
    times.push(performance.now() - begin)
  }
  times.sort((a, b) => a - b)
  const at = (share: number) => Math.round(times[Math.floor((times.length - 1) * share)]! * 100) / 100
  return { p50: at(0.5), p99: at(0.99) }
}
