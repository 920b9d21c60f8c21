import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { OF_PLAIN, readPlain, toDigest } from '../cache/body.ts'
import { isIsrError } from '../errors.ts'
import type { BuildJob, GetStaticProps, IsrApp, Job, PageModule, RenderInput } from '../types.ts'
import { createJobRunner, type JobRunnerOptions } from './generate.ts'

const page = (pattern: string, getStaticProps?: GetStaticProps, extra: Partial<PageModule> = {}) => ({
  pattern,
  module: { default: null, ...(getStaticProps && { getStaticProps }), ...extra } satisfies PageModule,
})

function createTestApp(
  pages: Array<ReturnType<typeof page>>,
  render?: (input: RenderInput) => Promise<string>,
): IsrApp {
  return {
    buildId: 'test',
    base: '/',
    trailingSlash: false,
    routes: pages.map(({ pattern, module }) => ({
      pattern,
      kind: module.getStaticProps ? 'isr' : 'static',
      file: `pages${pattern}.tsx`,
    })),
    load: async (pattern) => pages.find((candidate) => candidate.pattern === pattern)!.module,
    render: render ?? (async (input) => `<html>${JSON.stringify(input)}</html>`),
  }
}

const job = (pattern: string, path: string, params = {}): Extract<Job, { type: 'page' }> => ({
  type: 'page',
  pattern,
  path,
  params,
  reason: 'build',
})

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString()

