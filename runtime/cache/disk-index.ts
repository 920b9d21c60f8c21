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
  /** Used by this process, least recently first. */
  readonly used: Map<string, number>
  /** Not used by this process yet, oldest first. */
  readonly old: Map<string, number>
  bytes: number
}

/** A third of the memory that the digits take, and of a hundred thousand entries. */
const toName = (hash: string) => Buffer.from(hash, 'hex').toString('latin1')
const toHash = (name: string) => Buffer.from(name, 'latin1').toString('hex')

/** Pages and the others are bounded apart, so that asking for random slugs cannot push out pages. */
export function createDiskIndex({ maxBytes, maxEntries, notFoundEntries }: DiskLimits): DiskIndex {
  const pages = createShelf(maxBytes, maxEntries)
  const others = createShelf(notFoundEntries * SMALL_RECORD_BYTES, notFoundEntries)
  const shelves = [pages, others]

  function remove(name: string): void {
    for (const shelf of shelves) {
      for (const files of [shelf.used, shelf.old]) {
        shelf.bytes -= files.get(name) ?? 0
        files.delete(name)
      }
    }
  }

  function takeFirst({ used, old }: Shelf): string | undefined {
    const [first] = old.size > 0 ? old.keys() : used.keys()
    if (first !== undefined) remove(first)
    return first
  }

  return {
    touch(hash, bytes, isPage) {
      const name = toName(hash)
      remove(name)
      const shelf = isPage ? pages : others
      shelf.used.set(name, toBlocks(bytes))
      shelf.bytes += toBlocks(bytes)
    },
    addOld(hash, bytes, isPage) {
      const shelf = isPage ? pages : others
      shelf.old.set(toName(hash), toBlocks(bytes))
      shelf.bytes += toBlocks(bytes)
    },
    has(hash) {
      const name = toName(hash)
      return shelves.some(({ used, old }) => used.has(name) || old.has(name))
    },
    remove: (hash) => remove(toName(hash)),
    takeExcess() {
      const excess: string[] = []
      for (const shelf of shelves) {
        while (shelf.bytes > shelf.maxBytes || shelf.used.size + shelf.old.size > shelf.maxEntries) {
          const name = takeFirst(shelf)
          if (name === undefined) break
          excess.push(toHash(name))
        }
      }
      return excess
    },
    bytes: () => pages.bytes + others.bytes,
  }
}

function createShelf(maxBytes: number, maxEntries: number): Shelf {
  return { maxBytes, maxEntries, used: new Map(), old: new Map(), bytes: 0 }
}

function toBlocks(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES
}
