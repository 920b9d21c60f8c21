import { availableParallelism } from 'node:os'
import { performance, type EventLoopUtilization } from 'node:perf_hooks'

/** Of the time since the last look: above this there is none to give away. */
const BUSY = 0.75
/** A shorter time says nothing. */
const SHORTEST_MS = 15

/** What a process has used since its start. */
export interface Usage {
  /** Milliseconds of processors, all threads. */
  readonly processor: number
  /** Milliseconds in which this thread had something to do. */
  readonly thread: number
}

/**
 * Makes the function that says whether the process is busy: this thread nearly all of the time, or all the processors that
 * it may use. It tells of the time since it was last asked.
 */
export function createLoad(
  read: () => Usage = readUsage,
  processors: number = availableParallelism(),
  now: () => number = () => performance.now(),
): () => boolean {
  let last = read()
  let lastAt = now()
  let isBusy = false

  return () => {
    const at = now()
    const elapsed = at - lastAt
    // Reading what was used costs a twentieth of making a page.
    if (elapsed < SHORTEST_MS) return isBusy
    lastAt = at
    const usage = read()
    const isThreadBusy = usage.thread - last.thread > BUSY * elapsed
    isBusy = isThreadBusy || usage.processor - last.processor > BUSY * elapsed * processors
    last = usage
    return isBusy
  }
}

function readUsage(): Usage {
  const { user, system } = process.cpuUsage()
  const { active }: EventLoopUtilization = performance.eventLoopUtilization()
  return { processor: (user + system) / 1000, thread: active }
}
