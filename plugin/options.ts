import type { Settings } from '../runtime/types.ts'
import { usageError } from './errors.ts'
import { nearestName } from '../runtime/nearest-name.ts'

/**
 * The options of `isr()`. Every one has a default that fits an ordinary site, so `isr()` alone is enough.
 *
 * Lifetimes are in seconds, sizes in bytes. A wrong name, type or range stops Vite with an error that names the option.
 */
export interface IsrOptions {
  /**
   * The folder of pages, relative to Vite's `root`.
   *
   * @default 'pages', or 'src/pages' where that exists and `pages` does not
   * @example isr({ pagesDir: 'app/routes' })
   */
  pagesDir?: string
  /**
   * Which files in the folder are pages, by the end of their name and without the leading dot. With `['page.tsx']` other
   * files may lie among the pages.
   *
   * @default ['tsx', 'ts', 'jsx', 'js']
   * @example isr({ pageExtensions: ['page.tsx', 'page.ts'] })
   */
  pageExtensions?: readonly string[]
  /**
   * Whether a page's address ends with a slash; the other spelling is redirected (308).
   *
   * @default false
   * @example isr({ trailingSlash: true }) // /about is redirected to /about/
   */
  trailingSlash?: boolean
  /**
   * Seconds after its generation from which a stale page is no longer served without trying a render first. If that
   * render fails the old page is served all the same. `getStaticProps` may return its own `expire`.
   *
   * @default 31536000 (a year)
   * @example isr({ expire: 86_400 })
   */
  expire?: number
  /**
   * Seconds that a `notFound` result without `revalidate` of its own is kept.
   *
   * @default 60
   * @example isr({ notFoundRevalidate: 10 })
   */
  notFoundRevalidate?: number
  /**
   * Seconds that one generation (data and render together) may take, in the build and at run time. Then its slot is
   * freed and its late result is thrown away.
   *
   * @default 30
   * @example isr({ generateTimeout: 5 })
   */
  generateTimeout?: number
  /** Where and how many pages are generated at run time. */
  render?: {
    /**
     * Worker threads that run `getStaticProps` and React. `0` renders on the thread that serves requests: for pages that
     * need module state shared with API routes, at the price of slower hits while a page renders.
     *
     * @default 1
     * @example isr({ render: { workers: 2 } })
     */
    workers?: number
    /**
     * Generations that run at the same time.
     *
     * @default 8
     * @example isr({ render: { concurrency: 4 } })
     */
    concurrency?: number
    /**
     * Generations that may wait for a place. Past it, visitors of pages that are not in the cache get 503 with
     * `Retry-After`; cached pages are served as ever.
     *
     * @default 1000
     * @example isr({ render: { queue: 100 } })
     */
    queue?: number
    /**
     * Visitors that may wait at once for pages that are being made: many for one page, or few for many. Each costs about
     * 6 kB of memory. Past it visitors of pages that are not in the cache get 503 with `Retry-After`, those of an expired
     * page get the old one.
     *
     * @default 20000
     * @example isr({ render: { waiters: 2_000 } })
     */
    waiters?: number
    /**
     * Memory of one worker thread. A worker that needs more is ended and replaced; the page that did it fails, and its
     * last good copy is served on. `vite build` takes three quarters of Node's own limit.
     *
     * @default three quarters of Node's own limit (`--max-old-space-size`), at most 1073741824 (1 GiB)
     * @example isr({ render: { memoryBytes: 256 * 1024 * 1024 } })
     */
    memoryBytes?: number
  }
  /** How `vite build` generates pages. */
  prerender?: {
    /**
     * Pages generated at the same time by `vite build`. Lower it for a data source that can't take more.
     *
     * @default 8
     * @example isr({ prerender: { concurrency: 2 } })
     */
    concurrency?: number
    /**
     * Takes pages from the last build whose code and data are the same: `getStaticProps` runs, nothing is rendered. Turn it
     * off when components read anything beside their props that changes from build to build: a clock, a file, a `fetch`.
     *
     * @default true
     * @example isr({ prerender: { reuse: false } })
     */
    reuse?: boolean
  }
  /** Where generated pages are kept at run time, and how many. */
  cache?: {
    /**
     * The folder of pages generated at run time, relative to the working directory of the server. The environment
     * variable `ISR_CACHE_DIR` wins over it. Each build has a folder of its own in it.
     *
     * @default '.isr-cache'
     * @example isr({ cache: { dir: '/var/cache/shop' } })
     */
    dir?: string
    /**
     * Bytes of entries held in memory; the least recently used go first. `0` reads every page from disk.
     *
     * @default 67108864 (64 MiB)
     * @example isr({ cache: { memoryBytes: 256 * 1024 * 1024 } })
     */
    memoryBytes?: number
    /**
     * Bytes of entries kept on disk; the least recently used go first.
     *
     * @default 1073741824 (1 GiB)
     * @example isr({ cache: { diskBytes: 10 * 1024 ** 3 } })
     */
    diskBytes?: number
    /**
     * Number of entries kept on disk; the least recently used go first.
     *
     * @default 100000
     * @example isr({ cache: { diskEntries: 1_000_000 } })
     */
    diskEntries?: number
    /**
     * Number of `notFound` and `redirect` entries kept, counted apart so that made-up addresses can't push pages out.
     *
     * @default 10000
     * @example isr({ cache: { notFoundEntries: 1_000 } })
     */
    notFoundEntries?: number
    /**
     * A module, relative to Vite's `root`, whose default export creates a store of your own (`CreateStore`): pages
     * generated at run time go there instead of to the disk. It is bundled into `dist/server/store.mjs`.
     *
     * @default undefined (the disk)
     * @example isr({ cache: { store: './cache-store.ts' } })
     */
    store?: string
  }
  /**
   * Longest request path in bytes that is looked at; a longer one gets 414.
   *
   * @default 1024
   * @example isr({ maxPathBytes: 4096 })
   */
  maxPathBytes?: number
  /** What API routes take. */
  api?: {
    /**
     * Longest body of a request to an API route; a longer one gets 413. A route's own `config.api.bodyParser.sizeLimit` wins.
     *
     * @default 1048576 (1 MiB)
     * @example isr({ api: { bodyBytes: 64 * 1024 } })
     */
    bodyBytes?: number
    /**
     * Bytes of all bodies of API requests that are being read at once. Past it new ones get 503 with `Retry-After`, and one
     * that takes more than is left loses its connection.
     *
     * @default 268435456 (256 MiB)
     * @example isr({ api: { totalBodyBytes: 64 * 1024 ** 2 } })
     */
    totalBodyBytes?: number
  }
  /**
   * Bytes of one generated page, its HTML and its navigation data together and not compressed. A larger one fails: it would
   * push thousands of others out of the cache, and no visitor waits for it.
   *
   * @default 16777216 (16 MiB)
   * @example isr({ maxPageBytes: 1024 * 1024 })
   */
  maxPageBytes?: number
  /** What is logged beside errors. */
  logging?: {
    /**
     * Logs each `fetch` that a page's data function makes: `true` without the query of the URL, `{ fullUrl: true }` with it.
     *
     * @default false
     * @example isr({ logging: { fetches: { fullUrl: true } } })
     */
    fetches?: boolean | { fullUrl?: boolean }
  }
  /**
   * Bundles all of node_modules that the server needs, React included, so that `dist` runs on a machine without
   * node_modules. Packages with native parts can't be bundled: list those in Vite's `ssr.external`.
   *
   * @default false
   * @example isr({ standalone: true })
   */
  standalone?: boolean
  /**
   * Pages that were written for Next.js run as they are, without Next: imports of `next/link`, `next/router`, `next/head`,
   * `next/document`, `next/app`, `next/error`, `next/dynamic`, `next/image` and `next/script` lead to this package.
   * `docs/coming-from-next.md` says what else it does.
   *
   * @default false
   * @example isr({ next: true })
   */
  next?: boolean
  /**
   * Keeps `isr-env.d.ts` in Vite's `root` up to date, which tells TypeScript the routes of the site: `Link`, the router and
   * `res.revalidate` are checked against them. Without the file everything compiles, unchecked.
   *
   * @default true
   * @example isr({ types: false })
   */
  types?: boolean
}

