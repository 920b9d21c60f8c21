import { IsrError } from '../errors.ts'
import { createJobRunner, type JobRunnerOptions } from '../isr/generate.ts'
import type { IsrApp, Job, Renderer } from '../types.ts'

/**
 * Runs jobs in this thread, for those who need module state shared with their API routes, for development and for tests.
 * A job that takes too long is given up, but nothing can stop its code, and a render that blocks the thread blocks the
 * server.
 *
 * @param loadApp called before each job, so that development can hand in a fresh app
 */
export function createInProcessRenderer(loadApp: () => Promise<IsrApp>, limits: JobRunnerOptions = {}): Renderer {
  return {
    async run(job, options) {
      const work = (async () => createJobRunner(await loadApp(), limits)(job))()
      return withTimeLimit(work, job, options)
    },
    async close() {},
  }
}

async function withTimeLimit<T>(
  work: Promise<T>,
  job: Job,
  options: { timeoutMs: number; signal?: AbortSignal },
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

/** What a job is about, for messages. */
export function describeJob(job: Job): { what: string; page: string; path?: string } {
  switch (job.type) {
    case 'paths':
      return { what: `getStaticPaths of ${job.pattern}`, page: job.pattern }
    case 'page':
      return { what: `the page ${job.path}`, page: job.pattern, path: job.path }
    case 'shell':
      return { what: `the shell of ${job.pattern}`, page: job.pattern }
    case 'render':
      return { what: `the page ${job.input.asPath}`, page: job.input.pattern, path: job.input.asPath }
  }
}

export function timeoutError(job: Job, timeoutMs: number): IsrError {
  const { what, ...details } = describeJob(job)
  return new IsrError(
    'ISR_TIMEOUT',
    `${details.page}: ${what} was not ready within ${timeoutMs / 1000} s (option generateTimeout). ` +
      'Does a data call wait for an answer that never comes? Give it a time limit of its own.',
    details,
  )
}

export function abortError(job: Job): IsrError {
  const { what, ...details } = describeJob(job)
  return new IsrError('ISR_CLOSED', `${details.page}: ${what} was given up because the server is closing.`, details)
}
