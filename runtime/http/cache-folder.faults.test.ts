import { fork, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isRoot } from '../../scripts/flags.ts'
import { encodeEntry } from '../cache/codec.ts'
import { createPackWriter } from '../cache/pack-writer.ts'
import { sha256 } from '../cache/sha256.ts'
import { toEntryOf } from '../cache/testing/entries.ts'
import type { Settings } from '../types.ts'
import type { IsrHandler } from './handler.ts'
import { createIsrHandler } from './isr-handler.ts'
import { createTestBuild, type TestBuild } from './testing/build.ts'
import { ask } from './testing/client.ts'
import { SETTINGS } from './testing/manifest.ts'
import { listen, type TestServer } from './testing/server.ts'

/*
 * What happens to the cache folder, seen by a visitor: a server with real sockets in front of a real folder.
 */
let build: TestBuild
let cacheDir: string
let server: TestServer | undefined
let handler: IsrHandler | undefined
let lines: string[]

beforeEach(async () => {
  lines = []
  build = await createTestBuild()
  cacheDir = join(build.root, 'cache')
})

afterEach(async () => {
  await stop()
  await build.remove()
})

async function start(): Promise<number> {
  const add = (line: string) => void lines.push(line)
  const current = (handler = createIsrHandler({
    dist: build.dist,
    cacheDir,
    log: { info: add, warn: add, error: add },
  }))
  server = await listen((req, res) => current(req, res))
  return server.port
}

async function stop(): Promise<void> {
  await server?.close()
  await handler?.close()
  server = handler = undefined
}

async function setCache(changes: Partial<Settings['cache']>): Promise<void> {
  const settings = { ...SETTINGS, cache: { ...SETTINGS.cache, ...changes } }
  await writeFile(join(build.dist, 'isr/route-manifest.json'), JSON.stringify({ ...build.manifest, settings }))
}

const toShard = (key: string) => join(cacheDir, 'build1', sha256(key).toString('hex').slice(0, 2))
const toFile = (key: string, extension = 'isr') => join(toShard(key), `${sha256(key).toString('hex')}.${extension}`)
const exists = (path: string) => stat(path).then(Boolean, () => false)

async function askState(port: number, path: string): Promise<string> {
  const { status, headers } = await ask(port, path)
  return `${status} ${String(headers['x-isr-cache'])}`
}

describe('the cache folder changes while the server runs', () => {
  const elsewhere = () => join(build.root, 'elsewhere')
  const changes: Record<string, { make: () => Promise<unknown>; isObstacle: boolean }> = {
    'is deleted': { make: async () => {}, isObstacle: false },
    'becomes a file': { make: () => writeFile(cacheDir, 'mine'), isObstacle: true },
    'becomes an empty folder': { make: () => mkdir(cacheDir), isObstacle: false },
    'has a link to elsewhere in place of the folder of the build': {
      make: () => mkdir(cacheDir).then(() => symlink(elsewhere(), join(cacheDir, 'build1'))),
      isObstacle: true,
    },
    'has a file in place of the folder of the build': {
      make: () => mkdir(cacheDir).then(() => writeFile(join(cacheDir, 'build1'), 'mine')),
      isObstacle: true,
    },
    'has a link to elsewhere in place of a shard': {
      make: () =>
        mkdir(join(cacheDir, 'build1'), { recursive: true }).then(() => symlink(elsewhere(), toShard('p:/p/1'))),
      isObstacle: true,
    },
    'becomes a link that leads nowhere': {
      make: () => symlink(join(build.root, 'nowhere'), cacheDir),
      isObstacle: true,
    },
  }

  it.each(Object.entries(changes))('REL-25 SEC-65 P1 P9 it %s', async (_what, { make, isObstacle }) => {
    const port = await start()
    expect(await askState(port, '/p/1')).toBe('200 MISS')
    await vi.waitFor(async () => expect(await exists(toFile('p:/p/1'))).toBe(true))
    await mkdir(elsewhere())
    await rm(cacheDir, { recursive: true })
    await make()

    // Warm pages, cold pages and pages that are revalidated go on, whatever is there.
    expect(await askState(port, '/p/1')).toBe('200 HIT')
    expect(await askState(port, '/')).toBe('200 HIT')
    expect(await askState(port, '/p/2')).toBe('200 MISS')
    const before = (await ask(port, '/p/1')).text
    expect((await ask(port, '/api/revalidate?path=/p/1')).status).toBe(200)
    expect((await ask(port, '/p/1')).text).not.toBe(before)
    expect(await askState(port, '/p/2')).toBe('200 HIT')
    expect(await readdir(elsewhere())).toEqual([])
    expect(await exists(join(build.root, 'nowhere'))).toBe(false)
    // It is told, and not with every request.
    expect(lines.length).toBeLessThanOrEqual(isObstacle ? 4 : 0)
    if (isObstacle) expect(lines.join('\n')).toContain(cacheDir)
    if (!isObstacle) await vi.waitFor(async () => expect(await exists(toFile('p:/p/1'))).toBe(true))

    // Nor does it keep a server from starting.
    await stop()
    const next = await start()
    expect(await askState(next, '/')).toBe('200 HIT')
    expect(await askState(next, '/p/3')).toBe('200 MISS')
    await stop()
    expect(await readdir(elsewhere())).toEqual([])

    // Without the obstacle all is well again.
    await rm(cacheDir, { recursive: true, force: true })
    const last = await start()
    expect(await askState(last, '/p/4')).toBe('200 MISS')
    await vi.waitFor(async () => expect(await exists(toFile('p:/p/4'))).toBe(true))
  })
})

