import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileProgram } from './compile.ts'
import { hasProgram, run, type Command } from './process.ts'

/** A closed loop: each connection asks again as soon as it has its answer. */
export interface LoadOptions {
  readonly url: string
  /** Asked for at random, the same sequence in every run. */
  readonly paths: readonly string[]
  /** Each path is asked for once, in order; there have to be enough. Default false. */
  readonly isOnce?: boolean
  /** Whether it is a result that no request was answered, and no failure. Default false. */
  readonly mayStandStill?: boolean
  readonly headers?: Readonly<Record<string, string>>
  readonly seconds: number
  /** Default 64. */
  readonly connections?: number
  /** Cores of the generator. */
  readonly cores?: string | undefined
}

export interface LoadResult {
  readonly requests: number
  readonly perSecond: number
  readonly bytes: number
  /** Answers with a status of 400 or above. */
  readonly badStatuses: number
  /** Connections refused or broken, requests without an answer. */
  readonly failures: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

/** As the generators print it. */
type Counted = Omit<LoadResult, 'perSecond'> & { readonly microseconds: number }

/** `wrk` where it is installed, else autocannon, which takes more of its core and so measures fast servers too low. */
export function chooseGenerator(): 'wrk' | 'autocannon' {
  return hasProgram('wrk', '--version') ? 'wrk' : 'autocannon'
}

/** Runs the load generator in a process of its own. @throws Error when it fails or nothing was answered. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), 'isr-bench-load-'))
  const list = join(folder, 'paths.txt')
  try {
    writeFileSync(list, `${options.paths.join('\n')}\n`)
    const command = chooseGenerator() === 'wrk' ? toWrk(options, list) : await toAutocannon(options, list)
    const { stderr } = await run(command, options.cores)
    const counted = JSON.parse(stderr.slice(stderr.indexOf('{"requests"'))) as Counted
    if (options.isOnce && counted.requests > options.paths.length) {
      throw new Error(
        `${options.url}: ${counted.requests} requests for ${options.paths.length} paths; give more of them.`,
      )
    }
    if (counted.requests === 0 && !options.mayStandStill)
      throw new Error(`${options.url}: no request was answered in ${options.seconds} s.`)
    const { microseconds, ...result } = counted
    return { ...result, perSecond: (counted.requests * 1e6) / microseconds }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function toWrk({ url, headers = {}, seconds, connections = 64, isOnce = false }: LoadOptions, list: string): Command {
  const script = new URL('load.lua', import.meta.url).pathname
  const head = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const flags = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', ...head, '-s', script]
  return { file: 'wrk', args: [...flags, url, '--', list, '7', isOnce ? 'once' : 'random'] }
}

async function toAutocannon(
  { url, headers = {}, seconds, connections = 64, isOnce = false }: LoadOptions,
  list: string,
): Promise<Command> {
  const program = await compileProgram('harness/autocannon.ts')
  const options = JSON.stringify({ url, headers, seconds, connections, list, isOnce })
  return { file: process.execPath, args: [program, options] }
}
