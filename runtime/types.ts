/**
 * The contracts that the halves of the project share. Types only: nothing here runs, so every module may import it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ParamsOf, RevalidatePath, Route } from './routes.ts'

// ── Page author's API ──────────────────────────────────────────────────────────────────────────────────────────────

/** Route parameters by name: a string for `[id]`, an array for `[...slug]`, absent for an empty `[[...slug]]`. */
export type Params = Record<string, string | string[] | undefined>

/** A URL query: a repeated key is an array. */
export type Query = Record<string, string | string[] | undefined>

/** Why `getStaticProps` runs, as Next.js names it. */
export type RevalidateReason = 'build' | 'stale' | 'on-demand'

/**
 * The parameters of a data function, in one of two spellings: a route (`'/posts/[id]'`), whose parameters are read out of
 * its name, or their type (`{ id: string }`), as in Next.js.
 */
export type ParamsSource = Params | Route

/** The parameters that a source stands for. */
type ParamsFrom<P extends ParamsSource> = P extends string ? ParamsOf<P> : P

/** A query with the parameters of a route in it. */
type QueryFrom<P extends ParamsSource> = P extends string ? Query & ParamsOf<P> : Query

/** `params` in the context of a data function: with a route it is known whether there are any. */
type ContextParams<P extends ParamsSource> = P extends string
  ? keyof ParamsOf<P> extends never
    ? { params?: undefined }
    : { params: ParamsOf<P> }
  : { params?: P }

/** What `getStaticProps` is called with. Nothing of a visitor's request is in it (promise P6). */
export type GetStaticPropsContext<P extends ParamsSource = Params> = GenerationContext & ContextParams<P>

/** What `getStaticProps` is told besides the route's parameters; their key is absent on a page without parameters. */
interface GenerationContext {
  /** True while a visitor with a valid draft cookie is served; such a render is never stored. */
  draftMode?: boolean
  /** The same as `draftMode`, under Next's older name. */
  preview?: boolean
  /** `'build'` in `vite build`, `'stale'` after `revalidate` seconds (and in dev), `'on-demand'` for `res.revalidate`. */
  revalidateReason: RevalidateReason
  /** Always `[]`: i18n routing is out of scope. The key is there because pages may read it. */
  locales: readonly string[]
  locale: undefined
  defaultLocale: undefined
}

/**
 * Where a `redirect` result leads. Without `permanent` and `statusCode` the status is 307.
 * @see https://nextjs.org/docs/pages/api-reference/functions/get-static-props#redirect
 */
export interface Redirect {
  destination: string
  permanent?: boolean
  statusCode?: 301 | 302 | 303 | 307 | 308
  basePath?: false
}

/**
 * Lifetimes that any result of `getStaticProps` may carry.
 */
export interface Lifetime {
  /** Seconds until the page is stale: a positive integer; `true` is 1; `false` (the default for pages) is never. */
  revalidate?: number | boolean
  /** Seconds after which a stale page is no longer served without trying a render first. Default: option `expire`. */
  expire?: number
}

/** What `getStaticProps` returns. */
export type GetStaticPropsResult<Props> =
  | ({ props: Props | Promise<Props> } & Lifetime)
  | ({ notFound: true } & Lifetime)
  | ({ redirect: Redirect } & Lifetime)

/** Props that nobody has described. */
// oxlint-disable-next-line typescript/no-explicit-any -- Next.js types them so, and pages read them without a cast.
export type AnyProps = { [key: string]: any }

/**
 * Runs at build time, in the background when a page is stale, and for `res.revalidate`.
 *
 * @example
 * // pages/posts/[id].tsx
 * export const getStaticProps: GetStaticProps<Props, '/posts/[id]'> = async ({ params }) => {
 *   return { props: { post: await readPost(params.id) }, revalidate: 60 }
 * }
 * @see https://nextjs.org/docs/pages/api-reference/functions/get-static-props
 */
export type GetStaticProps<Props extends object = AnyProps, P extends ParamsSource = Params> = (
  context: GetStaticPropsContext<P>,
) => Promise<GetStaticPropsResult<Props>> | GetStaticPropsResult<Props>

/** What happens on a path that `getStaticPaths` did not list: 404, a shell at once, or wait for the page. */
export type Fallback = boolean | 'blocking'

/** What `getStaticPaths` returns. */
export interface GetStaticPathsResult<P extends ParamsSource = Params> {
  paths: Array<string | { params: ParamsFrom<P>; locale?: string }>
  fallback: Fallback
}