describe('files of the cache are damaged', () => {
  const POISON = Buffer.from('<html>POISON</html>')
  const damages: Record<string, (file: string, other: string, key: string) => Promise<unknown>> = {
    'cut to half': async (file) => truncate(file, (await stat(file)).size >> 1),
    'cut to nothing': (file) => truncate(file, 0),
    zeros: async (file) => writeFile(file, Buffer.alloc((await stat(file)).size)),
    'a bit of the body': async (file) => {
      const bytes = await readFile(file)
      bytes[bytes.length >> 1]! ^= 1
      await writeFile(file, bytes)
    },
    'something behind it': async (file) => writeFile(file, Buffer.concat([await readFile(file), POISON])),
    'another format': (file) => writeFile(file, POISON),
    'a record of another page': (file) => {
      const entry = toEntryOf('p:/other', 10, { startedAt: Date.now(), generatedAt: Date.now() })
      if (entry.kind !== 'page') throw new Error('no page')
      return writeFile(file, encodeEntry({ ...entry, html: { identity: POISON, digest: 'digest' } }))
    },
    'a record of this page, whose body is no brotli': (file, _other, key) => {
      const entry = toEntryOf(key, 10, { startedAt: Date.now(), generatedAt: Date.now() })
      if (entry.kind !== 'page') throw new Error('no page')
      return writeFile(file, encodeEntry({ ...entry, html: { br: POISON, size: 1000, digest: 'digest' } }))
    },
    'the file of another page': (file, other) => cp(other, file),
    'another version': async (file) => {
      const bytes = await readFile(file)
      bytes[4] = 1
      await writeFile(file, bytes)
    },
    'a folder': (file) => rm(file).then(() => mkdir(join(file, 'in', 'it'), { recursive: true })),
    'a link to a page': async (file, other) => {
      await rename(file, `${file}.moved`)
      await symlink(other, file)
    },
  }

  it.each([
    ['before the start', true],
    ['while the server runs and has no memory', false],
  ])('REL-26 P2 P8 %s: each is made anew, none is served, and it is set aside', async (_when, isRestarted) => {
    await setCache({ memoryBytes: 1 })
    let port = await start()
    const paths = Object.keys(damages).map((_, number) => `/p/${number}`)
    for (const path of [...paths, '/p/other']) expect(await askState(port, path)).toBe('200 MISS')
    for (const path of [...paths, '/p/other']) {
      await vi.waitFor(async () => expect(await exists(toFile(`p:${path}`))).toBe(true))
    }
    expect(await askState(port, '/p/other')).toBe('200 HIT')
    if (isRestarted) await stop()
    for (const [number, damage] of Object.values(damages).entries()) {
      await damage(toFile(`p:/p/${number}`), toFile('p:/p/other'), `p:/p/${number}`)
    }
    if (isRestarted) port = await start()
    for (const path of paths) {
      const answer = await ask(port, path)
      expect([path, answer.status, answer.headers['x-isr-cache']]).toEqual([path, 200, 'MISS'])
      expect(answer.text).toContain(`"asPath":"${path}"`)
      expect(answer.text).not.toContain('POISON')
      await vi.waitFor(async () => expect(await exists(toFile(`p:${path}`, 'bad'))).toBe(true))
    }
    for (const path of paths) await vi.waitFor(async () => expect(await askState(port, path)).toBe('200 HIT'))
    expect(lines.filter((line) => line.includes('damaged'))).not.toEqual([])
  })

  it('REL-26 P1 a warm page is served on while its file is damaged', async () => {
    const port = await start()
    await ask(port, '/p/1')
    await vi.waitFor(async () => expect(await exists(toFile('p:/p/1'))).toBe(true))
    await writeFile(toFile('p:/p/1'), POISON)
    expect(await askState(port, '/p/1')).toBe('200 HIT')
    expect(lines).toEqual([])
  })

  it('REL-26 P1 P2 a page of the build whose body is no brotli is made anew, for each client and only once', async () => {
    const pack = await createPackWriter(join(build.dist, 'isr'))
    const times = { startedAt: Date.now() - 10, generatedAt: Date.now(), revalidate: 60, expire: 3600 }
    const html = { br: POISON, size: 1000, digest: 'digest' }
    await pack.add({ key: 'p:/', ...times, kind: 'page', status: 200, html, data: undefined })
    const entries = await pack.finish()
    await writeFile(join(build.dist, 'isr/route-manifest.json'), JSON.stringify({ ...build.manifest, entries }))
    const port = await start()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        ask(port, '/', { headers: { 'accept-encoding': index % 2 ? 'gzip' : 'identity' } }),
      ),
    )
    for (const { status, text } of answers) expect([status, text.includes('"asPath":"/"')]).toEqual([200, true])
    expect(lines.filter((line) => line.includes('damaged'))).toHaveLength(1)
    expect(await askState(port, '/')).toBe('200 HIT')
  })

  it('REL-26 a damaged index or pack of the build: the server does not start, and says why', async () => {
    for (const name of ['entries.index', 'entries.pack']) {
      const file = join(build.dist, 'isr', name)
      const bytes = await readFile(file)
      await writeFile(file, bytes.subarray(1))
      expect(() => createIsrHandler({ dist: build.dist, cacheDir })).toThrow(
        /no usable prerendered pages: .*Run `vite build`/,
      )
      await writeFile(file, bytes)
    }
    expect(await askState(await start(), '/')).toBe('200 HIT')
  })
})