describe('createJobRunner', () => {
  it('B01 calls getStaticProps once with the context of the build', async () => {
    const contexts: unknown[] = []
    const run = createJobRunner(
      createTestApp([
        page('/', (context) => {
          contexts.push(context)
          return { props: {} }
        }),
      ]),
    )
    await run(job('/', '/'))
    expect(contexts).toHaveLength(1)
    expect(contexts[0]).toStrictEqual({
      revalidateReason: 'build',
      locales: [],
      locale: undefined,
      defaultLocale: undefined,
    })
  })

  it('P3 R03 the HTML and the data come from one call', async () => {
    let calls = 0
    const run = createJobRunner(createTestApp([page('/b/[s]', () => ({ props: { n: ++calls }, revalidate: 5 }))]))
    const generated = await run(job('/b/[s]', '/b/x', { s: 'x' }))
    if (generated.kind !== 'page') throw new Error('not a page')
    expect(text(generated.html.identity)).toContain('"pageProps":{"n":1}')
    expect(text(await readPlain(generated.data!, generated.html))).toBe('{"pageProps":{"n":1}}')
    expect(generated.revalidate).toBe(5)
    expect(calls).toBe(1)
  })

  describe('P3 navigation data', () => {
    const props = { text: `</script> & \\u003c \u2028 ä \u{1f600} "pageProps":{} ${'x'.repeat(600)}`, list: [1, null] }
    const DATA = JSON.stringify({ pageProps: props })
    const generate = async (
      render: (input: RenderInput) => string,
      options: Partial<Extract<Job, { type: 'page' }>> & JobRunnerOptions = {},
    ) => {
      const app = createTestApp([page('/', () => ({ props }))], async (input) => render(input))
      const generated = await createJobRunner(app, options)({ ...job('/', '/'), ...options })
      if (generated.kind !== 'page' || !generated.data) throw new Error('no page with data')
      const { html, data } = generated
      return { html, data, plain: text(await readPlain(data, html)) }
    }
    const holding = ({ propsJson }: RenderInput) => `<p>ä</p><script>{"pageProps":${propsJson},"x":1}</script>`

    it('is a part of the HTML, and not stored beside it', async () => {
      const { html, data, plain } = await generate(holding)
      expect(plain).toBe(DATA)
      expect(JSON.parse(plain)).toEqual({ pageProps: props })
      expect(data).toEqual({
        within: Buffer.byteLength('<p>ä</p><script>{'),
        size: Buffer.byteLength(DATA),
        digest: toDigest(Buffer.from(DATA), 'application/json; charset=utf-8'),
        makeable: [...OF_PLAIN, 'identity'],
      })
      // It crosses threads by transfer: of exactly its size.
      expect(html.identity.buffer.byteLength).toBe(html.identity.byteLength)
    })

    it.each<[what: string, render: (input: RenderInput) => string]>([
      ['leaves it out', () => '<html><p>no script</p></html>'],
      ['has changed it', (input) => holding(input).replace('"list":[1,', '"list":[1, ')],
      ['has cut it off', (input) => holding(input).slice(0, -30)],
      ['has escaped it again', (input) => holding(input).replaceAll('\\u003c', '\\u003C')],
    ])('is stored beside HTML that %s', async (_what, render) => {
      const { html, data, plain } = await generate(render)
      expect(plain).toBe(DATA)
      expect(text(data.identity)).toBe(DATA)
      expect([data.within, data.br !== undefined]).toEqual([undefined, true])
      expect(data.digest).toBe((await generate(holding)).data.digest)
      expect(html.identity.buffer).toBe(data.identity!.buffer)
      expect(html.identity.buffer.byteLength).toBe(html.identity.byteLength + data.identity!.byteLength)
    })

    it('is compressed for nobody where pages are not', async () => {
      expect((await generate(holding, { compress: false })).data.makeable).toEqual(['identity'])
      expect((await generate(holding, { draft: true })).data.makeable).toEqual(['identity'])
    })

    it('P7 counts beside the HTML that holds it', async () => {
      const { html, data } = await generate(holding)
      const bytes = html.identity.byteLength + data.size!
      expect((await generate(holding, { maxPageBytes: bytes })).plain).toBe(DATA)
      await expect(generate(holding, { maxPageBytes: bytes - 1 })).rejects.toMatchObject({ code: 'ISR_PAGE_SIZE' })
    })
  })

  it('S07 a page without data functions has no data', async () => {
    const run = createJobRunner(createTestApp([page('/about')]))
    expect(await run(job('/about', '/about'))).toMatchObject({ kind: 'page', revalidate: false, data: undefined })
  })

  it('N01 notFound and N05 redirect are results of their own', async () => {
    const run = createJobRunner(
      createTestApp([
        page('/gone', () => ({ notFound: true, revalidate: 7 })),
        page('/moved', () => ({ redirect: { destination: '/new', permanent: true } })),
      ]),
    )
    expect(await run(job('/gone', '/gone'))).toEqual({
      kind: 'notFound',
      status: 404,
      revalidate: 7,
      expire: undefined,
    })
    expect(await run(job('/moved', '/moved'))).toMatchObject({ kind: 'redirect', status: 308, destination: '/new' })
  })

  it('B32 a 404 page that returns notFound is refused', async () => {
    const run = createJobRunner(createTestApp([page('/404', () => ({ notFound: true }))]))
    await expect(run(job('/404', '/404'))).rejects.toThrow('404 page itself')
  })

  it('B25 HD04 a shell is rendered with empty props and query, and no data function is called', async () => {
    const run = createJobRunner(
      createTestApp([
        page('/b/[s]', () => {
          throw new Error('called')
        }),
      ]),
    )
    const shell = await run({ type: 'shell', pattern: '/b/[s]', isFallback: true })
    if (shell.kind !== 'page') throw new Error('not a page')
    expect(text(shell.html.identity)).toContain('"query":{},"pageProps":{},"isFallback":true')
  })

  it.each([
    ['an error', new Error('boom'), 'Error: boom'],
    ['a string', 'boom', 'a thrown string: boom'],
    ['null', null, 'null'],
    ['undefined', undefined, 'a thrown undefined'],
    [
      'an object whose getter throws',
      Object.defineProperty({}, 'message', {
        get: () => {
          throw new Error('trap')
        },
      }),
      'cannot be read',
    ],
  ])('REL-03 E01 getStaticProps that throws %s names page and path', async (_name, thrown, message) => {
    const run = createJobRunner(
      createTestApp([
        page('/b/[s]', () => {
          throw thrown // oxlint-disable-line typescript/only-throw-error -- user code may throw anything
        }),
      ]),
    )
    const failure = await run(job('/b/[s]', '/b/x', { s: 'x' })).catch((error: unknown) => error)
    expect(isIsrError(failure, 'ISR_GENERATE')).toBe(true)
    expect(failure).toMatchObject({
      page: 'pages/b/[s].tsx',
      path: '/b/x',
      message: expect.stringContaining(message) as string,
    })
  })

  it('REL-04 a component that throws fails the generation', async () => {
    const run = createJobRunner(
      createTestApp([page('/', () => ({ props: {} }))], () => Promise.reject(new Error('late'))),
    )
    await expect(run(job('/', '/'))).rejects.toThrow('rendering for / failed: Error: late')
  })

  it('REL-10 SEC-88 a page above maxPageBytes is refused by page, path and size, before it is rendered where its data tell', async () => {
    let renders = 0
    const app = createTestApp(
      [page('/b/[s]', ({ params }) => ({ props: { text: 'x'.repeat(Number(params!['s'])) } })), page('/about')],
      async (input) => {
        renders++
        return `<html>${JSON.stringify(input.pageProps)}${'y'.repeat(500)}</html>`
      },
    )
    const run = createJobRunner(app, { maxPageBytes: 1000 })
    const refused = (path: string) => run(job('/b/[s]', `/b/${path}`, { s: path })).catch((error: unknown) => error)
    expect(await refused('100')).toMatchObject({ kind: 'page' })
    expect(renders).toBe(1)
    expect(await refused('300')).toMatchObject({
      code: 'ISR_PAGE_SIZE',
      page: 'pages/b/[s].tsx',
      path: '/b/300',
      message: expect.stringMatching(/\/b\/300 has at least 1\d{3} bytes .*maxPageBytes allows 1000/) as string,
    })
    expect(renders).toBe(2)
    expect(await refused('1000')).toMatchObject({ code: 'ISR_PAGE_SIZE' })
    expect(renders).toBe(2)
  })

  it('imports the module of a page once for each job', async () => {
    const loads: string[] = []
    const app = createTestApp([page('/', () => ({ props: {} }))])
    const run = createJobRunner({ ...app, load: (pattern) => (loads.push(pattern), app.load(pattern)) })
    await run(job('/', '/'))
    expect(loads).toEqual(['/'])
  })

  it('SEC-88 props that change between two looks fail by page and path', async () => {
    let looks = 0
    const props = {
      get user() {
        return ++looks === 1 ? 'Ada' : 1n
      },
    }
    const run = createJobRunner(createTestApp([page('/', () => ({ props: props as never }))]))
    await expect(run(job('/', '/'))).rejects.toMatchObject({ code: 'ISR_GENERATE', page: 'pages/.tsx', path: '/' })
  })

  it('D03 a draft render is told so and is not compressed', async () => {
    let draft: unknown
    const run = createJobRunner(
      createTestApp([
        page('/', (context) => {
          draft = context.draftMode
          return { props: { text: 'x'.repeat(4000) } }
        }),
      ]),
    )
    const generated = await run({ ...job('/', '/'), draft: true })
    expect(draft).toBe(true)
    expect(generated).toMatchObject({ kind: 'page', html: { identity: expect.anything() as unknown } })
    expect((generated as { html: object }).html).not.toHaveProperty('br')
  })

  it.each([true, false])(
    'W17 makes the brotli form of a body that was made without (own thread: %s)',
    async (isOwnThread) => {
      const props = { text: 'words '.repeat(800) }
      const app = createTestApp([page('/', () => ({ props }))])
      const plain = await createJobRunner(app, { compress: false, isOwnThread })(job('/', '/'))
      const whole = await createJobRunner(app)(job('/', '/'))
      if (plain.kind !== 'page' || whole.kind !== 'page') throw new Error('no page')
      expect(plain.html).not.toHaveProperty('br')
      const run = createJobRunner(app, { isOwnThread })
      expect(await run({ type: 'compress', bytes: plain.html.identity })).toEqual(whole.html.br)
      expect(await run({ type: 'compress', bytes: randomBytes(1000) })).toBeUndefined()
    },
  )

  it('B02 lists paths, B13 refuses a page without getStaticPaths', async () => {
    const getStaticPaths = () => ({ paths: ['/b/1', { params: { s: '2' } }], fallback: 'blocking' as const })
    const run = createJobRunner(
      createTestApp([page('/b/[s]', () => ({ props: {} }), { getStaticPaths }), page('/c/[s]', () => ({ props: {} }))]),
    )
    expect((await run({ type: 'paths', pattern: '/b/[s]' })).paths).toEqual(['/b/1', '/b/2'])
    await expect(run({ type: 'paths', pattern: '/c/[s]' })).rejects.toThrow('getStaticPaths is missing')
  })
})

