import { AsyncLocalStorage } from 'node:async_hooks'
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
  it('SEC-37 SEC-35 P6 a page that is kept knows nothing of the request during which it is made', async () => {
    const requests = new AsyncLocalStorage<string>()
    const seen: Array<[what: string, store: string | undefined]> = []
    const see = (what: string) => seen.push([what, requests.getStore()])
    const site: IsrApp = {
      ...app(async () => {
        see('import')
        return {
          default: null,
          async getStaticPaths() {
            see('getStaticPaths')
            return { paths: [], fallback: 'blocking' }
          },
          async getStaticProps() {
            await new Promise((resolve) => setTimeout(resolve, 1))
            see('getStaticProps')
            return { props: {}, revalidate: 1 }
          },
        }
      }),
      async render({ pattern, isFallback }) {
        see(isFallback ? 'shell' : pattern)
        return '<html></html>'
      },
    }
    const renderer = createInProcessRenderer(async () => site)
    const limits = { timeoutMs: 30_000 }
    await requests.run('a visitor', async () => {
      await renderer.run({ type: 'paths', pattern: '/' }, limits)
      await renderer.run(job, limits)
      await renderer.run({ type: 'shell', pattern: '/', isFallback: true }, limits)
    })
    expect(seen.length).toBeGreaterThanOrEqual(7)
    expect(seen.filter(([, store]) => store !== undefined)).toEqual([])
    expect(seen).toContainEqual(['getStaticProps', undefined])
  })
})
