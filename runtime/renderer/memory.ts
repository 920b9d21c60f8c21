import { getHeapStatistics } from 'node:v8'

const MEGABYTE = 1024 * 1024
const DEFAULT_BYTES = 1024 * MEGABYTE
/** What Node itself and its code need, whatever runs in it. */
const BASE_BYTES = 128 * MEGABYTE

/**
 * Memory of one render worker where nobody says how much: most of Node's own limit, which knows of containers.
 *
 * @param most no more than this; a server shares its machine, a build has it for itself. Default 1 GiB.
 */
export function toDefaultMemory(most: number = DEFAULT_BYTES): number {
  return Math.min(Math.floor(getHeapStatistics().heap_size_limit * 0.75), most)
}

/**
 * The limit that V8 gets: above the one that is meant, as far as Node's own allows. When one allocation goes far beyond V8's
 * limit, V8 ends the whole process and not the thread; below it the worker is watched from outside.
 */
export function toHeapMegabytes(memoryBytes: number): number {
  const wanted = Math.max(2 * memoryBytes, memoryBytes + 256 * MEGABYTE)
  const limit = Math.max(memoryBytes, getHeapStatistics().heap_size_limit)
  return Math.ceil(Math.min(wanted, limit) / MEGABYTE)
}

/** About how much memory of this process belongs to other threads than this one. */
export function readForeignBytes(): number {
  const { rss, heapTotal, external } = process.memoryUsage()
  return Math.max(0, rss - heapTotal - external - BASE_BYTES)
}
