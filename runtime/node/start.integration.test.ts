import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestBuild, type TestBuild } from '../http/testing/build.ts'
import { ask } from '../http/testing/client.ts'

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url))
const CLI = join(PACKAGE, 'dist/runtime/node/cli.js')

let build: TestBuild
let children: ChildProcess[]

beforeEach(async () => {
  children = []
  build = await createTestBuild()
  // As the build generates it, but with the package beside it instead of in it.
  const runtime = pathToFileURL(join(PACKAGE, 'dist/runtime/index.js')).href
  const start = `import { startServer } from ${JSON.stringify(runtime)}\nawait startServer({ dist: ${JSON.stringify(build.dist)} })\n`
  await writeFile(join(build.dist, 'server/start.mjs'), start)
})

afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await build.remove()
})

interface Run {
  readonly child: ChildProcess
  readonly output: () => string
  readonly ended: Promise<number | null>
}

function run(args: readonly string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, args, {
    cwd: build.root,
    env: { PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: '0', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  return { child, output: () => text, ended }
}

async function runToEnd(
  args: readonly string[],
  env?: Record<string, string>,
): Promise<{ code: number | null; output: string }> {
  const { ended, output } = run(args, env)
  return { code: await ended, output: output() }
}

async function start(
  args: readonly string[] = [join(build.dist, 'server/start.mjs')],
  env?: Record<string, string>,
): Promise<Run & { port: number }> {
  const running = run(args, env)
  const pattern = /Local\s*:\s+http:\/\/127\.0\.0\.1:(\d+)\//
  await expect.poll(running.output, { timeout: 20_000, interval: 20 }).toMatch(pattern)
  return { ...running, port: Number(pattern.exec(running.output())![1]) }
}

describe('node dist/server/start.mjs', () => {
  it('prints its URL, serves, and ends with 0 on SIGTERM', async () => {
    const { port, child, ended, output } = await start()
    expect((await ask(port, '/')).headers['x-isr-cache']).toBe('HIT')
    const silent = connect(port, '127.0.0.1')
    await once(silent, 'connect')
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(output()).not.toMatch(/error|warn/i)
  })

  it('R09 SIGTERM during a miss: the visitor gets the page, and it is kept', async () => {
    const first = await start()
    const answer = ask(first.port, '/p/slow')
    // The request has reached the page when a later one has been answered.
    await ask(first.port, '/robots.txt')
    first.child.kill('SIGTERM')
    const { status, text } = await answer
    expect(status).toBe(200)
    expect(await first.ended).toBe(0)
    const second = await start()
    const again = await ask(second.port, '/p/slow')
    expect([again.headers['x-isr-cache'], again.text]).toEqual(['HIT', text])
  })

  it('REL-54 a second signal ends it at once', async () => {
    const { port, child, ended, output } = await start()
    const answer = ask(port, '/p/slow-enough').catch(() => undefined)
    await ask(port, '/robots.txt')
    child.kill('SIGTERM')
    await expect
      .poll(async () =>
        ask(port, '/').then(
          () => 'open',
          () => 'closed',
        ),
      )
      .toBe('closed')
    child.kill('SIGINT')
    expect(await ended).toBe(1)
    expect(output()).toContain('SIGINT again')
    await answer
  })

  it('REL-54 it serves on when nobody reads its lines any more', async () => {
    const { port, child, ended } = await start(undefined, { ISR_DEBUG_CACHE: '1' })
    child.stdout!.destroy()
    child.stderr!.destroy()
    for (let round = 0; round < 5; round += 1) expect((await ask(port, '/')).status).toBe(200)
    child.kill('SIGHUP')
    expect(await ended).toBe(0)
  })

  it('ISR_PORT a taken port is told without a stack', async () => {
    const { port } = await start()
    const { code, output } = await runToEnd([join(build.dist, 'server/start.mjs')], { PORT: String(port) })
    expect(code).toBe(1)
    expect(output).toMatch(
      /^error \[vite-plugin-isr\] Cannot listen on 127\.0\.0\.1:\d+: something else does already\..* \(ISR_PORT\)$/m,
    )
    expect(output).not.toMatch(/\n\s+at /)
  })

  it('ISR_PORT a port that is none is told without a stack', async () => {
    const { code, output } = await runToEnd([join(build.dist, 'server/start.mjs')], { PORT: 'x' })
    expect([code, output]).toEqual([
      1,
      'error [vite-plugin-isr] The port is "x"; it must be a whole number from 0 to 65535. (ISR_PORT)\n',
    ])
  })

  it.each([
    ['', /^error \[vite-plugin-isr\] The argument of startServer is undefined\..* \(ISR_OPTION\)\n$/],
    [
      '{ dist: "dist", prot: 1 }',
      /Unknown option `prot` of startServer\. Known are `dist`, `port`, `host`\. \(ISR_OPTION\)\n$/,
    ],
    ['{ dist: "dist", port: "80" }', /Wrong option `port` .*saw "80"\. It must be a whole number from 0 to 65535\./],
    ['{ dist: "dist", host: true }', /Wrong option `host` .*saw true\. It must be an address/],
  ])('ISR_OPTION startServer(%s) is told without a stack', async (argument, text) => {
    const file = join(build.dist, 'server/start.mjs')
    const source = await readFile(file, 'utf8')
    await writeFile(
      file,
      source.replace(/startServer\(\{.*\}\)/, () => `startServer(${argument})`),
    )
    const { code, output } = await runToEnd([file])
    expect(code).toBe(1)
    expect(output).toMatch(text)
    expect(output).not.toMatch(/\n\s+at /)
  })

  it('ISR_DEBUG_CACHE=1 prints decisions', async () => {
    const { port, output } = await start(undefined, { ISR_DEBUG_CACHE: '1' })
    await ask(port, '/')
    await expect.poll(output).toMatch(/isr HIT \/ fresh/)
  })
})

describe('vite-isr', () => {
  it('start serves the build that --dist names, on --port and --host', async () => {
    const { port } = await start([CLI, 'start', '--dist', 'dist', '--port', '0', '--host', '127.0.0.1'], {
      PORT: '1',
      HOST: '192.0.2.1',
    })
    expect((await ask(port, '/')).status).toBe(200)
  })

  it('ISR_NO_BUILD without a build', async () => {
    const { code, output } = await runToEnd([CLI, 'start', '--dist', 'nowhere'])
    expect(code).toBe(1)
    expect(output).toMatch(
      /^error \[vite-plugin-isr\] There is no build in .*nowhere: .* Run `vite build` first\. \(ISR_NO_BUILD\)\n$/,
    )
  })

  it.each([
    [['--help'], 0, /^vite-isr start \[options\]/],
    [['start', '-h'], 0, /^vite-isr start \[options\]/],
    [['--help'], 0, /^The files \.env\.production\.local, .* and \.env of the working directory are read/m],
    [['--version'], 0, /^\d+\.\d+\.\d+/],
    [[], 2, /^error say what to do/],
    [['build'], 2, /^error unknown command "build"/],
    [['start', 'now'], 2, /^error unknown command "start now"/],
    [['start', '--prot', '1'], 2, /^error Unknown option '--prot'/],
    [['start', '--port'], 2, /^error .*--port/],
    [['start', '--port', 'x'], 2, /^error The port is "x"/],
  ])('%j', async (args, expected, text) => {
    const { code, output } = await runToEnd([CLI, ...args])
    expect(code).toBe(expected)
    expect(output).toMatch(text)
    expect(output).not.toMatch(/\n\s+at /)
  })
})
