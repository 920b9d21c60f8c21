import type { Clock } from '../../types.ts'

/** A clock that a test turns by hand. */
export interface VirtualClock extends Clock {
  /** Lets time pass: timers run in order, and what they set off settles before the next. */
  advance(ms: number): Promise<void>
  /** Sets the time without letting any pass, as an administrator or NTP does. */
  jump(ms: number): void
  /** Timers that wait. */
  timers(): number
  /** Milliseconds that have passed, whatever the jumps. */
  elapsed(): number
  /** When the next timer is due, in terms of `elapsed`. */
  dueAt(): number | undefined
  /** Lets time pass up to the next timer and runs that, without waiting for what it sets off. */
  fire(): void
  /** Lets time pass without running timers: none may be due in it. */
  pass(ms: number): void
}

interface Timer {
  readonly at: number
  readonly callback: () => void
}

export function createVirtualClock(start = 1_700_000_000_000): VirtualClock {
  let time = 0
  let offset = start
  let nextId = 1
  const timers = new Map<number, Timer>()

  /** The earliest, and of those that are due at the same time the one that was set first. */
  function findNext(): { id: number; timer: Timer } | undefined {
    let next: { id: number; timer: Timer } | undefined
    for (const [id, timer] of timers) if (!next || timer.at < next.timer.at) next = { id, timer }
    return next
  }

  const clock: VirtualClock = {
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
      for (let due = clock.dueAt(); due !== undefined && due <= until; due = clock.dueAt()) {
        clock.fire()
        await settle()
      }
      time = until
    },
    jump(ms) {
      offset += ms
    },
    timers: () => timers.size,
    elapsed: () => time,
    dueAt: () => findNext()?.timer.at,
    fire() {
      const next = findNext()
      if (!next) return
      timers.delete(next.id)
      time = Math.max(time, next.timer.at)
      next.timer.callback()
    },
    pass(ms) {
      time += ms
    },
  }
  return clock
}

/** Lets everything that needs neither time nor I/O settle. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}
