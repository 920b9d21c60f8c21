import { createEngine } from '../../isr/engine.ts'
import { toPageKey } from '../../routing/key.ts'
import type { CacheStore, Engine, Renderer, Settings } from '../../types.ts'

/** The real engine with a store and a clock that a test can look into. */
export interface TestEngine extends Engine {
  /** What was generated, by key, as it was stored. */
  readonly stored: ReadonlyMap<string, Uint8Array>
  /** Resolves when no generation runs and what was generated is stored. */
  settle(): Promise<void>
}

/** @param options.listed paths that the build would have made; they are generated when they are first asked for */
export function createTestEngine(options: {
  renderer: Renderer
  settings: Settings
  now: () => number
  listed: ReadonlySet<string>
}): TestEngine {
  const { renderer, settings, now } = options
  const listed = new Set([...options.listed].map(toPageKey))
  const stored = new Map<string, Uint8Array>()
  const running = new Set<Promise<unknown>>()
  const store: CacheStore = {
    get: async (key) => stored.get(key),
    set: async (key, value) => void stored.set(key, value.slice()),
    delete: async (key) => void stored.delete(key),
  }
  const tracked: Renderer = {
    run(job, limits) {
      const result = renderer.run(job, limits)
      const settled: Promise<unknown> = result.then(
        () => running.delete(settled),
        () => running.delete(settled),
      )
      running.add(settled)
      return result
    },
    close: () => renderer.close(),
  }
  const engine = createEngine({
    clock: {
      now,
      setTimeout: (callback, ms) => setTimeout(callback, ms),
      clearTimeout: (id) => clearTimeout(id as number),
    },
    random: () => 0.5,
    renderer: tracked,
    prerendered: { has: (key) => listed.has(key), read: async () => undefined, close: async () => undefined },
    store,
    settings,
  })
  return Object.assign(engine, {
    stored,
    async settle() {
      // A background generation starts after the answer that asked for it.
      await new Promise((resolve) => setImmediate(resolve))
      while (running.size > 0) await Promise.all(running)
      await new Promise((resolve) => setImmediate(resolve))
    },
  })
}
