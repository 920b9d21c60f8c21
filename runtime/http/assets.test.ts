import fs from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, relative, sep } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NO_STORE } from './cache-control.ts'
import { ask } from './testing/client.ts'
import { startSite, type TestSite } from './testing/site.ts'

const IMMUTABLE = 'public, max-age=31536000, immutable'
const SCRIPT = 'console.log(1)'

let dir: string
let clientDir: string
let site: TestSite

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'isr-assets-'))
  clientDir = join(dir, 'client')
  const files: Record<string, string> = {
    'client/assets/index-12345678.js': SCRIPT,
    'client/pub.txt': 'public',
    'client/with space.txt': 'space',
    'client/LICENSE': 'free',
    'client/.env': 'SECRET=1',
    'client/.vite/manifest.json': '{}',
    'client/.well-known/security.txt': 'contact',
    'client/index.html': 'never',
    'client-secret/x.txt': 'secret',
    'server/app.mjs': 'secret',
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true })
    await writeFile(join(dir, name), text)
  }
})

afterEach(async () => {
  await site.close()
  await rm(dir, { recursive: true })
})

/** Out of the folder, in a circle, and to nowhere. */
async function addLinks(): Promise<void> {
  await symlink(join(dir, 'server'), join(clientDir, 'out'))
  await symlink(join(dir, 'server/app.mjs'), join(clientDir, 'app.txt'))
  await symlink(join(dir, 'server/app.mjs'), join(clientDir, 'assets/app-12345678.js'))
  await symlink('..', join(clientDir, 'up'))
  await symlink('nowhere', join(clientDir, 'assets/gone.js'))
}

async function start(changes: Parameters<typeof startSite>[1] = {}): Promise<number> {
  site = await startSite({ '/': {}, '/[slug]': {} }, { ...changes, options: { clientDir, ...changes.options } })
  return site.port
}

