import type { ViteDevServer } from 'vite'

const TEMPLATE = '<!doctype html><html><head></head><body></body></html>'

/**
 * What Vite and its plugins put into the head of every document in development: Vite's client and the preamble of Fast
 * Refresh. They offer it only as a change to an HTML file, so that it is cut out of one that has nothing else.
 */
export async function readHeadTags(server: Pick<ViteDevServer, 'transformIndexHtml'>, url: string): Promise<string> {
  const html = await server.transformIndexHtml(url, TEMPLATE, url)
  return html.slice(html.indexOf('<head>') + '<head>'.length, html.indexOf('</head>')).trim()
}

/** Puts tags right behind the document's first head tag. */
export function insertIntoHead(html: string, tags: string): string {
  const start = html.search(/<head[\s>]/i)
  const end = start === -1 ? 0 : html.indexOf('>', start) + 1
  if (end === 0) return html
  return html.slice(0, end) + tags + html.slice(end)
}
