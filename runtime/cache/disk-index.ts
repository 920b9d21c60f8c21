import { LRUCache } from 'lru-cache'

/** File systems hand out space in blocks. */
const BLOCK_BYTES = 4096
/** Room for a notFound or redirect record: they are small unless a destination is not. */
const SMALL_RECORD_BYTES = 2 * BLOCK_BYTES

export interface DiskLimits {
  /** Bytes of pages. */
  readonly maxBytes: number
  /** Number of pages. */
  readonly maxEntries: number
  /** Number of notFound and redirect entries. */
  readonly notFoundEntries: number
}

/** Which files there are by hash, in hexadecimal digits, how large, and in which order they were used. Knows nothing of the disk itself. */
export interface DiskIndex {
  /** The file was written or read now. */
  touch(hash: string, bytes: number, isPage: boolean): void
  /** The file was there before this process; call it in the order of age, oldest first. */
  addOld(hash: string, bytes: number, isPage: boolean): void
  has(hash: string): boolean
  remove(hash: string): void
  /** Takes out what has to go, least recently used first. */
  takeExcess(): string[]
  /** Bytes on disk that it knows of, in whole blocks. */
  bytes(): number
}

interface Shelf {
  readonly maxBytes: number
  readonly maxEntries: number
  /** Used by this process. */
  readonly used: Files
  /** Not used by this process yet. */
  readonly old: Files
}

/**
 * Files by name with their size, in the order of their use. A plain `Map` would do, but looking for its first key walks over
 * the places of all that were deleted before it: at a hundred thousand files that took longer than serving a page.
 */
type Files = LRUCache<string, true>

/** A third of the memory that the digits take, and of a hundred thousand entries. */
const toName = (hash: string) => Buffer.from(hash, 'hex').toString('latin1')
const toHash = (name: string) => Buffer.from(name, 'latin1').toString('hex')

/** Pages and the others are bounded apart, so that asking for random slugs cannot push out pages. */
export function createDiskIndex({ maxBytes, maxEntries, notFoundEntries }: DiskLimits): DiskIndex {
  const pages = createShelf(maxBytes, maxEntries)
  const others = createShelf(notFoundEntries * SMALL_RECORD_BYTES, notFoundEntries)
  const shelves = [pages, others]

  function remove(name: string): void {
    for (const { used, old } of shelves) {
      used.delete(name)
      old.delete(name)
    }
  }

  function takeFirst({ used, old }: Shelf): string | undefined {
    const files = old.size > 0 ? old : used
    for (const name of files.rkeys()) {
      files.delete(name)
      return name
    }
    return undefined
  }

  return {
    touch(hash, bytes, isPage) {
      const name = toName(hash)
      remove(name)
      const { used } = isPage ? pages : others
      used.set(name, true, { size: toBlocks(bytes) })
    },
    addOld(hash, bytes, isPage) {
      const { old } = isPage ? pages : others
      old.set(toName(hash), true, { size: toBlocks(bytes) })
    },
    has(hash) {
      const name = toName(hash)
      return shelves.some(({ used, old }) => used.has(name) || old.has(name))
    },
    remove: (hash) => remove(toName(hash)),
    takeExcess() {
      const excess: string[] = []
      for (const shelf of shelves) {
        while (toBytes(shelf) > shelf.maxBytes || shelf.used.size + shelf.old.size > shelf.maxEntries) {
          const name = takeFirst(shelf)
          if (name === undefined) break
          excess.push(toHash(name))
        }
      }
      return excess
    },
    bytes: () => toBytes(pages) + toBytes(others),
  }
}

function createShelf(maxBytes: number, maxEntries: number): Shelf {
  return { maxBytes, maxEntries, used: createFiles(), old: createFiles() }
}

/** Without a bound of its own: two of them share one, and whoever takes a file out has to delete it. */
function createFiles(): Files {
  return new LRUCache({ maxSize: Number.MAX_SAFE_INTEGER })
}

function toBytes({ used, old }: Shelf): number {
  return used.calculatedSize + old.calculatedSize
}

/** An empty file has its place too. */
function toBlocks(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / BLOCK_BYTES)) * BLOCK_BYTES
}
