import { IsrError, toErrorMessage, type IsrErrorCode } from '../errors.ts'
import type { Job } from '../types.ts'

/** What a render worker is started with. */
export interface WorkerSetup {
  /** The build whose pages it is to make, where that is known. */
  readonly buildId: string | undefined
  /** See `JobRunnerOptions`. */
  readonly maxPageBytes: number | undefined
  /** See `JobRunnerOptions`. */
  readonly compress: boolean
  /** See `WorkerRendererOptions`. */
  readonly packBodies: boolean
  /** Jobs that run at a time. */
  readonly concurrency: number | undefined
  /** See `WorkerRendererOptions`. */
  readonly givesWay: boolean
  /** Bytes outside of the JavaScript heap (Node's buffers) past which the worker ends itself. */
  readonly memoryBytes: number | undefined
}

/** What the serving thread sends to a render worker. */
export type ToWorker =
  | {
      readonly type: 'jobs'
      readonly jobs: ReadonlyArray<{ readonly id: number; readonly job: Job }>
      /** Blocks of earlier answers that nobody reads any more. */
      readonly spares: readonly SharedArrayBuffer[]
    }
  /** Nobody waits for this job any more: another one may have its turn. */
  | { readonly type: 'abandoned'; readonly id: number }
  | { readonly type: 'ping' }
  | { readonly type: 'exit' }

/** What a render worker sends back. */
export type FromWorker =
  | { readonly type: 'ready' | 'pong' }
  | {
      readonly type: 'answers'
      readonly answers: readonly Answer[]
      /** What the bodies lie in, where they are packed: see `WorkerRendererOptions`. */
      readonly block: SharedArrayBuffer | undefined
    }
  /** Its last word: something has called `process.exit`. */
  | { readonly type: 'leaving'; readonly error: WireError }

/** What became of one job. */
export type Answer =
  | { readonly type: 'done'; readonly id: number; readonly result: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError }

/** An error as plain data: structured clone would drop our fields and the class of the user's own errors. */
export interface WireError {
  readonly code: IsrErrorCode
  readonly message: string
  readonly page: string | undefined
  readonly path: string | undefined
  readonly cause: { readonly name: string; readonly message: string; readonly stack: string } | undefined
}

/** Reads all that matters of a thrown value while its thread still can, stack mapped to the sources. */
export function toWireError(error: unknown): WireError {
  const isr = error instanceof IsrError ? error : undefined
  return {
    code: isr?.code ?? 'ISR_GENERATE',
    message: isr?.message ?? toErrorMessage(error),
    page: isr?.page,
    path: isr?.path,
    cause: toWireCause(isr ? isr.cause : error),
  }
}

function toWireCause(cause: unknown): WireError['cause'] {
  if (cause === undefined) return undefined
  try {
    if (cause instanceof Error) {
      // User code may have put anything there.
      const { name, message, stack } = cause as { [field in 'name' | 'message' | 'stack']: unknown }
      return { name: String(name), message: String(message), stack: String(stack) }
    }
  } catch {
    // A hostile getter: the message below never throws.
  }
  return { name: 'Error', message: toErrorMessage(cause), stack: '' }
}

/** Rebuilds the error on the other side, so that `instanceof IsrError` holds there too. */
export function fromWireError(wire: WireError): IsrError {
  return new IsrError(wire.code, wire.message, {
    ...(wire.page !== undefined && { page: wire.page }),
    ...(wire.path !== undefined && { path: wire.path }),
    ...(wire.cause && { cause: Object.assign(new Error(wire.cause.message), wire.cause) }),
  })
}
