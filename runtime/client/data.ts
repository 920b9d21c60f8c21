import type { NavigationData } from '../types.ts'

/** What a data request came to. `status` 0: no answer at all. */
export type Answer = NavigationData | { readonly failed: true; readonly status: number }

/** How navigation data is asked for. */
export interface LoadOptions {
  /** Whether the answer may be kept: data of `getStaticProps` only. */
  readonly keep: boolean
  /** Passes by what is in memory. */
  readonly fresh?: boolean
  readonly signal?: AbortSignal
}

/** Navigation data of this site, with copies in memory. */
export interface DataClient {
  load(url: string, options: LoadOptions): Promise<Answer>
  /** Puts data into memory ahead of time. Never rejects. */
  prefetch(url: string): Promise<void>
}

/** A copy lives as long as the entry on the server that it was made from. */
interface Copy {
  readonly answer: Promise<Answer>
  /** Milliseconds since the epoch; Infinity until the answer is there. */
  expiresAt: number
}

const FAILED = { failed: true } as const
const MAX_COPIES = 100

/** Creates the data client. */
export function createDataClient(
  request: (url: string, init: RequestInit) => Promise<Response>,
  now: () => number,
): DataClient {
  const copies = new Map<string, Copy>()

  function ask(url: string, keep: boolean, init: RequestInit, headers: Record<string, string> = {}): Promise<Answer> {
    const answered = send(url, { ...init, headers: { 'x-isr-data': '1', ...headers } })
    const answer = answered.then((result) => result.answer)
    if (!keep) return answer
    const copy: Copy = { answer, expiresAt: Infinity }
    // While an older copy can still be shown, a request in flight does not take its place.
    if (!readCopy(url)) store(url, copy)
    return answered.then(({ answer, lifetime }) => {
      copy.expiresAt = now() + lifetime
      if (lifetime > 0) store(url, copy)
      else if (copies.get(url) === copy) copies.delete(url)
      return answer
    })
  }

  /** Never rejects, so that no copy does. */
  async function send(url: string, init: RequestInit): Promise<{ answer: Answer; lifetime: number }> {
    try {
      // The browser's own cache would go on showing data that has been regenerated since; an ETag makes the round trip short.
      const response = await request(url, { cache: 'no-cache', ...init })
      const answer = await parseAnswer(response)
      return { answer, lifetime: 'failed' in answer ? 0 : readLifetime(response.headers) }
    } catch {
      return { answer: { ...FAILED, status: 0 }, lifetime: 0 }
    }
  }

  function store(url: string, copy: Copy): void {
    copies.delete(url)
    copies.set(url, copy)
    if (copies.size > MAX_COPIES) copies.delete(copies.keys().next().value!)
  }

  function readCopy(url: string): Copy | undefined {
    const copy = copies.get(url)
    return copy && copy.expiresAt > now() ? copy : undefined
  }

  return {
    async load(url, { keep, fresh, signal }) {
      const copy = fresh ? undefined : readCopy(url)
      if (copy) {
        const answer = await copy.answer
        if (!('failed' in answer)) {
          // A navigation, unlike a prefetch, makes a stale page regenerate: so the next one gets the newer data.
          void ask(url, keep, {})
          return answer
        }
      }
      return ask(url, keep, signal ? { signal } : {})
    },
    async prefetch(url) {
      if (!readCopy(url)) await ask(url, true, { priority: 'low' }, { purpose: 'prefetch' })
    },
  }
}

async function parseAnswer(response: Response): Promise<Answer> {
  const failed = { ...FAILED, status: response.status }
  // A 404 for another build, a login page of a proxy, a server that is down: HTML is for the browser to show.
  if (!response.headers.get('content-type')?.startsWith('application/json')) return failed
  const data: unknown = await response.json()
  if (response.status !== 200 && response.status !== 404) return failed
  return isNavigationData(data) ? data : failed
}

function isNavigationData(data: unknown): data is NavigationData {
  if (typeof data !== 'object' || data === null) return false
  const { pageProps, notFound, redirect } = data as Record<string, { destination?: unknown } | null | undefined>
  return (
    (typeof pageProps === 'object' && pageProps !== null) ||
    (notFound as unknown) === true ||
    typeof redirect?.destination === 'string'
  )
}

/** Milliseconds that a shared cache may keep an answer for, counted from now. */
function readLifetime(headers: Headers): number {
  const seconds = /(?:^|[\s,])s-maxage=(\d+)/.exec(headers.get('cache-control') ?? '')
  return seconds ? Math.max(0, Number(seconds[1]) - Number(headers.get('age') ?? 0)) * 1000 : 0
}
