import type { Clock } from '../types.ts'

/** Settles as the work does, or rejects with `toError()` once the time is up. Whatever the work does later is ignored. */
export async function withTimeLimit<T>(
  work: Promise<T>,
  limit: { readonly clock: Clock; readonly ms: number; readonly toError: () => Error },
): Promise<T> {
  let timer: unknown
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = limit.clock.setTimeout(() => reject(limit.toError()), limit.ms)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    limit.clock.clearTimeout(timer)
  }
}
