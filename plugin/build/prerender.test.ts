import { describe, expect, it } from 'vitest'
import { IsrError } from '../../runtime/errors.ts'
import { toRowHash } from '../../runtime/cache/pack-format.ts'
import type { Entry, Job, JobResult, ParsedPaths, PlainBody, Renderer, RouteRecord } from '../../runtime/types.ts'
import { resolveOptions } from '../options.ts'
import { renderFailures } from './failures.ts'
import { prerender, type PrerenderOptions } from './prerender.ts'

const { settings } = resolveOptions({ expire: 500, notFoundRevalidate: 9 })
const route = (pattern: string, kind: RouteRecord['kind'] = 'isr'): RouteRecord => ({
  pattern,
  kind,
  file: `pages${pattern}.tsx`,
})
const body = (bytes: number): PlainBody => ({ identity: new Uint8Array(bytes), digest: 'digest' })
const page = (more: Partial<Extract<JobResult['page'], { kind: 'page' }>> = {}): JobResult['page'] => ({
  kind: 'page',
  status: 200,
  revalidate: 60,
  expire: undefined,
  html: body(10),
  data: body(5),
  ...more,
})
const listing = (...paths: string[]): ParsedPaths => ({
  fallback: 'blocking',
  paths,
})

interface SetUp {
  readonly routes: RouteRecord[]
  readonly answer: (job: Job) => unknown
  readonly concurrency?: number
  /** How long each job takes. Default 10. */
  readonly jobMs?: number
  readonly write?: PrerenderOptions['write']
}

async function run({ routes, answer, concurrency = 2, jobMs = 10, write }: SetUp) {
  const entries: Entry[] = []
  const warnings: string[] = []
  const jobs: Job[] = []
  const limits: number[] = []
  let time = 1000
  let most = 0
  let running = 0
  const renderer = {
    async run(job: Job, { timeoutMs }: { timeoutMs: number }) {
      jobs.push(job)
      limits.push(timeoutMs)
      most = Math.max(most, ++running)
      try {
        await Promise.resolve()
        time += jobMs
        return answer(job)
      } finally {
        running -= 1
      }
    },
    async close() {},
  } as Renderer
  let expected = 0
  let advanced = 0
  const result = await prerender({
    routes,
    renderer,
    write: write ?? (async (entry) => void entries.push(entry)),
    settings,
    concurrency,
    now: () => time,
    pause: async () => {},
    progress: { expect: (pages) => (expected += pages), advance: () => (advanced += 1), stop() {} },
    warn: (message) => warnings.push(message),
  })
  return { ...result, entries, warnings, jobs, limits, expected, advanced, most }
}