/** Options with every default filled in. */
export interface ResolvedOptions {
  /** Undefined: `pages`, else `src/pages`. */
  readonly pagesDir: string | undefined
  readonly pageExtensions: readonly string[]
  readonly trailingSlash: boolean
  readonly prerender: { readonly concurrency: number; readonly reuse: boolean }
  /** The module of the user's own store, as given. */
  readonly store: string | undefined
  readonly standalone: boolean
  readonly types: boolean
  /** What the server needs of them; goes into the route manifest. */
  readonly settings: Settings
}

/** Checks one option; throws a usage error that names it. */
type Check = (value: unknown, name: string) => void

const YEAR = 31_536_000
// setTimeout counts in a signed 32-bit number of milliseconds and fires at once beyond it.
const LONGEST_TIMEOUT = 2_147_483

// In less than this a worker can't even import React.
const SMALLEST_HEAP = 32 * 1024 * 1024

const positive = integer(1, Number.MAX_SAFE_INTEGER)

const OPTIONS = {
  pagesDir: text,
  pageExtensions: extensions,
  trailingSlash: flag,
  expire: positive,
  notFoundRevalidate: positive,
  generateTimeout: seconds,
  render: group({
    workers: integer(0, 64),
    concurrency: integer(1, 10_000),
    queue: integer(0, 1_000_000),
    waiters: integer(1, 10_000_000),
    memoryBytes: integer(SMALLEST_HEAP, Number.MAX_SAFE_INTEGER),
  }),
  prerender: group({ concurrency: integer(1, 10_000), reuse: flag }),
  cache: group({
    dir: text,
    memoryBytes: integer(0, Number.MAX_SAFE_INTEGER),
    diskBytes: integer(0, Number.MAX_SAFE_INTEGER),
    diskEntries: integer(0, Number.MAX_SAFE_INTEGER),
    notFoundEntries: integer(0, Number.MAX_SAFE_INTEGER),
    store: text,
  }),
  maxPathBytes: integer(1, 1_000_000),
  // What a string in memory may hold.
  api: group({ bodyBytes: integer(0, 2 ** 29), totalBodyBytes: positive }),
  maxPageBytes: positive,
  logging: group({ fetches }),
  standalone: flag,
  next: flag,
  types: flag,
} satisfies Record<keyof IsrOptions, Check>

