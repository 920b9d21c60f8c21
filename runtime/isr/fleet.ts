import type { Layers } from '../cache/layers.ts'
import type { Clock, Entry } from '../types.ts'
import { decide } from './freshness.ts'

/** How long a page may take on another server until this one makes it too: visitors may be waiting. */
const PATIENCE_MS = 5000
const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 400

/** The servers that share a store: one of them makes a page, the others take it over (promise P4). */
export interface Fleet {
  /**
   * Waits for this server's turn to make a page.
   *
   * @param known what this server has of it
   * @returns a fresh entry that another server has made meanwhile; undefined when this one is to make it
   */
  takeOver(key: string, known: Entry | undefined): Promise<Entry | undefined>
  /**
   * Looks once more before a page is put over another: `res.revalidate` on another server waits for nobody's turn.
   *
   * @returns a fresh entry whose generation began later than this one's
   */
  findLater(made: Entry): Promise<Entry | undefined>
  /** Lets another server have its turn, if this one has it. Never throws. */
  release(key: string): void
}

/**
 * Without a store that can be claimed it is enough that another server has stored the page before: two that begin at the
 * same moment both make it.
 *
 * @param options.claimMs how long a page may take; the turn of a server that has died ends with it
 */
export function createFleet(options: {
  readonly clock: Clock
  readonly layers: Pick<Layers, 'loadNewer' | 'claim' | 'unclaim'>
  readonly claimMs: number
}): Fleet {
  const { clock, layers, claimMs } = options
  const claimed = new Set<string>()

  const wait = (ms: number) => new Promise<void>((resolve) => void clock.setTimeout(resolve, ms))

  async function findNewer(key: string, startedAt: number): Promise<Entry | undefined> {
    const newer = await layers.loadNewer({ key, startedAt })
    return newer && decide(newer, clock.now()) === 'fresh' ? newer : undefined
  }

  return {
    async takeOver(key, known) {
      const look = () => findNewer(key, known?.startedAt ?? -Infinity)
      // Whoever has nothing has just looked.
      const there = known && (await look())
      if (there) return there
      let waitMs = FIRST_WAIT_MS
      for (let waitedMs = 0; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
        const claim = await layers.claim(key, claimMs)
        if (claim === 'impossible') return undefined
        if (claim === 'claimed') {
          claimed.add(key)
          // Who had the turn before may have ended between the look and the claim.
          const newer = await look()
          if (newer) this.release(key)
          return newer
        }
        if (waitedMs >= PATIENCE_MS) return undefined
        await wait(waitMs)
        waitedMs += waitMs
        const newer = await look()
        if (newer) return newer
      }
    },

    findLater: async (made) => (claimed.has(made.key) ? findNewer(made.key, made.startedAt) : undefined),

    release(key) {
      if (claimed.delete(key)) layers.unclaim(key)
    },
  }
}