describe('prerender', () => {
  it('B01 B02 calls each page once, and getStaticPaths once for each dynamic page', async () => {
    const { entries, jobs, expected, advanced, failures } = await run({
      routes: [route('/'), route('/b/[id]'), route('/api/x', 'api'), route('/search', 'server')],
      answer: (job) => (job.type === 'paths' ? listing('/b/1', '/b/2') : page()),
    })
    expect(jobs.map((job) => ('path' in job ? job.path : job.type))).toEqual(['paths', '/', '/b/1', '/b/2'])
    expect(entries.map(({ key }) => key)).toEqual(['p:/', 'p:/b/1', 'p:/b/2'])
    expect(failures).toEqual([])
    expect([expected, advanced]).toEqual([3, 3])
  })
  it('takes the times around each job and resolves lifetimes as the engine does', async () => {
    const { entries, limits } = await run({
      routes: [route('/'), route('/gone')],
      concurrency: 1,
      answer: (job) =>
        'path' in job && job.path === '/gone'
          ? { kind: 'notFound', status: 404, revalidate: undefined, expire: 70 }
          : page(),
    })
    expect(entries[0]).toMatchObject({ startedAt: 1000, generatedAt: 1010, revalidate: 60, expire: 500 })
    // B22 N04: its own kind of entry, with a finite life.
    expect(entries[1]).toMatchObject({ kind: 'notFound', key: 'p:/gone', revalidate: 9, expire: 70 })
    expect(limits).toEqual([30_000, 30_000])
  })
  it('W10 a redirect is an entry', async () => {
    const { entries } = await run({
      routes: [route('/old')],
      answer: () => ({
        kind: 'redirect',
        status: 308,
        revalidate: false,
        expire: undefined,
        destination: '/new',
        basePath: true,
      }),
    })
    expect(entries[0]).toMatchObject({ kind: 'redirect', status: 308, destination: '/new', revalidate: false })
  })
  it('W11 B21 tries every page, three times where it fails, and lists all failures by page', async () => {
    const { failures, entries, jobs, advanced } = await run({
      routes: [route('/a/[id]'), route('/bad/[id]'), route('/z')],
      answer(job) {
        if (job.type === 'paths' && job.pattern === '/bad/[id]') throw new IsrError('ISR_GENERATE', 'no paths')
        if (job.type === 'paths') return listing('/a/1', '/a/2', '/a/3')
        if (job.type === 'page' && job.path !== '/a/2') throw new IsrError('ISR_GENERATE', `${job.path} broke`)
        return page()
      },
    })
    expect(failures.map(({ route, path }) => path ?? route.pattern)).toEqual(['/a/1', '/a/3', '/bad/[id]', '/z'])
    expect(entries.map(({ key }) => key)).toEqual(['p:/a/2'])
    expect(jobs.filter((job) => 'path' in job && job.path === '/z')).toHaveLength(3)
    expect(jobs.filter((job) => job.type === 'paths' && job.pattern === '/bad/[id]')).toHaveLength(3)
    expect(advanced).toBe(4)
  })
  it.each([
    ['ISR_PATHS', 3],
    ['ISR_RESULT', 7],
    ['ISR_PROPS', 7],
  ] as const)(
    'W11 pages whose result is wrong are tried again, wrong lists of paths are not (%s)',
    async (code, total) => {
      const { failures, jobs } = await run({
        routes: [route('/a/[id]'), route('/b/[id]')],
        answer(job) {
          if (job.type === 'paths' && job.pattern === '/b/[id]') return listing('/b/1')
          throw new IsrError(code, 'wrong')
        },
      })
      expect([failures.length, jobs.length]).toEqual([2, total])
    },
  )
  it('B27 a timeout is tried again and then forgotten', async () => {
    let tries = 0
    const { failures, entries } = await run({
      routes: [route('/slow')],
      answer() {
        if (++tries < 3) throw new IsrError('ISR_TIMEOUT', 'slow')
        return page()
      },
    })
    expect([failures.length, entries.length]).toEqual([0, 1])
  })
  it('B16 stops before the first render when pages claim one path', async () => {
    const rendered: Job[] = []
    const building = run({
      routes: [route('/[id]'), route('/about', 'static')],
      answer(job) {
        if (job.type === 'paths') return listing('/about')
        rendered.push(job)
        return page()
      },
    })
    await expect(building).rejects.toThrow(/\/about .*pages\/about\.tsx and to pages\/\[id\]\.tsx/)
    expect(rendered).toEqual([])
  })
  it('B28 warns once per page of large data and names the path', async () => {
    const { warnings } = await run({
      routes: [route('/b/[id]'), route('/small')],
      answer: (job) =>
        job.type === 'paths'
          ? listing('/b/1', '/b/2')
          : page({ data: body(job.type === 'page' && job.path === '/small' ? 128_000 : 250_000) }),
    })
    expect(warnings).toEqual([
      expect.stringContaining('data for page "/b/[id]" (path "/b/1") is 250 kB which exceeds the threshold of 128 kB'),
    ])
  })
  it('tells the worker of many quick pages at a time', async () => {
    const paths = Array.from({ length: 500 }, (_, index) => `/b/${index}`)
    const answer = (job: Job) => (job.type === 'paths' ? listing(...paths) : page())
    const { most } = await run({ routes: [route('/b/[id]')], concurrency: 4, jobMs: 0, answer })
    expect(most).toBe(64)
  })
  it('asks for no more slow pages at a time than allowed, and keeps only a few for the table', async () => {
    const paths = Array.from({ length: 500 }, (_, index) => `/b/${index}`)
    const { most, routes, entries } = await run({
      routes: [route('/b/[id]')],
      concurrency: 4,
      jobMs: 100,
      answer: (job) => (job.type === 'paths' ? listing(...paths) : page()),
    })
    expect(most).toBe(4)
    expect(entries).toHaveLength(500)
    expect(routes.get('/b/[id]')!.paths).toBe(500)
    expect(routes.get('/b/[id]')!.shown.length).toBeLessThanOrEqual(6)
    expect(
      routes
        .get('/b/[id]')!
        .shown.slice(0, 3)
        .map(({ path }) => path),
    ).toEqual(['/b/0', '/b/1', '/b/2'])
  })
  it('B25 the shell of a page is an entry of its own and not one of its paths', async () => {
    const { routes, entries } = await run({
      routes: [route('/b/[id]')],
      answer: (job) => (job.type === 'paths' ? { ...listing('/b/1'), fallback: true } : page()),
    })
    expect(entries.map(({ key }) => key)).toEqual(['s:/b/[id]', 'p:/b/1'])
    expect(routes.get('/b/[id]')!.paths).toBe(1)
  })
  it('a full disk is no failing page: the build ends at once', async () => {
    let rendered = 0
    const building = run({
      routes: Array.from({ length: 20 }, (_, index) => route(`/${index}`)),
      concurrency: 1,
      answer: () => {
        rendered += 1
        return page()
      },
      write: async () => {
        throw new Error('ENOSPC')
      },
    })
    await expect(building).rejects.toThrow('ENOSPC')
    expect(rendered).toBe(1)
  })
})

