import { useEffect, useState } from 'react'
import { useRouter } from 'vite-plugin-isr/client'
import type { Stamp } from '../server/stamp.ts'
import { formatTime } from './format.ts'

/** When the page was made, and what the server's cache says about it now. */
export function PageInfo({ generatedAt, revalidate }: Partial<Stamp>) {
  const { asPath } = useRouter()
  const [cache, setCache] = useState<{ of: string; text: string }>()
  const isCached = generatedAt !== undefined && typeof revalidate === 'number'
  // Another rendering of the same path has a cache state of its own.
  const rendering = `${asPath} ${generatedAt}`

  useEffect(() => {
    if (generatedAt === undefined || typeof revalidate !== 'number') return
    const controller = new AbortController()
    void describeCache({ generatedAt, revalidate, signal: controller.signal }).then(
      (text) => text && setCache({ of: rendering, text }),
    )
    return () => controller.abort()
  }, [rendering, generatedAt, revalidate])

  if (!generatedAt) return <p className="page-info">One document for everybody: this page has no data.</p>
  return (
    <p className="page-info">
      <span>
        Made <time dateTime={generatedAt}>{formatTime(generatedAt)}</time>
      </span>
      <span className="page-info-cache" data-testid="cache-state">
        {isCached ? (cache && cache.of === rendering ? cache.text : `cached for ${revalidate} s`) : 'for this request'}
      </span>
    </p>
  )
}

/** Asks with the headers of a prefetch, so that asking alone never has a page made anew. */
async function describeCache({
  generatedAt,
  revalidate,
  signal,
}: Stamp & { signal: AbortSignal }): Promise<string | undefined> {
  try {
    const { headers } = await fetch(location.pathname, {
      method: 'HEAD',
      cache: 'no-store',
      headers: { purpose: 'prefetch' },
      signal,
    })
    const state = headers.get('x-isr-cache')
    if (!state) return 'not cached while developing'
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
