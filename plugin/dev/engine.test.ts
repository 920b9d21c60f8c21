import { describe, expect, it, vi } from 'vitest'
import { readPlain } from '../../runtime/cache/body.ts'
import { createInProcessRenderer } from '../../runtime/renderer/in-process.ts'
import { toPageKey, toShellKey } from '../../runtime/routing/key.ts'
import type { Entry, IsrApp, Outcome, PageModule, RouteKind, Target } from '../../runtime/types.ts'
import { resolveOptions } from '../options.ts'
import { createDevEngine } from './engine.ts'

const ORDINARY = { prefetch: false, complete: false }
const COMPLETE = { prefetch: false, complete: true }

function createTarget(pattern: string, path: string, kind: RouteKind = 'isr', params = {}): Target {
  const route = { pattern, kind, file: `pages${pattern}.tsx`, css: [], js: [], paths: 0 }
  return { key: toPageKey(path), route, params, path }
}

function setUp(
  pattern: string,
  page: Partial<PageModule>,
  {
    kind = 'isr',
    generateTimeout = 30,
    render = async (input) => `<p>${input.asPath} ${input.isFallback} ${JSON.stringify(input.pageProps)}</p>`,
  }: { kind?: RouteKind; generateTimeout?: number; render?: IsrApp['render'] } = {},
) {
  const warnings: string[] = []
  let now = 1000
  const app: IsrApp = {
    buildId: 'development',
    base: '/',
    trailingSlash: false,
    routes: [{ pattern, kind, file: `pages${pattern}.tsx` }],
    load: async () => ({ default: () => null, ...page }),
    render,
  }
  const engine = createDevEngine({
    renderer: createInProcessRenderer(async () => app, { compress: false }),
    settings: resolveOptions({ generateTimeout, expire: 500 }).settings,
    clock: { now: () => (now += 10) },
    warn: (message) => warnings.push(message),
  })
  return { engine, warnings }
}

function entryOf(outcome: Outcome): Entry {
  if (!('entry' in outcome)) throw new Error(`no entry but ${outcome.state}`)
  return outcome.entry
}

async function textOf(outcome: Outcome): Promise<{ html: string; data: string | undefined }> {
  const entry = entryOf(outcome)
  if (entry.kind !== 'page') throw new Error(`not a page but ${entry.kind}`)
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
  const { html, data } = entry
  return { html: decode(html.identity!), data: data && decode(await readPlain(data, html)) }
}

