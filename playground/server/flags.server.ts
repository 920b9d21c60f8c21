import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'

/** A flag, plain and compressed: some have coats of arms of several hundred kilobytes. */
export interface FlagImage {
  svg: Buffer
  brotli: Buffer
}

// 250 flags are two megabytes when compressed: all of them may stay.
const flags = new Map<string, Promise<FlagImage>>()

/** A country's flag by its three-letter code. */
export async function readFlag(code: string): Promise<FlagImage | undefined> {
  if (!/^[a-z]{3}$/.test(code)) return undefined
  const flag = flags.get(code) ?? load(code)
  flags.set(code, flag)
  try {
    return await flag
  } catch (error) {
    flags.delete(code)
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function load(code: string): Promise<FlagImage> {
  const folder = dirname(createRequire(import.meta.url).resolve('world-countries'))
  const svg = await readFile(join(folder, 'data', `${code}.svg`))
  return { svg, brotli: await promisify(brotliCompress)(svg, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } }) }
}
