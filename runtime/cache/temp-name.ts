import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { sha256 } from './sha256.ts'

/** A writer on another machine cannot be asked whether it lives; no write takes this long. */
const FOREIGN_AGE_MS = 10 * 60_000

/** Names temporary files so that another process can tell whether their writer is dead. */
export interface TempNames {
  /** A new name beside the file. */
  create(path: string): string
  /** Whether nobody is going to finish this file. Names that are not ours are never stray. */
  isStray(name: string, mtimeMs: number, now: number): boolean
}

/** Who writes: a host, a process on it, and which of the processes that had this number. */
export interface Writer {
  readonly host: string
  readonly pid: number
  readonly run: string
}

/** This process as a writer. */
export function createWriter(): Writer {
  return { host: sha256(hostname()).toString('hex', 0, 4), pid: process.pid, run: randomBytes(4).toString('hex') }
}

const TEMP = /\.([0-9a-f]{8})-(\d+)-([0-9a-f]{8})-[0-9a-f]{16}\.tmp$/

/** @param isAlive whether a process of this machine runs */
export function createTempNames(writer: Writer, isAlive: (pid: number) => boolean = isProcessAlive): TempNames {
  return {
    create: (path) => `${path}.${writer.host}-${writer.pid}-${writer.run}-${randomBytes(8).toString('hex')}.tmp`,
    isStray(name, mtimeMs, now) {
      const [, host, pid, run] = TEMP.exec(name) ?? []
      if (!host) return false
      if (host !== writer.host) return now - mtimeMs > FOREIGN_AGE_MS
      // After a restart in a container the new process often has the number of the dead one.
      if (Number(pid) === writer.pid) return run !== writer.run
      return !isAlive(Number(pid))
    },
  }
}

function isProcessAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // It runs, and belongs to somebody else.
    return error instanceof Error && (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
