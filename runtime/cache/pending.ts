import type { Clock, Entry } from '../types.ts'
import { toRetainedBytes } from './memory.ts'

/** Failed tries to end a pause after which an entry is given up: it may be the entry that the store does not like. */
const MOST_TRIES = 3
/** How long the next write of a key waits for one that was given up. Some clients never let go of one. */
const ABANDON_MS = 30_000
/** Another operation may be finding out whether the pause can end. */
const SHORTEST_WAIT_MS = 250

/** Entries on their way to the store. */
export interface Pending {
  /** The newest entry of the key that the store does not have yet. */
  get(key: string): Entry | undefined
  /**
   * Writes behind whatever of the key is being written; what still waits there is replaced and never written.
   *
   * @returns whether the store has it, or one that replaced it; settles, without ever rejecting, when that is known or has
   *   taken too long
   */
  add(entry: Entry): Promise<boolean>
  /** Writes what was put off, one after the other, until the store fails again. */
  resume(): void
  /** Resolves when nothing is being written; what was put off stays behind. */
  idle(): Promise<void>
  /** Tries nothing again by itself from now on. */
  close(): void
}

/** What came of a write. */
export interface WriteResult {
  /** `paused`: not now, but it is worth another try. */
  readonly state: 'stored' | 'failed' | 'paused'
  readonly isTried?: boolean
  /** Settles when the store has let go of a write that was given up. */
  readonly rest?: Promise<unknown>
}

export interface PendingOptions {
  readonly clock: Clock
  /** Stores one entry, within bounded time; must not reject. `isLate` says that it was put off before. */
  readonly write: (entry: Entry, isLate: boolean) => Promise<WriteResult>
  /** Milliseconds until a write is worth a try. */
  readonly toWaitMs: () => number
  /**
   * What may wait, writes that were given up included for as long as the store holds their bytes. Past it the entries that
   * were put off longest ago are dropped, and then new ones refused: a store that hangs must not fill the memory.
   */
  readonly maxBytes: number
  /** Called with each entry that was refused or dropped. */
  readonly refuse: (entry: Entry) => void
  /** The newest entry of a key, when it is at hand. */
  readonly newest: (key: string) => Entry | undefined
  /** Makes the store forget a key; must not reject. */
  readonly forget: (key: string) => Promise<void>
}

interface Turn {
  entry: Entry
  bytes: number
  /** Tries to end a pause with it. */
  tries: number
  /** Whether it was put off, so that another server may have stored a newer one. */
  isLate: boolean
  readonly written: Promise<boolean>
  readonly finish: (isStored: boolean) => void
}

/**
 * One key. Its writes do not overlap, not even with one that was given up: an older one would land over a newer one. Where
 * that has to happen, because the store does not let go of a write for too long, it is mended once it does.
 */
interface Slot {
  /** `settling`: given up, but the store still has it. `parked`: put off. */
  state: 'writing' | 'settling' | 'parked'
  turn: Turn
  next: Turn | undefined
}

