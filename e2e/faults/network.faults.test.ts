/** The network's edges of `node dist/server/start.mjs`: clients that are slow, leave or flood, and an end at any moment. */
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isLong } from '../../scripts/flags.ts'
import { eventually } from '../harness/eventually.ts'
import { NOSTORE, send } from '../harness/http.ts'
import { BIG, measure, networkFiles, readRss, toRequest, toStatuses, keepClients } from '../harness/network-app.ts'
import { createSite, type Site } from '../harness/site.ts'
import { isRead, type ServerProcess } from '../process.ts'

const MB = 1024 ** 2

let site: Site
let server: ServerProcess

beforeAll(async () => {
  site = await createSite({ files: networkFiles })
  await site.build()
})
afterAll(async () => {
  await site?.dispose()
})
beforeEach(async () => {
  server = await site.serve()
})
afterEach(async () => {
  await server.kill()
})

const { open, openMany } = keepClients(() => server)
const countFiles = () => readdirSync(`/proc/${server.pid}/fd`).length

/** No error in the log, and pages as ever. */
async function expectHealthy(): Promise<void> {
  expect(await send(server, '/')).toMatchObject({ status: 200, cache: 'HIT' })
  expect(server.output()).not.toMatch(/error|warn|ISR_/i)
}

describe('probes', () => {
  it('REL-53 answer at once, are kept by nobody and tell nothing', async () => {
    for (const [path, text] of [
      ['/_isr/health', 'ok'],
      ['/_isr/ready', 'ready'],
      ['/_isr/ready?from=probe', 'ready'],
    ] as const) {
      const answer = await send(server, path)
      expect([answer.status, answer.text, answer.headers['cache-control']]).toEqual([200, text, NOSTORE])
      expect(Object.keys(answer.headers).sort()).toEqual([
        'cache-control',
        'connection',
        'content-length',
        'content-type',
        'date',
        'x-content-type-options',
      ])
      const head = await send(server, path, { method: 'HEAD' })
      expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', String(text.length)])
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
        const refused = await send(server, path, { method })
        expect([refused.status, refused.headers['allow']]).toEqual([405, 'GET, HEAD'])
      }
    }
    for (const path of ['/_isr', '/_isr/', '/_isr/healthy', '/_isr/health/', '/_ISR/health', '/x/_isr/health']) {
      expect([308, 404]).toContain((await send(server, path)).status)
    }
    expect(server.output().trim().split('\n')).toHaveLength(3)
  })

  it('REL-53 answer while every place for a render is taken', async () => {
    const hold = site.source.hold('slow')
    await Promise.all(
      Array.from({ length: 20 }, () => open().then((each) => each.write(toRequest('GET', '/any/slow')))),
    )
    await hold.waiting
    expect((await send(server, '/_isr/health')).text).toBe('ok')
    expect((await send(server, '/_isr/ready')).text).toBe('ready')
    hold.release()
  })

  it('REL-53 the server is not ready from the moment that its end began, but alive until it came', async () => {
    const hold = site.source.hold('end')
    const client = await open()
    // An answer that has begun keeps its connection, so that more requests come through it.
    const begun = once(client.socket, 'data').then(() => client.socket.pause())
    client.write(toRequest('GET', '/big'))
    await begun
    const waiting = await open()
    waiting.write(toRequest('GET', '/api/wait?for=end'))
    await hold.waiting
    server.signal('SIGTERM')
    await eventually(async () => {
      await expect(send(server, '/_isr/ready')).rejects.toThrow(/ECONNREFUSED/)
    })
    client.write(toRequest('GET', '/_isr/ready'))
    // A connection whose answer has been taken ends, unless the next request is there.
    await eventually(() => expect(isRead(server.port)).toBe(true))
    client.socket.resume()
    await client.closed
    expect(toStatuses(client.text)).toEqual([200, 503])
    const [page = '', ready = ''] = client.text.split(/(?<=<\/html>)/)
    expect(page.length).toBeGreaterThan(BIG)
    expect(ready).toMatch(/^HTTP\/1\.1 503 [^]*Connection: close[^]*\r\n\r\nstopping$/)
    hold.release()
    expect(await server.exited).toBe(0)
  })
})

