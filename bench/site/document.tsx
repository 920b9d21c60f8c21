import { renderToString } from 'react-dom/server'
import type { PostProps } from './load.ts'
import { PostPage } from './page.tsx'

/** The page as a bare React server makes it: the same tree, in a document with its data, as all frameworks write it. */
export function renderDocument(props: PostProps): string {
  const body = renderToString(<PostPage {...props} />)
  const data = JSON.stringify({ props, page: '/posts/[id]', query: { id: String(props.post.id) } }).replaceAll(
    '<',
    '\\u003c',
  )
  return (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width"/>' +
    `<link rel="modulepreload" href="/assets/page.js"/></head><body><div id="root">${body}</div>` +
    `<script id="data" type="application/json">${data}</script><script type="module" src="/assets/entry.js"></script></body></html>`
  )
}
