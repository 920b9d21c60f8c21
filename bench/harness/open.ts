import { compileProgram } from './compile.ts'
import { run } from './process.ts'

/** An open loop: requests are sent at their times, whether or not earlier ones are answered. */
export interface OpenLoopOptions {
  readonly url: string
  /** Asked for in turn. */
  readonly paths: readonly string[]
  /** Requests per second. */
  readonly rate: number
  readonly warmUpSeconds: number
  readonly seconds: number
  /** Milliseconds after which a page is out of date. */
  readonly lifetime: number
  readonly cores?: string | undefined
}

/** Times in milliseconds. */
export interface OpenLoopResult {
  readonly requests: number
  /** Requests without an answer in five seconds. */
  readonly unanswered: number
  readonly badStatuses: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly longest: number
  /** How long ago what was served should have been replaced, counted from the first request on. */
  readonly lagP50: number
  readonly lagP99: number
  /** How much later than planned requests were sent: 99 of 100 no later. */
  readonly late: number
  /** Different renders that were served. */
  readonly renders: number
}

const PATIENCE_SECONDS = 5

/** Runs the generator in a process of its own. @throws Error when it fails. */
export async function runOpenLoop({ cores, ...options }: OpenLoopOptions): Promise<OpenLoopResult> {
  const program = await compileProgram('harness/open-loop.ts')
  const plan = JSON.stringify({ ...options, patience: PATIENCE_SECONDS })
  const { stderr } = await run({ file: process.execPath, args: [program, plan] }, cores)
  return JSON.parse(stderr.slice(stderr.indexOf('{"requests"'))) as OpenLoopResult
}