describe('the end', () => {
  it('REL-53 SIGTERM with a request of each kind under way: all are answered, the rest is closed, exit code 0', async () => {
    const holds = ['stale', 'miss', 'api'].map((name) => site.source.hold(name))
    holds[0]!.release()
    await send(server, '/any/stale')
    const stale = site.source.hold('stale')
    await eventually(async () => expect((await send(server, '/any/stale')).cache).toBe('STALE'))
    await stale.waiting
    const [miss, api, upload, slow, silent, idle, dripping] = await Promise.all(Array.from({ length: 7 }, open))
    miss!.write(toRequest('GET', '/any/miss'))
    api!.write(toRequest('GET', '/api/wait?for=api'))
    await Promise.all([holds[1]!.waiting, holds[2]!.waiting])
    upload!.write(toRequest('POST', '/api/upload', { 'Content-Length': '10' }, 'first'))
    slow!.socket.pause()
    slow!.write(toRequest('GET', '/big'))
    idle!.write(toRequest('GET', '/robots.txt'))
    await idle!.receives(/User-agent/)
    dripping!.write('GET / HTTP/1.1\r\nHo')

    server.signal('SIGTERM')
    await Promise.all([silent!.closed, idle!.closed, dripping!.closed])
    expect([silent!.text, dripping!.text]).toEqual(['', ''])
    await expect(send(server, '/')).rejects.toThrow(/ECONNREFUSED/)
    upload!.write('later')
    for (const hold of [...holds, stale]) hold.release()
    slow!.socket.resume()
    await Promise.all([miss!.closed, api!.closed, upload!.closed, slow!.closed])
    expect(miss!.text).toMatch(/^HTTP\/1\.1 200 [^]*Connection: close[^]*miss 1[^]*<\/html>$/)
    expect(api!.text).toMatch(/^HTTP\/1\.1 200 [^]*"value":"api \d+"\}$/)
    expect(upload!.text).toMatch(/^HTTP\/1\.1 200 [^]*"size":10\}$/)
    expect(slow!.text.length).toBeGreaterThan(BIG)
    expect(slow!.text).toMatch(/<\/html>$/)
    expect(await server.exited).toBe(0)
    expect(server.output()).not.toMatch(/error|warn|ISR_/i)
  })

  it('REL-53 P2 SIGTERM at random moments of mixed traffic: every answer is whole or was never begun, exit code 0', async () => {
    const rounds = isLong ? 100 : 6
    for (let round = 0; round < rounds; round += 1) {
      if (round > 0) server = await site.serve()
      const asked = [
        () => send(server, '/'),
        () => send(server, `/any/r${round}-${Math.random()}`),
        () => send(server, '/big'),
        () => send(server, '/server'),
        () => send(server, '/api/upload', { method: 'POST', body: 'x'.repeat(100_000) }),
        () => send(server, '/any/stale'),
      ]
      let isOver = false
      const seen = { whole: 0, refused: 0 }
      const visit = async (index: number) => {
        for (let next = index; !isOver; next += 1) {
          try {
            const answer = await asked[next % asked.length]!()
            expect(answer.status).toBe(200)
            const html = answer.headers['content-type']?.startsWith('text/html')
            if (html) expect(answer.text).toMatch(/<\/html>$/)
            expect(answer.headers['content-length'] ?? answer.body.length).toEqual(
              answer.headers['content-length'] === undefined ? answer.body.length : String(answer.body.length),
            )
            seen.whole += 1
          } catch (error) {
            if (error instanceof Error && !('code' in error)) throw error
            // A connection that was made but not taken up is reset; one that comes later is refused.
            expect(['ECONNREFUSED', 'ECONNRESET', 'EPIPE']).toContain((error as NodeJS.ErrnoException).code)
            expect(String(error)).not.toMatch(/aborted/)
            seen.refused += 1
            isOver = true
          }
        }
      }
      const visitors = Array.from({ length: 12 }, (_, index) => visit(index))
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 300))
      server.signal('SIGTERM')
      await Promise.all(visitors)
      expect(await server.exited).toBe(0)
      expect(seen.whole).toBeGreaterThan(0)
    }
  }, 600_000)

  it('REL-54 a second signal ends it at once, whichever the two are', async () => {
    for (const [first, second] of [
      ['SIGTERM', 'SIGTERM'],
      ['SIGHUP', 'SIGINT'],
    ] as const) {
      const name = `never-${first}`
      const hold = site.source.hold(name)
      const client = await open()
      client.write(toRequest('GET', `/api/wait?for=${name}`))
      await hold.waiting
      server.signal(first)
      await eventually(() => expect(send(server, '/')).rejects.toThrow(/ECONNREFUSED/))
      server.signal(second)
      expect(await server.exited).toBe(1)
      expect(server.output()).toContain(`${second} again: ending at once.`)
      hold.release()
      server = await site.serve()
    }
  })

  it('REL-54 SIGPIPE and readers of its lines that have gone change nothing', async () => {
    server.signal('SIGPIPE')
    await expectHealthy()
    expect(await server.stop()).toBe(0)
  })

  it('REL-54 an embedder that closes twice, and then gets a signal, ends once', async () => {
    await site.write({
      'embedded.mjs': `
import { startServer } from 'vite-plugin-isr/runtime'
const started = await startServer({ dist: 'dist' })
process.once('SIGUSR2', async () => {
  await Promise.all([started.close(), started.close()])
  await started.close()
  console.log('closed')
  setInterval(() => {}, 1000)
  process.kill(process.pid, 'SIGTERM')
})
`,
    })
    const own = await site.serve('embedded.mjs')
    expect((await send(own, '/')).status).toBe(200)
    own.signal('SIGUSR2')
    expect(await own.exited).toBe(0)
    expect(own.output()).toContain('closed')
    expect(own.output()).not.toMatch(/error|again/i)
  })
})

