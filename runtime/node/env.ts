import { statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * In Vite's order, so that a server reads what the build of its pages did: the first file that sets a variable wins, and what
 * the shell set wins over all.
 */
const FILES = ['.env.production.local', '.env.production', '.env.local', '.env']

/**
 * Reads the `.env` files of a folder into `process.env`. Files that are not there are passed over.
 *
 * @throws what reading a file gave, when it is there and cannot be read
 * @see https://vite.dev/guide/env-and-mode#env-loading-priorities
 */
export function loadEnvFiles(folder: string): void {
  for (const name of FILES) {
    const file = join(folder, name)
    // A folder called .env is no mistake: Python keeps environments in such.
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) process.loadEnvFile(file)
  }
}
