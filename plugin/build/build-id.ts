import { randomBytes } from 'node:crypto'

/** A new id for each build. Hexadecimal: safe in a URL, a file name and a shell, whatever the first letter is. */
export function createBuildId(): string {
  return randomBytes(10).toString('hex')
}
