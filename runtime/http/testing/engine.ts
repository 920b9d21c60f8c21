import { IsrError } from '../../errors.ts'
import type { Engine, Entry, Generated, Job, Renderer, Settings, Target } from '../../types.ts'

/**
 * A cache in a Map: enough of an engine to show how answers are made from what one decides. Single flight, back-off, queue
 * and stores are the real engine's and tested there.
 */
export function createMapEngine(options: {
  renderer: Renderer
  settings: Settings
  now: () => number
  listed: ReadonlySet<string>
}): Engine & { entries: Map<string, Entry>; settle(): Promise<void> } {
  const { renderer, settings, now, listed } = options
  const entries = new Map<string, Entry>()
  const flights = new Map<string, Promise<Entry>>()

  function isFresh(entry: Entry): boolean {
    return entry.revalidate === false || now() < entry.generatedAt + entry.revalidate * 1000
  }

  function generate(target: Target, reason: 'stale' | 'on-demand'): Promise<Entry> {
    const running = flights.get(target.key)
    if (running) return running
    const flight = make(target, reason).finally(() => flights.delete(target.key))
    flights.set(target.key, flight)
    return flight
  }

  async function make(target: Target, reason: 'stale' | 'on-demand'): Promise<Entry> {
    const { pattern } = target.route
    const job: Extract<Job, { type: 'page' | 'shell' }> = target.key.startsWith('s:')
      ? { type: 'shell', pattern, isFallback: target.route.kind === 'isr' }
      : { type: 'page', pattern, params: target.params, path: target.path, reason }
    const startedAt = now()
    const generated = await renderer.run(job, { timeoutMs: settings.generateTimeout * 1000 })
    const entry = toEntry(target.key, generated, startedAt)
    entries.set(target.key, entry)
    return entry
  }

  function toEntry(key: string, generated: Generated, startedAt: number): Entry {
    const times = { key, startedAt, generatedAt: now(), expire: generated.expire ?? settings.expire }
    if (generated.kind === 'notFound') {
      return {
        ...times,
        kind: 'notFound',
        status: 404,
        revalidate: generated.revalidate ?? settings.notFoundRevalidate,
      }
    }
    const { revalidate } = generated
    if (generated.kind === 'page') {
      return { ...times, revalidate, kind: 'page', status: 200, html: generated.html, data: generated.data }
    }
    const { status, destination, basePath } = generated
    return { ...times, revalidate, kind: 'redirect', status, destination, basePath }
  }

  return {
    entries,
    async settle() {
      await Promise.allSettled(flights.values())
    },
    peek(key) {
      const entry = entries.get(key)
      return entry && isFresh(entry) ? entry : undefined
    },
    async read(target, request) {
      const entry = entries.get(target.key)
      if (entry && isFresh(entry)) return { state: 'HIT', detail: 'fresh', entry }
      if (entry) {
        if (!request.prefetch) generate(target, 'stale').catch(() => undefined)
        return { state: 'STALE', detail: 'stale-time', entry }
      }
      const { fallback, kind } = target.route
      if (kind === 'isr' && fallback !== undefined && !listed.has(target.path) && target.key.startsWith('p:')) {
        if (fallback === false) return { state: 'ABSENT' }
        if (fallback === true && !request.complete) {
          generate(target, 'stale').catch(() => undefined)
          return { state: 'SHELL' }
        }
      }
      return { state: 'MISS', detail: 'generated', entry: await generate(target, 'stale') }
    },
    async revalidate(target, { onlyGenerated }) {
      const unlisted = !entries.has(target.key) && !listed.has(target.path)
      if (onlyGenerated && unlisted) return { status: 'skipped' }
      if (unlisted && target.route.fallback === false) {
        throw new IsrError('ISR_REVALIDATE_FAILED', `Failed to revalidate ${target.path}: not listed`)
      }
      const entry = await generate(target, 'on-demand')
      return { status: entry.kind === 'page' ? 'regenerated' : entry.kind }
    },
    async close() {},
  }
}
