import { IsrError } from '../errors.ts'

/** Runs so many tasks at a time, lets so many more wait, and refuses the rest. */
export interface Slots {
  /** @throws `IsrError` `ISR_OVERLOADED` when too many wait already; otherwise as the task */
  run<T>(task: () => Promise<T>): Promise<T>
}

export function createSlots(options: { readonly limit: number; readonly queue: number }): Slots {
  const waiting: Array<() => void> = []
  let running = 0

  return {
    async run(task) {
      if (running >= options.limit) {
        if (waiting.length >= options.queue) {
          throw new IsrError('ISR_OVERLOADED', 'Too many renders are waiting already; try again later.')
        }
        // The one that ends hands its slot over, so nobody can come in between.
        await new Promise<void>((resolve) => waiting.push(resolve))
      } else running += 1
      try {
        return await task()
      } finally {
        const next = waiting.shift()
        if (next) next()
        else running -= 1
      }
    },
  }
}
