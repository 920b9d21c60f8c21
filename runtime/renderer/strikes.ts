import type { Job } from '../types.ts'
import { describeJob } from './job-errors.ts'

/** The first pause after a strike that was not the first, and the longest one. */
const FIRST_PAUSE_MS = 1000
/** Shorter than that of the engine, which asks for a failing page less and less often: it never meets this one. */
const LONGEST_PAUSE_MS = 15_000
/** From so many strikes on, all paths of a page run alone. */
const PATTERN_STRIKES = 3
/** Paths and pages that are remembered. Those that were struck longest ago are forgotten: they run beside others again. */
const DEFAULT_LIMIT = 1000

/** Which jobs have ended the worker that they ran in. */
export interface Strikes {
  /** Notes that a worker was lost while the job was one of several in it. */
  doubt(job: Job): void
  /** Notes that a job ended its worker, in which it was alone. */
  add(job: Job): void
  /** Notes that a job, alone in its worker, left it alive. */
  clear(job: Job): void
  /** Whether the job is to run in a worker of its own, so that it can harm nobody else. */
  isSuspect(job: Job): boolean
  /** Milliseconds until the job may be tried again; 0: now. */
  toPauseMs(job: Job): number
}

/**
 * Who was there when a worker was lost runs alone until it has shown that it can. What ended a worker once will do so again. So it runs alone from then on, and after its second strike it is left alone for
 * a while that doubles from 1 to 15 seconds. A page of which several paths did so has all its paths run alone: addresses
 * that somebody makes up are new each time.
 *
 * @param now milliseconds, on a clock that never jumps
 */
export function createStrikes(now: () => number, limit: number = DEFAULT_LIMIT): Strikes {
  const paths = new Map<string, { count: number; dueAt: number }>()
  const patterns = new Map<string, number>()

  return {
    doubt(job) {
      const name = toName(job)
      remember(paths, name, paths.get(name) ?? { count: 0, dueAt: -Infinity }, limit)
    },
    add(job) {
      const name = toName(job)
      const count = (paths.get(name)?.count ?? 0) + 1
      const pauseMs = count === 1 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** Math.min(count - 2, 16), LONGEST_PAUSE_MS)
      remember(paths, name, { count, dueAt: now() + pauseMs }, limit)
      const { page } = describeJob(job)
      remember(patterns, page, (patterns.get(page) ?? 0) + 1, limit)
    },
    clear(job) {
      const wasStruck = (paths.get(toName(job))?.count ?? 1) > 0
      paths.delete(toName(job))
      if (!wasStruck) return
      const { page } = describeJob(job)
      const count = (patterns.get(page) ?? 0) - 1
      if (count > 0) patterns.set(page, count)
      else patterns.delete(page)
    },
    isSuspect: (job) => paths.has(toName(job)) || (patterns.get(describeJob(job).page) ?? 0) >= PATTERN_STRIKES,
    toPauseMs(job) {
      // Whoever calls `res.revalidate` has reason to think that the page is well again.
      if (job.type === 'page' && job.reason === 'on-demand') return 0
      return Math.max(0, (paths.get(toName(job))?.dueAt ?? 0) - now())
    },
  }
}

/** Without the query, which visitors make up: a page that was ended by one of them is suspect with any. */
function toName(job: Job): string {
  return describeJob(job).what.split('?', 1)[0]!
}

/** The one that was set longest ago goes first. */
function remember<T>(map: Map<string, T>, name: string, value: T, limit: number): void {
  map.delete(name)
  map.set(name, value)
  if (map.size <= limit) return
  const [oldest] = map.keys()
  if (oldest !== undefined) map.delete(oldest)
}