export function createPending(options: PendingOptions): Pending {
  const { clock, write, toWaitMs, maxBytes, refuse, newest, forget } = options
  const slots = new Map<string, Slot>()
  /** Put off, the longest wait first. */
  const parked = new Map<string, Slot>()
  const writing = new Set<Promise<void>>()
  const abandonings = new Set<unknown>()
  let bytes = 0
  let timer: unknown
  let isRetrying = false
  let isClosed = false

  /** Writes until nothing of the key is left, or until it has to wait. */
  async function drain(key: string, slot: Slot): Promise<void> {
    for (;;) {
      slot.state = 'writing'
      const { turn } = slot
      const { state, isTried = true, rest } = await write(turn.entry, turn.isLate)
      turn.finish(state === 'stored')
      if (isTried) turn.tries += 1
      const isKept = state === 'paused' && turn.tries < MOST_TRIES
      if (rest) {
        slot.state = 'settling'
        // Whoever waits for the next one has waited as long as a write may take.
        slot.next?.finish(false)
        waitFor(rest, key, slot, isKept)
        return
      }
      if (!advance(key, slot, isKept)) return
    }
  }

  function waitFor(rest: Promise<unknown>, key: string, slot: Slot, isKept: boolean): void {
    const { entry, bytes: retained } = slot.turn
    let isAbandoned = false
    const goOn = () => {
      if (advance(key, slot, isKept) && !isClosed) void start(key, slot)
    }
    const abandoning = clock.setTimeout(() => {
      isAbandoned = true
      abandonings.delete(abandoning)
      // The store still has its bytes.
      bytes += retained
      goOn()
    }, ABANDON_MS)
    abandonings.add(abandoning)
    const settle = () => {
      if (isAbandoned) {
        bytes -= retained
        mend(entry)
        return
      }
      clock.clearTimeout(abandoning)
      abandonings.delete(abandoning)
      goOn()
    }
    rest.then(settle, settle)
  }

  /** An old write may have landed over a newer one: that is written again, or nothing is left of both. */
  function mend(old: Entry): void {
    const { key } = old
    if (isClosed) return
    const slot = slots.get(key)
    // What waits behind what is being written is written after this.
    if (slot && (slot.next || slot.state === 'parked')) return
    const entry = slot?.turn.entry ?? newest(key)
    if (!entry) void forget(key)
    else if (entry.startedAt > old.startedAt) void add(entry)
  }

  /** @returns whether there is something to write at once */
  function advance(key: string, slot: Slot, isKept: boolean): boolean {
    const { turn, next } = slot
    if (next) {
      bytes -= turn.bytes
      slot.turn = next
      slot.next = undefined
      return true
    }
    if (isKept) park(key, slot)
    else {
      bytes -= turn.bytes
      slots.delete(key)
    }
    return false
  }

  function park(key: string, slot: Slot): void {
    slot.state = 'parked'
    slot.turn.isLate = true
    parked.set(key, slot)
    arm()
  }

  function start(key: string, slot: Slot): Promise<void> {
    parked.delete(key)
    const drained = drain(key, slot).finally(() => writing.delete(drained))
    writing.add(drained)
    return drained
  }

  function arm(): void {
    if (timer !== undefined || isClosed || isRetrying || parked.size === 0) return
    timer = clock.setTimeout(
      () => {
        timer = undefined
        resume()
      },
      Math.max(SHORTEST_WAIT_MS, toWaitMs()),
    )
  }

  async function retry(): Promise<void> {
    for (const [key, slot] of parked) {
      await start(key, slot)
      // The store is away again: the rest waits with it.
      if (isClosed || parked.has(key)) break
    }
  }

  function resume(): void {
    if (isRetrying || isClosed) return
    isRetrying = true
    const end = () => {
      isRetrying = false
      arm()
    }
    retry().then(end, end)
  }

  /** Makes room by giving up what was put off. @returns whether there is enough */
  function makeRoom(size: number, key: string): boolean {
    for (const [other, slot] of parked) {
      if (bytes + size <= maxBytes) break
      if (other === key) continue
      parked.delete(other)
      slots.delete(other)
      bytes -= slot.turn.bytes
      refuse(slot.turn.entry)
    }
    return bytes + size <= maxBytes
  }

  function add(entry: Entry): Promise<boolean> {
    const { key } = entry
    const slot = slots.get(key)
    const size = toRetainedBytes(entry)
    const waiting = slot?.state === 'parked' ? slot.turn : slot?.next
    if (!makeRoom(size - (waiting?.bytes ?? 0), key)) {
      refuse(entry)
      return Promise.resolve(false)
    }
    bytes += size - (waiting?.bytes ?? 0)
    if (slot && waiting && slot.state !== 'parked') {
      waiting.entry = entry
      waiting.bytes = size
      return waiting.written
    }
    const turn = createTurn(entry, size)
    if (!slot) {
      const fresh: Slot = { state: 'writing', turn, next: undefined }
      slots.set(key, fresh)
      void start(key, fresh)
    } else if (slot.state === 'parked') {
      slot.turn = turn
      if (toWaitMs() === 0) void start(key, slot)
      else {
        turn.isLate = true
        turn.finish(false)
      }
    } else {
      slot.next = turn
      if (slot.state === 'settling') turn.finish(false)
    }
    return turn.written
  }

  return {
    get(key) {
      const slot = slots.get(key)
      return (slot?.next ?? slot?.turn)?.entry
    },

    add,
    resume,

    async idle() {
      while (writing.size > 0) await Promise.all(writing)
    },

    close() {
      isClosed = true
      for (const each of [timer, ...abandonings]) clock.clearTimeout(each)
      abandonings.clear()
      timer = undefined
    },
  }
}

function createTurn(entry: Entry, bytes: number): Turn {
  let finish: Turn['finish'] = () => {}
  const written = new Promise<boolean>((resolve) => (finish = resolve))
  return { entry, bytes, tries: 0, isLate: false, written, finish }
}
