import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Rolldown } from 'vite'
import { writeFileAtomic } from '../../runtime/cache/atomic-write.ts'

/** Stands in the server's code until there is all that an id is made from. As long as an id: source maps stay right. */
export const PENDING_BUILD_ID = 'isr0build0id0pending'

/**
 * The id of a build: hexadecimal, as it is safe in a URL, a file name and a shell. It stands in every page, so the same code
 * has the same id, wherever and whenever it is built.
 *
 * @param outputs what the bundler made of the client and of the server
 */
export function toBuildId(outputs: readonly Rolldown.RolldownOutput[]): string {
  const files = outputs.flatMap(({ output }, side) =>
    output
      // Nothing of a page is made from source maps.
      .filter(({ fileName }) => !fileName.endsWith('.map'))
      .map((file) => [side, file.fileName, hash('sha256', file.type === 'chunk' ? file.code : file.source)]),
  )
  return hash(
    'sha256',
    files
      .map((file) => JSON.stringify(file))
      .toSorted()
      .join('\n'),
  ).slice(0, PENDING_BUILD_ID.length)
}

/** Writes the id into the server's code. @param dir the folder that the code was written to */
export async function writeBuildId(buildId: string, { output }: Rolldown.RolldownOutput, dir: string): Promise<void> {
  for (const file of output) {
    if (file.type !== 'chunk' || !file.code.includes(PENDING_BUILD_ID)) continue
    const path = join(dir, file.fileName)
    const code = await readFile(path, 'utf8')
    await writeFileAtomic(path, code.replaceAll(PENDING_BUILD_ID, buildId))
  }
}
