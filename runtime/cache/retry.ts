import { toErrorCode } from './atomic-write.ts'

export interface RetryOptions {
  /** A number from 0 up to 1. */
  readonly random: () => number
  readonly wait: (ms: number) => Promise<void>
}

const TRIES = 8
const FIRST_WAIT_MS = 10
const TRANSIENT = ['EMFILE', 'ENFILE', 'EAGAIN']

/** Tries again while the process or the system is out of file handles: others give theirs back within milliseconds. */
export async function withRetry<T>(work: () => Promise<T>, { random, wait }: RetryOptions): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (tries === TRIES || !TRANSIENT.includes(toErrorCode(error) ?? '')) throw error
      await wait(FIRST_WAIT_MS * 2 ** (tries - 1) * (0.5 + random()))
    }
  }
}
