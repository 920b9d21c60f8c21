import { AsyncResource } from 'node:async_hooks'
import { createJobRunner, type JobRunnerOptions, type RunJob } from '../isr/generate.ts'
import type { IsrApp, Job, JobResult, Renderer, StopSignal } from '../types.ts'
import { abortError, timeoutError } from './job-errors.ts'

/**
 * Runs jobs in this thread, for those who need module state shared with their API routes, for development and for tests.
 * A job that takes too long is given up, but nothing can stop its code, and a render that blocks the thread blocks the
 * server.
 *
 * @param loadApp called before each job, so that development can hand in a fresh app
 */
export function createInProcessRenderer(loadApp: () => Promise<IsrApp>, limits: JobRunnerOptions = {}): Renderer {
  // What is stored may know nothing of the visitor who happened to ask for it first, not by an AsyncLocalStorage either.
  const ownContext = new AsyncResource('vite-plugin-isr render', { requireManualDestroy: true })

  const runners = new WeakMap<IsrApp, RunJob>()

  async function start<J extends Job>(job: J): Promise<JobResult[J['type']]> {
    const app = await loadApp()
    const runJob = runners.get(app) ?? createJobRunner(app, limits)
    runners.set(app, runJob)
    return runJob(job)
  }

  return {
    async run(job, options) {
      // A `render` is one visitor's own page, after its data function: it may see what that saw.
      const work = job.type === 'render' ? start(job) : ownContext.runInAsyncScope(() => start(job))
      return withTimeLimit(work, job, options)
    },
    async close() {},
  }
}

async function withTimeLimit<T>(
  work: Promise<T>,
  job: Job,
  options: { timeoutMs: number; signal?: StopSignal },
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  let onAbort: (() => void) | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(timeoutError(job, options.timeoutMs)), options.timeoutMs)
    onAbort = () => reject(abortError(job))
    if (options.signal?.aborted) onAbort()
    options.signal?.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
    if (onAbort) options.signal?.removeEventListener('abort', onAbort)
  }
}
