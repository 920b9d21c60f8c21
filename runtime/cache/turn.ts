import { basename } from 'node:path'
import { toErrorCode } from './atomic-write.ts'
import type { FileSystem } from './files.ts'
import type { TempNames } from './temp-name.ts'

export interface TurnOptions {
  /** The temporary file that is to become `path`: its name says whose turn it is. */
  readonly temp: string
  readonly temps: TempNames
  readonly io: FileSystem
  readonly now: () => number
  readonly wait: (ms: number) => Promise<void>
}

/** Two looks and a rename take a millisecond. Who takes longer has been stopped, and nobody waits for ever. */
const TRIES = 50
const WAIT_MS = 20

/**
 * Looks at a file and replaces it, while no other process does so: without that, what is there could change between the look
 * and the rename. A turn is a link that nobody follows, since making one is a single step and it can hold a name: that of a
 * process that has died is taken over at once.
 *
 * Where there are no such links (some file systems, Windows without the right to make them), and after a second of waiting, the
 * work is done all the same: an old page is better than none.
 */
export async function inTurn<T>(path: string, options: TurnOptions, work: () => Promise<T>): Promise<T> {
  const turn = `${path}.turn`
  if (!(await takeTurn(turn, options))) return work()
  try {
    return await work()
  } finally {
    await options.io.rm(turn, { force: true }).catch(() => {})
  }
}

async function takeTurn(turn: string, options: TurnOptions): Promise<boolean> {
  const { temp, io, wait } = options
  for (let tries = 1; tries <= TRIES; tries++) {
    try {
      await io.symlink(basename(temp), turn)
      return true
    } catch (error) {
      if (toErrorCode(error) !== 'EEXIST') return false
    }
    if (!(await removeAbandonedTurn(turn, options))) await wait(WAIT_MS)
  }
  return false
}

/** Takes away the turn of a process that has died. @returns whether it was one */
export async function removeAbandonedTurn(
  turn: string,
  { temps, io, now }: Pick<TurnOptions, 'temps' | 'io' | 'now'>,
): Promise<boolean> {
  try {
    const [owner, { mtimeMs }] = await Promise.all([io.readlink(turn), io.lstat(turn)])
    if (!temps.isStray(owner, mtimeMs, now())) return false
    await io.rm(turn, { force: true })
    return true
  } catch {
    // It has ended meanwhile, or it is something that we have not made.
    return false
  }
}
