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

const WINDOW_MS = 10_000
const MAX_KINDS = 400
/** Different failures of one page that are told within a window: each path's is worth reading, thousands of them are not. */
const MAX_OF_PAGE = 20

/** What was told of one kind since a time. */
interface Telling {
  readonly since: number
  told: number
  left: number
}

/**
 * Reports failures that are the same (code, page, path and message), and requests that are malformed in one way, at most once
 * in 10 seconds; different failures of one page up to 20 times. The next line tells how many were left out. A store that
 * fails does so for every path in the same way, so it is told once in that time. Visitors share the error of a generation they
 * waited for together: it is reported for the first of them.
 */
export function createFailures(log: Log, now: () => number): Failures {
  const reported = new WeakSet<object>()
  const tellings = new Map<string, Telling>()

  /** What was told of a kind in this window; what was left out in the one before is carried on. */
  function open(kind: string): Telling {
    const time = now()
    const seen = tellings.get(kind)
    if (seen && time - seen.since >= 0 && time - seen.since < WINDOW_MS) return seen
    if (tellings.size >= MAX_KINDS) tellings.clear()
    const telling = { since: time, told: 0, left: seen?.left ?? 0 }
    tellings.set(kind, telling)
    return telling
  }

  /** The text to add for what was left out, or undefined when this one is to be left out too. */
  function admit(kinds: ReadonlyArray<{ readonly name: string; readonly limit: number }>): string | undefined {
    const opened: Telling[] = []
    for (const { name, limit } of kinds) {
      const telling = open(name)
      if (telling.told >= limit) {
        telling.left += 1
        return undefined
      }
      opened.push(telling)
    }
    const left = opened.reduce((sum, telling) => sum + telling.left, 0)
    for (const telling of opened) {
      telling.told += 1
      telling.left = 0
    }
    return left > 0 ? ` (and ${left} more since the last line)` : ''
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
      const text = toErrorText(error)
      const ofPage = { name: `${code} ${page ?? ''}`, limit: code === 'ISR_STORE' ? 1 : MAX_OF_PAGE }
      const more = admit([ofPage, { name: `${ofPage.name} ${path ?? ''} ${text.split('\n', 1)[0]}`, limit: 1 }])
      if (more === undefined) return
      const where = [`code=${code}`, page && `page=${page}`, path && `path=${path}`].filter(Boolean).join(' ')
      log.error(`[vite-plugin-isr] ${where}${more}: ${text}`)
    },

    refuse(kind, detail) {
      const more = admit([{ name: kind, limit: 1 }])
      if (more !== undefined) log.warn(`[vite-plugin-isr] ${kind}${more}: ${detail}`)
    },
  }
}