describe('visitors who leave', () => {
  it('P8 P9 in the middle of a miss, an upload and an answer: nothing is kept of them, and the miss is finished', async () => {
    const rounds = isLong ? 300 : 30
    // What is opened once and stays open is there before the count.
    for (const path of ['/', '/big', '/any/left', '/api/echo', '/server']) await send(server, path)
    const before = countFiles()
    const hold = site.source.hold('abandoned')
    for (let round = 0; round < rounds; round += 1) {
      const [miss, upload, typed, answer] = await openMany(4)
      miss!.write(toRequest('GET', '/any/abandoned'))
      upload!.write(toRequest('POST', '/api/upload', { 'Content-Length': '100000' }, 'x'.repeat(1000)))
      typed!.write(toRequest('POST', '/api/echo', { 'Transfer-Encoding': 'chunked' }, '5\r\nhello\r\n'))
      answer!.write(toRequest('GET', '/big'))
      await answer!.receives(/HTTP\/1\.1 200/)
      for (const client of [miss, upload, typed, answer]) {
        if (round % 2 === 0) client!.socket.resetAndDestroy()
        else client!.end()
      }
    }
    await hold.waiting
    hold.release()
    await eventually(async () => expect((await send(server, '/any/abandoned')).cache).toMatch(/HIT|STALE/))
    expect(site.source.count('abandoned')).toBeLessThanOrEqual(3)
    await eventually(() => expect(countFiles()).toBeLessThanOrEqual(before + 5))
    // A route that reads its own body hears of the visitor's end as an error, which is its own to handle.
    expect(server.output().match(/code=/g)?.length ?? 0).toBeLessThanOrEqual(3)
    expect((await send(server, '/')).cache).toBe('HIT')
  })
})

describe('slow visitors', () => {
  const count = isLong ? 1000 : 200

  it(`REL-56 ${count} that read a 5 MB page a kilobyte at a time cost next to no memory, and nobody waits for them`, async () => {
    for (let index = 0; index < 3; index += 1) await send(server, '/big')
    await measure(300, () => send(server, '/'))
    const before = readRss(server.pid)
    const alone = await measure(300, () => send(server, '/'))
    const readers = await openMany(count)
    for (const { socket } of readers) {
      socket.removeAllListeners('data')
      socket.pause()
      socket.write(toRequest('GET', '/big'))
    }
    const reading = setInterval(() => {
      for (const { socket } of readers) socket.read(1024)
    }, 1000)
    await new Promise((resolve) => setTimeout(resolve, isLong ? 20_000 : 2000))
    const beside = await measure(300, () => send(server, '/'))
    const after = readRss(server.pid)
    clearInterval(reading)
    console.log(
      `REL-56 ${count} slow readers: RSS ${Math.round(before / MB)} → ${Math.round(after / MB)} MB; ` +
        `hit p50/p99 ${alone.p50}/${alone.p99} ms alone, ${beside.p50}/${beside.p99} ms beside them`,
    )
    expect(after - before).toBeLessThan(50 * MB)
    expect(beside.p50).toBeLessThan(alone.p50 * 3 + 5)
  })
})
