import { AsyncLocalStorage } from 'node:async_hooks'
import { toPath } from '../routing/path.ts'
import type { ApiModule, IsrApp, PageModule, Params } from '../types.ts'

/** How `logging.fetches` was set. */
export interface FetchLogOptions {
  /** Whether the query of a URL is shown: it may hold keys. */
  readonly fullUrl: boolean
  readonly log: (line: string) => void
}

/** The data function that a `fetch` belongs to, and where to write. */
interface Scope extends FetchLogOptions {
  readonly caller: string
}

type LoggedFetch = typeof fetch & { [SCOPES]?: AsyncLocalStorage<Scope> }

// Development evaluates this module again and again in one process, where `fetch` is wrapped only once.
const SCOPES = Symbol.for('vite-plugin-isr.fetch-log')

const DATA_FUNCTIONS = ['getStaticProps', 'getStaticPaths', 'getServerSideProps'] as const

/**
 * Logs each `fetch` that a data function of the app makes, directly or through what it calls, with its status and duration:
 * option `logging.fetches`. Other fetches of the process are left alone.
 *
 * @example logFetches(app, { fullUrl: true, log: console.log })
 * // [vite-plugin-isr] getStaticProps of /posts/1: GET https://api.example.com/posts/1?draft=0 200 in 33 ms
 */
export function logFetches(app: IsrApp, options: FetchLogOptions): IsrApp {
  const scopes = wrapFetch()
  return {
    ...app,
    load: async (pattern) => withScopes(await app.load(pattern), pattern, scopes, options),
  }
}

function withScopes(
  module: PageModule | ApiModule,
  pattern: string,
  scopes: AsyncLocalStorage<Scope>,
  options: FetchLogOptions,
): PageModule | ApiModule {
  const scoped: Record<string, unknown> = { ...module }
  for (const name of DATA_FUNCTIONS) {
    const original = scoped[name]
    if (typeof original !== 'function') continue
    scoped[name] = (context: { params?: Params }) =>
      scopes.run({ ...options, caller: `${name} of ${toAddress(pattern, context.params)}` }, () => original(context))
  }
  return scoped as unknown as PageModule | ApiModule
}

function toAddress(pattern: string, params: Params | undefined): string {
  try {
    return params ? toPath(pattern, params) : pattern
  } catch {
    return pattern
  }
}

function wrapFetch(): AsyncLocalStorage<Scope> {
  const original: LoggedFetch = globalThis.fetch
  const known = original[SCOPES]
  if (known) return known
  const scopes = new AsyncLocalStorage<Scope>()

  async function loggedFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const scope = scopes.getStore()
    if (!scope) return original(input, init)
    const begin = performance.now()
    const say = (outcome: string) => {
      const time = `${Math.round(performance.now() - begin)} ms`
      scope.log(
        `[vite-plugin-isr] ${scope.caller}: ${toMethod(input, init)} ${toShownUrl(input, scope)} ${outcome} in ${time}`,
      )
    }
    try {
      const response = await original(input, init)
      say(String(response.status))
      return response
    } catch (error) {
      say('failed')
      throw error
    }
  }

  globalThis.fetch = Object.assign(loggedFetch, { [SCOPES]: scopes })
  return scopes
}

function toMethod(input: RequestInfo | URL, init: RequestInit | undefined): string {
  return (init?.method ?? (input instanceof Request ? input.method : 'GET')).toUpperCase()
}

/** Never with the credentials that a URL can hold. */
function toShownUrl(input: RequestInfo | URL, { fullUrl }: Scope): string {
  try {
    const url = new URL(input instanceof Request ? input.url : input)
    Object.assign(url, { username: '', password: '', hash: '' })
    if (!fullUrl) url.search = ''
    return url.href
  } catch {
    return 'a URL that is none'
  }
}
