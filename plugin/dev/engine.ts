import { toPlainBytes } from '../../runtime/cache/body.ts'
import { createCompletion } from '../../runtime/cache/completion.ts'
import { IsrError, isIsrError } from '../../runtime/errors.ts'
import { toEntry } from '../../runtime/isr/generation.ts'
import { createLargeDataWarnings } from '../../runtime/isr/large-data.ts'
import { isDynamic } from '../../runtime/routing/pattern.ts'
import { toShellKey } from '../../runtime/routing/key.ts'
import type {
  Clock,
  Engine,
  Entry,
  Fallback,
  Job,
  Outcome,
  Renderer,
  RevalidateReason,
  Settings,
  Target,
} from '../../runtime/types.ts'

/** What the development engine works with. */
export interface DevEngineOptions {
  readonly renderer: Renderer
  readonly settings: Settings
  readonly clock: Pick<Clock, 'now'>
  /** Hears of pages that work but should be looked at. */
  readonly warn: (message: string) => void
}

/**
 * The engine of development: it has no cache, so that every request shows the page as its source is now. It decides
 * fallbacks as production does, and its answers have the same shape.
 */
export function createDevEngine({ renderer, settings, clock, warn }: DevEngineOptions): Engine {
  const timeoutMs = settings.generateTimeout * 1000
  const running = new Set<Promise<unknown>>()
  const closing = new AbortController()
  const complete = createCompletion({
    // A page that is thrown away at once is sent as it is, over the loopback interface.
    compress: async () => undefined,
    onGrown() {},
    onDamaged() {},
  })
  const warnOfLargeData = createLargeDataWarnings(warn, { repeat: true })

  async function generate(target: Target, job: Extract<Job, { type: 'page' | 'shell' }>): Promise<Entry> {
    const startedAt = clock.now()
    const generated = await track(renderer.run(job, { timeoutMs, signal: closing.signal }))
    if (generated.kind === 'page') {
      warnOfLargeData(target.route.pattern, target.path, generated.data ? toPlainBytes(generated.data) : 0)
    }
    return toEntry(target.key, generated, { startedAt, generatedAt: clock.now() }, settings)
  }

  function generatePage(target: Target, reason: RevalidateReason): Promise<Entry> {
    const { route, params, path } = target
    return generate(target, { type: 'page', pattern: route.pattern, params, path, reason })
  }

  /** Asked again each time, as Next.js does, so that an edited `getStaticPaths` counts at once. */
  async function findListing(target: Target): Promise<{ listed: boolean; fallback: Fallback }> {
    const { route, path } = target
    if (route.kind !== 'isr' || !isDynamic(route.pattern)) return { listed: true, fallback: false }
    const result = await track(
      renderer.run({ type: 'paths', pattern: route.pattern }, { timeoutMs, signal: closing.signal }),
    )
    return { listed: result.paths.includes(path), fallback: result.fallback }
  }

  async function read(target: Target, request: { complete: boolean }): Promise<Outcome> {
    const { route } = target
    if (target.key === toShellKey(route.pattern)) {
      const isFallback = route.kind === 'isr'
      return miss(await generate(target, { type: 'shell', pattern: route.pattern, isFallback }))
    }
    const { listed, fallback } = await findListing(target)
    if (!listed && fallback === false) return { state: 'ABSENT' }
    if (!listed && fallback === true && !request.complete) return { state: 'SHELL' }
    return miss(await generatePage(target, 'stale'))
  }

  async function track<T>(job: Promise<T>): Promise<T> {
    running.add(job)
    try {
      return await job
    } finally {
      running.delete(job)
    }
  }

  return {
    peek: () => undefined,
    read,
    complete,
    async revalidate(target, { onlyGenerated }) {
      try {
        const { listed, fallback } = await findListing(target)
        // Nothing is kept here: what a build would have made counts as generated.
        if (onlyGenerated && !listed) return { status: 'skipped' }
        if (!listed && fallback === false) {
          throw new IsrError(
            'ISR_REVALIDATE_FAILED',
            `Failed to revalidate ${target.path}: getStaticPaths does not list it.`,
          )
        }
        const entry = await generatePage(target, 'on-demand')
        return { status: entry.kind === 'page' ? 'regenerated' : entry.kind }
      } catch (error) {
        if (isIsrError(error, 'ISR_REVALIDATE_FAILED')) throw error
        const text = error instanceof Error ? error.message : String(error)
        throw new IsrError('ISR_REVALIDATE_FAILED', `Failed to revalidate ${target.path}: ${text}`, {
          page: target.route.file,
          path: target.path,
          cause: error,
        })
      }
    },
    async close(limitMs) {
      closing.abort()
      const settled = Promise.allSettled(running)
      await Promise.race([settled, new Promise((resolve) => setTimeout(resolve, limitMs).unref())])
    },
  }
}

function miss(entry: Entry): Outcome {
  return { state: 'MISS', detail: 'generated', entry }
}