/**
 * Lists the paths of a dynamic page that are rendered at build time.
 *
 * @example
 * export const getStaticPaths: GetStaticPaths<'/posts/[id]'> = async () => {
 *   return { paths: [{ params: { id: '1' } }, '/posts/2'], fallback: 'blocking' }
 * }
 * @see https://nextjs.org/docs/pages/api-reference/functions/get-static-paths
 */
export type GetStaticPaths<P extends ParamsSource = Params> = (context: {
  locales: readonly string[]
  defaultLocale?: undefined
}) => Promise<GetStaticPathsResult<P>> | GetStaticPathsResult<P>

/** What `getServerSideProps` is called with; it runs on every request. */
export type GetServerSidePropsContext<P extends ParamsSource = Params> = RequestContext<P> & ContextParams<P>

/** What `getServerSideProps` is told besides the route's parameters. */
interface RequestContext<P extends ParamsSource> {
  req: IncomingMessage & { cookies: Record<string, string> }
  res: ServerResponse
  /** URL query merged with the route's parameters; parameters win. */
  query: QueryFrom<P>
  /** The path that the visitor sees, with its query. */
  resolvedUrl: string
  draftMode?: boolean
  preview?: boolean
  locales: readonly string[]
  locale: undefined
  defaultLocale: undefined
}

/** What `getServerSideProps` returns. */
export type GetServerSidePropsResult<Props> =
  | { props: Props | Promise<Props> }
  | { notFound: true }
  | { redirect: Redirect }

/**
 * Runs on every request; its page is never cached.
 * @see https://nextjs.org/docs/pages/api-reference/functions/get-server-side-props
 */
export type GetServerSideProps<Props extends object = AnyProps, P extends ParamsSource = Params> = (
  context: GetServerSidePropsContext<P>,
) => Promise<GetServerSidePropsResult<Props>> | GetServerSidePropsResult<Props>

/**
 * The props type of a page, taken from its `getStaticProps`.
 *
 * @example export default function Post({ post }: InferGetStaticPropsType<typeof getStaticProps>) {}
 */
export type InferGetStaticPropsType<F extends (...args: never[]) => unknown> =
  Extract<Awaited<ReturnType<F>>, { props: unknown }> extends { props: infer Props } ? Awaited<Props> : never

/** The props type of a page, taken from its `getServerSideProps`. */
export type InferGetServerSidePropsType<F extends (...args: never[]) => unknown> = InferGetStaticPropsType<F>

/**
 * The props type of a page, taken from its data function, whichever it is: `PageProps<typeof getStaticProps>`,
 * `PageProps<typeof getServerSideProps>`. A type that is no function is the props themselves.
 *
 * @example export default function Post({ post }: PageProps<typeof getStaticProps>) {}
 */
export type PageProps<From = AnyProps> = From extends (...args: never[]) => unknown
  ? InferGetStaticPropsType<From>
  : From

/**
 * The request of an API route: Node's own, with what Next.js adds to it.
 *
 * @example
 * // pages/api/posts/[id].ts
 * export default function handler(req: ApiRequest<'/api/posts/[id]'>, res: ApiResponse) {
 *   res.json({ id: req.query.id })
 * }
 */
export interface ApiRequest<P extends ParamsSource = Params> extends IncomingMessage {
  /** URL query merged with the route's parameters; parameters win. */
  query: QueryFrom<P>
  cookies: Record<string, string>
  /** The parsed body: JSON and forms as values, the rest as a string; `undefined` with `bodyParser: false`. */
  // oxlint-disable-next-line typescript/no-explicit-any -- Next.js types it so, and pages read fields without a cast.
  body: any
  draftMode?: boolean
  preview?: boolean
}

/** What `res.revalidate` resolves with. */
export interface RevalidateResult {
  status: 'regenerated' | 'notFound' | 'redirect' | 'skipped'
  /**
   * Only there, as `false`, when the cache store did not take the page: this server has the new one in memory, but other
   * servers, and this one after a restart, may have an older one until it is stale.
   */
  stored?: false
}

