import type { IncomingMessage } from 'node:http'
import { parseDataName } from '../routing/data-path.ts'

const SUFFIX = '.json'
const OWN = '/_isr/'
const NEXT = '/_next/data/'

/** Where the navigation data of a build lies, without base. */
function toDataPrefix(buildId: string): string {
  return `${OWN}data/${buildId}/`
}

/** The same, with the place where clients of Next.js look for it when they may. */
export function toDataPrefixes(buildId: string, next: boolean): string[] {
  return next ? [toDataPrefix(buildId), `${NEXT}${buildId}/`] : [toDataPrefix(buildId)]
}

/** Whether a base-less path asks for navigation data, of whatever build. */
export function isDataPath(path: string, next: boolean): boolean {
  return path.startsWith(OWN) || (next && path.startsWith(NEXT))
}

/** Whether a request asks for navigation data under Next's address. */
export function isNextDataUrl(req: IncomingMessage, base: string): boolean {
  const target = (req as { originalUrl?: string }).originalUrl ?? req.url ?? ''
  return target.startsWith(base + NEXT.slice(1))
}

/**
 * The page path that a data path stands for: `/_isr/data/<buildId>/posts/1.json` is `/posts/1`, `index.json` is `/`.
 * Undefined for another build's and for anything malformed: the client then loads the whole page.
 */
export function parseDataPath(path: string, prefixes: readonly string[]): string | undefined {
  const prefix = prefixes.find((candidate) => path.startsWith(candidate))
  if (prefix === undefined || !path.endsWith(SUFFIX)) return undefined
  const name = path.slice(prefix.length, -SUFFIX.length)
  if (name === '') return undefined
  return parseDataName(`/${name}`)
}
