import { appendFileSync } from 'node:fs'
import { readRendersFile } from './settings.ts'

/** Adds a byte to the file that counts renders, where a bench has named one: a count that no server can get wrong. */
export function countRender(): void {
  const file = readRendersFile()
  if (file !== undefined) appendFileSync(file, '.')
}