describe('createDevEngine', () => {
  it('W01 runs getStaticProps on every read, with reason stale, and keeps nothing', async () => {
    const getStaticProps = vi.fn(async () => ({ props: { n: getStaticProps.mock.calls.length }, revalidate: 60 }))
    const { engine } = setUp('/', { getStaticProps })
    const target = createTarget('/', '/')
    const first = await engine.read(target, ORDINARY)
    expect(first).toMatchObject({ state: 'MISS', detail: 'generated' })
    expect(await textOf(first)).toEqual({ html: '<p>/ false {"n":1}</p>', data: '{"pageProps":{"n":1}}' })
    expect((await textOf(await engine.read(target, ORDINARY))).data).toBe('{"pageProps":{"n":2}}')
    expect(engine.peek(target.key)).toBeUndefined()
    expect(getStaticProps).toHaveBeenCalledWith(expect.objectContaining({ revalidateReason: 'stale' }))
  })

  it('builds entries as production does, without compressed bodies', async () => {
    const { engine } = setUp('/', { getStaticProps: () => ({ props: { text: 'x'.repeat(5000) }, revalidate: 60 }) })
    const entry = entryOf(await engine.read(createTarget('/', '/'), ORDINARY))
    expect(entry).toMatchObject({
      key: 'p:/',
      kind: 'page',
      status: 200,
      startedAt: 1010,
      generatedAt: 1020,
      revalidate: 60,
      expire: 500,
    })
    if (entry.kind !== 'page') throw new Error('not a page')
    expect(Object.keys(entry.html).sort()).toEqual(['digest', 'identity'])
    expect(Object.keys(entry.data!).sort()).toEqual(['digest', 'identity'])
  })

  it('P3 data that the HTML holds is taken out of it for who asks for the data, not compressed', async () => {
    const getStaticProps = () => ({ props: { text: 'x'.repeat(5000) } })
    const { engine } = setUp('/', { getStaticProps }, { render: async ({ propsJson }) => `{"pageProps":${propsJson}}` })
    const entry = entryOf(await engine.read(createTarget('/', '/'), ORDINARY))
    if (entry.kind !== 'page') throw new Error('not a page')
    expect([entry.data!.within, entry.data!.identity, entry.data!.makeable]).toEqual([1, undefined, ['identity']])
    expect(await engine.complete(entry, 'data', 'identity')).toBe(true)
    expect(Buffer.from(entry.data!.identity!).toString()).toBe(`{"pageProps":{"text":"${'x'.repeat(5000)}"}}`)
    expect([entry.data!.br, entry.data!.makeable]).toEqual([undefined, []])
  })

  it('gives notFound the default lifetime and redirects their target', async () => {
    const getStaticProps = vi.fn()
    const { engine } = setUp('/', { getStaticProps })
    getStaticProps.mockReturnValueOnce({ notFound: true })
    expect(entryOf(await engine.read(createTarget('/', '/'), ORDINARY))).toMatchObject({
      kind: 'notFound',
      status: 404,
      revalidate: 60,
    })
    getStaticProps.mockReturnValueOnce({ redirect: { destination: '/b', permanent: true } })
    expect(entryOf(await engine.read(createTarget('/', '/'), ORDINARY))).toMatchObject({
      kind: 'redirect',
      status: 308,
      destination: '/b',
    })
  })

  describe('fallback', () => {
    const listed = createTarget('/b/[slug]', '/b/a%20b', 'isr', { slug: 'a b' })
    const unlisted = createTarget('/b/[slug]', '/b/zzz', 'isr', { slug: 'zzz' })

    function setUpFallback(fallback: boolean | 'blocking') {
      const getStaticPaths = vi.fn(() => ({ paths: [{ params: { slug: 'a b' } }], fallback }))
      const getStaticProps = vi.fn((context: { params?: unknown }) => ({ props: { params: context.params } }))
      return { ...setUp('/b/[slug]', { getStaticPaths, getStaticProps }), getStaticPaths, getStaticProps }
    }

    it('W01 runs getStaticPaths again on each request', async () => {
      const { engine, getStaticPaths } = setUpFallback(false)
      expect((await textOf(await engine.read(listed, ORDINARY))).data).toBe('{"pageProps":{"params":{"slug":"a b"}}}')
      await engine.read(listed, ORDINARY)
      expect(getStaticPaths).toHaveBeenCalledTimes(2)
    })

    it('F01 an unlisted path of fallback: false is absent and runs no getStaticProps', async () => {
      const { engine, getStaticProps } = setUpFallback(false)
      expect(await engine.read(unlisted, ORDINARY)).toEqual({ state: 'ABSENT' })
      expect(getStaticProps).not.toHaveBeenCalled()
    })

    it("F03 fallback: 'blocking' generates an unlisted path", async () => {
      const { engine } = setUpFallback('blocking')
      expect((await textOf(await engine.read(unlisted, ORDINARY))).html).toContain('"zzz"')
    })

    it('F04 F06 fallback: true answers with the shell unless the page itself is needed', async () => {
      const { engine } = setUpFallback(true)
      expect(await engine.read(unlisted, ORDINARY)).toEqual({ state: 'SHELL' })
      expect((await textOf(await engine.read(unlisted, COMPLETE))).html).toContain('"zzz"')
      expect((await textOf(await engine.read(listed, ORDINARY))).html).toContain('a b')
    })

    it('F13 generates the shell on demand, without data', async () => {
      const { engine, getStaticProps } = setUpFallback(true)
      const shell = { ...unlisted, key: toShellKey('/b/[slug]'), params: {} }
      expect(await textOf(await engine.read(shell, ORDINARY))).toEqual({
        html: '<p>/b/[slug] true {}</p>',
        data: undefined,
      })
      expect(getStaticProps).not.toHaveBeenCalled()
    })

    it('O06 revalidate of an unlisted path of fallback: false rejects', async () => {
      const { engine } = setUpFallback(false)
      await expect(engine.revalidate(unlisted, { onlyGenerated: false })).rejects.toMatchObject({
        code: 'ISR_REVALIDATE_FAILED',
        message: expect.stringContaining('Failed to revalidate /b/zzz'),
      })
    })

    it('O18 revalidate with unstable_onlyGenerated skips what a build would not have made', async () => {
      const { engine } = setUpFallback('blocking')
      expect(await engine.revalidate(unlisted, { onlyGenerated: true })).toEqual({ status: 'skipped' })
      expect(await engine.revalidate(listed, { onlyGenerated: true })).toEqual({ status: 'regenerated' })
      expect(await engine.revalidate(unlisted, { onlyGenerated: false })).toEqual({ status: 'regenerated' })
    })
  })

  it('a dynamic page without data functions is rendered as it is, not as a fallback', async () => {
    const { engine } = setUp('/d/[id]', {}, { kind: 'static' })
    const target = { ...createTarget('/d/[id]', '/d/1', 'static'), key: toShellKey('/d/[id]') }
    expect(await textOf(await engine.read(target, ORDINARY))).toEqual({
      html: '<p>/d/[id] false {}</p>',
      data: undefined,
    })
  })

  it('O18 revalidate runs getStaticProps once, with reason on-demand, and says what came out', async () => {
    const getStaticProps = vi.fn()
    const { engine } = setUp('/', { getStaticProps })
    const target = createTarget('/', '/')
    getStaticProps.mockReturnValueOnce({ props: {} })
    expect(await engine.revalidate(target, { onlyGenerated: false })).toEqual({ status: 'regenerated' })
    expect(getStaticProps).toHaveBeenCalledTimes(1)
    expect(getStaticProps).toHaveBeenCalledWith(expect.objectContaining({ revalidateReason: 'on-demand' }))
    getStaticProps.mockReturnValueOnce({ notFound: true })
    expect(await engine.revalidate(target, { onlyGenerated: false })).toEqual({ status: 'notFound' })
    getStaticProps.mockReturnValueOnce({ redirect: { destination: '/b' } })
    expect(await engine.revalidate(target, { onlyGenerated: false })).toEqual({ status: 'redirect' })
    getStaticProps.mockRejectedValueOnce(new Error('no database'))
    await expect(engine.revalidate(target, { onlyGenerated: false })).rejects.toMatchObject({
      code: 'ISR_REVALIDATE_FAILED',
      message: expect.stringContaining('no database'),
    })
  })

  it('W5 a data call that never answers ends in an error after generateTimeout', async () => {
    const { engine } = setUp('/', { getStaticProps: () => new Promise(() => {}) }, { generateTimeout: 0.05 })
    await expect(engine.read(createTarget('/', '/'), ORDINARY)).rejects.toMatchObject({ code: 'ISR_TIMEOUT' })
  })

  it('close gives up what runs', async () => {
    const { engine } = setUp('/', { getStaticProps: () => new Promise(() => {}) })
    const reading = engine.read(createTarget('/', '/'), ORDINARY)
    const rejected = expect(reading).rejects.toMatchObject({ code: 'ISR_CLOSED' })
    await engine.close(1000)
    await rejected
  })

  it('B28 warns of large data each time, with the concrete path of a dynamic page', async () => {
    const getStaticProps = () => ({ props: { text: 'x'.repeat(130_000) } })
    const fixed = setUp('/', { getStaticProps })
    await fixed.engine.read(createTarget('/', '/'), ORDINARY)
    await fixed.engine.read(createTarget('/', '/'), ORDINARY)
    expect(fixed.warnings).toHaveLength(2)
    expect(fixed.warnings[0]).toContain('data for page "/" is 130 kB which exceeds the threshold of 128 kB')

    const dynamic = setUp('/b/[id]', { getStaticProps, getStaticPaths: () => ({ paths: [], fallback: 'blocking' }) })
    await dynamic.engine.read(createTarget('/b/[id]', '/b/7', 'isr', { id: '7' }), ORDINARY)
    expect(dynamic.warnings[0]).toContain('data for page "/b/[id]" (path "/b/7") is 130 kB')
  })
})
