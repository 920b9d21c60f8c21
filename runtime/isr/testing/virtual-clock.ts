import type { Clock } from '../../types.ts'

/** A clock that a test turns by hand. */
export interface VirtualClock extends Clock {
  /** Lets time pass: timers run in order, and what they set off settles before the next. */
  advance(ms: number): Promise<void>
  /** Sets the time without letting any pass, as an administrator or NTP does. */
  jump(ms: number): void
  /** Timers that wait. */
  timers(): number
}

export function createVirtualClock(start = 1_700_000_000_000): VirtualClock {
  let time = 0
  let offset = start
  let nextId = 1
  const timers = new Map<number, { at: number; callback: () => void }>()

  function takeDue(until: number): (() => void) | undefined {
    const due = [...timers].filter(([, timer]) => timer.at <= until).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0]
    if (!due) return undefined
    const [id, timer] = due
    timers.delete(id)
    time = Math.max(time, timer.at)
    return timer.callback
  }

  return {
    now: () => offset + time,
    setTimeout(callback, ms) {
      const id = nextId++
      timers.set(id, { at: time + ms, callback })
      return id
    },
    clearTimeout(id) {
      timers.delete(id as number)
    },
    async advance(ms) {
      const until = time + ms
      await settle()
      for (let callback = takeDue(until); callback; callback = takeDue(until)) {
        callback()
        await settle()
      }
      time = until
    },
    jump(ms) {
      offset += ms
    },
    timers: () => timers.size,
  }
}

/** Lets everything that needs neither time nor I/O settle. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}
