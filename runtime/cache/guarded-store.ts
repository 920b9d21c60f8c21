import { isUint8Array } from 'node:util/types'
import { IsrError, toErrorMessage } from '../errors.ts'
import type { CacheStore, Clock, EntryMeta } from '../types.ts'
import { createBreaker, type Breaker, type Pass } from './breaker.ts'
import { withTimeLimit } from './time-limit.ts'

/** What a store may take unless it says otherwise: a visitor waits for each read, `res.revalidate` for a write. */
const READ_LIMIT_MS = 250
const WRITE_LIMIT_MS = 2000
/** What the start of a server may take longer because its store's module is imported and connects to somewhere. */
const OPEN_LIMIT_MS = 2000

/** What the project's own stores can do besides. */
export interface RepairableStore extends CacheStore {
  /** Moves damaged bytes out of the way; other stores keep them until the next write. */
  setAside?(key: string): Promise<void>
  /** Makes it ready, if it is not: then undefined. Rejects when that failed; the next call tries again. */
  open?(): Promise<unknown> | undefined
}

/** What came of looking for a key. Only a read that counts has an error: the others are told of once, as a pause. */
export type Answer =
  | { readonly state: 'answered'; readonly bytes: Uint8Array | undefined }
  | { readonly state: 'failed'; readonly error: IsrError }
  | { readonly state: 'paused' }

/** What came of a write. */
export interface Written {
  /** `paused`: it was not tried, or it was the one that tried whether the pause can end. */
  readonly state: 'stored' | 'failed' | 'paused'
  /** Whether the store was asked at all. */
  readonly isTried: boolean
  readonly error?: IsrError
  /** Settles when the store has let go of a write that took too long. */
  readonly rest?: Promise<unknown>
}

/** The beginning or the end of a time during which the store is left alone, and the key that showed it. */
export interface Turnabout {
  readonly type: 'read' | 'write'
  readonly key: string
}

/** A store that is asked within time limits only, and not at all while it fails. Nothing here ever rejects. */
export interface GuardedStore {
  read(key: string): Promise<Answer>
  write(key: string, value: Uint8Array, meta: EntryMeta): Promise<Written>
  /** Moves damaged bytes out of the way, where the store can. */
  setAside(key: string): Promise<void>
  /** `impossible` where the store can't, or is away. */
  claim(key: string, ms: number): Promise<'claimed' | 'taken' | 'impossible'>
  delete(key: string): Promise<void>
  /** Whether reads or writes are left alone. */
  isPaused(): boolean
  /** Milliseconds until a write is worth a try. */
  toWaitMs(): number
}

export interface GuardedStoreOptions {
  readonly clock: Clock
  readonly random: () => number
  readonly onPause: (turnabout: Turnabout & { readonly error: IsrError }) => void
  readonly onResume: (turnabout: Turnabout) => void
}

/**
 * Reads and writes fail apart: a replica that is read only still answers, and a full disk still reads. While reads are
 * paused there are no writes either, since whatever is down is down for both.
 */
