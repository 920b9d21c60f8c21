import {
  compressBytes,
  compressBytesHere,
  createBody,
  DATA_BEGIN,
  findData,
  toBodyWithin,
  toDigest,
} from '../cache/body.ts'
import { IsrError, isIsrError, toErrorMessage } from '../errors.ts'
import { createMatcher } from '../routing/match.ts'
import { isDynamic } from '../routing/pattern.ts'
import { applyTrailingSlash } from '../routing/trailing-slash.ts'
import type {
  Body,
  BuildJob,
  Built,
  BuiltPage,
  Generated,
  GetStaticPropsContext,
  IsrApp,
  Job,
  JobResult,
  PageModule,
  RouteRecord,
} from '../types.ts'
import { toFingerprint } from './fingerprint.ts'
import { escapeJson } from './props.ts'
import { parseStaticPaths, parseStaticProps, type ParsedLifetime, type ParsedResult } from './result.ts'

/** The content types of a page's two representations. */
const HTML_TYPE = 'text/html; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'

/** Runs one job. */
export type RunJob = <J extends Job>(job: J) => Promise<JobResult[J['type']]>

export interface JobRunnerOptions {
  /** HTML and navigation data of one page together, in bytes and not compressed. Default: any number. */
  readonly maxPageBytes?: number | undefined
  /** False leaves bodies plain. Default: true; drafts never are compressed. */
  readonly compress?: boolean | undefined
  /** Whether nobody is answered by this thread, so that it may be kept busy for a while. Default false. */
  readonly isOwnThread?: boolean | undefined
}

type PageJob = Extract<Job, { type: 'page' }>
type ShellJob = Extract<Job, { type: 'shell' }>

/** What every runner works with: the app, the route and its module, imported once for each job. */
interface Work {
  readonly app: IsrApp
  readonly route: RouteRecord
  readonly page: PageModule | undefined
  readonly isDynamic: boolean
  readonly maxPageBytes: number
  readonly compress: boolean
  /** Where texts become bytes. */
  readonly room: Buffer
}

/**
 * Makes the function that does a renderer's work: calls the page's data function, checks what it returned and renders.
 * A page's HTML and its navigation data come out of the same call (promise P3). It knows nothing of requests, caches or
 * time limits, and runs the same in the build, in a worker thread, in development and in tests.
 */
export function createJobRunner(
  app: IsrApp,
  { maxPageBytes = Infinity, compress = true, isOwnThread = false }: JobRunnerOptions = {},
): RunJob {
  const routes = new Map(app.routes.map((route) => [route.pattern, route]))
  const dynamic = new Set(app.routes.map(({ pattern }) => pattern).filter(isDynamic))
  const room = Buffer.allocUnsafeSlow(ROOM_BYTES)

  const runners: {
    [T in Exclude<Job['type'], 'compress'>]: (work: Work, job: Extract<Job, { type: T }>) => Promise<JobResult[T]>
  } = {
    paths: listPaths,
    page: generatePage,
    shell: generateShell,
    build: buildPages,
    render: ({ route }, { input }) => attempt('rendering', route, input.asPath, () => app.render(input)),
  }

  return async (job) => {
    // oxlint-disable-next-line typescript/no-explicit-any -- As below.
    if (job.type === 'compress') return compressBody(job, isOwnThread) as any
    const pattern = job.type === 'render' ? job.input.pattern : job.pattern
    const own = routes.get(pattern)
    // First of all, so that a module that cannot be imported is told from a page that fails.
    const page = own && (await importPage(app, own, pathOf(job)))
    // An error page that the user did not write is rendered by a default, which has no module and no data.
    const route: RouteRecord = own ?? { pattern, kind: 'static', file: `the default ${pattern} page` }
    // oxlint-disable-next-line typescript/no-explicit-any -- TypeScript cannot see that a job's type picks its runner.
    return (runners[job.type] as any)(
      { app, route, page, isDynamic: dynamic.has(pattern), maxPageBytes, compress, room },
      job,
    )
  }
}

async function listPaths({ route, page }: Work): Promise<JobResult['paths']> {
  const source = { page: route.file }
  if (!page?.getStaticPaths) {
    throw new IsrError(
      'ISR_PATHS',
      `${route.file}: getStaticPaths is missing. A dynamic page with getStaticProps needs it.`,
      source,
    )
  }
  const { getStaticPaths } = page
  const result = await attempt('getStaticPaths', route, undefined, () => getStaticPaths({ locales: [] }))
  return parseStaticPaths(result, route.pattern, source)
}

/** What a page's data function gave, and its props as text: they are serialised before React gets a chance to change them. */
interface PageResult {
  readonly result: ParsedResult & ParsedLifetime
  readonly json: string | undefined
}

async function readPage(work: Work, job: PageJob): Promise<PageResult> {
  const { route } = work
  const result = await callStaticProps(work, job)
  if (result.kind !== 'page' || route.kind !== 'isr') return { result, json: undefined }
  const { props } = result
  const json = await attempt('serializing the props', route, job.path, () => JSON.stringify({ pageProps: props }))
  return { result, json }
}

