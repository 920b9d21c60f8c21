import { closeSync, fstatSync, openSync, read as readCallback, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { IsrError } from '../errors.ts'
import type { Entry, Prerendered, RouteManifest } from '../types.ts'
import { decodeEntry } from './codec.ts'
import { PACK_HEADER_BYTES, PACK_MAGIC, parseIndex, type PackIndex, type RecordPlace } from './pack-format.ts'

export { createPackWriter, type PackWriter } from './pack-writer.ts'

const readFromFile = promisify(readCallback)

/**
 * Opens the prerendered entries of a build: reads the index, and keeps the pack open, so that a build that replaces the files
 * does not reach this process.
 *
 * @param dir the folder of `route-manifest.json`
 * @throws `IsrError` with code `ISR_NO_BUILD` when the files are missing, damaged or of two builds
 */
export function openPack(dir: string, entries: RouteManifest['entries']): Prerendered {
  const { file, index } = openFiles(dir, entries)
  const reads = new Set<Promise<unknown>>()
  let closed: Promise<void> | undefined

  async function readRecord({ offset, length }: RecordPlace): Promise<Buffer> {
    const record = Buffer.allocUnsafeSlow(length)
    for (let filled = 0; filled < length;) {
      const { bytesRead } = await readFromFile(file, record, filled, length - filled, offset + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return record
  }

  async function close(): Promise<void> {
    // The number of a closed file is soon that of another one.
    await Promise.allSettled(reads)
    closeSync(file)
  }

  return {
    newestStartedAt: index.newestStartedAt,
    has: (key) => index.find(key) !== undefined,
    async read(key) {
      const place = closed ? undefined : index.find(key)
      if (!place) return undefined
      const reading = readRecord(place)
      reads.add(reading)
      try {
        const entry = decodeEntry(await reading, key)
        return entry && toChecked(entry, index.checkedAt)
      } finally {
        reads.delete(reading)
      }
    },
    close: () => (closed ??= close()),
  }
}

/** What an earlier build made is as new as the look at its data that found it up to date. */
function toChecked(entry: Entry, checkedAt: number): Entry {
  return entry.startedAt < checkedAt ? { ...entry, startedAt: checkedAt, generatedAt: checkedAt } : entry
}

function openFiles(dir: string, entries: RouteManifest['entries']): { file: number; index: PackIndex } {
  const packPath = join(dir, entries.pack)
  let file: number | undefined
  try {
    const index = parseIndex(readFileSync(join(dir, entries.index)))
    const isOfManifest = index?.id.toString('hex') === entries.id && index.count === entries.count
    if (!isOfManifest) throw new Error(`${entries.index} is damaged or of another build`)
    file = openSync(packPath, 'r')
    const header = Buffer.alloc(PACK_HEADER_BYTES)
    readSync(file, header, 0, PACK_HEADER_BYTES, 0)
    const isOfIndex = header.equals(Buffer.concat([PACK_MAGIC, index.id])) && fstatSync(file).size === index.bytes
    if (!isOfIndex) throw new Error(`${entries.pack} is damaged or of another build than ${entries.index}`)
    return { file, index }
  } catch (error) {
    if (file !== undefined) closeSync(file)
    const reason = error instanceof Error ? error.message : String(error)
    throw new IsrError('ISR_NO_BUILD', `${dir} has no usable prerendered pages: ${reason}. Run \`vite build\`.`, {
      cause: error,
    })
  }
}