/**
 * Checks the options and fills in the defaults. It is the only place that reads them.
 *
 * @throws a usage error that names the option, what was seen and what is allowed
 */
export function resolveOptions(options: IsrOptions = {}): ResolvedOptions {
  group(OPTIONS)(options, '')
  const { render = {}, cache = {}, api = {}, logging = {} } = options
  return {
    pagesDir: options.pagesDir,
    pageExtensions: (options.pageExtensions ?? ['tsx', 'ts', 'jsx', 'js']).map((extension) =>
      extension.replace(/^\./, ''),
    ),
    trailingSlash: options.trailingSlash ?? false,
    prerender: { concurrency: options.prerender?.concurrency ?? 8, reuse: options.prerender?.reuse ?? true },
    store: cache.store,
    standalone: options.standalone ?? false,
    types: options.types ?? true,
    settings: {
      expire: options.expire ?? YEAR,
      notFoundRevalidate: options.notFoundRevalidate ?? 60,
      generateTimeout: options.generateTimeout ?? 30,
      render: {
        workers: render.workers ?? 1,
        concurrency: render.concurrency ?? 8,
        queue: render.queue ?? 1000,
        waiters: render.waiters ?? 20_000,
        ...(render.memoryBytes !== undefined && { memoryBytes: render.memoryBytes }),
      },
      cache: {
        dir: cache.dir ?? '.isr-cache',
        memoryBytes: cache.memoryBytes ?? 64 * 1024 * 1024,
        diskBytes: cache.diskBytes ?? 1024 ** 3,
        diskEntries: cache.diskEntries ?? 100_000,
        notFoundEntries: cache.notFoundEntries ?? 10_000,
        customStore: cache.store !== undefined,
      },
      maxPathBytes: options.maxPathBytes ?? 1024,
      api: { bodyBytes: api.bodyBytes ?? 1024 ** 2, totalBodyBytes: api.totalBodyBytes ?? 256 * 1024 ** 2 },
      maxPageBytes: options.maxPageBytes ?? 16 * 1024 * 1024,
      logging: { fetches: resolveFetches(logging.fetches) },
      next: options.next ?? false,
    },
  }
}

