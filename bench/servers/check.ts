import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import http from 'node:http'
import { startServer } from '../harness/process.ts'
import type { Prepared } from './index.ts'

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  /** As sent, not decoded. */
  readonly body: Buffer
}

/** One request, its body as sent. `fetch` would decode it and add headers. */
export function request(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { headers, agent: false }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
        )
        response.on('error', reject)
      })
      .on('error', reject)
  })
}

/** The HTML of an answer. @throws Error for an encoding that was not asked for. */
export function decode({ headers, body }: Answer): string {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding === 'br') return brotliDecompressSync(body).toString()
  if (encoding === 'gzip') return gunzipSync(body).toString()
  if (encoding === 'identity') return body.toString()
  throw new Error(`The answer is encoded as ${encoding}.`)
}

/**
 * What all servers must have in common for a post: the markup of the page, without the document around it, the time of its
 * render, and the comments that tell React where one text ends.
 */
export function extractPage(html: string): string {
  const begin = html.indexOf('<div class="layout')
  const end = html.indexOf('</footer></div>')
  if (begin < 0 || end < 0) throw new Error(`No page in ${html.slice(0, 200)}…`)
  return html
    .slice(begin, end)
    .replaceAll('<!-- -->', '')
    .replace(/ data-rendered-at="\d+"/, '')
}

/**
 * Starts each server once and compares the pages that they serve, in every encoding.
 *
 * @throws Error with the first difference: figures of servers that serve different things compare nothing.
 */
export async function checkSamePages(servers: readonly Prepared[], paths: readonly string[]): Promise<void> {
  const served = await Promise.all(servers.map((server) => readPages(server, paths)))
  for (const path of paths) {
    const versions = served.flatMap(({ label, pages }) => (pages.get(path) ?? []).map((page) => ({ page, of: label })))
    const [first] = versions
    const other = versions.find(({ page }) => page !== first?.page)
    if (first !== undefined && other !== undefined) throw new Error(describeDifference(path, first, other))
  }
  console.log(`same pages from ${servers.length} servers: ${paths.join(', ')}`)
}

async function readPages({ command, label }: Prepared, paths: readonly string[]) {
  const server = await startServer(command)
  try {
    const pages = new Map<string, string[]>()
    for (const path of paths) {
      const encodings = ['gzip, br', 'gzip', 'identity']
      const answers = encodings.map((encoding) => request(server.url + path, { 'accept-encoding': encoding }))
      pages.set(
        path,
        (await Promise.all(answers)).map((answer) => extractPage(decode(answer))),
      )
    }
    return { label, pages }
  } finally {
    await server.stop()
  }
}

function describeDifference(
  path: string,
  one: { page: string; of: string },
  other: { page: string; of: string },
): string {
  let begin = 0
  while (one.page[begin] === other.page[begin]) begin++
  const excerpt = ({ page }: { page: string }) => JSON.stringify(page.slice(Math.max(0, begin - 40), begin + 40))
  return `${path} differs: ${one.of} serves ${excerpt(one)}, ${other.of} ${excerpt(other)}.`
}
