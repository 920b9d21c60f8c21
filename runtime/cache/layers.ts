import { IsrError, toErrorMessage } from '../errors.ts'
import type { Floors } from '../isr/floors.ts'
import type { CacheStore, Clock, Entry, Prerendered } from '../types.ts'
import { decodeEntry, encodeEntry } from './codec.ts'
import type { Memory } from './memory.ts'
import { createPending, type Unfinished } from './pending.ts'
import { withTimeLimit } from './time-limit.ts'

/** A store that takes longer than this to answer counts as having nothing: a visitor waits. */
const READ_LIMIT_MS = 2000
/** A write that takes longer than this counts as failed: `res.revalidate` waits. */
const WRITE_LIMIT_MS = 10_000
/** What may wait for a slow store, whatever the size of the memory. */
const MIN_PENDING_BYTES = 16 * 1024 * 1024

/** A store that can move damaged bytes out of the way; others keep them until the next write. */
export interface RepairableStore extends CacheStore {
  setAside?(key: string): Promise<void>
}

/** What happened to the store; never thrown at a visitor. */
export interface StoreTrouble {
  readonly key: string
  readonly reason: 'read' | 'write' | 'damaged' | 'backlog'
  readonly error: unknown
}

export interface LayersOptions {
  readonly clock: Clock
  readonly memory: Memory
  readonly floors: Floors
  readonly prerendered: Prerendered
  readonly store: RepairableStore | undefined
  /** The size of the memory; a quarter of it may wait to be written. */
  readonly memoryBytes: number
  readonly onTrouble: (trouble: StoreTrouble) => void
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
  loadNewer(known: Entry): Promise<Entry | undefined>
  /** Puts an entry into memory at once, and into the store; settles when that was written or has failed. */
  put(entry: Entry): Promise<void>
  /** Puts an entry into memory that the store has already. */
  keep(entry: Entry): void
  /** Resolves when nothing is left to write. */
  idle(): Promise<void>
}

export function createLayers(options: LayersOptions): Layers {
  const { clock, memory, floors, prerendered, store, onTrouble } = options
  const loads = new Map<string, Promise<Found | undefined>>()
  const pending = createPending(writeEntry, {
    maxBytes: Math.max(MIN_PENDING_BYTES, options.memoryBytes / 4),
    refuse: ({ key }) =>
      onTrouble({
        key,
        reason: 'backlog',
        error: storeError(`The store is too slow: ${key} is not written, because too much waits already`),
      }),
  })

  async function writeEntry(entry: Entry): Promise<Unfinished | undefined> {
    const { key, kind, generatedAt, revalidate, expire } = entry
    const write = async () => store?.set(key, encodeEntry(entry), { kind, generatedAt, revalidate, expire })
    const rest = write()
    try {
      await limited(rest, WRITE_LIMIT_MS, `writing ${key}`)
      return undefined
    } catch (error) {
      onTrouble({ key, reason: 'write', error: toStoreError(error, `Storing ${key} failed; it is served from memory`) })
      return { rest }
    }
  }

  async function readStore(key: string): Promise<Entry | undefined> {
    if (!store) return undefined
    try {
      const bytes = await limited(callStore(store, key), READ_LIMIT_MS, `reading ${key}`)
      if (!bytes) return undefined
      const entry = decodeEntry(bytes, key)
      if (entry) return entry
      onTrouble({ key, reason: 'damaged', error: storeError(`The stored entry ${key} is damaged and is not used`) })
      await limited(Promise.resolve(store.setAside?.(key)), READ_LIMIT_MS, `setting ${key} aside`)
    } catch (error) {
      onTrouble({ key, reason: 'read', error: toStoreError(error, `Reading ${key} from the store failed`) })
    }
    return undefined
  }

  async function readPrerendered(key: string): Promise<Entry | undefined> {
    try {
      if (!prerendered.has(key)) return undefined
      const entry = await prerendered.read(key)
      if (!entry) {
        onTrouble({ key, reason: 'damaged', error: storeError(`The prerendered entry ${key} is damaged and not used`) })
      }
      return entry
    } catch (error) {
      onTrouble({ key, reason: 'read', error: toStoreError(error, `Reading the prerendered entry ${key} failed`) })
      return undefined
    }
  }

  async function loadThrough(key: string): Promise<Found | undefined> {
    const stored = await readStore(key)
    // A store that outlived a build with the same id may hold entries from before it.
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

  function limited<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
    return withTimeLimit(work, { clock, ms, toError: () => storeError(`${what} took longer than ${ms / 1000} s`) })
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

    put(entry) {
      memory.set(entry)
      return store ? pending.add(entry) : Promise.resolve()
    },

    keep: (entry) => memory.set(entry),
    idle: () => pending.idle(),
  }
}

/** An implementation that throws instead of rejecting is as good as one that rejects. */
async function callStore(store: CacheStore, key: string): Promise<Uint8Array | undefined> {
  return store.get(key)
}

function pickBetter(stored: Found | undefined, packed: Found | undefined): Found | undefined {
  if (!stored || !packed) return stored ?? packed
  if (stored.outdated !== packed.outdated) return stored.outdated ? packed : stored
  return stored.entry.startedAt >= packed.entry.startedAt ? stored : packed
}

function storeError(message: string): IsrError {
  return new IsrError('ISR_STORE', message)
}

function toStoreError(error: unknown, message: string): IsrError {
  return new IsrError('ISR_STORE', `${message}: ${toErrorMessage(error)}`, { cause: error })
}
