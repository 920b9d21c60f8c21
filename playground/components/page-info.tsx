import { useEffect, useState } from 'react'
import { useRouter } from 'vite-plugin-isr/client'
import type { Stamp } from '../server/stamp.ts'
import { formatTime } from './format.ts'

/** When the page was made, and what the server's cache says about it now. */
export function PageInfo({ generatedAt, revalidate }: Partial<Stamp>) {
  const { asPath, basePath } = useRouter()
  const [cache, setCache] = useState<{ of: string; text: string }>()
  const [path = '/'] = asPath.split(/[?#]/)
  const url = basePath + path
  // Another rendering of the same page has a cache state of its own.
  const rendering = `${url} ${generatedAt}`

  useEffect(() => {
    if (import.meta.env.DEV || generatedAt === undefined || typeof revalidate !== 'number') return
    const controller = new AbortController()
    void describeCache({ url, generatedAt, revalidate, signal: controller.signal }).then(
      (text) => text && setCache({ of: rendering, text }),
    )
    return () => controller.abort()
  }, [url, rendering, generatedAt, revalidate])

  if (!generatedAt) return <p className="page-info">One document for everybody: this page has no data.</p>
  return (
    <p className="page-info">
      <span>
        Made <time dateTime={generatedAt}>{formatTime(generatedAt)}</time>
      </span>
      <span className="page-info-cache" data-testid="cache-state">
        {cache && cache.of === rendering ? cache.text : toLifetime(revalidate)}
      </span>
    </p>
  )
}

/** What is known before the server was asked. */
function toLifetime(revalidate: number | null | undefined): string {
  if (typeof revalidate !== 'number') return 'for this request'
  return import.meta.env.DEV ? 'not cached while developing' : `cached for ${revalidate} s`
}

/** Asks with the headers of a prefetch, so that asking alone never has a page made anew. */
async function describeCache({
  url,
  generatedAt,
  revalidate,
  signal,
}: Stamp & { url: string; signal: AbortSignal }): Promise<string | undefined> {
  try {
    const { headers } = await fetch(url, {
      method: 'HEAD',
      cache: 'no-store',
      headers: { purpose: 'prefetch' },
      signal,
    })
    const state = headers.get('x-isr-cache')
    if (!state) return undefined
    // By the server's clock: this page was out of date when it came, and a newer one was made meanwhile.
    const age = (Date.parse(headers.get('date') ?? '') - Date.parse(generatedAt)) / 1000
    if (state === 'HIT' && revalidate !== null && age > revalidate) return 'cache: was STALE, is renewed by now'
    const left = /s-maxage=(\d+)/.exec(headers.get('cache-control') ?? '')?.[1]
    return state === 'HIT' && left ? `cache: HIT, fresh for ${left} s` : `cache: ${state}`
  } catch {
    // Left the page, or offline: the line stays as it is.
    return undefined
  }
}
