import { vi } from 'vitest'
import { createApp, type AppOptions } from '../../render/index.ts'
import type { RenderInput, RouteRecord } from '../../types.ts'
import { startClient, type ClientOptions } from '../start.tsx'
import type { AnyComponent, ClientRoute } from '../types.ts'

/** A site for tests of the client: its pages, and how its server answers. */
export interface TestSite {
  routes: Array<Omit<RouteRecord, 'file'> & { page: AnyComponent; load?: ClientRoute['load'] }>
  app?: AnyComponent
  base?: string
  trailingSlash?: boolean
  buildId?: string
  /** Whether the current history entry is opened again, as in a reload. Default: a new one. */
  reopens?: boolean
  /** How documents are written, when not as by default, and what starts them. */
  written?: { by: Partial<AppOptions>; start: (options: ClientOptions) => Promise<() => void> }
  /** Answers data requests, by path and query behind the build id. */
  data?: (path: string) => Response | Promise<Response>
}

/** A data answer. */
export function json(data: unknown, { status = 200, control = 's-maxage=60' } = {}): Response {
  return new Response(JSON.stringify(data), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': control },
  })
}

/** What the tests watch: requests for data, documents that the browser was told to load, complaints. */
export interface TestBrowser {
  requests: Array<{ path: string; headers: Record<string, string> }>
  documents: string[]
  complaints: string[]
  close(): void
}

const nextTask = () => new Promise((resolve) => setTimeout(resolve))

/** Lets React and the router finish: a few turns of the event loop. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await nextTask()
}

/** Renders a page on the server, loads it into the document at a URL and starts the client. */
export async function open(
  site: TestSite,
  url: string,
  input: Partial<RenderInput> & { pattern: string },
): Promise<TestBrowser> {
  const { base = '/', trailingSlash = false, buildId = 'b1', routes } = site
  const browser: TestBrowser = { requests: [], documents: [], complaints: [], close: () => undefined }
  const app = createApp({
    buildId,
    base,
    trailingSlash,
    routes: routes.map(({ pattern, kind }) => ({ pattern, kind, file: pattern })),
    modules: Object.fromEntries(routes.map(({ pattern, page }) => [pattern, async () => ({ default: page })])),
    ...(site.app && { app: async () => ({ default: site.app }) }),
    assets: () => ({ css: ['/style.css'], js: [] }),
    entry: '/entry.js',
    ...site.written?.by,
  })
  const html = await app.render({
    asPath: url,
    query: {},
    pageProps: {},
    isFallback: false,
    draft: false,
    statusCode: 200,
    ...input,
  })

  vi.stubGlobal('fetch', async (target: string, init: RequestInit) => {
    const path = target.slice(`${base}_isr/data/${buildId}`.length)
    browser.requests.push({ path, headers: init.headers as Record<string, string> })
    const answer =
      site.data?.(path) ?? new Response('<p>none</p>', { status: 404, headers: { 'content-type': 'text/html' } })
    init.signal?.throwIfAborted()
    return answer
  })
  vi.spyOn(console, 'error').mockImplementation(
    (...values: unknown[]) => void browser.complaints.push(values.join(' ')),
  )
  vi.stubGlobal('reportError', (error: unknown) => void browser.complaints.push(String(error)))
  const { location } = window
  vi.spyOn(location, 'assign').mockImplementation((to) => void browser.documents.push(`assign ${String(to)}`))
  vi.spyOn(location, 'replace').mockImplementation((to) => void browser.documents.push(`replace ${String(to)}`))
  vi.spyOn(location, 'reload').mockImplementation(() => void browser.documents.push('reload'))

  if (!site.reopens) history.pushState(null, '', url)
  // Opening a document takes its listeners away, of which React keeps a note.
  for (const key of Object.keys(document)) if (key.startsWith('_reactListening')) Reflect.deleteProperty(document, key)
  document.open()
  // The entry is what `startClient` stands for here.
  document.write(html.replace(/<script type="module".*?<\/script>/, '').replace(/<link rel="stylesheet".*?>/, ''))
  document.close()
  const start = site.written?.start ?? startClient
  browser.close = await start({
    base,
    trailingSlash,
    routes: routes.map(({ pattern, kind, page, load }) => ({
      pattern,
      kind,
      load: load ?? (async () => ({ default: page })),
    })),
    ...(site.app && { app: async () => ({ default: site.app }) }),
  })
  await settle()
  return browser
}
