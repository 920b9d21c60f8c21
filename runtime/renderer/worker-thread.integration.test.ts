import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { readPlain } from '../cache/body.ts'
import type { IsrError } from '../errors.ts'
import type { Body, Job, Renderer } from '../types.ts'
import { createWorkerRenderer, type WorkerRendererOptions } from './worker-thread.ts'

const serveJobs = new URL('../../dist/runtime/renderer/serve-jobs.js', import.meta.url).href

/** Pages that behave as badly as user code can. The worker runs the compiled runtime, as in production. */
const workerSource = `
import { serveJobs } from ${JSON.stringify(serveJobs)}
import { appendFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { resourceLimits, threadId } from 'node:worker_threads'
if (process.env.ISR_TEST_START_MS) await new Promise((resolve) => setTimeout(resolve, process.env.ISR_TEST_START_MS))
process.on('exit', () => appendFileSync(new URL('exits', import.meta.url), threadId + ' '))
const pages = {
  '/good': () => ({ props: { threadId, text: 'x'.repeat(5000) } }),
  '/slow': () => new Promise((resolve) => setTimeout(() => resolve({ props: { threadId } }), 300)),
  '/counted': async () => {
    globalThis.running = (globalThis.running ?? 0) + 1
    globalThis.most = Math.max(globalThis.most ?? 0, running)
    await new Promise((resolve) => setTimeout(resolve, 5))
    running -= 1
    return { props: { most } }
  },
  '/throws': () => { throw new Error('boom') },
  '/hangs': () => new Promise(() => {}),
  '/loops': () => { for (;;); },
  '/exits': () => process.exit(3),
  '/rejects-later': () => { Promise.reject(new Error('nobody waits for me')); return new Promise(() => {}) },
  '/dies-later': () => { setTimeout(() => { throw new Error('too late') }, 20); return { props: { threadId } } },
  '/map': () => { const kept = new Map(); for (let i = 0; ; i++) kept.set(i, { i }) },
  '/buffers': () => { const kept = []; for (;;) kept.push(Buffer.alloc(1e6, 1)) },
  '/buffers-in-turns': async () => {
    const kept = []
    for (;;) { kept.push(Buffer.alloc(1e6, 1)); await new Promise((resolve) => setImmediate(resolve)) }
  },
  '/young': () => {
    const kept = Array.from({ length: 1e6 }, (_, index) => ({ index }))
    return { props: { kept: kept.length, young: resourceLimits.maxYoungGenerationSizeMb } }
  },
  '/priority': () => ({ props: { priority: getPriority() } }),
  '/large': () => ({ props: { text: 'x'.repeat(100_000) } }),
  '/out-of-memory': () => { const kept = []; for (;;) kept.push(new Array(1e6).fill(kept.length)) },
}
let failing = process.env.ISR_TEST_BROKEN
serveJobs(async () => ({
  buildId: 'test', base: '/', trailingSlash: false,
  routes: Object.keys(pages).map((pattern) => ({ pattern, kind: 'isr', file: 'pages' + pattern + '.tsx' })),
  load: async (pattern) => {
    if (pattern === '/good' && failing) throw new Error('database is down')
    return { default: null, getStaticProps: pages[pattern] }
  },
  render: async (input) => '<html>' + JSON.stringify(input.pageProps) + '</html>',
}))
`

let folder: string
let worker: URL
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isr-renderer-'))
  worker = pathToFileURL(join(folder, 'worker.mjs'))
  await writeFile(worker, workerSource)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const job = (path: string): Job => ({ type: 'page', pattern: path, path, params: {}, reason: 'stale' })

async function withRenderer(
  options: Partial<WorkerRendererOptions>,
  test: (run: (path: string, timeoutMs?: number) => Promise<string>, renderer: Renderer) => Promise<void>,
): Promise<void> {
  const renderer = createWorkerRenderer({ worker, workers: 1, ...options })
  const run = async (path: string, timeoutMs = 20_000) => {
    const result = await renderer.run(job(path), { timeoutMs })
    const { html, data } = result as { html: Body; data: Body }
    return Buffer.from(await readPlain(data, html)).toString()
  }
  try {
    await test(run, renderer)
  } finally {
    await renderer.close()
  }
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as IsrError,
  )

