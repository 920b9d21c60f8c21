import { IsrError, toErrorMessage } from '../errors.ts'
import type { Job } from '../types.ts'

/** What a job is about, for messages. */
export function describeJob(job: Job): { what: string; page: string; path?: string } {
  switch (job.type) {
    case 'paths':
      return { what: `getStaticPaths of ${job.pattern}`, page: job.pattern }
    case 'page':
      return describePage(job.pattern, job.path)
    case 'build':
      return describePage(job.pattern, job.paths[0])
    case 'shell':
      return describePage(job.pattern, undefined)
    case 'compress':
      return { what: 'the compression of a page', page: 'compression' }
    case 'render':
      return { what: `the page ${job.input.asPath}`, page: job.input.pattern, path: job.input.asPath }
  }
}

function describePage(page: string, path: string | undefined): ReturnType<typeof describeJob> {
  return path === undefined ? { what: `the shell of ${page}`, page } : { what: `the page ${path}`, page, path }
}

export function timeoutError(job: Job, timeoutMs: number): IsrError {
  const { what, ...details } = describeJob(job)
  return new IsrError(
    'ISR_TIMEOUT',
    `${details.page}: ${what} was not ready within ${timeoutMs / 1000} s (option generateTimeout). ` +
      'Does a data call wait for an answer that never comes, or is there an endless loop? Give data calls a time limit of their own.',
    details,
  )
}

export function abortError(job: Job): IsrError {
  const { what, ...details } = describeJob(job)
  return new IsrError('ISR_CLOSED', `${details.page}: ${what} was given up because the server is closing.`, details)
}

export function unsendableError(job: Job, cause: unknown): IsrError {
  const { what, ...details } = describeJob(job)
  const message = `${details.page}: ${what} cannot be sent to a render worker: ${toErrorMessage(cause)}`
  return new IsrError('ISR_PROPS', message, { ...details, cause })
}

export function lostError(job: Job, reason: unknown): IsrError {
  const { what, ...details } = describeJob(job)
  const message = `${details.page}: rendering ${what} ended its worker: ${toErrorMessage(reason)}`
  return new IsrError('ISR_RENDERER_LOST', message, { ...details, cause: reason })
}

/** The same text each time, so that the log tells it once. */
export function pausedError(job: Job): IsrError {
  const { what, ...details } = describeJob(job)
  const message =
    `${details.page}: ${what} has ended its render worker time and again, and is left alone for some seconds. ` +
    'What it did stands in the lines before.'
  return new IsrError('ISR_RENDERER_LOST', message, details)
}
