// Before each test file: what a test waits for may take its time on a busy machine. Vitest's own default is one second, and
// has no setting for `vi.waitFor`.
import { vi } from 'vitest'

const { waitFor } = vi
vi.waitFor = (callback, options) =>
  waitFor(callback, typeof options === 'number' ? options : { timeout: 15_000, ...options })