/** The response of an API route: Node's own, with what Next.js adds to it. */
export interface ApiResponse<Data = unknown> extends ServerResponse {
  status(code: number): ApiResponse<Data>
  json(body: Data): void
  send(body: Data): void
  redirect(url: string): ApiResponse<Data>
  redirect(status: number, url: string): ApiResponse<Data>
  /**
   * Renders the page at `path` anew and stores it, in this process, without an HTTP request. It resolves when the new
   * page is served; it rejects and leaves the last good page in place when the render fails.
   *
   * @param path The page's own path, such as `/posts/1`: not a pattern, not a URL, without a query. A literal is checked
   *   against the pages with `getStaticProps`; a `string` is not.
   * @param options `unstable_onlyGenerated`: do nothing (`skipped`) when the path was never generated.
   * @throws `IsrError` with code `ISR_REVALIDATE_PATH` for a path that is none or that has no ISR page;
   *   `ISR_REVALIDATE_FAILED` when the render failed.
   * @example await res.revalidate('/posts/1')
   * @see https://nextjs.org/docs/pages/guides/incremental-static-regeneration#on-demand-validation-with-resrevalidate
   */
  revalidate<const Path extends string>(
    path: RevalidatePath<Path>,
    options?: { unstable_onlyGenerated?: boolean },
  ): Promise<RevalidateResult>
  setDraftMode(options: { enable: boolean }): ApiResponse<Data>
}

/** An API route's default export. */
export type ApiHandler<Data = unknown> = (req: ApiRequest, res: ApiResponse<Data>) => unknown

/** An API route's optional `config` export. */
export interface ApiConfig {
  api?: {
    /** `false` leaves the stream unread. Default: on, with a limit of 1 MB. */
    bodyParser?: boolean | { sizeLimit?: number | string }
    /** Warn above this response size. Default 4 MB. */
    responseLimit?: boolean | number | string
    /** No warning when the handler returns before it has answered. */
    externalResolver?: boolean
  }
}

// ── Routes ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * How a route is served: `static` has no data function, `isr` has `getStaticProps`, `server` has `getServerSideProps`,
 * `api` is a file below `pages/api`.
 */
export type RouteKind = 'static' | 'isr' | 'server' | 'api'

/** One page or API file. Special files (`_app`, `_document`, `_error`) are no routes; `404` and `500` are pages. */
export interface RouteRecord {
  /** The route in Next's spelling, without base: `/`, `/posts/[id]`, `/docs/[[...slug]]`, `/api/revalidate`, `/404`. */
  readonly pattern: string
  readonly kind: RouteKind
  /** The source file relative to the Vite root, with forward slashes, for messages. */
  readonly file: string
}

/** A route with the parameters that a path gave it. */
export interface RouteMatch {
  readonly route: RouteRecord
  readonly params: Params
}

// ── The app: the one seam between the plugin and the runtime ───────────────────────────────────────────────────────

/** A page module as it is imported. */
export interface PageModule {
  default: unknown
  getStaticProps?: GetStaticProps<Record<string, unknown>>
  getStaticPaths?: GetStaticPaths
  getServerSideProps?: GetServerSideProps<Record<string, unknown>>
  config?: unknown
}

/** An API module as it is imported. */
export interface ApiModule {
  default: ApiHandler
  config?: ApiConfig
}

/** One render: which page, with which props, in which router state. It holds nothing of a visitor unless the page is `server` or a draft. */
export interface RenderInput {
  /** The page to render, by pattern; `/404`, `/500` and `/_error` name the error pages (defaults exist for all three). */
  pattern: string
  /** Base-less path (for a `server` page with its query) that `router.asPath` shows: `/posts/1`. */
  asPath: string
  /** `router.query`: route parameters (for a `server` page merged with the URL query); `{}` in a shell. */
  query: Query
  pageProps: Record<string, unknown>
  /** The same as JSON that may stand in a script, where it has been made already: from then on the page holds these very bytes. */
  propsJson?: string
  isFallback: boolean
  draft: boolean
  /** 200, 404 or 500; handed to `_error`. */
  statusCode: number
}

/**
 * The app as code. Development makes it from Vite's ssr module runner, production from `dist/server/app.mjs`, a test
 * from a literal.
 */
export interface IsrApp {
  readonly buildId: string
  /** Vite's `base`, always with a slash at both ends: `/` or `/app/`. */
  readonly base: string
  readonly trailingSlash: boolean
  readonly routes: readonly RouteRecord[]
  /** Imports a page's or an API route's module; an import that failed is tried again on the next call. */
  load(pattern: string): Promise<PageModule | ApiModule>
  /** Renders to a whole HTML document (with doctype, assets and the data script); rejects when anything in it throws. */
  render(input: RenderInput): Promise<string>
}

