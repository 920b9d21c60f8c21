import type { IncomingMessage, ServerResponse } from 'node:http'
import { isRead, sendMethodNotAllowed, sendText } from '../http/reply.ts'

/** What tells a container's keeper whether the process lives, and whether it is to be sent visitors. */
export interface Probes {
  /** Answers when the request is for a probe. Nothing is logged, and no page or store is asked. @returns whether it was */
  answer(req: IncomingMessage, res: ServerResponse): boolean
  /** The process still lives, but is to be sent nobody from now on. */
  retire(): void
}

/**
 * `<base>_isr/health`: 200 for as long as the thread that answers is not blocked. `<base>_isr/ready`: 200 until the shutdown
 * begins, 503 from then on. No page can have these paths. They tell nothing about the site, its build or its machine, since
 * anybody may ask.
 *
 * @param base Vite's base: `/` or `/app/`
 */
export function createProbes(base: string): Probes {
  const prefix = `${base}_isr/`
  let isReady = true

  function answerReady(req: IncomingMessage, res: ServerResponse): void {
    sendText(req, res, isReady ? 200 : 503, isReady ? 'ready' : 'stopping')
  }

  const probes = new Map<string, (req: IncomingMessage, res: ServerResponse) => void>([
    ['health', (req, res) => sendText(req, res, 200, 'ok')],
    ['ready', answerReady],
  ])

  return {
    answer(req, res) {
      const { url = '' } = req
      if (!url.startsWith(prefix)) return false
      const answer = probes.get(url.slice(prefix.length).split('?', 1)[0]!)
      if (!answer) return false
      if (isRead(req)) answer(req, res)
      else sendMethodNotAllowed(req, res)
      return true
    },

    retire() {
      isReady = false
    },
  }
}
