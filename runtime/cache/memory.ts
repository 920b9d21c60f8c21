import type { Entry } from '../types.ts'
import { createRecent } from './recent.ts'

/** Objects, digests and map slots: measured, rounded up. */
const ENTRY_OVERHEAD_BYTES = 480
/** A block of memory for a body, beside its bytes: measured, rounded up. Small pages consist of little else. */
const BLOCK_OVERHEAD_BYTES = 350
/** Each further body in the same block is one more view on it. */
const VIEW_OVERHEAD_BYTES = 110
/** A notFound or redirect entry without its key and destination, generously. */
const SMALL_ENTRY_BYTES = 2048

/** The entries that are served without any I/O. */
export interface Memory {
  /** The very object that was put in, so that whoever prepares something per entry can keep it in a `WeakMap`. */
  get(key: string): Entry | undefined
  /** Replaces the key's entry. One that is larger than the whole memory is not kept, and neither is the one before it. */
  set(entry: Entry): void
  delete(key: string): void
  /** Bytes in use, pages and the others together. */
  bytes(): number
}

/**
 * Two caches, each dropping what was not used for longest: pages bounded in the bytes they really retain, notFound and
 * redirect entries in number, so that asking for random slugs cannot push out pages.
 */
export function createMemory(limits: { bytes: number; notFoundEntries: number }): Memory {
  const small = Math.max(1, Math.floor(limits.notFoundEntries))
  const pages = createRecent({ maxSize: Math.max(1, Math.floor(limits.bytes)), toSize: toRetainedBytes })
  const others = createRecent({ max: small, maxSize: small * SMALL_ENTRY_BYTES, toSize: toRetainedBytes })

  return {
    get: (key) => pages.get(key) ?? others.get(key),
    set(entry) {
      const [home, other] = entry.kind === 'page' ? [pages, others] : [others, pages]
      other.delete(entry.key)
      home.set(entry.key, entry)
    },
    delete(key) {
      pages.delete(key)
      others.delete(key)
    },
    bytes: () => pages.size() + others.size(),
  }
}

/** Counts the memory behind the bodies, each block once: a view on a large buffer costs all of that. */
export function toRetainedBytes(entry: Entry): number {
  let bytes = ENTRY_OVERHEAD_BYTES + 2 * entry.key.length
  if (entry.kind === 'redirect') return bytes + 2 * entry.destination.length
  if (entry.kind === 'notFound') return bytes
  const blocks = new Set<ArrayBufferLike>()
  let views = 0
  for (const body of [entry.html, entry.data]) {
    for (const part of [body?.identity, body?.br, body?.zstd, body?.gzip]) {
      if (!part) continue
      blocks.add(part.buffer)
      views += 1
    }
  }
  for (const block of blocks) bytes += BLOCK_OVERHEAD_BYTES + block.byteLength
  bytes += VIEW_OVERHEAD_BYTES * (views - blocks.size)
  return bytes
}