async function generatePage(work: Work, job: PageJob): Promise<Generated> {
  return renderPage(work, job, await readPage(work, job))
}

/** Who waits for the answer hears of quick pages together, and of slow ones one by one. */
const BUILD_MS = 50

async function buildPages(work: Work, { pattern, paths, known, inputs }: BuildJob): Promise<Built> {
  const begin = performance.now()
  const match = createMatcher([{ pattern }])
  for (const [same, path] of paths.entries()) {
    if (same > 0 && performance.now() - begin > BUILD_MS) return { same, made: undefined }
    try {
      const job: PageJob | ShellJob =
        path === undefined
          ? { type: 'shell', pattern, isFallback: work.route.kind === 'isr' }
          : { type: 'page', pattern, params: match(path)?.params ?? {}, path, reason: 'build' }
      const made = await buildPage(work, job, known[same], inputs)
      if (made) return { same, made }
    } catch (error) {
      // Nothing is wrong with those before it. It is the first of the next ones, and fails by itself.
      if (same > 0) return { same, made: undefined }
      throw error
    }
  }
  return { same: paths.length, made: undefined }
}

/**
 * The data is asked for as ever; what is left out, if it is what it was, are the render and the compression.
 *
 * @returns undefined when the page is the one that is known
 */
async function buildPage(
  work: Work,
  job: PageJob | ShellJob,
  known: string | undefined,
  inputs: string,
): Promise<BuiltPage | undefined> {
  if (job.type === 'shell') {
    const fingerprint = toFingerprint(inputs, job, undefined)
    return fingerprint === known ? undefined : { fingerprint, generated: await generateShell(work, job) }
  }
  const page = await readPage(work, job)
  // The others cost nothing to make.
  if (page.result.kind !== 'page') return { fingerprint: undefined, generated: await renderPage(work, job, page) }
  const { revalidate, expire } = page.result
  const fingerprint = toFingerprint(inputs, job, { revalidate, expire, json: page.json })
  return fingerprint === known ? undefined : { fingerprint, generated: await renderPage(work, job, page) }
}

async function renderPage(work: Work, job: PageJob, { result, json }: PageResult): Promise<Generated> {
  const { app, route } = work
  const source = { page: route.file, path: job.path }
  const { expire } = result
  if (result.kind === 'notFound') {
    if (route.pattern === '/404') {
      throw new IsrError(
        'ISR_RESULT',
        `${route.file}: the 404 page itself returned \`notFound\`. Return \`props\`.`,
        source,
      )
    }
    return { kind: 'notFound', status: 404, revalidate: result.revalidate, expire }
  }
  const revalidate = result.revalidate ?? false
  if (result.kind === 'redirect') {
    const { destination, status, basePath } = result.redirect
    return { kind: 'redirect', status, revalidate, expire, destination, basePath }
  }
  if (json !== undefined) refuseLarge(work, job.path, Buffer.byteLength(json))
  const data = json === undefined ? undefined : { json, escaped: escapeJson(json) }
  const document = await attempt('rendering', route, job.path, () =>
    app.render({
      pattern: route.pattern,
      asPath: applyTrailingSlash(job.path, app.trailingSlash),
      query: job.params,
      pageProps: result.props,
      ...(data && { propsJson: data.escaped.slice(DATA_BEGIN.length, -1) }),
      isFallback: false,
      draft: job.draft ?? false,
      statusCode: statusOf(route.pattern),
    }),
  )
  // From the same props as the HTML.
  const compress = work.compress && !job.draft
  const { html, beside, held } = encode(work, job.path, document, data, compress)
  const [htmlBody, dataBody] = await Promise.all([
    createBody(html, HTML_TYPE, { compress }),
    beside ? createBody(beside, JSON_TYPE, { compress }) : held,
  ])
  return { kind: 'page', status: 200, revalidate, expire, html: htmlBody, data: dataBody }
}

async function callStaticProps(
  { route, page, isDynamic: hasParams }: Work,
  job: PageJob,
): Promise<ParsedResult & ParsedLifetime> {
  if (route.kind !== 'isr') return { kind: 'page', props: {}, revalidate: false, expire: undefined }
  const getStaticProps = page?.getStaticProps
  if (!getStaticProps) {
    throw new IsrError('ISR_RESULT', `${route.file}: getStaticProps is missing although the build saw it.`, {
      page: route.file,
      path: job.path,
    })
  }
  const context: GetStaticPropsContext = {
    ...(hasParams && { params: job.params }),
    ...(job.draft && { draftMode: true, preview: true }),
    revalidateReason: job.reason,
    locales: [],
    locale: undefined,
    defaultLocale: undefined,
  }
  const result = await attempt('getStaticProps', route, job.path, () => getStaticProps(context))
  // `props` may be a promise of the user's, so reading it can fail as the call can.
  return attempt('getStaticProps', route, job.path, () =>
    parseStaticProps(result, { page: route.file, path: job.path }),
  )
}

