import { describe, expect, it, vi } from 'vitest'
import type { IsrApp, Job } from '../types.ts'
import { createInProcessRenderer } from './in-process.ts'

const app = (load: IsrApp['load']): IsrApp => ({
  buildId: 'test',
  base: '/',
  trailingSlash: false,
  routes: [{ pattern: '/', kind: 'isr', file: 'pages/index.tsx' }],
  load,
  render: async () => '<html></html>',
})
const job: Job = { type: 'page', pattern: '/', path: '/', params: {}, reason: 'stale' }

describe('createInProcessRenderer', () => {
  it('W5 REL-07 a data call that never returns ends at the time limit', async () => {
    vi.useFakeTimers()
    try {
      const renderer = createInProcessRenderer(async () =>
        app(async () => ({ default: null, getStaticProps: () => new Promise(() => {}) })),
      )
      const outcome = renderer.run(job, { timeoutMs: 30_000 }).catch((error: unknown) => error)
      await vi.advanceTimersByTimeAsync(30_000)
      expect(await outcome).toMatchObject({ code: 'ISR_TIMEOUT', page: '/', path: '/' })
    } finally {
      vi.useRealTimers()
    }
  })
  it('gives up when it is told to', async () => {
    const renderer = createInProcessRenderer(async () => app(() => new Promise(() => {})))
    const stop = new AbortController()
    const outcome = renderer.run(job, { timeoutMs: 30_000, signal: stop.signal })
    stop.abort()
    await expect(outcome).rejects.toMatchObject({ code: 'ISR_CLOSED' })
  })
})