/** What `__ISR_DATA__` holds: all that the client needs to hydrate. */
export interface PageData {
  page: string
  query: Query
  pageProps: Record<string, unknown>
  buildId: string
  isFallback: boolean
  draft: boolean
}

/** The body of a navigation data answer. */
export type NavigationData =
  | { pageProps: Record<string, unknown> }
  | { notFound: true }
  | { redirect: { destination: string; statusCode: number; basePath?: false } }

// ── Generation ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** What a renderer is asked to do. Plain data: it crosses a thread. */
export type Job =
  | { readonly type: 'paths'; readonly pattern: string }
  | {
      readonly type: 'page'
      readonly pattern: string
      readonly params: Params
      /** Canonical path without base: `/posts/1`. */
      readonly path: string
      readonly reason: RevalidateReason
      /** A draft render gets `draftMode: true`, is neither stored nor compressed. */
      readonly draft?: boolean
    }
  /** The HTML of a `fallback: true` page for paths that are not generated, or of a dynamic page without data functions. */
  | { readonly type: 'shell'; readonly pattern: string; readonly isFallback: boolean }
  /** The brotli form of a body that was made without. */
  | { readonly type: 'compress'; readonly bytes: Uint8Array }
  /** Pages of a build, of which one is made that is not the one that an earlier build made. */
  | BuildJob
  /** A render with props that are already there (`server` pages, error pages). */
  | { readonly type: 'render'; readonly input: RenderInput }

/** Pages of one pattern, or its shell: as long as they are what they were one is looked at after the other, and the next is made. */
export interface BuildJob {
  readonly type: 'build'
  readonly pattern: string
  /** At least one; undefined is the shell. Their parameters are what the pattern says: as texts they cost nothing to send. */
  readonly paths: ReadonlyArray<string | undefined>
  /** For each of them the fingerprint of what an earlier build made, if it made it. */
  readonly known: ReadonlyArray<string | undefined>
  /** Stands for all that pages are made from beside their data: code, assets, versions, options. */
  readonly inputs: string
}

/** The answer to a `BuildJob`. */
export interface Built {
  /** So many, from the first on, are made from the same as those that are known: they are those. */
  readonly same: number
  /** The one after them. Undefined after the last one, or when it was time to answer. */
  readonly made: BuiltPage | undefined
}

export interface BuiltPage {
  /** Stands for all that the page is made from; undefined for what is made anew each time. */
  readonly fingerprint: string | undefined
  readonly generated: Generated
}

/** The forms in which a body is sent; `identity` is the plain one. */
export type Encoding = 'br' | 'zstd' | 'gzip' | 'identity'

/**
 * The HTML or the navigation data of an entry, in those forms that somebody needed so far: at least the plain one or brotli,
 * or none of data that is a part of the HTML. Forms are only ever added, by `Engine.complete`. Buffers are never shared views
 * of larger memory.
 */
export interface Body {
  readonly identity?: Uint8Array
  readonly br?: Uint8Array
  readonly zstd?: Uint8Array
  readonly gzip?: Uint8Array
  /** Base64url of the SHA-256 of the plain bytes and their content type, cut to 27 characters: the ETag without quotes and encoding suffix. */
  readonly digest: string
  /** Plain bytes. Only needed where `identity` is not there. */
  readonly size?: number
  /** Of navigation data that the plain HTML of the same entry holds: at which byte of it, without the braces around it. */
  readonly within?: number
  /** The forms that are not there but can be made; none of them was found to be no smaller than the plain one. Default: none. */
  readonly makeable?: readonly Encoding[]
}

/** A body that has its plain form, as whoever makes pages makes it. */
export interface PlainBody extends Body {
  readonly identity: Uint8Array
}

/** What a generation made, before the engine gives it a key and a time. */
export type Generated =
  | {
      readonly kind: 'page'
      readonly status: 200
      readonly revalidate: number | false
      /** Seconds, or undefined for the app's default. */
      readonly expire: number | undefined
      readonly html: PlainBody
      /** Absent for pages without data functions. Plain, or a part of the HTML. */
      readonly data: Body | undefined
    }
  | {
      readonly kind: 'notFound'
      readonly status: 404
      /** Undefined: the app's `notFoundRevalidate`. */
      readonly revalidate: number | false | undefined
      readonly expire: number | undefined
    }
  | {
      readonly kind: 'redirect'
      readonly status: 301 | 302 | 303 | 307 | 308
      readonly revalidate: number | false
      readonly expire: number | undefined
      /** As `getStaticProps` gave it; the base is added when it is served, unless `basePath` is false. */
      readonly destination: string
      readonly basePath: boolean
    }