describe('files', () => {
  it('SEC-81 are framed as they are, whatever a middleware said before', async () => {
    const port = await start({
      mount: (handler) => (req, res) => {
        for (const name of ['transfer-encoding', 'content-encoding', 'etag']) res.setHeader(name, 'chunked')
        handler(req, res)
      },
    })
    const { text, headers } = await ask(port, '/pub.txt')
    expect([text, headers['content-length']]).toEqual(['public', '6'])
    for (const name of ['transfer-encoding', 'content-encoding']) expect(headers).not.toHaveProperty(name)
  })

  it('S13 hashed assets are kept for ever', async () => {
    const port = await start()
    const answer = await ask(port, '/assets/index-12345678.js')
    expect([answer.status, answer.text]).toEqual([200, SCRIPT])
    expect(answer.headers).toMatchObject({
      'cache-control': IMMUTABLE,
      'content-type': 'text/javascript',
      'x-content-type-options': 'nosniff',
    })
    expect(answer.headers.etag).toMatch(/^W\//)
    const again = await ask(port, '/assets/index-12345678.js', { headers: { 'if-none-match': answer.headers.etag! } })
    expect([again.status, again.text]).toEqual([304, ''])
    const head = await ask(port, '/assets/index-12345678.js', { method: 'HEAD' })
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', String(SCRIPT.length)])
  })

  it('S13 public files are asked for again', async () => {
    const port = await start()
    for (const [path, text] of [
      ['/pub.txt', 'public'],
      ['/with%20space.txt', 'space'],
      ['/LICENSE', 'free'],
      ['/.well-known/security.txt', 'contact'],
    ] as const) {
      const answer = await ask(port, path)
      expect([answer.status, answer.text, answer.headers['cache-control']]).toEqual([200, text, 'public, max-age=0'])
      expect(answer.headers.etag).toBeDefined()
    }
  })

  it('S13 SEC-10 a missing asset is a plain 404 that nobody keeps', async () => {
    const port = await start()
    for (const path of ['/assets/nope-12345678.js', '/assets/', '/assets/x/y']) {
      const answer = await ask(port, path.endsWith('/') ? '/assets/%20' : path)
      expect([answer.status, answer.text, answer.headers['cache-control']]).toEqual([404, 'Not Found', NO_STORE])
      expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
    }
  })

  it('only GET and HEAD', async () => {
    const port = await start()
    for (const path of ['/assets/index-12345678.js', '/pub.txt']) {
      const answer = await ask(port, path, { method: 'POST', body: 'x' })
      expect([answer.status, answer.headers.allow, answer.headers['cache-control']]).toEqual([
        405,
        'GET, HEAD',
        NO_STORE,
      ])
    }
  })

  it.each([
    [{ 'if-match': '"zzz"' }, 412],
    [{ 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 412],
    [{ range: 'bytes=999999-' }, 416],
    [{ 'if-match': '*' }, 200],
    [{ 'if-unmodified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' }, 200],
  ])('SEC-11 %j is %d, kept only when it is the file', async (headers, status) => {
    const port = await start()
    const answer = await ask(port, '/assets/index-12345678.js', { headers })
    expect(answer.status).toBe(status)
    expect(answer.headers['cache-control'] === IMMUTABLE).toBe(status === 200)
    expect((await ask(port, '/assets/nope.js', { headers })).status).toBe(404)
  })

  it.each([
    ['bytes=0-3', 206, 'cons'],
    ['bytes=4-', 206, 'ole.log(1)'],
    ['bytes=4-400', 206, 'ole.log(1)'],
    ['bytes=-3', 200, SCRIPT],
    ['bytes=5-2', 200, SCRIPT],
    ['bytes=0-1,3-4', 200, SCRIPT],
    ['lines=0-1', 200, SCRIPT],
    ['x'.repeat(8000), 200, SCRIPT],
  ])('Range: %.20s', async (range, status, text) => {
    const port = await start()
    const answer = await ask(port, '/assets/index-12345678.js', { headers: { range } })
    expect([answer.status, answer.text]).toEqual([status, text])
    const guarded = await ask(port, '/assets/index-12345678.js', { headers: { range, 'if-range': '"x"' } })
    expect([guarded.status, guarded.text]).toEqual([200, SCRIPT])
  })

  it.each([
    '/.env',
    '/.vite/manifest.json',
    '/assets/..%2f..%2fserver/app.mjs',
    '/assets/..%5c..%5cserver%5capp.mjs',
    '/out/app.mjs',
    '/app.txt',
    '/%2e%2e/server/app.mjs',
    '/client-secret/x.txt',
    '/..%2fclient-secret%2fx.txt',
    '/server/app.mjs',
    '/assets/app-12345678.js',
    '/assets/gone.js',
    '/up/server/app.mjs',
  ])('SEC-68 SEC-57 SEC-124 %s is nobody’s', async (path) => {
    await addLinks()
    const port = await start({})
    const answer = await ask(port, path)
    expect(answer.text).not.toMatch(/secret|SECRET|\{\}$/)
    expect(answer.headers['cache-control']).not.toBe(IMMUTABLE)
  })

  it('SEC-124 files beside links are served, and one that becomes a link is not', async () => {
    await addLinks()
    const port = await start({})
    const answer = await ask(port, '/assets/index-12345678.js')
    expect([answer.status, answer.text, answer.headers['cache-control']]).toEqual([200, SCRIPT, IMMUTABLE])
    for (const name of ['assets/index-12345678.js', 'pub.txt']) {
      await rm(join(clientDir, name))
      await symlink(join(dir, 'server/app.mjs'), join(clientDir, name))
      expect((await ask(port, `/${name}`)).status).toBe(404)
    }
  })

  it('none is looked at when the server starts, and of those that may change only the one that is asked for', async () => {
    const looked: string[] = []
    const { statSync } = fs
    vi.spyOn(fs, 'statSync').mockImplementation(((path: string, ...rest: []) => {
      looked.push(relative(clientDir, path))
      return statSync(path, ...rest)
    }) as typeof statSync)
    syncBuiltinESMExports()
    try {
      const port = await start()
      expect(looked).toEqual([])
      for (const path of ['/assets/index-12345678.js', '/pub.txt']) {
        expect((await ask(port, path)).status).toBe(200)
      }
      expect(new Set(looked.map((path) => path.split(sep).join('/')))).toEqual(
        new Set(['assets/index-12345678.js', 'pub.txt']),
      )
    } finally {
      vi.restoreAllMocks()
      syncBuiltinESMExports()
    }
  })

  it('is found below a base, and before the trailing slash rule', async () => {
    const port = await start({ manifest: { base: '/app/', trailingSlash: true } })
    expect((await ask(port, '/app/assets/index-12345678.js')).text).toBe(SCRIPT)
    expect((await ask(port, '/app/pub.txt')).text).toBe('public')
    expect((await ask(port, '/app/LICENSE')).text).toBe('free')
    expect((await ask(port, '/app/pub.txt/')).headers.location).toBe('/app/pub.txt')
    expect((await ask(port, '/assets/index-12345678.js')).status).toBe(404)
  })

  it('a file that goes away is 404, not the end of the server', async () => {
    const port = await start()
    await rm(join(clientDir, 'pub.txt'))
    expect((await ask(port, '/pub.txt')).status).toBe(404)
    await rm(join(clientDir, 'assets'), { recursive: true })
    expect((await ask(port, '/assets/index-12345678.js')).status).toBe(404)
  })

  it('a visitor who leaves in the middle is no problem', async () => {
    await writeFile(join(clientDir, 'big.bin'), Buffer.alloc(20 * 1024 ** 2))
    const port = await start()
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n')
    await new Promise((resolve) => socket.once('data', resolve))
    socket.destroy()
    expect((await ask(port, '/big.bin', { method: 'HEAD' })).status).toBe(200)
  })

  it('P2 a file that changes while the server runs is served whole, and nothing of it runs into the next answer', async () => {
    const port = await start()
    expect((await ask(port, '/pub.txt')).text).toBe('public')
    for (const text of ['a longer text than it was', 'short', '']) {
      await writeFile(join(clientDir, 'pub.txt'), text)
      const answer = await ask(port, '/pub.txt')
      expect([answer.text, answer.headers['content-length']]).toEqual([text, String(text.length)])
      expect(answer.headers['cache-control']).toBe('public, max-age=0')
    }
  })
})