describe('createWorkerRenderer', () => {
  it.runIf(process.platform === 'linux')(
    'P10 a worker that gives way has a lower priority, and nobody else has',
    async () => {
      const before = getPriority()
      for (const givesWay of [false, true]) {
        await withRenderer({ givesWay }, async (run) => {
          await run('/good')
          const { pageProps } = JSON.parse(await run('/priority')) as { pageProps: { priority: number } }
          expect(pageProps.priority).toBe(givesWay ? Math.min(before + 5, 19) : before)
          expect(getPriority()).toBe(before)
        })
      }
    },
  )

  it('renders away from this thread and moves the bodies over', () =>
    withRenderer({}, async (run, renderer) => {
      expect(await run('/good')).toMatch(/"threadId":[1-9]/)
      const generated = (await renderer.run(job('/good'), { timeoutMs: 20_000 })) as { html: { br: Uint8Array } }
      expect(generated.html.br.byteLength).toBe(generated.html.br.buffer.byteLength)
    }))

  it('packed bodies are right for whoever copies them at once, and lie in memory that is used again', () =>
    withRenderer({ packBodies: true, compress: false, concurrency: 4 }, async (run, renderer) => {
      const texts = await Promise.all(Array.from({ length: 9 }, (_, index) => run(index === 5 ? '/large' : '/good')))
      const lengths = texts.map((text) => (JSON.parse(text) as { pageProps: { text: string } }).pageProps.text.length)
      expect(lengths).toEqual([5000, 5000, 5000, 5000, 5000, 100_000, 5000, 5000, 5000])

      const runAlone = async (path: string) => {
        // Only then is the block before this one free.
        await new Promise((resolve) => setImmediate(resolve))
        const generated = await renderer.run(job(path), { timeoutMs: 20_000 })
        return (generated as { html: { identity: Uint8Array } }).html.identity
      }
      await runAlone('/large')
      const html = await runAlone('/good')
      const copy = Buffer.from(html)
      for (let times = 0; times < 5; times++) await runAlone('/large')
      expect(copy.equals(html)).toBe(false)
    }))

  it('runs no more jobs at a time in a worker than it should', async () => {
    const findMost = async (concurrency: number | undefined): Promise<number> => {
      let most = 0
      await withRenderer(concurrency === undefined ? {} : { concurrency }, async (run) => {
        const answers = await Promise.all(Array.from({ length: 12 }, () => run('/counted')))
        most = Math.max(...answers.map((text) => Number(/"most":(\d+)/.exec(text)?.[1])))
      })
      return most
    }
    expect([await findMost(3), await findMost(undefined)]).toEqual([3, 12])
  })

  it('B27 the time limit of a job that waits for its turn begins with it', () =>
    withRenderer({ concurrency: 1 }, async (run) => {
      await run('/good')
      const answers = await Promise.all(Array.from({ length: 12 }, () => run('/slow', 3000)))
      expect(answers).toHaveLength(12)
    }))

  it('P5 REL-07 hung jobs give up their turns to those that wait', () =>
    withRenderer({ concurrency: 2 }, async (run) => {
      const hung = [failure(run('/hangs', 200)), failure(run('/hangs', 200))]
      const others = Array.from({ length: 6 }, () => run('/good'))
      for (const each of hung) expect(await each).toMatchObject({ code: 'ISR_TIMEOUT' })
      expect(await Promise.all(others)).toHaveLength(6)
    }))

  it('REL-03 errors come across with page, path and the stack of the user code', () =>
    withRenderer({}, async (run) => {
      const error = await failure(run('/throws'))
      expect(error).toMatchObject({ code: 'ISR_GENERATE', page: 'pages/throws.tsx', path: '/throws' })
      expect((error!.cause as Error).stack).toContain('worker.mjs')
    }))

  it('W5 REL-07 a hung data call ends at its limit and disturbs nobody', () =>
    withRenderer({}, async (run) => {
      const before = await run('/good')
      const hung = failure(run('/hangs', 200))
      expect(await run('/good')).toBe(before)
      expect(await hung).toMatchObject({ code: 'ISR_TIMEOUT' })
      expect(await run('/good')).toBe(before)
    }))

  it.each(['/exits', '/rejects-later', '/out-of-memory', '/map', '/buffers', '/buffers-in-turns'])(
    'REL-10 %s costs its own page only: the jobs beside it are answered',
    (path) =>
      withRenderer({ memoryBytes: 64 * 1024 * 1024 }, async (run) => {
        const [guilty, innocent] = await Promise.all([failure(run(path, 60_000)), run('/slow', 60_000)])
        expect(guilty).toMatchObject({ code: 'ISR_RENDERER_LOST', path })
        expect(innocent).toContain('threadId')
        expect(await run('/good')).toContain('threadId')
      }),
  )

  it('REL-10 a page that keeps more than the memory for what is new is made', () =>
    withRenderer({ youngMegabytes: 24 }, async (run) => {
      expect(await run('/young')).toContain('"kept":1000000,"young":24')
    }))

  it('REL-10 an endless loop is found, stopped, and the jobs beside it are answered', () =>
    withRenderer({ unresponsiveMs: 1500 }, async (run) => {
      const [guilty, innocent] = await Promise.all([failure(run('/loops')), run('/slow')])
      expect(guilty).toMatchObject({ code: 'ISR_RENDERER_LOST', path: '/loops' })
      expect(innocent).toContain('threadId')
    }))

  it('REL-10 an endless loop ends at the time limit of its job when that comes first', () =>
    withRenderer({}, async (run) => {
      expect(await failure(run('/loops', 3000))).toMatchObject({ code: 'ISR_TIMEOUT' })
      expect(await run('/good')).toContain('threadId')
    }))

  it('REL-10 who shares a worker with a loop is answered within the time limit, also with the defaults', () =>
    withRenderer({}, async (run) => {
      const [guilty, innocent] = await Promise.all([failure(run('/loops', 8000)), run('/slow', 8000)])
      expect(guilty).toMatchObject({ code: 'ISR_RENDERER_LOST', path: '/loops' })
      expect(guilty!.message).toContain('endless loop')
      expect(innocent).toContain('threadId')
    }))

  it('REL-10 P5 who loses its time beside a loop has all of it the next time, alone', () =>
    withRenderer({}, async (run) => {
      await run('/good')
      // The loop is found after a second: too late for both.
      const [guilty, innocent] = await Promise.all([failure(run('/loops', 1100)), failure(run('/slow', 1100))])
      expect([guilty, innocent]).toMatchObject([{ code: 'ISR_TIMEOUT' }, { code: 'ISR_TIMEOUT' }])
      const again = await Promise.all([failure(run('/loops', 5000)), run('/slow', 5000)])
      expect(again).toMatchObject([{ code: 'ISR_RENDERER_LOST' }, expect.stringContaining('threadId')])
    }))

  it('REL-10 P5 a loop whose job has timed out is found too, however short the limit', () =>
    withRenderer({}, async (run) => {
      expect(await failure(run('/loops', 300))).toMatchObject({ code: 'ISR_TIMEOUT' })
      await vi.waitFor(async () => expect(await run('/good', 300)).toContain('threadId'), { timeout: 20_000 })
    }))

  it('REL-10 process.exit is traced to its caller', () =>
    withRenderer({}, async (run) => {
      const error = await failure(run('/exits'))
      expect(error!.message).toContain('process.exit(3) was called')
      expect((error!.cause as Error).stack).toContain('worker.mjs')
    }))

  it('REL-10 what has ended a worker runs alone from then on, and is paused when it does so again', () =>
    withRenderer({}, async (run, renderer) => {
      expect(await failure(run('/exits'))).toMatchObject({ code: 'ISR_RENDERER_LOST' })
      const shared = await run('/good')
      // Alone: the worker of the others lives on.
      const [guilty] = await Promise.all([failure(run('/exits')), run('/slow')])
      expect(guilty!.message).toContain('process.exit(3)')
      expect(await run('/good')).toBe(shared)
      const paused = await failure(run('/exits'))
      expect(paused).toMatchObject({ code: 'ISR_RENDERER_LOST', path: '/exits' })
      expect(paused!.message).toContain('left alone')
      // Whoever revalidates on demand knows better.
      const demanded = renderer.run({ ...job('/exits'), reason: 'on-demand' } as Job, { timeoutMs: 20_000 })
      expect((await failure(demanded))!.message).toContain('process.exit(3)')
      await vi.waitFor(async () => expect((await failure(run('/exits')))!.message).toContain('process.exit(3)'), {
        timeout: 20_000,
        interval: 100,
      })
    }))

  it('REL-10 REL-59 a page whose timer throws after it was rendered harms nobody, and workers follow each other slowly', async () => {
    const lost: IsrError[] = []
    await withRenderer({ onLost: (error) => lost.push(error) }, async (run) => {
      const until = performance.now() + 3000
      let rendered = 0
      while (performance.now() < until || lost.length < 2) {
        expect(await run('/dies-later')).toContain('threadId')
        rendered++
      }
      expect(rendered).toBeGreaterThan(lost.length)
      expect(lost.length).toBeLessThan(8)
      expect((lost[0]!.cause as Error).stack).toContain('too late')
      expect(await run('/good')).toContain('threadId')
    })
  })

  it('REL-10 a page above maxPageBytes never crosses over', () =>
    withRenderer({ maxPageBytes: 50_000 }, async (run) => {
      expect(await failure(run('/large'))).toMatchObject({ code: 'ISR_PAGE_SIZE', path: '/large' })
      expect(await run('/good')).toContain('threadId')
    }))

  it('P9 a module that failed to import is imported again, in a fresh worker, once its fault has gone', () =>
    withRenderer({}, async (run) => {
      // A worker sees the environment as it was at its start, as it sees a module as it was imported.
      process.env['ISR_TEST_BROKEN'] = '1'
      const first = failure(run('/good'))
      const beside = run('/slow')
      expect(await first).toMatchObject({ code: 'ISR_IMPORT', path: '/good' })
      delete process.env['ISR_TEST_BROKEN']
      expect(await run('/good')).toContain('threadId')
      expect(await beside).toContain('threadId')
    }))

  it('P8 props that threads cannot carry, such as proxies, are sent as what JSON makes of them', async () => {
    const renderer = createWorkerRenderer({ worker, workers: 1 })
    const run = (pageProps: Record<string, unknown>) => {
      const rest = { pattern: '/good', asPath: '/good', query: {}, isFallback: false, draft: false, statusCode: 200 }
      return renderer.run({ type: 'render', input: { ...rest, pageProps } }, { timeoutMs: 20_000 })
    }
    const hostile = {
      get boom() {
        throw new Error('boom')
      },
    }
    // Both while the worker starts, when they wait, and when it runs.
    for (const _ of ['starting', 'running']) {
      const results = await Promise.allSettled([run({ user: new Proxy({ name: 'Ada' }, {}) }), run({ hostile })])
      expect(results).toMatchObject([
        { value: '<html>{"user":{"name":"Ada"}}</html>' },
        { reason: { code: 'ISR_PROPS', page: '/good' } },
      ])
    }
    await renderer.close()
  })

  it('P5 a worker that starts too slowly is replaced, and its late word starts nothing', async () => {
    const intervals = vi.spyOn(globalThis, 'setInterval')
    const clears = vi.spyOn(globalThis, 'clearInterval')
    process.env['ISR_TEST_START_MS'] = '400'
    try {
      await withRenderer({}, async (run) => {
        expect(await failure(run('/good', 200))).toMatchObject({ code: 'ISR_TIMEOUT' })
        // Its own worker starts before the first one has ended.
        expect(await run('/good')).toContain('threadId')
      })
      const cleared = new Set(clears.mock.calls.map(([timer]) => timer))
      expect(intervals.mock.results.filter(({ value }) => !cleared.has(value as NodeJS.Timeout))).toEqual([])
    } finally {
      delete process.env['ISR_TEST_START_MS']
      vi.restoreAllMocks()
    }
  })

  it('P7 a worker with too many jobs that timed out is replaced under load too, and ends with its last job', () =>
    withRenderer({ maxTimeouts: 1 }, async (run) => {
      const threadOf = (data: string) => /"threadId":(\d+)/.exec(data)![1]!
      const first = threadOf(await run('/good'))
      const hung = failure(run('/hangs', 100))
      const last = failure(run('/hangs', 200))
      expect(await hung).toMatchObject({ code: 'ISR_TIMEOUT' })
      expect(threadOf(await run('/good'))).not.toBe(first)
      expect(await last).toMatchObject({ code: 'ISR_TIMEOUT' })
      await vi.waitFor(async () => {
        expect((await readFile(join(folder, 'exits'), 'utf8')).split(' ')).toContain(first)
      }, 5000)
    }))

  it('REL-34 a worker that finds another build in the place of its own makes no pages', () =>
    withRenderer({ buildId: 'older' }, async (run) => {
      const error = await failure(run('/good'))
      expect(error).toMatchObject({ code: 'ISR_NO_BUILD' })
      expect(error!.message).toContain('restart')
      await withRenderer({ buildId: 'test' }, async (other) => expect(await other('/good')).toContain('threadId'))
    }))

  it('close answers what still runs and ends the workers', async () => {
    const renderer = createWorkerRenderer({ worker, workers: 2 })
    const hung = failure(renderer.run(job('/hangs'), { timeoutMs: 20_000 }))
    await renderer.close()
    expect(await hung).toMatchObject({ code: 'ISR_CLOSED' })
    expect(await failure(renderer.run(job('/good'), { timeoutMs: 20_000 }))).toMatchObject({ code: 'ISR_CLOSED' })
  })
})