/** What `getStaticPaths` returned, checked: each path once, canonical and without base. Its parameters are what it matches. */
export interface ParsedPaths {
  readonly fallback: Fallback
  readonly paths: readonly string[]
}

/** The answer to each kind of job. */
export interface JobResult {
  paths: ParsedPaths
  page: Generated
  shell: Generated
  build: Built
  /** Undefined where it is not worth it. */
  compress: Uint8Array | undefined
  /** The whole HTML document. */
  render: string
}

/**
 * Runs jobs: in this thread, or in a worker thread with a time limit.
 */
export interface Renderer {
  /**
   * @throws `IsrError` with code `ISR_TIMEOUT`, `ISR_RENDERER_LOST` (worker died), or `ISR_GENERATE` (user code or an
   *   invalid result), always with page, path and the mapped stack of the cause.
   */
  run<J extends Job>(job: J, options: { timeoutMs: number; signal?: StopSignal }): Promise<JobResult[J['type']]>
  close(): Promise<void>
}

/** What a renderer needs of an `AbortSignal`. Node's own is a whole event target, and there is one for each page that is made. */
export interface StopSignal {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

// ── Entries and stores ─────────────────────────────────────────────────────────────────────────────────────────────

/** When an entry was made and how long it lives. */
export interface EntryTimes {
  /** When the generation began, milliseconds since the epoch: the order in which entries may replace each other. */
  readonly startedAt: number
  /** When it was complete, milliseconds since the epoch: lifetimes count from here. */
  readonly generatedAt: number
  /** Seconds, resolved; `false` for never. */
  readonly revalidate: number | false
  /** Seconds, resolved. */
  readonly expire: number
}

/** One cache entry: everything that an answer is made from. Status, headers and bodies of an answer come from one and the same entry. */
export type Entry = EntryTimes & { readonly key: string } & (
    | { readonly kind: 'page'; readonly status: 200; readonly html: Body; readonly data: Body | undefined }
    | { readonly kind: 'notFound'; readonly status: 404 }
    | {
        readonly kind: 'redirect'
        readonly status: 301 | 302 | 303 | 307 | 308
        readonly destination: string
        readonly basePath: boolean
      }
  )

/**
 * A store of encoded entries, the counterpart of Next's custom `cacheHandler`. Values are opaque bytes with their own
 * checksum: a store that loses, tears or swaps them costs a render and never a wrong answer.
 *
 * Every method may reject; the engine then goes on from memory. A store must not keep the arrays it is handed beyond the
 * call, nor change what it returned.
 *
 * @example
 * // cache-store.ts, named in `isr({ cache: { store: './cache-store.ts' } })`
 * export default function createStore({ buildId }) {
 *   return {
 *     get: async (key) => (await redis.getBuffer(`${buildId}:${key}`)) ?? undefined,
 *     set: async (key, value) => void (await redis.set(`${buildId}:${key}`, value)),
 *     delete: async (key) => void (await redis.del(`${buildId}:${key}`)),
 *   }
 * }
 */
export interface CacheStore {
  /** The bytes last set for the key, or undefined. */
  get(key: string): Promise<Uint8Array | undefined>
  /** Resolves when the bytes are stored. `meta` helps stores that keep lifetimes or bounds of their own. */
  set(key: string, value: Uint8Array, meta: EntryMeta): Promise<void>
  delete(key: string): Promise<void>
  /**
   * Puts a mark at the key, if there is none, that goes by itself after so many milliseconds, or with `delete`. Resolves with
   * whether there was none: of many servers that ask at the same moment one is told `true`, and it is the one that renders.
   * Without this method servers that find a page stale at the same moment all render it.
   */
  claim?(key: string, ms: number): Promise<boolean>
  /** Called when the server has answered its last request. */
  close?(): Promise<void>
  /** How long an operation may take before the server goes on without it. */
  readonly limits?: StoreLimits
}

/** Milliseconds above 0. */
export interface StoreLimits {
  /** A visitor waits for `get`. Default 250. */
  readonly readMs?: number
  /** `res.revalidate` waits for `set`. Default 2000. */
  readonly writeMs?: number
}

/** What a store may want to know of a value without decoding it. */
export interface EntryMeta {
  readonly kind: Entry['kind']
  readonly generatedAt: number
  readonly revalidate: number | false
  readonly expire: number
}

/** What a `cache.store` module's default export is called with. */
export interface StoreContext {
  /** Made from the code: builds of the same code have the same. What an older one left in the store is not served. */
  buildId: string
  /** Resolved run-time cache folder of this build. */
  dir: string
}

/** A `cache.store` module's default export. */
export type CreateStore = (context: StoreContext) => CacheStore | Promise<CacheStore>

// ── Manifest and settings: what the build hands to the server ──────────────────────────────────────────────────────

/** Run-time settings, resolved by the plugin from its options and written into the manifest. */
export interface Settings {
  /** Seconds after which a stale page is no longer served without trying a render. Default one year. */
  readonly expire: number
  /** Seconds that a notFound result without `revalidate` is kept. Default 60. */
  readonly notFoundRevalidate: number
  /** Seconds that one generation may take. Default 30. */
  readonly generateTimeout: number
  readonly render: {
    /** Worker threads for rendering; 0 renders in the serving thread. Default 1. */
    readonly workers: number
    /** Generations at a time. Default 8. */
    readonly concurrency: number
    /** Generations that may wait; past it visitors of uncached paths get 503. Default 1000. */
    readonly queue: number
    /** Visitors that may wait for pages being made; past it they get 503, or the old page. Default 20 000. */
    readonly waiters: number
    /** Memory of one worker thread in bytes. Default: three quarters of Node's own limit, at most 1 GiB. */
    readonly memoryBytes?: number
  }
  readonly cache: {
    /** Run-time cache folder, relative to the working directory of the server. Default `.isr-cache`. */
    readonly dir: string
    /** Bytes kept in memory. Default 64 MiB. */
    readonly memoryBytes: number
    /** Bytes kept on disk. Default 1 GiB. */
    readonly diskBytes: number
    /** Entries kept on disk. Default 100 000. */
    readonly diskEntries: number
    /** notFound and redirect entries kept, apart from pages. Default 10 000. */
    readonly notFoundEntries: number
    /** True when the build bundled a `cache.store` module as `dist/server/store.mjs`. */
    readonly customStore: boolean
  }
  /** Longest request path in bytes; past it 414. Default 1024. */
  readonly maxPathBytes: number
  readonly api: {
    /** Longest body of a request to an API route that does not set its own limit; past it 413. Default 1 MiB. */
    readonly bodyBytes: number
    /** All bodies that are being read at once; past it 503. Default 256 MiB. */
    readonly totalBodyBytes: number
  }
  /** HTML and navigation data of one page together, in bytes and not compressed; a larger page is not kept. Default 16 MiB. */
  readonly maxPageBytes: number
  readonly logging: { readonly fetches: { readonly fullUrl: boolean } | false }
  /** Answers as Next.js does where that is no contradiction: `x-nextjs-cache`, `/_next/data/`. Default false. */
  readonly next?: boolean
}

/** A route as the manifest lists it. */
export interface ManifestRoute extends RouteRecord {
  /** What `getStaticPaths` returned; undefined on pages without it. */
  readonly fallback?: Fallback
  /** Stylesheets of the page, as URLs with base. */
  readonly css: readonly string[]
  /** Module scripts of the page (its own chunk and what it imports), as URLs with base. */
  readonly js: readonly string[]
  /** Concrete prerendered paths: how many. */
  readonly paths: number
}

/** `dist/isr/route-manifest.json`: written last and atomically, so a folder that has it is a whole build. */
export interface RouteManifest {
  readonly version: 1
  readonly buildId: string
  readonly base: string
  readonly trailingSlash: boolean
  /** Folder of the hashed assets in `dist/client`, without slashes at its ends; absent: `assets`. */
  readonly assetsDir?: string
  readonly routes: readonly ManifestRoute[]
  readonly settings: Settings
  /** Base64url of 32 random bytes, new with each build: signs draft cookies. The manifest is never served. */
  readonly draftKey: string
  /** The packed prerendered entries, relative to the manifest. */
  readonly entries: {
    /** In both files too: those of another build are not taken for these. */
    readonly id: string
    readonly pack: string
    readonly index: string
    readonly count: number
    readonly bytes: number
  }
}

// ── Engine ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Time as the engine sees it; a test hands in its own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  setTimeout(callback: () => void, ms: number): unknown
  clearTimeout(handle: unknown): void
}

