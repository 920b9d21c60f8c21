import type { IncomingMessage } from 'node:http'
import type { Encoding, Engine, IsrApp, IsrEvent, Renderer, RouteManifest } from '../types.ts'
import type { BodyBudget } from './body-budget.ts'
import type { Crowd } from './crowd.ts'
import type { Draft } from './draft-cookie.ts'
import type { Failures } from './failures.ts'
import type { FindHeads } from './heads.ts'
import type { Log } from './log.ts'
import type { Portions } from './portions.ts'
import type { Slots } from './slots.ts'
import type { Targets } from './targets.ts'

/** What every answer is made with: resolved once, when the handler is created. */
export interface HttpContext {
  readonly manifest: RouteManifest
  readonly development: boolean
  /** Whether answers are recognisable for what expects Next.js. */
  readonly next: boolean
  readonly engine: Engine
  readonly renderer: Renderer
  readonly loadApp: () => Promise<IsrApp>
  readonly targets: Targets
  readonly findHeads: FindHeads
  readonly chooseEncodings: (accept: string | undefined) => readonly Encoding[]
  readonly isBot: (userAgent: string) => boolean
  readonly draft: Draft
  /** Limits drafts: they bypass the cache, and with it what keeps a crowd from the renderer. */
  readonly draftSlots: Slots
  /** Limits the visitors of `server` pages that wait at once: their data functions run for each of them. */
  readonly serverPageSlots: Slots
  /** Limits the bodies of API requests that are being read. */
  readonly bodyBudget: BodyBudget
  /** Through which all pass who may have waited for the engine. */
  readonly portions: Portions
  readonly crowd: Crowd
  /** Limits the renders of `server` pages. */
  readonly renderSlots: Slots
  readonly failures: Failures
  /** For pages that the engine does not see. */
  readonly warnOfLargeData: (pattern: string, path: string, bytes: number) => void
  /** Hears of decisions that are made before the engine. */
  readonly onEvent: (event: IsrEvent) => void
  readonly log: Log
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Whether a request only warms a cache: it never makes a stale page regenerate, and gets the same bytes as any other. */
export function isPrefetch(req: IncomingMessage): boolean {
  return mentionsPrefetch(req.headers['purpose']) || mentionsPrefetch(req.headers['sec-purpose'])
}

function mentionsPrefetch(header: string | string[] | undefined): boolean {
  return typeof header === 'string' && header.includes('prefetch')
}
