import { copyFile, mkdir, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Rolldown } from 'vite'

/**
 * Moves the assets of the server build to the client's folder. An image that only `getStaticProps` imports is known to
 * the server build alone, and its URL is in the page; the others are there already, under the same hashed name.
 *
 * Styles stay behind, since pages link the client's, unless the server's code names the file (`import url from './a.css?url'`).
 */
export async function moveServerAssets(
  output: Rolldown.RolldownOutput,
  serverDir: string,
  clientDir: string,
): Promise<void> {
  const code = output.output.flatMap((file) => (file.type === 'chunk' ? [file.code] : []))
  for (const file of output.output) {
    if (file.type !== 'asset' || /^\.vite\/|\.map$/.test(file.fileName)) continue
    const source = join(serverDir, file.fileName)
    const target = join(clientDir, file.fileName)
    const isStyle = file.fileName.endsWith('.css')
    const wanted = !isStyle || code.some((text) => text.includes(file.fileName))
    if (wanted && !(await exists(target))) {
      await mkdir(dirname(target), { recursive: true })
      await copyFile(source, target)
    }
    await rm(source, { force: true })
    await removeIfEmpty(dirname(source))
  }
}

async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder)
  } catch {
    // It holds other files, or is gone already.
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch {
    return false
  }
}
