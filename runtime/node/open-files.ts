import { readFileSync } from 'node:fs'

/**
 * How many files and connections the system lets this process have open at a time; undefined where it does not say. Node has
 * raised the soft limit to the hard one by the time that it runs us.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_limits.5.html
 */
export function readOpenFilesLimit(): number | undefined {
  try {
    const [, limit] = /^Max open files\s+(\d+)\s/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return limit === undefined ? undefined : Number(limit)
  } catch {
    return undefined
  }
}

/** Connections that leave files for the cache, the pages' data calls and the site's own code. */
export function toMaxConnections(wanted: number, openFiles: number | undefined): number {
  if (openFiles === undefined) return wanted
  const reserved = Math.max(Math.ceil(openFiles / 5), Math.min(100, Math.floor(openFiles / 2)))
  return Math.max(1, Math.min(wanted, openFiles - reserved))
}
