import { isIsrError, toErrorMessage } from '../errors.ts'
import { createLargeDataWarnings } from '../isr/large-data.ts'
import type { IsrEvent } from '../types.ts'
import type { Failures } from './failures.ts'
import { toEventLine, type Log } from './log.ts'

const STORE_LINE = '[vite-plugin-isr] code=ISR_STORE page=the cache store'
const OPERATIONS: Readonly<Record<string, string>> = { read: 'reads', write: 'writes' }

/**
 * Builds what hears the engine: failures go to the log, once each; with `debug` every decision does, a line each; and the
 * user's own listener is told all.
 */
export function createEventListener(options: {
  readonly failures: Failures
  readonly log: Log
  readonly debug: boolean
  readonly now: () => number
  readonly onEvent?: ((event: IsrEvent) => void) | undefined
}): (event: IsrEvent) => void {
  const { failures, log, debug, now, onEvent } = options
  const warnOfLargeData = createLargeDataWarnings((line) => log.warn(line), { repeat: false })

  return function listen(event) {
    // Most events are hits, which nobody reports: they must cost nothing here.
    if (event.type === 'failed') reportFailure(event)
    else if (event.type === 'regenerated')
      warnOfLargeData(event.pattern ?? event.path, event.path, event.dataBytes ?? 0)
    else if (event.type === 'store-error') {
      failures.report(event.error ?? event.reason, { page: 'the cache store', path: event.path })
    } else if (event.type === 'store-paused') reportPause(event)
    else if (event.type === 'store-resumed') log.warn(`${STORE_LINE}: ${OPERATIONS[event.reason]} work again.`)
    if (debug) log.info(toEventLine(event, now()))
    if (!onEvent) return
    try {
      const result: unknown = onEvent(event)
      // Its type lets async functions pass; nobody else would hear them fail, and that would end the process.
      if (result instanceof Promise) result.catch(reportListener)
    } catch (error) {
      reportListener(error)
    }
  }

  /** A metrics hook that fails must not cost anybody their page. */
  function reportListener(error: unknown): void {
    failures.report(error, { page: 'onEvent' })
  }

  /** One line for each time that the store goes away, however many visitors meet it meanwhile. */
  function reportPause({ reason, error }: IsrEvent): void {
    const what = `${OPERATIONS[reason]} failed several times in a row and are left out for now`
    log.error(
      `${STORE_LINE}: ${what} (last: ${error instanceof Error ? error.message : toErrorMessage(error)}). ` +
        'Pages are served from memory and from the build; the store is tried again by itself, 1 to 15 seconds apart.',
    )
  }

  function reportFailure({ error, path, pattern }: IsrEvent): void {
    // A generation that the shutdown gave up is no failure of the page.
    if (isIsrError(error, 'ISR_CLOSED')) return
    failures.report(error, { path, ...(pattern !== undefined && { page: pattern }) })
  }
}
