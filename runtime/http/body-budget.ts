import type { IncomingMessage } from 'node:http'
import { IsrError } from '../errors.ts'

/** Bounds the bodies that are being read, all together: each alone is bounded, but there may be thousands. */
export interface BodyBudget {
  /**
   * Counts what comes of the body for as long as the work takes. Where it is too much together with the others, the
   * connection is broken: the client has only sent a part, and nobody may have to keep the rest.
   *
   * @throws `IsrError` `ISR_OVERLOADED` when it is too much already; otherwise as the work
   */
  hold<T>(req: IncomingMessage, work: () => Promise<T>): Promise<T>
}

/** @param limit bytes of all bodies together */
export function createBodyBudget(limit: number): BodyBudget {
  let used = 0

  return {
    async hold(req, work) {
      if (used >= limit) {
        throw new IsrError('ISR_OVERLOADED', 'Too many bodies of API requests are being read (api.totalBodyBytes).')
      }
      let held = 0
      const count = (chunk: Buffer | string) => {
        held += chunk.length
        used += chunk.length
        // One alone is bounded by its own route.
        if (used > limit && used > held) req.destroy()
      }
      req.on('data', count)
      try {
        return await work()
      } finally {
        req.off('data', count)
        used -= held
      }
    },
  }
}
