import type { Clock } from '../types.ts'

/** Settles as the work does, or rejects with `toError()` once the time is up. Whatever the work does later is ignored. */
export function withTimeLimit<T>(
  work: Promise<T>,
  { clock, ms, toError }: { readonly clock: Clock; readonly ms: number; readonly toError: () => Error },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => reject(toError()), ms)
    work.then(
      (value) => {
        clock.clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clock.clearTimeout(timer)
        reject(error)
      },
    )
  })
}
