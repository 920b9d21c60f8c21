import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

/** What to start, as the user of that server would. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Running {
  readonly pid: number
  /** `http://127.0.0.1:<port>`. */
  readonly url: string
  /** Milliseconds from the start of the process to its first answer. */
  readonly readyMs: number
  /** User and system time of the process and its children so far, in milliseconds. 0 where the system does not tell. */
  readCpuMs(): number
  /** Resident memory of the process and its children, in bytes. 0 where the system does not tell. */
  readMemory(): number
  /** What it has printed. */
  readOutput(): string
  stop(): Promise<void>
}

export interface StartOptions {
  /** Cores that it may use, as `taskset` takes them: `0`, `0,1`. Default: all. */
  readonly cores?: string | undefined
  /** `ISR_CACHE_DIR` is a fresh folder, deleted with the process, unless it is set here. */
  readonly env?: Readonly<Record<string, string>>
  /** The address that is asked for until it answers with 200. Default `/posts/1`. */
  readonly readyPath?: string
  /** Milliseconds that it may take until then. Default 60 000. */
  readonly timeout?: number
}

/** Clock ticks per second in /proc: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100
const STOP_MS = 3_000
/** Process groups that were started and have not ended: they end with this process, however that ends. */
const groups = new Set<number>()
process.once('exit', () => groups.forEach((pid) => signalGroup(pid, 'SIGKILL')))
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(signal, () => process.exit(code))
}

/**
 * Starts a server in a fresh process, with a free port in `PORT`, and waits for its first good answer.
 *
 * @throws Error with what it printed, when it ends or does not answer in time.
 */
