import { connect } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import type { GetStaticProps } from '../types.ts'
import { ask, askRaw } from './testing/client.ts'
import { startSite, type TestSite } from './testing/site.ts'

let site: TestSite
afterEach(() => site.close())

const getStaticProps: GetStaticProps = async ({ params }) => {
  if (params?.['id'] === 'gone') return { notFound: true }
  if (params?.['id'] === 'moved') return { redirect: { destination: '/p/1', permanent: false } }
  if (params?.['id'] === 'broken') throw new Error('no data')
  return { props: {}, revalidate: 60 }
}

const FRAMING = {
  'content-length': '5',
  'transfer-encoding': 'chunked',
  'content-encoding': 'gzip',
  'content-range': 'bytes 0-4/5',
  trailer: 'x-sum',
}

/** A site behind a middleware that has set these headers before it passes the request on. */
async function startBehind(headers: Record<string, string>): Promise<void> {
  site = await startSite(
    {
      '/p/[id]': { module: { getStaticProps }, fallback: 'blocking' },
      '/shell/[id]': { module: { getStaticProps }, fallback: true },
      '/plain': {},
      '/server': {
        module: {
          getServerSideProps: async ({ res, query }) => {
            res.setHeader('x-own', 'kept')
            res.setHeader('last-modified', 'Thu, 01 Jan 1970 00:00:00 GMT')
            if (query['fail'] === '1') throw new Error('no data')
            return { props: {} }
          },
        },
      },
      // Its own encoding is its own affair.
      '/api/answers': { module: { default: (_req, res) => res.removeHeader('content-encoding') ?? res.send('ok') } },
      '/api/fails': {
        module: {
          default: () => {
            throw new Error('no')
          },
        },
      },
    },
    {
      mount: (handler) => (req, res) => {
        for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
        handler(req, res)
      },
    },
  )
}

const paths: Array<[path: string, status: number]> = [
  ['/p/1', 200],
  ['/_isr/data/build1/p/1.json', 200],
  ['/p/gone', 404],
  ['/p/moved', 307],
  ['/_isr/data/build1/p/moved.json', 200],
  ['/p/broken', 500],
  ['/shell/1', 200],
  ['/plain', 200],
  ['/server', 200],
  ['/server?fail=1', 500],
  ['/api/fails', 500],
  ['/api/answers', 200],
  ['/nope', 404],
  ['/plain/', 308],
  ['/%00', 400],
  [`/${'x'.repeat(2000)}`, 414],
]

it('SEC-81 what a middleware said of the length and the encoding of a body is not said of ours', async () => {
  await startBehind(FRAMING)
  for (const [path, status] of paths) {
    for (const round of ['first', 'again']) {
      // Node's client would refuse an answer with a length and chunks.
      const { status: seen, text } = await askRaw(site.port, path)
      const [head = '', body = ''] = text.split('\r\n\r\n', 2)
      expect([path, round, seen]).toEqual([path, round, status])
      expect(head).not.toMatch(/^(?:transfer-encoding|content-encoding):/im)
      const lengths = [...head.matchAll(/^content-length: (\d+)$/gim)].map(([, length]) => Number(length))
      expect([path, ...lengths]).toEqual([path, body.length])
    }
  }
})

it('SEC-81 answers without a body have no framing of another one either', async () => {
  await startBehind(FRAMING)
  const { etag = '' } = (await ask(site.port, '/p/1')).headers
  const socket = connect(site.port, '127.0.0.1')
  const ended = new Promise<string>((resolve) => {
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
    socket.once('close', () => resolve(text))
  })
  // On one connection: what follows shows whether the one before ended where the client thinks that it did.
  socket.write(`GET /p/1 HTTP/1.1\r\nHost: x\r\nIf-None-Match: ${etag}\r\n\r\n`)
  socket.write('HEAD /p/1 HTTP/1.1\r\nHost: x\r\n\r\n')
  socket.write('GET /plain HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  const [notModified = '', head = '', last = ''] = (await ended).split(/\r\n\r\n(?=HTTP)/)
  expect(notModified).toMatch(/^HTTP\/1\.1 304 /)
  expect(notModified).not.toMatch(/^(?:content-length: [1-9]|transfer-encoding|content-encoding)/im)
  expect(head).toMatch(/^HTTP\/1\.1 200 OK[^]*^Content-Length: \d{3,}$/m)
  expect(last).toMatch(/<\/html>$/)
})

it('SEC-81 other headers of a middleware and of a page are kept', async () => {
  await startBehind({ 'x-powered-by': 'us', 'cache-control': 'private' })
  const { headers } = await ask(site.port, '/server')
  expect(headers).toMatchObject({
    'x-powered-by': 'us',
    'x-own': 'kept',
    'cache-control': 'private',
    'last-modified': 'Thu, 01 Jan 1970 00:00:00 GMT',
  })
  expect((await ask(site.port, '/p/1')).headers['x-powered-by']).toBe('us')
})