describe('prerender with the pages of a build before', () => {
  const paths = Array.from({ length: 2000 }, (_, index) => `/b/${index}`)
  const keyOf = (path: string) => `p:${path}`
  const hexOf = (key: string) => toRowHash(key).toString('hex')

  interface SecondBuild {
    /** Paths of pages whose data has changed. */
    readonly changed?: readonly string[]
    /** Paths of pages whose records are damaged. */
    readonly damaged?: readonly string[]
    /** Paths that the build before had not. */
    readonly unknown?: readonly string[]
    /** What asking about a page throws. */
    readonly fail?: (path: string, together: number) => Error | undefined
  }

  async function rebuild({ changed = [], damaged = [], unknown = [], fail = () => undefined }: SecondBuild) {
    const asked: string[][] = []
    const made: string[] = []
    const appended: string[] = []
    const noted = new Map<string, string>()
    const renderer = {
      async run(job: Job) {
        await Promise.resolve()
        if (job.type === 'paths') return listing(...paths)
        if (job.type !== 'build') throw new Error(job.type)
        const names = job.paths.map((path) => path ?? 'shell')
        asked.push(names)
        for (const [same, path] of names.entries()) {
          const error = fail(path, names.length)
          if (error instanceof Error) throw error
          if (job.known[same] !== undefined && !changed.includes(path)) continue
          const html = body(10)
          html.identity.fill(1)
          // As the memory of the worker's answers is.
          setImmediate(() => html.identity.fill(0))
          return { same, made: { fingerprint: `new ${path}`, generated: page({ html }) } }
        }
        return { same: names.length, made: undefined }
      },
      async close() {},
    } as unknown as Renderer
    const result = await prerender({
      routes: [route('/b/[id]')],
      renderer,
      async write(entry) {
        const isWhole = entry.kind === 'page' && entry.html.identity?.[0] === 1
        made.push(isWhole ? entry.key : `${entry.key} too late`)
      },
      async append(_record, key) {
        appended.push(key)
        await new Promise((resolve) => setImmediate(resolve))
      },
      settings,
      concurrency: 4,
      now: () => 1000,
      reuse: Promise.resolve({
        inputs: 'inputs',
        find: (key) =>
          unknown.map(keyOf).includes(key) ? undefined : { hash: toRowHash(key), fingerprint: `old ${key}` },
        read(key) {
          const record = new Uint8Array(1)
          return damaged.map(keyOf).includes(key)
            ? undefined
            : { record, revalidate: 60, expire: 500, htmlBytes: 10, dataBytes: 5 }
        },
        note: (hash, fingerprint) => void noted.set(hash.toString('hex'), fingerprint),
        async keep() {},
        close() {},
      }),
      pause: async () => {},
      progress: { expect() {}, advance() {}, stop() {} },
      warn() {},
    })
    return { ...result, asked, made, appended, noted }
  }

  it('asks about many in one job, and makes exactly those that have changed or are new', async () => {
    const others = ['/b/7', '/b/300', '/b/301', '/b/1999']
    const { asked, made, appended, noted, reused, routes } = await rebuild({ changed: others, unknown: ['/b/20'] })
    expect(made.toSorted()).toEqual([...others, '/b/20'].map(keyOf).toSorted())
    expect([appended.length, reused, noted.size]).toEqual([1995, 1995, 2000])
    expect([noted.get(hexOf('p:/b/7')), noted.get(hexOf('p:/b/8'))]).toEqual(['new /b/7', 'old p:/b/8'])
    expect(routes.get('/b/[id]')!.paths).toBe(2000)
    expect(asked.length).toBeLessThan(100)
  })
  it('asks about no more than 128 together', async () => {
    const { asked } = await rebuild({})
    expect(Math.max(...asked.map(({ length }) => length))).toBe(128)
  })
  it('asks one by one where all have changed', async () => {
    const { asked, made, reused } = await rebuild({ changed: paths })
    expect([made.length, reused]).toEqual([2000, 0])
    expect(new Set(asked.map(({ length }) => length))).toEqual(new Set([1]))
  })
  it('W11 when asking about many fails, each is asked about by itself', async () => {
    const fail = (path: string) => (path === '/b/400' ? new IsrError('ISR_RENDERER_LOST', 'exit') : undefined)
    const { failures, reused, asked } = await rebuild({ fail })
    expect(failures.map(({ path }) => path)).toEqual(['/b/400'])
    expect(reused).toBe(1999)
    // It may have been too slow for the others only.
    const inTime = await rebuild({
      fail: (path, together) => (path === '/b/400' && together > 1 ? new Error('slow') : undefined),
    })
    expect([inTime.failures, inTime.reused]).toEqual([[], 2000])
    expect(asked.some(({ length }) => length > 1)).toBe(true)
  })
  it('makes pages whose records are damaged', async () => {
    const { made, reused, noted } = await rebuild({ damaged: ['/b/0', '/b/500'] })
    expect(made.toSorted()).toEqual(['p:/b/0', 'p:/b/500'])
    expect([reused, noted.get(hexOf('p:/b/500'))]).toEqual([1998, 'new /b/500'])
  })
})

