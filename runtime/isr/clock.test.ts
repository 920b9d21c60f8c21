import { expect, it, vi } from 'vitest'
import { createSystemClock } from './clock.ts'

it('a time longer than timers can count does not end at once', () => {
  vi.useFakeTimers()
  try {
    const clock = createSystemClock()
    const onEnd = vi.fn()
    const handle = clock.setTimeout(onEnd, Infinity)
    vi.advanceTimersByTime(1000)
    expect(onEnd).not.toHaveBeenCalled()
    clock.clearTimeout(handle)
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})
