import { createBody } from '../cache/body.ts'
import { IsrError, toErrorMessage } from '../errors.ts'
import { isDynamic } from '../routing/pattern.ts'
import { applyTrailingSlash } from '../routing/trailing-slash.ts'
import type {
  Body,
  Generated,
  GetStaticPropsContext,
  IsrApp,
  Job,
  JobResult,
  PageModule,
  RouteRecord,
} from '../types.ts'
import { parseStaticPaths, parseStaticProps, type ParsedLifetime, type ParsedResult } from './result.ts'

/** The content types of a page's two representations. */
const HTML_TYPE = 'text/html; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'

/** Runs one job. */
export type RunJob = <J extends Job>(job: J) => Promise<JobResult[J['type']]>

/**
 * Makes the function that does a renderer's work: calls the page's data function, checks what it returned and renders.
 * A page's HTML and its navigation data come out of the same call (promise P3). It knows nothing of requests, caches or
 * time limits, and runs the same in the build, in a worker thread, in development and in tests.
 */
export function createJobRunner(app: IsrApp): RunJob {
  const routes = new Map(app.routes.map((route) => [route.pattern, route]))

  const runners: { [T in Job['type']]: (route: RouteRecord, job: Extract<Job, { type: T }>) => Promise<JobResult[T]> } =
    {
      paths: (route) => listPaths(app, route),
      page: (route, job) => generatePage(app, route, job),
      shell: (route, job) => generateShell(app, route, job),
      render: (route, { input }) => attempt('rendering', route, input.asPath, () => app.render(input)),
    }

  return async (job) => {
    const pattern = job.type === 'render' ? job.input.pattern : job.pattern
    const own = routes.get(pattern)
    // First of all, so that a module that cannot be imported is told from a page that fails.
    if (own) await importPage(app, own, job.type === 'page' ? job.path : undefined)
    // An error page that the user did not write is rendered by a default, which has no module and no data.
    const route: RouteRecord = own ?? { pattern, kind: 'static', file: `the default ${pattern} page` }
    // oxlint-disable-next-line typescript/no-explicit-any -- TypeScript cannot see that a job's type picks its runner.
    return (runners[job.type] as any)(route, job)
  }
}

async function listPaths(app: IsrApp, route: RouteRecord): Promise<JobResult['paths']> {
  const source = { page: route.file }
  const page = await importPage(app, route, undefined)
  if (!page.getStaticPaths) {
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

async function generatePage(app: IsrApp, route: RouteRecord, job: Extract<Job, { type: 'page' }>): Promise<Generated> {
  const source = { page: route.file, path: job.path }
  const result = await callStaticProps(app, route, job)
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
  // From the same props as the HTML, and serialised before React gets a chance to change them.
  const json = route.kind === 'isr' ? JSON.stringify({ pageProps: result.props }) : undefined
  const html = await attempt('rendering', route, job.path, () =>
    app.render({
      pattern: route.pattern,
      asPath: applyTrailingSlash(job.path, app.trailingSlash),
      query: job.params,
      pageProps: result.props,
      isFallback: false,
      draft: job.draft ?? false,
      statusCode: statusOf(route.pattern),
    }),
  )
  const compress = !job.draft
  const [htmlBody, dataBody] = await Promise.all([
    toBody(html, HTML_TYPE, compress),
    json === undefined ? undefined : toBody(json, JSON_TYPE, compress),
  ])
  return { kind: 'page', status: 200, revalidate, expire, html: htmlBody, data: dataBody }
}

async function callStaticProps(
  app: IsrApp,
  route: RouteRecord,
  job: Extract<Job, { type: 'page' }>,
): Promise<ParsedResult & ParsedLifetime> {
  if (route.kind !== 'isr') return { kind: 'page', props: {}, revalidate: false, expire: undefined }
  const page = await importPage(app, route, job.path)
  const { getStaticProps } = page
  if (!getStaticProps) {
    throw new IsrError('ISR_RESULT', `${route.file}: getStaticProps is missing although the build saw it.`, {
      page: route.file,
      path: job.path,
    })
  }
  const context: GetStaticPropsContext = {
    ...(isDynamic(route.pattern) && { params: job.params }),
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

async function generateShell(
  app: IsrApp,
  route: RouteRecord,
  job: Extract<Job, { type: 'shell' }>,
): Promise<Generated> {
  const html = await attempt('rendering the shell', route, undefined, () =>
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
  return {
    kind: 'page',
    status: 200,
    revalidate: false,
    expire: undefined,
    html: await toBody(html, HTML_TYPE, true),
    data: undefined,
  }
}

function toBody(text: string, contentType: string, compress: boolean): Promise<Body> {
  // A fresh ArrayBuffer, not a slice of Node's shared pool: the body crosses threads by transfer.
  return createBody(Buffer.from(new TextEncoder().encode(text).buffer), contentType, { compress })
}

function statusOf(pattern: string): number {
  return pattern === '/404' ? 404 : pattern === '/500' || pattern === '/_error' ? 500 : 200
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
    if (error instanceof IsrError) throw error
    const at = path === undefined ? '' : ` for ${path}`
    throw new IsrError(code, `${route.file}: ${what}${at} failed: ${toErrorMessage(error)}`, {
      page: route.file,
      ...(path !== undefined && { path }),
      cause: error,
    })
  }
}