export async function startServer(command: Command, options: StartOptions = {}): Promise<Running> {
  const port = await findPort()
  const begin = performance.now()
  const cacheDir = mkdtempSync(join(tmpdir(), 'isr-bench-cache-'))
  const env = { ISR_CACHE_DIR: cacheDir, ...options.env, PORT: String(port), HOST: '127.0.0.1' }
  const child = spawnPinned(command, env, options.cores)
  const url = `http://127.0.0.1:${port}`
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8')
    stream?.on('data', (text: string) => output.push(text))
  }
  const server = {
    pid: child.pid ?? 0,
    url,
    readCpuMs: () => sumTree(child.pid ?? 0, readCpuMs),
    readMemory: () => sumTree(child.pid ?? 0, readMemory),
    readOutput: () => output.join(''),
    async stop() {
      await stop(child)
      rmSync(cacheDir, { recursive: true, force: true })
    },
  }
  try {
    await waitForAnswer(child, url + (options.readyPath ?? '/posts/1'), options.timeout ?? 60_000)
  } catch (error) {
    await server.stop()
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${command.file} ${command.args.join(' ')}: ${reason}\n${server.readOutput()}`)
  }
  return { ...server, readyMs: performance.now() - begin }
}

/** Runs a command to its end, on the given cores. @throws Error with what it printed when its exit code is not 0. */
export async function run(command: Command, cores?: string): Promise<{ stdout: string; stderr: string }> {
  const child = spawnPinned(command, {}, cores)
  const output = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => resolve(status ?? signal ?? 'an unknown reason'))
  })
  if (code === 0) return output
  throw new Error(`${command.file} ${command.args.join(' ')} ended with ${code}:\n${output.stdout}${output.stderr}`)
}

/** What a command that ran to its end took. */
export interface Measured {
  readonly ms: number
  /** User and system time of it and its children as they last were seen. 0 where the system does not tell. */
  readonly cpuMs: number
  /** The most resident memory that was seen of it and its children, in bytes. 0 where the system does not tell. */
  readonly peakBytes: number
  /** What it printed, and how many milliseconds after its start. */
  readonly lines: ReadonlyArray<{ readonly ms: number; readonly text: string }>
}

const SAMPLE_MS = 50

/** Runs a command to its end and watches what it takes. @throws Error with what it printed when its exit code is not 0. */
export async function measureCommand(command: Command): Promise<Measured> {
  const begin = performance.now()
  const child = spawnPinned(command, {}, undefined)
  const lines: Array<{ ms: number; text: string }> = []
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface(stream).on('line', (text) => lines.push({ ms: performance.now() - begin, text }))
  }
  let cpuMs = 0
  let peakBytes = 0
  const timer = setInterval(() => {
    // What has ended is counted no more, so the sum can fall.
    cpuMs = Math.max(cpuMs, sumTree(child.pid ?? 0, readCpuMs))
    peakBytes = Math.max(peakBytes, sumTree(child.pid ?? 0, readMemory))
  }, SAMPLE_MS)
  try {
    const code = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (status, signal) => resolve(status ?? signal ?? 'an unknown reason'))
    })
    if (code === 0) return { ms: performance.now() - begin, cpuMs, peakBytes, lines }
    const output = lines.map(({ text }) => text).join('\n')
    throw new Error(`${command.file} ${command.args.join(' ')} ended with ${code}:\n${output}`)
  } finally {
    clearInterval(timer)
  }
}

/** Whether a program can be found, by a call that does nothing. */
export function hasProgram(name: string, ...args: readonly string[]): boolean {
  return spawnSync(name, args, { stdio: 'ignore' }).error === undefined
}

function spawnPinned(command: Command, env: Readonly<Record<string, string>>, cores: string | undefined): ChildProcess {
  const isPinned = cores !== undefined && hasProgram('taskset', '--version')
  const [file, args] = isPinned
    ? ['taskset', ['-c', cores, command.file, ...command.args]]
    : [command.file, [...command.args]]
  const child = spawn(file, args, {
    cwd: command.cwd,
    env: { ...process.env, NODE_ENV: 'production', ...command.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that what it starts ends with it.
    detached: true,
  })
  const { pid } = child
  if (pid !== undefined) {
    groups.add(pid)
    // Its own end says nothing of those that it has started.
    child.once('exit', () => {
      signalGroup(pid, 'SIGKILL')
      groups.delete(pid)
    })
  }
  return child
}

async function waitForAnswer(child: ChildProcess, url: string, timeout: number): Promise<void> {
  const end = performance.now() + timeout
  let failure: Error | undefined
  child.once('error', (error) => (failure = error))
  let last = 'nothing'
  while (performance.now() < end) {
    if (failure instanceof Error) throw failure
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('ended before it answered.')
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) })
      await answer.arrayBuffer()
      if (answer.status === 200) return
      last = `status ${answer.status}`
    } catch (error) {
      last = String(error)
    }
    await sleep(4)
  }
  throw new Error(`no answer from ${url} in ${timeout} ms; the last was ${last}.`)
}

async function stop(child: ChildProcess): Promise<void> {
  const pid = child.pid
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise((resolve) => child.once('close', resolve))
  signalGroup(pid, 'SIGTERM')
  const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), STOP_MS)
  await closed
  clearTimeout(timer)
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended by itself.
  }
}

/** Below those that the system hands out by itself, so that nobody else is given it between this answer and its use. */
const PORTS = { first: 20_000, count: 10_000 }

/** A port that nobody listens on. */
export async function findPort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + randomInt(PORTS.count)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, () => probe.close(() => resolve(true)))
  })
}

function sumTree(root: number, read: (pid: number) => number): number {
  if (!existsSync('/proc/self/stat')) return 0
  return listTree(root).reduce((sum, pid) => sum + read(pid), 0)
}

/** The process and all that it has started, directly or not. */
function listTree(root: number): number[] {
  const parents = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const parent = Number(readStat(Number(name))?.[1] ?? 0)
    parents.set(parent, [...(parents.get(parent) ?? []), Number(name)])
  }
  const tree = [root]
  for (const pid of tree) tree.push(...(parents.get(pid) ?? []))
  return tree
}

/** The fields of /proc/<pid>/stat after the name, which may have spaces in it: state, parent, … */
function readStat(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/**
 * Ticks count threads that have ended too, but only whole ones, each 10 ms; the scheduler counts nanoseconds, of those that
 * still run. Neither says more than there was.
 */
function readCpuMs(pid: number): number {
  const fields = readStat(pid)
  const ticks = Number(fields?.[11] ?? 0) + Number(fields?.[12] ?? 0)
  return Math.max((ticks * 1000) / TICKS_PER_SECOND, readThreadsMs(pid))
}

function readThreadsMs(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    return threads.reduce((sum, thread) => sum + readThreadMs(`/proc/${pid}/task/${thread}/schedstat`), 0)
  } catch {
    return 0
  }
}

/** 0 for a thread that has just ended, and for a kernel that keeps no such figures. */
function readThreadMs(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8').split(' ')[0]) / 1e6
  } catch {
    return 0
  }
}

function readMemory(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Number(kilobytes ?? 0) * 1024
  } catch {
    return 0
  }
}
