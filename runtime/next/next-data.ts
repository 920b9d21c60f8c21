import type { PageData, Query } from '../types.ts'

/** The page's state, under Next's name. */
export interface NextData {
  page: string
  query: Query
  buildId: string
  props: { pageProps: Record<string, unknown> }
  isFallback: boolean
}

/** The page's state in the form that Next.js pages find it in. */
export function toNextData({ page, query, buildId, pageProps, isFallback }: PageData): NextData {
  return { page, query, buildId, props: { pageProps }, isFallback }
}