async function generateShell(work: Work, job: ShellJob): Promise<Generated> {
  const { app, route } = work
  const document = await attempt('rendering the shell', route, undefined, () =>
    app.render({
      pattern: route.pattern,
      asPath: route.pattern,
      query: {},
      pageProps: {},
      isFallback: job.isFallback,
      draft: false,
      statusCode: 200,
    }),
  )
  const { html } = encode(work, undefined, document)
  return {
    kind: 'page',
    status: 200,
    revalidate: false,
    expire: undefined,
    html: await createBody(html, HTML_TYPE, { compress: work.compress }),
    data: undefined,
  }
}

/** A large body would keep the renders of this thread waiting. */
const QUICK_BYTES = 64 * 1024

async function compressBody(
  { bytes }: Extract<Job, { type: 'compress' }>,
  isOwnThread: boolean,
): Promise<JobResult['compress']> {
  return isOwnThread && bytes.byteLength <= QUICK_BYTES ? compressBytesHere(bytes) : compressBytes(bytes, 'br')
}

/** Most pages fit in; what does not gets memory of its own. */
const ROOM_BYTES = 128 * 1024
/** Of a character of a text, at most. */
const CHARACTER_BYTES = 3

/** Navigation data, and the same as it is written into HTML. */
interface DataText {
  readonly json: string
  readonly escaped: string
}

/** The texts of a page as bytes. */
interface Encoded {
  readonly html: Buffer
  /** Navigation data that is stored beside the HTML, because a document or a hook of the site's has changed it there. */
  readonly beside: Buffer | undefined
  /** Navigation data that the HTML holds. */
  readonly held: Body | undefined
}

/**
 * The bytes of a page's texts, all in one fresh ArrayBuffer, not in slices of Node's shared pool: they cross threads by transfer.
 * They are written where there is room for sure and copied then: counting them beforehand takes as long as writing them. What is
 * too large is refused as early as it is known, before it is compressed: that costs many times as much.
 */
function encode(work: Work, path: string | undefined, document: string, text?: DataText, compress = false): Encoded {
  const { json = '', escaped = '' } = text ?? {}
  // A text has at least as many bytes as characters.
  refuseLarge(work, path, document.length + json.length)
  // Escapes only ever make it longer.
  const isEscaped = escaped.length > json.length
  const most = CHARACTER_BYTES * (document.length + json.length + (isEscaped ? escaped.length : 0))
  const room = most <= ROOM_BYTES ? work.room : Buffer.allocUnsafeSlow(most)
  const htmlBytes = room.write(document)
  const bytes = htmlBytes + room.write(json, htmlBytes)
  refuseLarge(work, path, bytes)
  const data = text && room.subarray(htmlBytes, bytes)
  const wanted = isEscaped ? room.subarray(bytes, bytes + room.write(escaped, bytes)) : data
  const within = wanted && findData(room.subarray(0, htmlBytes), wanted)
  const block = Buffer.allocUnsafeSlow(within === undefined ? bytes : htmlBytes)
  room.copy(block, 0, 0, block.length)
  return {
    html: block.subarray(0, htmlBytes),
    beside: data && within === undefined ? block.subarray(htmlBytes) : undefined,
    held:
      data && within !== undefined ? toBodyWithin(within, data.length, toDigest(data, JSON_TYPE), compress) : undefined,
  }
}

function refuseLarge({ route, maxPageBytes }: Work, path: string | undefined, bytes: number): void {
  if (bytes <= maxPageBytes) return
  const what = path === undefined ? 'its shell' : `the page ${path}`
  throw new IsrError(
    'ISR_PAGE_SIZE',
    `${route.file}: ${what} has at least ${bytes} bytes of HTML and data, and is not kept: the option maxPageBytes allows ` +
      `${maxPageBytes}. Return only the fields that the page shows, or raise the option.`,
    { page: route.file, ...(path !== undefined && { path }) },
  )
}

function statusOf(pattern: string): number {
  return pattern === '/404' ? 404 : pattern === '/500' || pattern === '/_error' ? 500 : 200
}

/** The path that a job begins with, for messages. */
function pathOf(job: Exclude<Job, { type: 'compress' }>): string | undefined {
  if (job.type === 'build') return job.paths[0]
  return job.type === 'page' ? job.path : undefined
}

/** @throws `IsrError` `ISR_IMPORT`, told apart because Node remembers it: this thread can never import the module again */
function importPage(app: IsrApp, route: RouteRecord, path: string | undefined): Promise<PageModule> {
  const load = () => app.load(route.pattern) as Promise<PageModule>
  return attempt('importing', route, path, load, 'ISR_IMPORT')
}

/** Runs user code; whatever it throws comes out as an `IsrError` that names the page, the path and what ran. */
async function attempt<T>(
  what: string,
  route: RouteRecord,
  path: string | undefined,
  run: () => T | Promise<T>,
  code: 'ISR_GENERATE' | 'ISR_IMPORT' = 'ISR_GENERATE',
): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (isIsrError(error)) throw error
    const at = path === undefined ? '' : ` for ${path}`
    throw new IsrError(code, `${route.file}: ${what}${at} failed: ${toErrorMessage(error)}`, {
      page: route.file,
      ...(path !== undefined && { path }),
      cause: error,
    })
  }
}
