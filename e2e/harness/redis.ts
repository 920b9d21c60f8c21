/** A Redis server of a test's own: a real process, on a port and in a folder of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { findRedis, redisAdvice } from '../../scripts/redis.mjs'
import { readFileBlock } from '../integration/documents.ts'
import { findFreePort } from '../process.ts'
import { eventually } from './eventually.ts'

export interface Redis {
  readonly url: string
  /** Starts it, also again after `kill`: on the same port, with what was saved. */
  start(...options: string[]): Promise<void>
  /** SIGKILL: what was not saved is gone. */
  kill(): Promise<void>
  /** Ends it; the next start finds nothing. */
  reset(): Promise<void>
  /** It keeps its connections, accepts new ones, and answers nothing. */
  freeze(): void
  thaw(): void
  /** Runs one command, with a connection of its own. */
  run(...command: string[]): Promise<unknown>
  /** Ends it and removes its folder. */
  dispose(): Promise<void>
}

/**
 * Whether there is a Redis to test with. Without one the tests are left out, with a line that says so; in continuous
 * integration that is an error.
 */
export function hasRedis(): boolean {
  if (findRedis()) return true
  if (process.env['CI'] !== undefined) throw new Error(redisAdvice)
  console.warn(`The tests with Redis are left out. ${redisAdvice}`)
  return false
}

/** It does not run yet. */
export async function createRedis(): Promise<Redis> {
  const program = findRedis()
  if (!program) throw new Error(redisAdvice)
  const dir = await mkdtemp(join(tmpdir(), 'isr-redis-'))
  const port = await findFreePort()
  const url = `redis://127.0.0.1:${port}`
  let child: ChildProcess | undefined

  async function run(...command: string[]): Promise<unknown> {
    const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 2000 } })
    client.on('error', () => {})
    await client.connect()
    try {
      return await client.sendCommand(command)
    } finally {
      client.destroy()
    }
  }

  async function kill(): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  return {
    url,
    async start(...options) {
      const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', ...options]
      const started = spawn(program.path, settings, { argv0: program.argv0, stdio: ['ignore', 'pipe', 'pipe'] })
      child = started
      let output = ''
      for (const stream of [started.stdout, started.stderr]) {
        stream.setEncoding('utf8')
        stream.on('data', (text: string) => (output += text))
      }
      await eventually(async () => {
        if (started.exitCode !== null) throw new Error(`Redis ended with ${started.exitCode}:\n${output}`)
        // Refusals are answers too.
        await run('PING').catch((error: unknown) => {
          if (!/^(LOADING|NOAUTH)/.test(error instanceof Error ? error.message : '')) throw error
        })
      })
    },
    kill,
    async reset() {
      await kill()
      await rm(join(dir, 'dump.rdb'), { force: true })
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    run,
    async dispose() {
      await kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** The files of a site with the store of docs/custom-store.md, and one around it, `store.ts`, that a test gives other limits. */
export function storeFiles(): Record<string, string> {
  return {
    'redis-store.ts': readFileBlock('docs/custom-store.md', 'redis-store.ts'),
    'store.ts': `import createStore from './redis-store'
const limits = process.env.STORE_LIMITS
export default async (context) => ({ ...(await createStore(context)), ...(limits && { limits: JSON.parse(limits) }) })
`,
  }
}

/** The environment of a server whose store may take what it wants: for tests on a busy machine that measure something else. */
export const PATIENT: Record<string, string> = { STORE_LIMITS: '{"readMs":10000,"writeMs":10000}' }
