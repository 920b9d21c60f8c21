import { join } from 'node:path'
import { runnerImport } from 'vite'
import { describe, expect, it } from 'vitest'
import type { createEngine } from '../engine.ts'
import { MUTANTS, toMutatedSources, type Mutant } from './mutants.ts'
import { simulate } from './simulate.ts'

/** Each is found well within this; most within a tenth of it. */
const STEPS = 60_000

/** The engine, made from changed sources; everything that is not changed is what everybody runs. */
async function loadMutant(mutant: Mutant): Promise<typeof createEngine> {
  const sources = toMutatedSources(mutant)
  const applied = new Set<string>()
  const plugin = {
    name: 'mutate',
    enforce: 'pre' as const,
    load(id: string) {
      const source = sources.get(id)
      if (source !== undefined) applied.add(id)
      return source
    },
  }
  const entry = join(import.meta.dirname, '../engine.ts')
  const config = { configFile: false as const, logLevel: 'error' as const, plugins: [plugin] }
  const { module } = await runnerImport<{ createEngine: typeof createEngine }>(entry, config)
  expect([...applied].sort()).toEqual([...sources.keys()].sort())
  return module.createEngine
}

describe('a broken engine', () => {
  it.each(MUTANTS)('REL-63 is found out: $name', async (mutant) => {
    const { failure, steps } = await simulate({
      createEngine: await loadMutant(mutant),
      seed: 63,
      steps: STEPS,
      shrinking: false,
    })
    console.log(`${failure?.history.violation?.promise ?? '—'} after ${steps} steps: ${mutant.name}`)
    expect(failure).toBeDefined()
  })
})
