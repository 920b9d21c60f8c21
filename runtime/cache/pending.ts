import type { Entry } from '../types.ts'
import { toRetainedBytes } from './memory.ts'

/** Entries on their way to the store. */
export interface Pending {
  /** The newest entry of the key that the store does not have yet. */
  get(key: string): Entry | undefined
  /**
   * Writes behind whatever of the key is being written; what still waits there is replaced and never written.
   *
   * @returns settles, without ever rejecting, when this entry or one that replaced it was written or has failed
   */
  add(entry: Entry): Promise<void>
  /** Resolves when nothing is left to write. */
  idle(): Promise<void>
}

/** A write that was given up, and that the store still holds the bytes of. */
export interface Unfinished {
  /** Settles when the store has let go of them. */
  readonly rest: Promise<unknown>
}

interface Turn {
  entry: Entry
  bytes: number
  readonly written: Promise<void>
  readonly finish: () => void
}

/**
 * @param write stores one entry, within bounded time; must not reject
 * @param options.maxBytes what may wait, writes that were given up included for as long as the store holds their bytes; past
 *   it entries are refused, since a store that hangs must not fill the memory
 * @param options.refuse called with each entry that was refused
 */
export function createPending(
  write: (entry: Entry) => Promise<Unfinished | undefined>,
  options: { readonly maxBytes: number; readonly refuse: (entry: Entry) => void },
): Pending {
  const slots = new Map<string, { writing: Turn; next: Turn | undefined }>()
  const drains = new Set<Promise<void>>()
  let bytes = 0

  async function drain(key: string, slot: { writing: Turn; next: Turn | undefined }): Promise<void> {
    for (;;) {
      const turn = slot.writing
      const unfinished = await write(turn.entry)
      const release = () => void (bytes -= turn.bytes)
      if (unfinished) unfinished.rest.then(release, release)
      else release()
      const { next } = slot
      if (next) {
        slot.writing = next
        slot.next = undefined
      } else slots.delete(key)
      turn.finish()
      if (!next) return
    }
  }

  return {
    get(key) {
      const slot = slots.get(key)
      return (slot?.next ?? slot?.writing)?.entry
    },

    add(entry) {
      const { key } = entry
      const slot = slots.get(key)
      const size = toRetainedBytes(entry)
      const replaced = slot?.next?.bytes ?? 0
      if (bytes - replaced + size > options.maxBytes) {
        options.refuse(entry)
        return Promise.resolve()
      }
      bytes += size - replaced
      if (slot?.next) {
        slot.next.entry = entry
        slot.next.bytes = size
        return slot.next.written
      }
      const turn = createTurn(entry, size)
      if (slot) slot.next = turn
      else {
        const fresh = { writing: turn, next: undefined }
        slots.set(key, fresh)
        const drained = drain(key, fresh).finally(() => drains.delete(drained))
        drains.add(drained)
      }
      return turn.written
    },

    async idle() {
      while (drains.size > 0) await Promise.all(drains)
    },
  }
}

function createTurn(entry: Entry, bytes: number): Turn {
  let finish = () => {}
  const written = new Promise<void>((resolve) => (finish = resolve))
  return { entry, bytes, written, finish }
}
