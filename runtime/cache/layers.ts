import { createExpectedError, IsrError, toErrorMessage } from '../errors.ts'
import type { Floors } from '../isr/floors.ts'
import type { Clock, Engine, Entry, Prerendered } from '../types.ts'
import { createCompletion, toSettled, type Compress } from './completion.ts'
import { decodeEntry, encodeEntry } from './codec.ts'
import {
  createGuardedStore,
  type GuardedStore,
  type GuardedStoreOptions,
  type RepairableStore,
} from './guarded-store.ts'
import type { Leisure } from './leisure.ts'
import type { Memory } from './memory.ts'
import { createPending, type WriteResult } from './pending.ts'
import { withTimeLimit } from './time-limit.ts'

/** What may wait for a slow store, whatever the size of the memory. */
const MIN_PENDING_BYTES = 16 * 1024 * 1024

/** The build's entries lie on a disk too, and disks hang. */
const PACK_LIMIT_MS = 2000

/** Entries that are remembered as damaged; all are forgotten when there are more, and found out again. */
const MOST_DAMAGED = 1000

/** What happened to the store; never thrown at a visitor. */
export interface StoreTrouble {
  readonly key: string
  readonly reason: 'read' | 'write' | 'damaged' | 'backlog'
  readonly error: unknown
}

export interface LayersOptions {
  readonly clock: Clock
  /** A number from 0 up to 1. */
  readonly random: () => number
  readonly memory: Memory
  readonly floors: Floors
  readonly prerendered: Prerendered
  readonly store: RepairableStore | undefined
  /** The size of the memory; a quarter of it may wait to be written. */
  readonly memoryBytes: number
  /** For pages that come without their brotli form. Default: none do. */
  readonly compress?: Compress | undefined
  /** When there is time for what nobody waits for. Default: always. */
  readonly leisure?: Leisure | undefined
  readonly onTrouble: (trouble: StoreTrouble) => void
  /** The store fails and is left alone for a while. */
  readonly onPause: GuardedStoreOptions['onPause']
  /** It is used again. */
  readonly onResume: GuardedStoreOptions['onResume']
}

/** An entry that was found; an outdated one is older than a revalidation that has succeeded since. */
export interface Found {
  readonly entry: Entry
  readonly outdated: boolean
}

/** Memory over what is being written over the store over the build's entries. Nothing here ever rejects. */
export interface Layers {
  /** What can be had at once. */
  held(key: string): Entry | undefined
  /** The newest entry of all layers. Concurrent calls for a key share one look into the store. */
  load(key: string): Promise<Found | undefined>
  /** An entry that another process stored after `known` was made. */
  loadNewer(known: { readonly key: string; readonly startedAt: number }): Promise<Entry | undefined>
  /** Asks to be the only server that makes a page for now. */
  claim(key: string, ms: number): ReturnType<GuardedStore['claim']>
  /** Ends a claim; runs by itself. */
  unclaim(key: string): void
  /**
   * Puts an entry into memory at once, and into the store: as brotli, and when there is time, unless somebody waits for it.
   *
   * @returns whether it will outlive the memory, when that is known: false where the store failed, or is left alone
   */
  put(entry: Entry, isAwaited?: boolean): Promise<boolean>
  readonly complete: Engine['complete']
  /** Puts an entry into memory that the store has already. */
  keep(entry: Entry): void
  /** Resolves when nothing is being written; nothing that was put off is tried again from now on. */
  finish(): Promise<void>
}

