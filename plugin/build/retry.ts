import { isIsrError, type IsrErrorCode } from '../../runtime/errors.ts'

/** Tries in total: an answer that a busy data source gave up on mostly comes the second time. */
export const TRIES = 3

const FIRST_PAUSE_MS = 200

/**
 * What the page itself is wrong about. Results and props are not: a busy data source may have given half an answer. What
 * ended its worker was tried again already, alone.
 */
const FINAL: readonly IsrErrorCode[] = ['ISR_PATHS', 'ISR_PAGE_SIZE', 'ISR_RENDERER_LOST']

/** Whether another try could end otherwise. */
export function isWorthRetrying(error: unknown): boolean {
  return !isIsrError(error) || !FINAL.includes(error.code)
}

/**
 * Runs a task up to three times, once where that can't help, with a longer pause before each further try.
 *
 * @param pause resolves after so many milliseconds
 * @throws what the last try threw
 */
export async function withRetries<T>(run: () => Promise<T>, pause: (ms: number) => Promise<void>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run()
    } catch (error) {
      if (tries === TRIES || !isWorthRetrying(error)) throw error
      await pause(FIRST_PAUSE_MS * 2 ** (tries - 1))
    }
  }
}