export function createGuardedStore(store: RepairableStore, options: GuardedStoreOptions): GuardedStore {
  const { clock, random, onPause, onResume } = options
  const reads = createBreaker(random)
  const writes = createBreaker(random)

  function fail(turnabout: Turnabout, breaker: Breaker, pass: Pass, error: IsrError): void {
    const wasPaused = breaker.isPaused()
    if (pass.fail(clock.now()) && !wasPaused) onPause({ ...turnabout, error })
  }

  let openingSince: number | undefined

  // Asked for each time: a store that connects to somewhere is opened with the first operation.
  const toReadMs = () => store.limits?.readMs ?? READ_LIMIT_MS
  const toWriteMs = () => store.limits?.writeMs ?? WRITE_LIMIT_MS

  function limited<T>(work: Promise<T>, ms: number, name = 'readMs'): Promise<T> {
    const toError = () => new Error(`the store took longer than ${ms} ms (its limits.${name})`)
    return withTimeLimit(work, { clock, ms, toError })
  }

  /** Opening has a time of its own, once: whoever comes after it does not wait again. */
  async function waitFor(opening: Promise<unknown>): Promise<void> {
    const now = clock.now()
    openingSince ??= now
    const leftMs = Math.min(OPEN_LIMIT_MS, Math.max(0, openingSince + OPEN_LIMIT_MS - now))
    const toError = () => new Error(`the store is not open after ${OPEN_LIMIT_MS} ms`)
    await withTimeLimit(opening, { clock, ms: leftMs, toError })
    openingSince = undefined
  }

  return {
    async read(key) {
      const pass = reads.enter(clock.now())
      if (!pass) return { state: 'paused' }
      try {
        const opening = store.open?.()
        if (opening) await waitFor(opening)
        const bytes = toBytes(await limited(get(store, key), toReadMs()))
        if (pass.succeed(clock.now())) onResume({ type: 'read', key })
        return { state: 'answered', bytes }
      } catch (cause) {
        const error = toStoreError(cause, `Reading ${key} from the store failed`)
        fail({ type: 'read', key }, reads, pass, error)
        return pass.isProbe ? { state: 'paused' } : { state: 'failed', error }
      }
    },

    async write(key, value, meta) {
      const pass = reads.isPaused() ? undefined : writes.enter(clock.now())
      if (!pass) return { state: 'paused', isTried: false }
      let rest: Promise<unknown> | undefined
      try {
        const opening = store.open?.()
        if (opening) await waitFor(opening)
        const work = set(store, key, value, meta)
        rest = work.finally(() => (rest = undefined))
        // Nobody may be left to hear of it.
        rest.catch(() => {})
        await limited(work, toWriteMs(), 'writeMs')
        if (pass.succeed(clock.now())) onResume({ type: 'write', key })
        return { state: 'stored', isTried: true }
      } catch (cause) {
        const error = toStoreError(cause, `Storing ${key} failed; it is served from memory`)
        fail({ type: 'write', key }, writes, pass, error)
        return {
          state: pass.isProbe ? 'paused' : 'failed',
          isTried: true,
          error,
          ...(rest && { rest }),
        }
      }
    },

    async setAside(key) {
      await limited(setAside(store, key), toReadMs()).catch(() => {})
    },

    async claim(key, ms) {
      if (!store.claim || reads.isPaused() || writes.isPaused()) return 'impossible'
      try {
        return (await limited(claim(store, key, ms), toReadMs())) ? 'claimed' : 'taken'
      } catch {
        // What is wrong shows with the write that follows.
        return 'impossible'
      }
    },

    async delete(key) {
      if (!reads.isPaused() && !writes.isPaused()) await limited(remove(store, key), toWriteMs()).catch(() => {})
    },

    isPaused: () => reads.isPaused() || writes.isPaused(),
    toWaitMs: () => Math.max(reads.toWaitMs(clock.now()), writes.toWaitMs(clock.now())),
  }
}

// An implementation that throws instead of rejecting is as good as one that rejects.

async function get(store: RepairableStore, key: string): Promise<unknown> {
  return store.get(key)
}

function toBytes(bytes: unknown): Uint8Array | undefined {
  if (bytes === undefined || bytes === null) return undefined
  // Also of another realm, as test runners and plugin hosts have them.
  if (isUint8Array(bytes)) return bytes
  throw new Error(`get gave ${typeof bytes === 'object' ? 'an object' : `a ${typeof bytes}`} instead of a Uint8Array`)
}

async function set(store: RepairableStore, key: string, value: Uint8Array, meta: EntryMeta): Promise<void> {
  await store.set(key, value, meta)
}

async function claim(store: RepairableStore, key: string, ms: number): Promise<unknown> {
  return store.claim?.(key, ms)
}

async function remove(store: RepairableStore, key: string): Promise<void> {
  await store.delete(key)
}

async function setAside(store: RepairableStore, key: string): Promise<void> {
  await store.setAside?.(key)
}

function toStoreError(error: unknown, message: string): IsrError {
  return new IsrError('ISR_STORE', `${message}: ${toErrorMessage(error)}`, { cause: error })
}
