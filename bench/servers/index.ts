import type { Options } from '../harness/options.ts'
import type { Command } from '../harness/process.ts'
import { isr, isrInExpress, isrInFastify, isrInHttp } from './isr.ts'
import type { ServerKind, SiteOptions } from './kinds.ts'
import { next, nextUncompressed } from './next.ts'
import { nginx } from './nginx.ts'
import { nitro } from './nitro.ts'
import { raw } from './raw.ts'
import { sirvFiles } from './sirv.ts'
import { vinext } from './vinext.ts'

export const ALL_SERVERS: readonly ServerKind[] = [
  raw,
  isr,
  isrInHttp,
  isrInFastify,
  isrInExpress,
  nginx,
  sirvFiles,
  nitro,
  nextUncompressed,
  next,
  vinext,
]

export interface Prepared {
  readonly name: string
  readonly label: string
  readonly command: Command
}

/**
 * Builds the site for those of the servers that can run here and that `--only` asks for.
 *
 * @returns them, and a line for each that is left out.
 */
export async function prepareServers(
  kinds: readonly ServerKind[],
  site: SiteOptions,
  { only }: Pick<Options, 'only'>,
): Promise<{ servers: Prepared[]; leftOut: string[] }> {
  const servers: Prepared[] = []
  const leftOut: string[] = []
  for (const kind of kinds) {
    if (only.length > 0 && !only.includes(kind.name)) continue
    const obstacle = kind.findObstacle?.()
    if (obstacle !== undefined) {
      leftOut.push(`${kind.label}: ${obstacle}`)
      continue
    }
    const begin = performance.now()
    const command = await kind.prepare(site)
    console.log(`prepared ${kind.name} in ${((performance.now() - begin) / 1000).toFixed(1)} s`)
    servers.push({ name: kind.name, label: kind.label, command })
  }
  return { servers, leftOut }
}