describe('eviction', () => {
  it('P1 P12 REL-26 a prerendered page loses its copy on disk and in memory: the build’s is there, but never after a revalidation', async () => {
    await setCache({ memoryBytes: 1, diskEntries: 2 })
    const port = await start()
    const push = async () => {
      for (let page = 0; page < 6; page++) {
        expect(await askState(port, `/p/${Math.random()}`)).toBe('200 MISS')
      }
    }
    expect((await ask(port, '/')).text).toBe('<html>prerendered</html>')
    await push()
    const kept = await ask(port, '/')
    expect([kept.headers['x-isr-cache'], kept.text]).toEqual(['HIT', '<html>prerendered</html>'])
    expect((await ask(port, '/api/revalidate?path=/')).status).toBe(200)
    await vi.waitFor(async () => expect(await exists(toFile('p:/'))).toBe(true))
    await push()
    await vi.waitFor(async () => expect(await exists(toFile('p:/'))).toBe(false))
    const after = await ask(port, '/')
    expect(after.status).toBe(200)
    expect(after.text).not.toContain('prerendered')
    expect(lines).toEqual([])
  })
})

describe.runIf(isRoot)('the disk is full', () => {
  function run(...[program = '', ...args]: string[]): void {
    const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`--root needs ${program} and the right to use it: ${error?.message ?? stderr}`)
  }

  it('REL-18 REL-19 P1 P9 pages go on from memory, the old file stays, two lines tell of it, and it ends by itself', async () => {
    await mkdir(cacheDir)
    run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', cacheDir)
    try {
      const port = await start()
      expect(await askState(port, '/p/1')).toBe('200 MISS')
      await vi.waitFor(async () => expect(await exists(toFile('p:/p/1'))).toBe(true))
      const old = await readFile(toFile('p:/p/1'))
      const filler = join(cacheDir, 'filler')
      await writeFile(filler, Buffer.alloc(2 ** 20)).catch(() => {})
      for (let round = 0; round < 20; round++) {
        const before = (await ask(port, '/p/1')).text
        expect((await ask(port, '/api/revalidate?path=/p/1')).status).toBe(200)
        expect((await ask(port, '/p/1')).text).not.toBe(before)
        expect(await askState(port, `/p/new${round}`)).toBe('200 MISS')
      }
      expect(await readFile(toFile('p:/p/1'))).toEqual(old)
      expect((await readdir(cacheDir, { recursive: true })).filter((name) => /tmp$|turn$/.test(name))).toEqual([])
      expect(lines.length).toBeGreaterThan(0)
      expect(lines.length).toBeLessThanOrEqual(4)
      expect(lines.join('\n')).toContain('ENOSPC')
      await rm(filler)
      const isStored = async () => (await readFile(toFile('p:/p/1'))).equals(old)
      await vi.waitFor(
        async () => {
          await ask(port, '/api/revalidate?path=/p/1')
          expect(await isStored()).toBe(false)
        },
        { timeout: 30_000, interval: 200 },
      )
      await stop()
    } finally {
      run('umount', cacheDir)
    }
  })
})

