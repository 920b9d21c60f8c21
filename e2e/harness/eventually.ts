import { vi } from 'vitest'

/** Tries again until nothing in it throws, for what a server does in the background. @returns its result */
export function eventually<T>(check: () => T | Promise<T>, timeoutMs = 15_000): Promise<T> {
  return vi.waitFor(check, { timeout: timeoutMs, interval: 25 })
}
