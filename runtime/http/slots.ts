import { IsrError } from '../errors.ts'

/** Runs so many tasks at a time, lets so many more wait for so long, and refuses the rest. */
export interface Slots {
  /** @throws `IsrError` `ISR_OVERLOADED` when too many wait already, or it has waited too long; otherwise as the task */
  run<T>(task: () => Promise<T>): Promise<T>
}

export interface SlotsOptions {
  /** Tasks at a time. */
  readonly limit: number
  /** Tasks that may wait. */
  readonly queue: number
  /** Milliseconds that one may wait. */
  readonly waitMs: number
}

export function createSlots({ limit, queue, waitMs }: SlotsOptions): Slots {
  /** Each is called when it is its turn. */
  const waiting = new Set<() => void>()
  let running = 0

  function waitForTurn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        waiting.delete(begin)
        reject(overloaded(`One has waited for ${waitMs / 1000} s`))
      }, waitMs)
      waiting.add(begin)
    })
  }

  return {
    async run(task) {
      if (running >= limit) {
        if (waiting.size >= queue) throw overloaded('Too many renders are waiting already')
        // The one that ends hands its slot over, so nobody can come in between.
        await waitForTurn()
      } else running += 1
      try {
        return await task()
      } finally {
        const [next] = waiting
        if (next) {
          waiting.delete(next)
          next()
        } else running -= 1
      }
    },
  }
}

function overloaded(what: string): IsrError {
  return new IsrError('ISR_OVERLOADED', `${what}; try again later.`)
}
