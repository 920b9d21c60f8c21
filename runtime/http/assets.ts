import { readdirSync, type Dirent } from 'node:fs'
import { lstat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join, relative, sep } from 'node:path'
import sirv from 'sirv'
import { IMMUTABLE } from './cache-control.ts'
import { dropFraming, isRead, sendMethodNotAllowed, sendText } from './reply.ts'

/** Serves what Vite built for browsers: hashed assets and the files of `public/`. */
export interface Assets {
  /** Whether a base-less, still encoded path names a file, or belongs to the folder of hashed assets. */
  has(path: string): boolean
  /** @param path one that `has` confirmed */
  answer(req: IncomingMessage, res: ServerResponse, path: string): Promise<void>
}

/** `bytes=0-99`; anything else would be answered wrongly by sirv, and RFC 9110 lets a server ignore it. */
const SIMPLE_RANGE = /^bytes=(\d{1,15})-(\d{0,15})$/

type Serve = ReturnType<typeof sirv>

const RULES = { etag: true, extensions: [] }
const REVALIDATED = 'public, max-age=0'

/**
 * @param dir `dist/client`; its files are listed once, so files that are added later are not served
 * @param assetsDir folder of the hashed assets below it: `assets`
 */
export function createAssets(dir: string, assetsDir: string): Assets {
  const entries = readdirSync(dir, { withFileTypes: true, recursive: true })
  const files = new Set(listFiles(dir, entries))
  const hashedPrefix = `/${assetsDir}/`
  const hashedDir = join(dir, assetsDir)
  // Others than hashed ones may change in place, and sirv would go on with the size that it knew: answers of which the rest is
  // taken for the beginning of the next one on the connection. With `dev` it looks each time.
  const serveNamed = sirv(dir, {
    ...RULES,
    dev: true,
    setHeaders: (res, _path, file) => setHeaders(res, REVALIDATED, file),
  })
  // Listing the folder, sirv follows links: out of it, in circles, and into an exception where one leads nowhere.
  const hasLinks = entries.some((entry) => entry.isSymbolicLink() && isBelow(hashedDir, entry.parentPath))
  let serveHashed: Serve | undefined

  /** Looks at each file in the folder. There may be thousands, and the first visitor wants a page. */
  function createServeHashed(): Serve {
    const rules = { ...RULES, dev: hasLinks }
    return sirv(hashedDir, { ...rules, setHeaders: (res, _path, file) => setHeaders(res, IMMUTABLE, file) })
  }

  return {
    has: (path) => path.startsWith(hashedPrefix) || files.has(decode(path)),

    async answer(req, res, path) {
      const name = decode(path)
      const file = files.has(name) ? await statFile(join(dir, name)) : undefined
      if (!file) return sendText(req, res, 404, 'Not Found')
      if (!isRead(req)) return sendMethodNotAllowed(req, res)
      if (isPreconditionFailed(req, file.mtime)) return sendText(req, res, 412, 'Precondition Failed')
      dropFraming(res)
      guardStream(res)
      // Only the path and the headers of a request are of interest to sirv, which would read the path with its base.
      const isHashed = path.startsWith(hashedPrefix)
      const url = isHashed ? path.slice(hashedPrefix.length - 1) : path
      const request = { url, headers: toAssetHeaders(req) } as IncomingMessage
      const serve = isHashed ? (serveHashed ??= createServeHashed()) : serveNamed
      serve(request, res, () => sendText(req, res, 404, 'Not Found'))
    },
  }
}

function setHeaders(res: ServerResponse, control: string, { size }: { size: number }): void {
  res.setHeader('X-Content-Type-Options', 'nosniff')
  // A range that the file does not reach is answered with an error, which nobody may keep for a year.
  const start = Number(SIMPLE_RANGE.exec(res.req.headers.range ?? '')?.[1] ?? 0)
  if (start > 0 && start >= size) return
  // A cookie of middleware in front is one visitor's.
  res.setHeader('Cache-Control', res.hasHeader('set-cookie') ? control.replace('public', 'private') : control)
}

function isBelow(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder + sep)
}

/** Links are no files: what they lead to is not of this build. */
function listFiles(dir: string, entries: readonly Dirent[]): string[] {
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => `/${relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/')}`)
    .filter((path) => !/\/\./.test(path) || path.startsWith('/.well-known/'))
}

function decode(path: string): string {
  // An escaped slash is part of a name, and no file has one in its name.
  if (!path.includes('%')) return path
  try {
    return /%2f|%5c/i.test(path) ? '' : decodeURIComponent(path)
  } catch {
    return ''
  }
}

/** Files may be gone or changed, or be links by now, while a new build is put in place; sirv would not notice. */
async function statFile(path: string) {
  try {
    const found = await lstat(path)
    return found.isFile() ? found : undefined
  } catch {
    return undefined
  }
}

/** Our validators are weak, and the preconditions that guard a write compare strongly: a list never matches. */
function isPreconditionFailed(req: IncomingMessage, modified: Date): boolean {
  const match = req.headers['if-match']
  if (match !== undefined) return match.trim() !== '*'
  const since = Date.parse(req.headers['if-unmodified-since'] ?? '')
  return !Number.isNaN(since) && Math.floor(modified.getTime() / 1000) * 1000 > since
}

function toAssetHeaders(req: IncomingMessage): IncomingMessage['headers'] {
  const { range, 'if-range': ifRange, ...headers } = req.headers
  const match = SIMPLE_RANGE.exec(range ?? '')
  // sirv takes a last byte of 0 for none.
  const isOrdered =
    match !== null && (match[2] === '' || Number(match[1]) <= Number(match[2])) && Number(match[2] || 1) > 0
  // `If-Range` compares strongly too, so its range is never to be used.
  return isOrdered && ifRange === undefined && req.method === 'GET' ? { ...headers, range } : headers
}

/** sirv pipes without looking back: a file that cannot be read would end the process, a visitor who leaves would keep it open. */
function guardStream(res: ServerResponse): void {
  res.once('pipe', (source) => {
    source.on('error', () => res.destroy())
    res.once('close', () => source.destroy())
  })
}