export function createLayers(options: LayersOptions): Layers {
  const { clock, random, memory, floors, prerendered, leisure, onTrouble, onPause } = options
  const loads = new Map<string, Promise<Found | undefined>>()
  const store =
    options.store &&
    createGuardedStore(options.store, {
      clock,
      random,
      onPause,
      onResume(turnabout) {
        hasRefused = false
        options.onResume(turnabout)
        pending.resume()
      },
    })
  /** How many wait for the next write of a key. */
  const awaited = new Map<string, number>()
  /** When those entries were started that turned out to be damaged although their checksums fit: nobody gets them again. */
  const damaged = new Map<string, number>()
  const complete = createCompletion({
    compress: options.compress ?? (async () => undefined),
    onGrown(entry, body, encoding) {
      // Its size is another one now. Plain forms that come after brotli are there because somebody takes them.
      const isStored = encoding === 'br' && body.within === undefined
      if (memory.get(entry.key) === entry) memory.set((isStored && toSettled(entry)) || entry)
    },
    onDamaged({ key, startedAt }, cause) {
      if (damaged.size >= MOST_DAMAGED) damaged.clear()
      damaged.set(key, startedAt)
      if (memory.get(key)?.startedAt === startedAt) memory.delete(key)
      const error = toStoreError(cause, `The entry ${key} is damaged and is not used`)
      onTrouble({ key, reason: 'damaged', error })
    },
  })
  /** While the store is left alone the backlog is told of once. */
  let hasRefused = false
  const pending = createPending({
    clock,
    write: writeEntry,
    toWaitMs: () => store?.toWaitMs() ?? 0,
    maxBytes: Math.max(MIN_PENDING_BYTES, options.memoryBytes / 4),
    newest: (key) => memory.get(key),
    forget: async (key) => store?.delete(key),
    refuse({ key }) {
      const isTold = hasRefused && store?.isPaused()
      hasRefused = true
      if (isTold) return
      const error = createExpectedError(
        'ISR_STORE',
        `${key} is not stored: the store is too slow, or the server too busy, and too much waits already`,
      )
      onTrouble({ key, reason: 'backlog', error })
    },
  })

  async function writeEntry(entry: Entry, isLate: boolean): Promise<WriteResult> {
    const { key, kind, generatedAt, revalidate, expire } = entry
    if (!store) return { state: 'stored' }
    if (!awaited.has(key)) await leisure?.wait(key)
    if (isLate) {
      const answer = await store.read(key)
      if (answer.state !== 'answered') return { state: 'paused', isTried: false }
      const stored = answer.bytes && decodeEntry(answer.bytes, key)
      if (stored && stored.startedAt > entry.startedAt) return { state: 'stored' }
    }
    const isDataStored = entry.kind === 'page' && entry.data?.within === undefined
    await Promise.all([complete(entry, 'html', 'br'), isDataStored && complete(entry, 'data', 'br')])
    const written = await store.write(key, encodeEntry(entry), {
      kind,
      generatedAt,
      revalidate,
      expire,
    })
    // One that tried whether a pause can end was announced with the pause.
    if (written.state === 'failed') onTrouble({ key, reason: 'write', error: written.error })
    return written
  }

  function isDamaged({ key, startedAt }: Entry): boolean {
    return damaged.get(key) === startedAt
  }

  async function readStore(key: string): Promise<Entry | undefined> {
    if (!store) return undefined
    const answer = await store.read(key)
    if (answer.state === 'failed') onTrouble({ key, reason: 'read', error: answer.error })
    if (answer.state !== 'answered' || !answer.bytes) return undefined
    const entry = decodeEntry(answer.bytes, key)
    if (entry && !isDamaged(entry)) return entry
    // Of the others it was told when it came to light.
    if (!entry)
      onTrouble({ key, reason: 'damaged', error: storeError(`The stored entry ${key} is damaged and is not used`) })
    await store.setAside(key)
    return undefined
  }

  /** Builds of the same code share a store. What an older one has made on top of its own pages is not for this one's visitors. */
  async function readOwn(key: string): Promise<Entry | undefined> {
    const stored = await readStore(key)
    const { newestStartedAt = -Infinity } = prerendered
    return stored && (stored.startedAt >= newestStartedAt || prerendered.has(key)) ? stored : undefined
  }

  async function readPrerendered(key: string): Promise<Entry | undefined> {
    try {
      if (!prerendered.has(key)) return undefined
      const entry = await withTimeLimit(prerendered.read(key), { clock, ms: PACK_LIMIT_MS, toError: toPackTimeout })
      if (!entry) {
        onTrouble({ key, reason: 'damaged', error: storeError(`The prerendered entry ${key} is damaged and not used`) })
      }
      return entry && !isDamaged(entry) ? entry : undefined
    } catch (error) {
      onTrouble({ key, reason: 'read', error: toStoreError(error, `Reading the prerendered entry ${key} failed`) })
      return undefined
    }
  }

  async function loadThrough(key: string): Promise<Found | undefined> {
    const stored = await readOwn(key)
    const isNewest = stored && stored.startedAt >= (prerendered.newestStartedAt ?? Infinity)
    const packed = isNewest ? undefined : await readPrerendered(key)
    // From here on nothing waits: what was generated while the disk was read wins.
    const held = takeHeld(key)
    if (held) return { entry: held, outdated: false }
    const found = pickBetter(
      stored && { entry: stored, outdated: floors.isOutdated(key, stored.startedAt, false) },
      packed && { entry: packed, outdated: floors.isOutdated(key, packed.startedAt, true) },
    )
    if (found && !found.outdated) memory.set(found.entry)
    return found
  }

  function takeHeld(key: string): Entry | undefined {
    const kept = memory.get(key)
    if (kept) return kept
    const waiting = pending.get(key)
    // A newer entry that was refused by a full backlog leaves an older one here.
    return waiting && !floors.isOutdated(key, waiting.startedAt, false) ? waiting : undefined
  }

  return {
    held: takeHeld,

    async load(key) {
      const held = takeHeld(key)
      if (held) return { entry: held, outdated: false }
      const running = loads.get(key)
      if (running) return running
      const load = loadThrough(key).finally(() => loads.delete(key))
      loads.set(key, load)
      return load
    },

    async loadNewer(known) {
      const stored = await readStore(known.key)
      const isNewer = stored && stored.startedAt > known.startedAt
      return isNewer && !floors.isOutdated(stored.key, stored.startedAt, false) ? stored : undefined
    },

    claim: async (key, ms) => (store ? store.claim(toClaim(key), ms) : 'impossible'),
    unclaim: (key) => void store?.delete(toClaim(key)),

    put(entry, isAwaited = false) {
      memory.set(entry)
      if (!store) return Promise.resolve(true)
      if (!isAwaited) return pending.add(entry)
      const { key } = entry
      awaited.set(key, (awaited.get(key) ?? 0) + 1)
      leisure?.hurry(key)
      return pending.add(entry).finally(() => {
        const others = (awaited.get(key) ?? 1) - 1
        if (others > 0) awaited.set(key, others)
        else awaited.delete(key)
      })
    },

    complete,

    keep: (entry) => memory.set(entry),
    finish() {
      leisure?.end()
      pending.close()
      return pending.idle()
    },
  }
}

/** Keys of entries begin with another letter. */
function toClaim(key: string): string {
  return `c:${key}`
}

function pickBetter(stored: Found | undefined, packed: Found | undefined): Found | undefined {
  if (!stored || !packed) return stored ?? packed
  if (stored.outdated !== packed.outdated) return stored.outdated ? packed : stored
  return stored.entry.startedAt >= packed.entry.startedAt ? stored : packed
}

function toPackTimeout(): Error {
  return new Error(`the disk took longer than ${PACK_LIMIT_MS} ms`)
}

function storeError(message: string): IsrError {
  return new IsrError('ISR_STORE', message)
}

function toStoreError(error: unknown, message: string): IsrError {
  return new IsrError('ISR_STORE', `${message}: ${toErrorMessage(error)}`, { cause: error })
}