function resolveFetches(fetches: boolean | { fullUrl?: boolean } = false): { fullUrl: boolean } | false {
  if (fetches === false) return false
  return { fullUrl: fetches !== true && fetches.fullUrl === true }
}

function group(checks: Record<string, Check>): Check {
  return function checkGroup(value, name) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(name, value, 'an object')
    for (const [key, item] of Object.entries(value)) {
      const path = name === '' ? key : `${name}.${key}`
      const check = Object.hasOwn(checks, key) ? checks[key] : undefined
      if (!check) throw unknownOption(path, key, Object.keys(checks))
      // `{ expire: undefined }` is how a config says "leave the default".
      if (item !== undefined) check(item, path)
    }
  }
}

function integer(min: number, max: number): Check {
  const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`
  return function checkInteger(value, name) {
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      throw refuse(name, value, `a whole number ${range}`)
    }
  }
}

function seconds(value: unknown, name: string): void {
  if (typeof value !== 'number' || !(value > 0) || value > LONGEST_TIMEOUT) {
    throw refuse(name, value, `a number of seconds above 0 and up to ${LONGEST_TIMEOUT}`)
  }
}

function flag(value: unknown, name: string): void {
  if (typeof value !== 'boolean') throw refuse(name, value, '`true` or `false`')
}

function text(value: unknown, name: string): void {
  if (typeof value !== 'string' || value.trim() === '')
    throw refuse(name, value, 'a path, as a string that is not empty')
}

function extensions(value: unknown, name: string): void {
  const isExtension = (item: unknown) => typeof item === 'string' && /^\.?[\w-]+(\.[\w-]+)*$/.test(item)
  if (!Array.isArray(value) || value.length === 0 || !value.every(isExtension)) {
    throw refuse(name, value, "an array of file name endings such as ['tsx', 'page.ts']")
  }
}

function fetches(value: unknown, name: string): void {
  if (typeof value === 'boolean') return
  if (typeof value !== 'object') throw refuse(name, value, '`true`, `false` or `{ fullUrl: boolean }`')
  group({ fullUrl: flag })(value, name)
}

function unknownOption(path: string, key: string, known: readonly string[]): Error {
  const nearest = nearestName(key, known)
  const parent = path.slice(0, -key.length)
  return usageError(
    'ISR_OPTION',
    `unknown option \`${path}\`. ` +
      (nearest
        ? `Did you mean \`${parent}${nearest}\`?`
        : `Known are ${known.map((name) => `\`${parent}${name}\``).join(', ')}.`),
  )
}

function refuse(name: string, value: unknown, allowed: string): Error {
  return usageError(
    'ISR_OPTION',
    name === ''
      ? `the options must be ${allowed}, as in isr({ expire: 60 }); saw ${describe(value)}.`
      : `wrong option \`${name}\`: saw ${describe(value)}. It must be ${allowed}.`,
  )
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  if (typeof value === 'bigint') return `${value}n (a BigInt)`
  if (typeof value === 'object' && value !== null) {
    try {
      return JSON.stringify(value)
    } catch {
      return 'an object'
    }
  }
  return String(value)
}
