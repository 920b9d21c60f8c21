import type { Clock } from '../types.ts'

/** Holds back work that nobody waits for while there is work that somebody does. */
export interface Leisure {
  /** Resolves when there is time, or soon after the wait has become too long. In the order of the calls. */
  wait(key: string): Promise<void>
  /** Ends the waits of a key. */
  hurry(key: string): void
  /** Ends all waits, now and from now on. */
  end(): void
}

export interface LeisureOptions {
  readonly clock: Clock
  /** Whether the process has no time to give away. */
  readonly isBusy: () => boolean
}

/** How often it is asked whether there is time. */
const LOOK_MS = 20
/** So many begin between two looks. */
const PORTION = 8
/** After so long work begins on a busy server too, one at a time. */
const LONGEST_MS = 30_000

interface Waiting {
  readonly key: string
  readonly dueAt: number
  readonly begin: () => void
}

/** Makes a queue for what can wait. */
export function createLeisure({ clock, isBusy }: LeisureOptions): Leisure {
  const waiting = new Set<Waiting>()
  let begun = 0
  let timer: unknown
  let isEnded = false

  function look(): void {
    timer = undefined
    begun = 0
    const now = clock.now()
    const isFree = !isBusy()
    const portion = isFree ? PORTION : 1
    for (const each of waiting) {
      // The clock may have been set back.
      const isDue = now >= each.dueAt || now < each.dueAt - LONGEST_MS
      if (begun >= portion || !(isFree || isDue)) break
      begun += 1
      release(each)
    }
    if (waiting.size > 0 || begun > 0) timer = clock.setTimeout(look, LOOK_MS)
  }

  function release(each: Waiting): void {
    waiting.delete(each)
    each.begin()
  }

  return {
    async wait(key) {
      if (isEnded) return
      if (timer === undefined && !isBusy()) {
        begun = 1
        timer = clock.setTimeout(look, LOOK_MS)
        return
      }
      if (waiting.size === 0 && begun > 0 && begun < PORTION) {
        begun += 1
        return
      }
      await new Promise<void>((begin) => {
        waiting.add({ key, dueAt: clock.now() + LONGEST_MS, begin })
        timer ??= clock.setTimeout(look, LOOK_MS)
      })
    },
    hurry(key) {
      for (const each of waiting) if (each.key === key) release(each)
    },
    end() {
      isEnded = true
      clock.clearTimeout(timer)
      timer = undefined
      for (const each of waiting) release(each)
    },
  }
}
