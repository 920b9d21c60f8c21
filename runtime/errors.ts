/** The stable codes of errors that the runtime throws or logs; `docs/errors.md` explains each. */
export type IsrErrorCode =
  | 'ISR_GENERATE'
  | 'ISR_IMPORT'
  | 'ISR_PROPS'
  | 'ISR_RESULT'
  | 'ISR_PAGE_SIZE'
  | 'ISR_TIMEOUT'
  | 'ISR_RENDERER_LOST'
  | 'ISR_OVERLOADED'
  | 'ISR_PAUSED'
  | 'ISR_CLOSED'
  | 'ISR_PATHS'
  | 'ISR_PAGE'
  | 'ISR_REVALIDATE_PATH'
  | 'ISR_REVALIDATE_FAILED'
  | 'ISR_NO_BUILD'
  | 'ISR_BODY_TOO_LARGE'
  | 'ISR_BODY_INVALID'
  | 'ISR_API_REDIRECT'
  | 'ISR_CACHE_DIR'
  | 'ISR_STORE'
  | 'ISR_OPTION'
  | 'ISR_PORT'
  | 'ISR_CLIENT'

/** An error with a stable code, and the page and path that it belongs to. */
export class IsrError extends Error {
  readonly code: IsrErrorCode
  /** The page's file or pattern. */
  readonly page: string | undefined
  /** The concrete path. */
  readonly path: string | undefined

  constructor(code: IsrErrorCode, message: string, details: { page?: string; path?: string; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'IsrError'
    this.code = code
    this.page = details.page
    this.path = details.path
  }
}

/**
 * An error for what is expected and may happen with each page: without a stack, which would cost more than all else about it
 * and only say who called.
 */
export function createExpectedError(...args: ConstructorParameters<typeof IsrError>): IsrError {
  const limit = Error.stackTraceLimit
  // Does nothing, and throws nothing, where the process has frozen its built-in objects.
  Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    return new IsrError(...args)
  } finally {
    Reflect.set(Error, 'stackTraceLimit', limit)
  }
}

/** Whether a value is one of our errors with that code. Errors that crossed a thread are rebuilt as `IsrError`, so `instanceof` holds. Never throws. */
export function isIsrError(error: unknown, code?: IsrErrorCode): error is IsrError {
  try {
    return error instanceof IsrError && (code === undefined || error.code === code)
  } catch {
    // A proxy that will not tell its prototype.
    return false
  }
}

/** One line for anything that was thrown: errors, strings, null, objects with hostile getters. Never throws. */
export function toErrorMessage(error: unknown): string {
  try {
    if (error instanceof Error) return `${error.name}: ${error.message}`
    if (typeof error === 'object' && error !== null) {
      const { message } = error as { message?: unknown }
      return typeof message === 'string' ? message : `a thrown ${Object.prototype.toString.call(error)}`
    }
    return `a thrown ${typeof error}: ${String(error)}`
  } catch {
    return 'a thrown value that cannot be read'
  }
}

/**
 * The text of anything that was thrown, for a log: the stack of the user's own error where there is one, since ours only
 * says who called it. Never throws.
 */
export function toErrorText(error: unknown): string {
  try {
    if (error instanceof IsrError) {
      const { cause } = error
      const stack = cause instanceof Error ? cause.stack : undefined
      const frames = stack?.slice(Math.max(0, stack.indexOf('\n    at ')))
      return frames?.startsWith('\n    at ') ? error.message + frames : error.message
    }
    if (error instanceof Error) return error.stack ?? toErrorMessage(error)
  } catch {
    // Fall through: a getter of the thrown value threw.
  }
  return toErrorMessage(error)
}
