import { isIsrError, toErrorText } from '../errors.ts'
import type { Log } from './log.ts'

/** Where something failed. */
export interface FailurePlace {
  /** The page's pattern. */
  readonly page?: string
  /** The concrete path. */
  readonly path?: string
}

/** Says what went wrong, once, and not more often than anybody reads. */
export interface Failures {
  /** A failure with its stack: one line group per error, however many visitors it met. */
  report(error: unknown, place: FailurePlace): void
  /** A request that made no sense: counted, with a line now and then. */
  refuse(kind: string, detail: string): void
}

const QUIET_MS = 10_000
const MAX_KINDS = 200

/**
 * Reports failures of one kind (code and page, or the way in which a request was malformed) at most once in 10 seconds; the
 * next line tells how many were left out. Visitors share the error of a generation they waited for together: it is reported
 * for the first of them.
 */
export function createFailures(log: Log, now: () => number): Failures {
  const reported = new WeakSet<object>()
  const kinds = new Map<string, { since: number; left: number }>()

  /** The text to add for what was left out, or undefined when this one is to be left out too. */
  function admit(kind: string): string | undefined {
    const time = now()
    const seen = kinds.get(kind)
    if (seen && time - seen.since >= 0 && time - seen.since < QUIET_MS) {
      seen.left += 1
      return undefined
    }
    if (kinds.size >= MAX_KINDS) kinds.clear()
    kinds.set(kind, { since: time, left: 0 })
    return seen && seen.left > 0 ? ` (and ${seen.left} more since the last line)` : ''
  }

  return {
    report(error, place) {
      if (typeof error === 'object' && error !== null) {
        if (reported.has(error)) return
        reported.add(error)
      }
      const code = isIsrError(error) ? error.code : 'ISR_PAGE'
      const page = (isIsrError(error) ? error.page : undefined) ?? place.page
      const path = (isIsrError(error) ? error.path : undefined) ?? place.path
      const more = admit(`${code} ${page ?? ''}`)
      if (more === undefined) return
      const where = [`code=${code}`, page && `page=${page}`, path && `path=${path}`].filter(Boolean).join(' ')
      log.error(`[vite-plugin-isr] ${where}${more}: ${toErrorText(error)}`)
    },

    refuse(kind, detail) {
      const more = admit(kind)
      if (more !== undefined) log.warn(`[vite-plugin-isr] ${kind}${more}: ${detail}`)
    },
  }
}
