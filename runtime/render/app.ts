import { DefaultApp, DefaultDocument, DefaultError } from '../client/defaults.tsx'
import { createLinkTools } from '../client/links.ts'
import type { AnyComponent, ComponentModule } from '../client/types.ts'
import { isShell, pickParams, toErrorStatus, toRouter, toServedPath, type View } from '../client/view.ts'
import { IsrError } from '../errors.ts'
import { toInlineJson } from '../isr/props.ts'
import type { ApiModule, IsrApp, PageData, PageModule, RenderInput, RouteKind, RouteRecord } from '../types.ts'
import { writeDocument, type PageAssets, type WriteDocument } from './document.ts'
import { toAssetLinks } from './html.ts'
import { createServerMethods } from './router.ts'

/** An app as code: what the build generates, or development makes from Vite's module runner. */
export interface AppOptions {
  readonly buildId: string
  /** With a slash at both ends. */
  readonly base: string
  readonly trailingSlash: boolean
  readonly routes: readonly RouteRecord[]
  /** Imports a page or an API route, by pattern. */
  readonly modules: Readonly<Record<string, () => Promise<unknown>>>
  /** Imports `_app`. */
  readonly app?: (() => Promise<unknown>) | undefined
  /** Imports `_document`. */
  readonly document?: (() => Promise<unknown>) | undefined
  /** Imports `_error`. */
  readonly error?: (() => Promise<unknown>) | undefined
  /** Stylesheets and scripts that a page begins with, those of `_app` included. Asked after the render. */
  assets(pattern: string): PageAssets | Promise<PageAssets>
  /** URL of the browser's entry. */
  readonly entry: string
  /** More HTML for the head: Vite's own tags in development. Asked after the render. */
  readonly headHtml?: string | ((pattern: string) => string | Promise<string>) | undefined
  /** Default: document and page as one tree. */
  readonly writeDocument?: WriteDocument | undefined
}

/** What `toInlineJson` makes of it, but for the work that was done already: props are the most of it. */
function writeData(data: PageData, propsJson: string | undefined): string {
  if (propsJson === undefined) return toInlineJson(data)
  const { page, query, buildId, isFallback, draft } = data
  const before = toInlineJson({ page, query }).slice(0, -1)
  const after = toInlineJson({ buildId, isFallback, draft }).slice(1)
  return `${before},"pageProps":${propsJson},${after}`
}

/** In development modules change under our feet, so that nothing of them is remembered. */
const DEVELOPMENT_ID = 'development'

/**
 * Makes the app that the runtime works with out of a site's modules. It is the only part of the server that knows React.
 */
export function createApp(options: AppOptions): IsrApp {
  const { buildId, base, trailingSlash, routes, modules, writeDocument: write = writeDocument } = options
  const rules = { base, trailingSlash }
  const kinds = new Map<string, RouteKind>(routes.map((route) => [route.pattern, route.kind]))
  const files = new Map(routes.map((route) => [route.pattern, route.file]))
  const methods = createServerMethods(base)
  const links = createLinkTools(rules)
  const remember = buildId !== DEVELOPMENT_ID
  const imports = new Map<() => Promise<unknown>, Promise<unknown>>()
  const headTags = new Map<string, string>()

  function importOnce(load: () => Promise<unknown>): Promise<unknown> {
    const known = imports.get(load)
    if (known) return known
    const loading = load()
    if (remember) {
      imports.set(load, loading)
      // A failed import is not remembered: the next one may find the database up.
      loading.catch(() => imports.delete(load))
    }
    return loading
  }

  function readModule(pattern: string): (() => Promise<unknown>) | undefined {
    return Object.hasOwn(modules, pattern) ? modules[pattern] : undefined
  }

  async function loadComponent(load: () => Promise<unknown>, name: string): Promise<AnyComponent> {
    const { default: component } = (await importOnce(load)) as ComponentModule
    if (typeof component !== 'function' && (typeof component !== 'object' || component === null)) {
      throw new IsrError('ISR_PAGE', `${name}: the default export is no React component but ${typeof component}.`, {
        page: name,
      })
    }
    return component as AnyComponent
  }

  /** The component of a page. An error page that the site lacks is its `_error`, or else the default; those are told the status. */
  async function loadPage({
    pattern,
    pageProps,
    statusCode,
  }: RenderInput): Promise<Pick<View, 'Component' | 'pageProps'>> {
    const load = readModule(pattern)
    if (load) return { Component: await loadComponent(load, files.get(pattern) ?? pattern), pageProps }
    if (toErrorStatus(pattern) === undefined)
      throw new IsrError('ISR_PAGE', `There is no page ${pattern}.`, { page: pattern })
    const Component = options.error ? await loadComponent(options.error, '_error') : DefaultError
    return { Component, pageProps: { ...pageProps, statusCode } }
  }

  async function writeHead(pattern: string): Promise<string> {
    const known = headTags.get(pattern)
    if (known !== undefined) return known
    const links = toAssetLinks(await options.assets(pattern))
    const html = (typeof options.headHtml === 'function' ? await options.headHtml(pattern) : options.headHtml) ?? ''
    if (remember) headTags.set(pattern, html + links)
    return html + links
  }

  async function render(input: RenderInput): Promise<string> {
    const { pattern: page, isFallback, draft } = input
    const kind = kinds.get(page) ?? 'static'
    const [{ Component, pageProps }, App, Document] = await Promise.all([
      loadPage(input),
      options.app ? loadComponent(options.app, '_app') : DefaultApp,
      options.document ? loadComponent(options.document, '_document') : DefaultDocument,
    ])
    const shell = isShell(page, kind, isFallback)
    const query = shell ? {} : input.query
    const view: View = {
      page,
      Component,
      pageProps,
      query,
      asPath: toServedPath({ page, kind, query, isFallback }, input.asPath, rules),
      isFallback,
      isReady: kind === 'server',
      isPreview: draft,
    }
    const data: PageData = { page, query: pickParams(page, query), pageProps, buildId, isFallback, draft }
    return write({
      frame: { Document, App, links },
      view,
      router: toRouter(view, methods),
      data,
      // Before the render: a component that sorts its props in place must find them in the browser as it found them here.
      json: pageProps === input.pageProps ? writeData(data, input.propsJson) : toInlineJson(data),
      entry: options.entry,
      assets: () => options.assets(page),
      head: () => writeHead(page),
      page: files.get(page) ?? page,
      mayBeEmpty: shell || kind !== 'isr',
    })
  }

  return {
    buildId,
    base,
    trailingSlash,
    routes,
    async load(pattern) {
      const load = readModule(pattern)
      if (!load) throw new IsrError('ISR_PAGE', `There is no page or API route ${pattern}.`, { page: pattern })
      return (await importOnce(load)) as PageModule | ApiModule
    },
    render,
  }
}