describe('a job of a build', () => {
  /** Runs the same page with other circumstances and tells what an earlier build's page is worth then. */
  async function buildTwice(change: { inputs?: string; path?: string; pattern?: string; result?: unknown }) {
    let result: unknown = { props: { a: 1 }, revalidate: 60 }
    let calls = 0
    let renders = 0
    const getStaticProps = (() => {
      calls++
      return result
    }) as unknown as GetStaticProps
    const app = createTestApp([page('/[id]', getStaticProps), page('/[slug]', getStaticProps)], async () => {
      renders++
      return '<html></html>'
    })
    const run = createJobRunner(app)
    const { made } = await run({ type: 'build', pattern: '/[id]', paths: ['/1'], known: [undefined], inputs: 'code' })
    expect([calls, renders, made?.generated.kind]).toEqual([1, 1, 'page'])
    result = change.result ?? result
    const { pattern = '/[id]', path = '/1', inputs = 'code' } = change
    const again = await run({ type: 'build', pattern, paths: [path], known: [made?.fingerprint], inputs })
    expect([calls, again.same]).toEqual([2, again.made ? 0 : 1])
    return { isSame: again.same === 1, renders, fingerprints: [made?.fingerprint, again.made?.fingerprint] }
  }

  it('asks for the data and renders nothing when all is as it was', async () => {
    const { isSame, renders } = await buildTwice({})
    expect([isSame, renders]).toEqual([true, 1])
  })
  it.each([
    ['the code', { inputs: 'other code' }],
    ['the path', { path: '/2' }],
    ['the page', { pattern: '/[slug]' }],
    ['the props', { result: { props: { a: 2 }, revalidate: 60 } }],
    ['the order of props', { result: { props: { b: 1, a: 1 }, revalidate: 60 } }],
    ['revalidate alone', { result: { props: { a: 1 }, revalidate: 61 } }],
    ['expire alone', { result: { props: { a: 1 }, revalidate: 60, expire: 90 } }],
  ])('renders again when %s changed', async (_, change) => {
    const { isSame, fingerprints } = await buildTwice(change)
    expect(isSame).toBe(false)
    expect(fingerprints[1]).not.toBe(fingerprints[0])
  })
  it('makes notFound and redirect results anew', async () => {
    for (const result of [{ notFound: true }, { redirect: { destination: '/' } }]) {
      expect(await buildTwice({ result })).toMatchObject({
        isSame: false,
        fingerprints: [expect.any(String), undefined],
      })
    }
  })
  it('knows shells, and pages without data, by the code alone', async () => {
    const run = createJobRunner(createTestApp([page('/about'), page('/[id]', () => ({ props: {} }))]))
    for (const [pattern, path] of [['/about', '/about'] as const, ['/[id]', undefined] as const]) {
      const ask = (inputs: string, known?: string) =>
        run({ type: 'build', pattern, paths: [path], known: [known], inputs })
      const { made } = await ask('code')
      expect(await ask('code', made!.fingerprint)).toEqual({ same: 1, made: undefined })
      expect(await ask('other code', made!.fingerprint)).toMatchObject({
        same: 0,
        made: { generated: { kind: 'page' } },
      })
    }
  })

  describe('for many pages', () => {
    const ids = ['1', '2', '3', '4']

    /** @param answer what the data function gives the second time */
    async function buildAgain(answer: (id: string) => unknown, inputs = 'code') {
      let isSecond = false
      const calls: string[] = []
      const getStaticProps = (async ({ params }: { params: { id: string } }) => {
        calls.push(params.id)
        return (isSecond && (await answer(params.id))) || { props: { id: params.id } }
      }) as unknown as GetStaticProps
      const run = createJobRunner(createTestApp([page('/[id]', getStaticProps)]))
      const ask = (paths: string[], known: BuildJob['known']) =>
        run({ type: 'build', pattern: '/[id]', paths, known, inputs })
      const paths = ids.map((id) => `/${id}`)
      const known = await Promise.all(paths.map(async (path) => (await ask([path], [undefined])).made?.fingerprint))
      isSecond = true
      calls.length = 0
      return { run: () => ask(paths, known), calls }
    }

    it('looks at one after the other, makes the first that is another one, and leaves those behind it', async () => {
      const { run, calls } = await buildAgain((id) => id === '3' && { props: { id: 'new' } })
      expect(await run()).toMatchObject({ same: 2, made: { generated: { kind: 'page' } } })
      expect(calls).toEqual(['1', '2', '3'])
    })
    it('answers for all when all are the same', async () => {
      const { run, calls } = await buildAgain(() => undefined)
      expect(await run()).toEqual({ same: 4, made: undefined })
      expect(calls).toEqual(ids)
    })
    it('a page that fails takes nothing from those before it, and is told by itself', async () => {
      const failing = (wanted: string) => (id: string) => {
        if (id === wanted) throw new Error('down')
      }
      expect(await (await buildAgain(failing('2'))).run()).toEqual({ same: 1, made: undefined })
      await expect((await buildAgain(failing('1'))).run()).rejects.toThrow('down')
    })
    it('answers after each page that was slow', async () => {
      const slow = () => new Promise<undefined>((resolve) => setTimeout(resolve, 60, undefined))
      expect(await (await buildAgain(slow)).run()).toEqual({ same: 1, made: undefined })
    })
  })
})