/** A path of an ISR or static page, ready for the engine. */
export interface Target {
  /** Cache key: made by `toKey` only. */
  readonly key: string
  readonly route: ManifestRoute
  readonly params: Params
  /** Canonical path without base. */
  readonly path: string
}

/** One thing that happened, for logs and metrics; `ISR_DEBUG_CACHE=1` prints each. */
export interface IsrEvent {
  readonly type:
    | 'hit'
    | 'stale'
    | 'miss'
    | 'shell'
    /** A draft: neither read from the cache nor stored. */
    | 'bypass'
    | 'regenerated'
    | 'failed'
    /** `res.revalidate` with `unstable_onlyGenerated`, for a path that was never generated. */
    | 'skipped'
    /** `res.revalidate` for something that is no ISR page. */
    | 'refused'
    | 'store-error'
    /** The store failed several times in a row: it is left alone, and tried again by itself. */
    | 'store-paused'
    /** It is used again. */
    | 'store-resumed'
    | 'overload'
  readonly path: string
  readonly pattern?: string
  readonly reason: string
  /** Age of the entry in milliseconds. */
  readonly ageMs?: number
  /** How long the generation took, in milliseconds: of `regenerated`, `miss` and `bypass`. */
  readonly renderMs?: number
  readonly bytes?: number
  /** Of the page's navigation data, when it was generated. */
  readonly dataBytes?: number
  readonly error?: unknown
}