describe('renderFailures', () => {
  it('W11 says how often pages were tried, and tells lists from pages', () => {
    const failure = (code: 'ISR_PATHS' | 'ISR_GENERATE' | 'ISR_RESULT', path?: string) => ({
      route: route('/p/[id]'),
      path,
      params: {},
      isShell: false,
      error: new IsrError(code, 'boom'),
    })
    const titleOf = (...failures: readonly ReturnType<typeof failure>[]) => renderFailures(failures, '/').split('\n')[0]
    expect(titleOf(failure('ISR_PATHS'))).toBe('getStaticPaths of 1 page failed:')
    expect(titleOf(failure('ISR_GENERATE'))).toBe('getStaticPaths of 1 page failed, tried 3 times:')
    expect(titleOf(failure('ISR_RESULT', '/p/1'))).toBe('1 page could not be prerendered, tried 3 times:')
    expect(titleOf(failure('ISR_GENERATE', '/p/1'))).toBe('1 page could not be prerendered, tried 3 times:')
    const both = [failure('ISR_GENERATE', '/p/1'), failure('ISR_GENERATE')]
    expect(titleOf(...both)).toBe('2 pages could not be prerendered, each tried 3 times:')
    expect(titleOf(...both, failure('ISR_PATHS'))).toBe('3 pages could not be prerendered, 2 of them tried 3 times:')
  })
  it('W11 names every page, and a stack that pages of one file share only once', () => {
    const failure = (id: string, message = 'boom') => ({
      route: { pattern: '/p/[id]', kind: 'isr' as const, file: 'pages/p/[id].tsx' },
      path: `/p/${id}`,
      params: { id },
      isShell: false,
      error: new IsrError('ISR_PROPS', `pages/p/[id].tsx (/p/${id}): ${message}`),
    })
    const lines = renderFailures([failure('1'), failure('2'), failure('3', 'bang')], '/site').split('\n')
    expect(lines.filter((line) => line.startsWith('    '))).toEqual([
      '    pages/p/[id].tsx (/p/1): boom (ISR_PROPS)',
      '    the same error as /p/1',
      '    pages/p/[id].tsx (/p/3): bang (ISR_PROPS)',
    ])
    expect(lines.filter((line) => /^ {2}\/p\//.test(line))).toHaveLength(3)
  })
  it('W11 names path, file, params, code and the frames of the sources', () => {
    const cause = new Error('boom')
    cause.stack = [
      'Error: boom',
      '    at getStaticProps (/site/pages/posts/[id].tsx:12:9)',
      '    at async page (file:///site/pages/posts/[id].tsx:3:1)',
      '    at file:///site/dist/server/worker.mjs:3:1',
      '    at renderToString (/site/node_modules/react-dom/cjs/react-dom-server.node.production.js:1:1)',
      '    at query (/site/node_modules/database/index.js:1:1)',
      '    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
    ].join('\n')
    const text = renderFailures(
      [
        {
          route: { pattern: '/posts/[id]', kind: 'isr', file: 'pages/posts/[id].tsx' },
          path: '/posts/2',
          params: { id: '2' },
          isShell: false,
          error: new IsrError('ISR_GENERATE', 'pages/posts/[id].tsx: getStaticProps for /posts/2 failed: Error: boom', {
            cause,
          }),
        },
        {
          route: { pattern: '/b/[id]', kind: 'isr', file: 'pages/b/[id].tsx' },
          path: undefined,
          params: {},
          isShell: false,
          error: new IsrError('ISR_PATHS', 'pages/b/[id].tsx: the `fallback` key must be returned'),
        },
        {
          route: { pattern: '/c/[id]', kind: 'isr', file: 'pages/c/[id].tsx' },
          path: '/c/[id]',
          params: {},
          isShell: true,
          error: new IsrError('ISR_GENERATE', 'pages/c/[id].tsx: rendering the shell failed'),
        },
      ],
      '/site',
    )
    expect(text.split('\n')).toEqual([
      '3 pages could not be prerendered, 2 of them tried 3 times:',
      '',
      '  /posts/2 (pages/posts/[id].tsx) with params {"id":"2"}',
      '    pages/posts/[id].tsx: getStaticProps for /posts/2 failed: Error: boom (ISR_GENERATE)',
      '        at getStaticProps (pages/posts/[id].tsx:12:9)',
      '        at async page (pages/posts/[id].tsx:3:1)',
      '        at query (node_modules/database/index.js:1:1)',
      '',
      '  getStaticPaths of /b/[id] (pages/b/[id].tsx)',
      '    pages/b/[id].tsx: the `fallback` key must be returned (ISR_PATHS)',
      '',
      '  the fallback shell of /c/[id] (pages/c/[id].tsx)',
      '    pages/c/[id].tsx: rendering the shell failed (ISR_GENERATE)',
      '    With `fallback: true` the page is first rendered without props: show something else while `useRouter().isFallback` is true.',
      '',
      'The build has no manifest, so no server will take it for a whole one.',
    ])
  })
})
