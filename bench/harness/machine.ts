import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'

/** One line that tells on what a figure was measured. */
export function describeMachine(): string {
  const memory = Math.round(totalmem() / 2 ** 30)
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const system = process.platform === 'linux' ? `Linux ${release().split('-')[0] ?? ''}` : process.platform
  return `${availableParallelism()} cores of ${model}, ${memory} GB, ${system}, Node ${process.versions.node}`
}

/** The cores that server and load generator are pinned to; nothing where there is but one, or no `taskset`. */
export function chooseCores(): { server: string; load: string } | undefined {
  return process.platform === 'linux' && availableParallelism() > 1 ? { server: '0', load: '1' } : undefined
}

/** The share of the last minute in which others kept the machine busy, to be printed beside figures. */
export function readLoadAverage(): number | undefined {
  if (process.platform !== 'linux') return undefined
  return Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0])
}
