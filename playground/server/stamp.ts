/** What each page tells about its making. */
export interface Stamp {
  /** ISO 8601. */
  generatedAt: string
  /** Seconds until the page is stale; null for a page that is made for each request. */
  revalidate: number | null
}

/** Props that the foot of each page shows. */
export function toStamp(revalidate: number | null): Stamp {
  return { generatedAt: new Date().toISOString(), revalidate }
}
