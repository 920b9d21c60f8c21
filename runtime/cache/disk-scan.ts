import type { Dirent } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { FileSystem } from './files.ts'
import { readHeader, RECORD_HEADER_BYTES } from './codec.ts'
import type { DiskIndex } from './disk-index.ts'
import type { TempNames } from './temp-name.ts'
import { removeAbandonedTurn } from './turn.ts'

export interface DiskScanOptions {
  readonly dir: string
  readonly io: FileSystem
  readonly index: DiskIndex
  readonly temps: TempNames
  readonly now: () => number
  readonly isStopped: () => boolean
  /** Damaged files to keep. */
  readonly maxSetAside: number
}

/** Above this size a record has bodies; below, its header has to be read to know what it is. */
const SMALL_BYTES = 4096
const HASH_DIGITS = 64
/** Index entries that are added without giving way to requests. */
const CHUNK = 1000
/** What fits beside a time in seconds in the 53 bits of a number. */
const MAX_FILES = 2 ** 22

interface Found {
  readonly names: string[]
  readonly bytes: number[]
  /** Modification times in seconds. */
  readonly times: number[]
  readonly pages: boolean[]
}

/**
 * Looks through a store's folder, one file after the other so that it never competes with requests, and tells the index what
 * was there. Never rejects: what cannot be looked at is left as it is.
 *
 * @returns how many damaged files there are
 */
export async function scanDisk(options: DiskScanOptions): Promise<number> {
  const { dir, io, index, isStopped } = options
  const found: Found = { names: [], bytes: [], times: [], pages: [] }
  let setAside = 0
  for await (const { name: shard } of readFolder(io, dir)) {
    if (!/^[0-9a-f]{2}$/.test(shard)) continue
    for await (const { name } of readFolder(io, join(dir, shard))) {
      if (isStopped()) return setAside
      const path = join(dir, shard, name)
      if (name.endsWith('.tmp')) await sweep(options, path, name)
      else if (name.endsWith('.turn')) await removeAbandonedTurn(path, options)
      else if (/^[0-9a-f]{64}\.bad$/.test(name)) {
        setAside += 1
        if (setAside > options.maxSetAside) await io.rm(path, { force: true, recursive: true }).catch(() => {})
      } else await note(options, found, path, name)
    }
  }
  for (const [count, position] of sortByTime(found.times).entries()) {
    const [name, bytes, isPage] = [found.names[position], found.bytes[position], found.pages[position]]
    const hash = name?.slice(0, HASH_DIGITS)
    if (hash && bytes !== undefined && !index.has(hash)) index.addOld(hash, bytes, isPage === true)
    if (count % CHUNK === CHUNK - 1) await setImmediate()
  }
  return setAside
}

async function* readFolder(io: FileSystem, dir: string): AsyncGenerator<Dirent> {
  try {
    // What a link leads to is not ours to delete from.
    if ((await io.lstat(dir)).isDirectory()) yield* await io.opendir(dir, { bufferSize: 256 })
  } catch {
    // Not there yet, or deleted meanwhile: nothing to find.
  }
}

async function sweep({ io, temps, now }: DiskScanOptions, path: string, name: string): Promise<void> {
  try {
    const { mtimeMs } = await io.lstat(path)
    if (temps.isStray(name, mtimeMs, now())) await io.rm(path, { force: true })
  } catch {
    // Its writer has renamed it, or another process swept it.
  }
}

async function note({ io, index }: DiskScanOptions, found: Found, path: string, name: string): Promise<void> {
  if (!/^[0-9a-f]{64}\.isr$/.test(name) || index.has(name.slice(0, HASH_DIGITS))) return
  if (found.names.length === MAX_FILES) return
  try {
    const stats = await io.lstat(path)
    if (!stats.isFile()) return
    const isPage = stats.size > SMALL_BYTES || (await isPageRecord(io, path))
    found.names.push(name)
    found.bytes.push(stats.size)
    found.times.push(Math.max(0, Math.floor(stats.mtimeMs / 1000)))
    found.pages.push(isPage)
  } catch {
    // Deleted meanwhile.
  }
}

async function isPageRecord(io: FileSystem, path: string): Promise<boolean> {
  const file = await io.open(path, 'r')
  try {
    const bytes = Buffer.alloc(RECORD_HEADER_BYTES)
    const { bytesRead } = await file.read(bytes, 0, RECORD_HEADER_BYTES, 0)
    const kind = readHeader(bytes.subarray(0, bytesRead))?.kind
    return kind === undefined || kind === 'page'
  } finally {
    await file.close()
  }
}

/** Positions, oldest first. Numbers in a typed array are sorted natively: a million take a tenth of a second. */
function sortByTime(times: readonly number[]): Uint32Array {
  const keys = new Float64Array(times.length)
  for (const [position, time] of times.entries()) keys[position] = time * MAX_FILES + position
  keys.sort()
  const order = new Uint32Array(keys.length)
  for (const [rank, key] of keys.entries()) order[rank] = key % MAX_FILES
  return order
}
