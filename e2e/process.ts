/**
 * Starts and ends the servers under test. Each is one process that listens on a port of its own and is ended by its id.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export interface ServerProcess {
  /** Without a slash at the end. */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** What it printed so far, both streams. */
  output(): string
  /** Resolves with the exit code when it has ended; null where a signal ended it. */
  readonly exited: Promise<number | null>
  signal(name: NodeJS.Signals): void
  /** SIGTERM, then SIGKILL when it has not gone after half a minute. Resolves with the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL: no goodbye. */
  kill(): Promise<void>
}

export interface Command {
  /** Arguments of `node`, and what the environment holds besides. */
  toCommand: (port: number) => { args: readonly string[]; env: Record<string, string> }
  cwd: string
  /** Default: a free one. */
  port?: number
}

/** Runs to its end. Rejects, with all that it printed, when the exit code is not zero. */
export async function runToEnd(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
) {
  const result = await runToExit(command, args, cwd, env)
  if (result.code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${result.code}:\n${result.output}`)
  return result.output
}

/** Runs to its end, whatever that is. */
export async function runToExit(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<{ code: number | null; output: string }> {
  const child = spawn(command, args, { cwd, env: toEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] })
  const output = collectOutput(child)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output: output() }
}

/** Starts a server; resolves once it accepts connections. */
export async function startProcess(command: Command): Promise<ServerProcess> {
  for (let tries = 1; ; tries++) {
    try {
      return await startOnce(command)
    } catch (error) {
      // Between finding a free port and listening on it, another program may take it.
      if (tries === 3 || command.port !== undefined || !/in use|EADDRINUSE|something else does/.test(String(error)))
        throw error
    }
  }
}

async function startOnce({ toCommand, cwd, port: chosen }: Command): Promise<ServerProcess> {
  const port = chosen ?? (await findFreePort())
  const { args, env } = toCommand(port)
  const child = spawn(process.execPath, args, { cwd, env: toEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] })
  const output = collectOutput(child)
  // Not `exit`: what it printed last may come after that.
  const exited = once(child, 'close').then(([code]) => code as number | null)

  await waitForPort(port, child, output)

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid!,
    output,
    exited,
    signal: (name) => void child.kill(name),
    async stop() {
      child.kill('SIGTERM')
      const timer = new AbortController()
      const late = delay(30_000, 'late' as const, { signal: timer.signal }).catch(() => 'late' as const)
      const first = await Promise.race([exited, late])
      timer.abort()
      if (first === 'late') child.kill('SIGKILL')
      return await exited
    },
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

function toEnvironment(env: Record<string, string>): NodeJS.ProcessEnv {
  // A test runner's NODE_ENV=test would make React and Vite behave as in no real run.
  const unwanted = /^(?:NODE_ENV|FORCE_COLOR|VITEST.*|ISR_.*)$/
  const inherited = Object.entries(process.env).filter(([name]) => !unwanted.test(name))
  return { ...Object.fromEntries(inherited), NO_COLOR: '1', ...env }
}

function collectOutput(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8')
    stream?.on('data', (chunk: string) => {
      text += chunk
    })
  }
  return () => text
}

/** A port of this machine on which nobody listens, for now. */
export async function findFreePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function waitForPort(port: number, child: ChildProcess, output: () => string): Promise<void> {
  const end = Date.now() + 60_000
  while (Date.now() < end) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`The server ended with ${child.exitCode ?? child.signalCode} before it listened:\n${output()}`)
    }
    if ((await accepts(port)) && isListener(child.pid!, port)) return
    await delay(50)
  }
  child.kill('SIGKILL')
  throw new Error(`The server did not listen on port ${port} within a minute:\n${output()}`)
}

/**
 * Whether it is this process that listens there, or one that it started, and not one that took the port meanwhile: then ours
 * is about to end. Linux.
 */
function isListener(pid: number, port: number): boolean {
  if (process.platform !== 'linux') return true
  const listening = listSockets(port).filter(([, , , state]) => state === '0A')
  const sockets = listening.map((line) => `socket:[${line[9]}]`)
  const held = listProcesses(pid).flatMap(listFiles)
  return sockets.some((socket) => held.includes(socket))
}

/** Whether all that clients sent to a port has been read by who listens there. Linux; elsewhere nobody knows. */
export function isRead(port: number): boolean {
  return process.platform !== 'linux' || listSockets(port).every(([, , , , queues]) => queues?.endsWith(':00000000'))
}

/** Rows of the system's tables of sockets. */
function listSockets(port: number): string[][] {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const tables = ['tcp', 'tcp6'].map((name) => readFileSync(`/proc/net/${name}`, 'utf8')).join('')
  const lines = tables.split('\n').map((line) => line.trim().split(/\s+/))
  return lines.filter(([, local]) => local?.endsWith(end))
}

function listProcesses(pid: number): number[] {
  const children = orNothing(() => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean))
  return [pid, ...children.flatMap((child) => listProcesses(Number(child)))]
}

function listFiles(pid: number): string[] {
  const names = orNothing(() => readdirSync(`/proc/${pid}/fd`))
  return names.flatMap((name) => orNothing(() => [readlinkSync(`/proc/${pid}/fd/${name}`)]))
}

/** A process may end while it is looked at. */
function orNothing<T>(read: () => T[]): T[] {
  try {
    return read()
  } catch {
    return []
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