/** What `Engine.read` is told about the request: never more than this of it reaches the engine (promise P6). */
export interface ReadRequest {
  /** A prefetch never makes a stale page regenerate. */
  readonly prefetch: boolean
  /** True when the answer must be the page itself: navigation data, bots, HEAD of such. Then `fallback: true` acts as `'blocking'`. */
  readonly complete: boolean
}

/** What the engine decided for a path. */
export type Outcome =
  /** `detail` is the reason for `Cache-Status`: `fresh`, `stale-time`, `stale-on-demand`, `stale-error`, `generated`, … */
  | { readonly state: 'HIT' | 'STALE' | 'MISS'; readonly detail: string; readonly entry: Entry }
  /** `fallback: true` and not generated yet: send the shell; the generation runs in the background. */
  | { readonly state: 'SHELL' }
  /** `fallback: false` and not listed: 404. */
  | { readonly state: 'ABSENT' }

/**
 * Decides for each path whether it is served from the cache, regenerated or made. Production has one over the cache;
 * development has one that generates on every read.
 */
export interface Engine {
  /**
   * The entry, when it is in memory and fresh: the whole cost of a hit.
   *
   * @param toPattern finds the page's pattern by its path, for those who hear of the hit
   * @param now milliseconds since the epoch, for who has asked the clock already. Default: the engine's clock
   */
  peek(key: string, toPattern?: (path: string) => string | undefined, now?: number): Entry | undefined
  /**
   * @throws `IsrError` `ISR_GENERATE`, `ISR_TIMEOUT` or another failure of a generation that a visitor waited for, when
   *   there is no older copy; `ISR_OVERLOADED` when the queue is full.
   */
  read(target: Target, request: ReadRequest): Promise<Outcome>
  /**
   * Makes a form of one of the bodies of a page, once for all who ask. Afterwards it is there, or it is none of those that can
   * be made. Never rejects.
   *
   * @param form which of the bodies
   * @returns false where the entry turned out to be damaged: the cache has none like it any more, so read again
   */
  complete(entry: Entry, form: 'html' | 'data', encoding: Encoding): Promise<boolean>
  /** Implements `res.revalidate` for a target that exists. @throws as `res.revalidate`. */
  revalidate(target: Target, options: { onlyGenerated: boolean }): Promise<RevalidateResult>
  /** Shutdown: no new background work; waits for what runs and for pending writes, at most `timeoutMs`. */
  close(timeoutMs: number): Promise<void>
}

/** The prerendered entries of one build: read-only. */
export interface Prerendered {
  /** The latest `startedAt` of all entries: what a store holds from after it is newer than the build. */
  readonly newestStartedAt?: number
  has(key: string): boolean
  /** Undefined when absent or damaged (the checksum or the clear key does not fit). */
  read(key: string): Promise<Entry | undefined>
  close(): Promise<void>
}
