import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { AppAssets, RouteAssets } from './assets.ts'

const compress = promisify(gzip)

/**
 * Finds the compressed bytes of scripts that a visitor of each page loads first. Shared scripts are read once.
 *
 * @param toFile the file of a script by its URL
 */
export async function measureScripts(
  assets: AppAssets,
  toFile: (url: string) => string,
): Promise<(route: RouteAssets) => number> {
  const urls = new Set([assets.entry, ...assets.shared.js, ...[...assets.routes.values()].flatMap(({ js }) => js)])
  const sizes = new Map<string, number>()
  for (const url of urls) sizes.set(url, (await compress(await readFile(toFile(url)))).byteLength)
  return ({ js }) => [assets.entry, ...js].reduce((sum, url) => sum + sizes.get(url)!, 0)
}

/** The file of an asset in the client's folder. */
export function toClientFile(clientDir: string, base: string, url: string): string {
  return join(clientDir, decodeURI(url.slice(base.length)))
}