/** A server that can be made to use up all its file handles. */
const GREEDY = `
import { closeSync, openSync } from 'node:fs'
import { createServer } from 'node:http'
import { createIsrHandler } from ${JSON.stringify(new URL('../../dist/runtime/index.js', import.meta.url).href)}
const [, , dist, cacheDir] = process.argv
const handler = createIsrHandler({ dist, cacheDir })
const server = createServer((req, res) => void handler(req, res))
const held = []
process.on('message', (what) => {
  if (what === 'hold') {
    try {
      for (;;) held.push(openSync('/dev/null'))
    } catch (error) {
      process.send({ code: error.code, count: held.length })
    }
  } else {
    for (const file of held.splice(0)) closeSync(file)
    process.send({})
  }
})
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
`

describe('no file handle is left', () => {
  async function tell(child: ChildProcess, what: string): Promise<Record<string, unknown>> {
    const answer = once(child, 'message')
    child.send(what)
    return (await answer)[0] as Record<string, unknown>
  }

  /** Over one connection that is kept: a new one would need a handle. */
  function askKept(agent: Agent, port: number, path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      get({ port, host: '127.0.0.1', path, agent }, (answer) => {
        answer.resume().once('end', () => resolve(`${answer.statusCode} ${String(answer.headers['x-isr-cache'])}`))
      }).once('error', reject)
    })
  }

  it.runIf(process.platform === 'linux')(
    'REL-24 P1 P9 P10 hits go on, cold pages are answered, and what was not written is when there are handles again',
    async () => {
      const script = join(build.root, 'greedy.mjs')
      await writeFile(script, GREEDY)
      // A shell sets the limit, and becomes the server. With fewer handles Node could not even load it.
      const shell = join(build.root, 'limited.sh')
      await writeFile(shell, `#!/bin/sh\nulimit -n 100\nexec "${process.execPath}" "$@"\n`, { mode: 0o755 })
      const child = fork(script, [build.dist, cacheDir], { execArgv: [], execPath: shell, silent: true })
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      try {
        const ended = once(child, 'exit').then(() => expect.fail('the server did not start'))
        const [{ port }] = (await Promise.race([once(child, 'message'), ended])) as [{ port: number }]
        ended.catch(() => {})
        expect(await askKept(agent, port, '/')).toBe('200 HIT')
        expect(await askKept(agent, port, '/p/0')).toBe('200 MISS')
        const held = await tell(child, 'hold')
        expect(held['code']).toBe('EMFILE')
        for (let round = 0; round < 200; round++) expect(await askKept(agent, port, '/')).toBe('200 HIT')
        for (let page = 1; page < 4; page++) expect(await askKept(agent, port, `/p/${page}`)).toBe('200 MISS')
        await tell(child, 'release')
        // Some were tried again until now; the others when they are made again.
        expect(await askKept(agent, port, '/p/9')).toBe('200 MISS')
        await vi.waitFor(async () => expect(await exists(toFile('p:/p/9'))).toBe(true), {
          timeout: 20_000,
          interval: 50,
        })
        expect(await askKept(agent, port, '/p/1')).toBe('200 HIT')
      } finally {
        agent.destroy()
        const gone = once(child, 'exit')
        child.kill('SIGKILL')
        await gone
      }
    },
  )
})
