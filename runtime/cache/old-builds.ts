import * as fs from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export interface OldBuildsOptions {
  /** The folder of this build, beside which those of older ones lie. */
  readonly dir: string
  readonly now?: () => number
  /** When to look at the other folders after the start, so that the first requests have the disk to themselves. Default 2000. */
  readonly sweepDelayMs?: number
  /** Files that one sweep deletes at most; the next start goes on. Default 1 000 000. */
  readonly maxFiles?: number
}

/** Keeps the folder of this build from being taken for an old one, and removes those that are. */
export interface OldBuilds {
  /** Says that this build's folder is in use. It runs by itself at the start and each hour. Never rejects. */
  touch(): Promise<void>
  /** Removes the folders that nobody has used for a week. It runs by itself once, in the background. Never rejects. */
  sweep(): Promise<void>
  /** Stops both; a sweep that is under way ends after the file at hand, and the next start goes on with it. */
  close(): Promise<void>
}

const UNUSED_MS = 7 * 24 * 60 * 60_000
/** Far below a week, so that hours of sleep of the machine don't matter. */
const TOUCH_MS = 60 * 60_000
/** Folders that are looked at, and files that are deleted, by one start: a start must not be busy with others' leftovers for long. */
const MAX_FOLDERS = 1000
const MAX_FILES = 1_000_000

/** As the build names itself: ten random bytes. */
const BUILD = /^[0-9a-f]{20}$/
const CONDEMNED = /^[0-9a-f]{20}\.old$/
const SHARD = /^[0-9a-f]{2}$/
const RECORD = /^[0-9a-f]{64}\.(?:isr|bad|isr\.turn|isr\.[0-9a-f-]+\.tmp)$/

/**
 * The folders of older builds serve nobody once their servers have ended, and each may be as large as `cache.diskBytes`.
 *
 * The modification time of a build's folder tells when it was last in use: its servers set it each hour. That of its shards
 * tells of writes, since each ends with a rename in one. An old folder is renamed before its files are deleted, so that a
 * sweep that is cut off goes on at the next start, though deleting has made it look used. A server that wakes up after a week
 * and finds its folder gone makes a new one.
 *
 * Nothing is deleted but files that have names as we give them, in folders that have: a cache folder may be `/tmp`.
 */
export function createOldBuilds(options: OldBuildsOptions): OldBuilds {
  const { dir, now = Date.now, sweepDelayMs = 2000, maxFiles = MAX_FILES } = options
  const root = dirname(dir)
  let isClosed = false
  let running: Promise<void> | undefined
  let files = 0
  const toucher = setInterval(() => void touch(), TOUCH_MS)
  const sweeper = setTimeout(() => void sweep(), sweepDelayMs)
  for (const timer of [toucher, sweeper]) timer.unref()
  void touch()

  async function touch(): Promise<void> {
    const seconds = now() / 1000
    // There is none before the first write, and then nothing to keep either; or it is read-only.
    await fs.lutimes(dir, seconds, seconds).catch(() => {})
  }

  function sweep(): Promise<void> {
    return (running ??= sweepOnce().finally(() => (running = undefined)))
  }

  async function sweepOnce(): Promise<void> {
    files = 0
    const names = await readNames(root, MAX_FOLDERS, (name) => BUILD.test(name) || CONDEMNED.test(name))
    for (const name of names) {
      if (isDone()) return
      if (name !== basename(dir)) await removeIfOld(name).catch(() => {})
    }
  }

  async function removeIfOld(name: string): Promise<void> {
    const folder = join(root, name)
    if (!(await isOld(folder, BUILD.test(name)))) return
    const condemned = BUILD.test(name) ? `${folder}.old` : folder
    if (condemned !== folder) await fs.rename(folder, condemned)
    for (const shard of await readNames(condemned)) {
      if (isDone()) return
      await removeShard(join(condemned, shard))
    }
    await fs.rmdir(condemned)
  }

  /** @param hasName whether its name says that it may be in use; else it was found to be old before */
  async function isOld(folder: string, hasName: boolean): Promise<boolean> {
    const shards = await readNames(folder)
    // The folder of a build is made with its first shard: an empty one is somebody else's.
    if (!shards.every((shard) => SHARD.test(shard)) || (hasName && shards.length === 0)) return false
    for (const each of [folder, ...shards.map((shard) => join(folder, shard))]) {
      const stats = await fs.lstat(each)
      if (!stats.isDirectory() || (hasName && now() - stats.mtimeMs < UNUSED_MS)) return false
    }
    return true
  }

  async function removeShard(shard: string): Promise<void> {
    for await (const { name } of await fs.opendir(shard)) {
      if (isDone()) return
      files += 1
      if (RECORD.test(name)) await fs.unlink(join(shard, name)).catch(() => {})
    }
    await fs.rmdir(shard).catch(() => {})
  }

  function isDone(): boolean {
    return isClosed || files >= maxFiles
  }

  return {
    touch,
    sweep,
    async close() {
      isClosed = true
      clearInterval(toucher)
      clearTimeout(sweeper)
      await running
    },
  }
}

/** The names in a folder, or as many of those that are wanted; of a build's folder there are at most 256. */
async function readNames(folder: string, max = 257, isWanted = (_name: string) => true): Promise<string[]> {
  const names: string[] = []
  try {
    for await (const { name } of await fs.opendir(folder)) {
      if (isWanted(name)) names.push(name)
      if (names.length === max) break
    }
  } catch {
    // Not there yet, deleted meanwhile, or not a folder: nothing to find.
  }
  return names
}
