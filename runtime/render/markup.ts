import { text } from 'node:stream/consumers'
import type { ReactNode } from 'react'
import { renderToString } from 'react-dom/server'
import { prerenderToNodeStream } from 'react-dom/static'

/** What React leaves where a boundary suspended or failed. In text of a page it can't stand: React escapes that. */
const UNFINISHED = '<!--$!-->'

/**
 * Renders a tree to its complete HTML, without doctype.
 *
 * `renderToString` is three times faster than the renderer that waits for Suspense, and writes the same bytes for a page
 * without it. So the other one runs only for trees that need it, and it alone says what a failure was.
 *
 * @param createTree Called once for each attempt
 * @throws what the tree throws, also inside of a Suspense boundary: a page with a part missing is no page
 */
export async function renderMarkup(createTree: () => ReactNode): Promise<string> {
  let html: string | undefined
  try {
    html = renderToString(createTree())
  } catch {
    // A suspension without a boundary, or an error that will be thrown again below.
  }
  if (html !== undefined && !html.includes(UNFINISHED)) return html
  return renderWhenComplete(createTree())
}

const DOCTYPE = '<!DOCTYPE html>'

async function renderWhenComplete(tree: ReactNode): Promise<string> {
  const stop = new AbortController()
  let failure: { readonly error: unknown } | undefined
  const { prelude } = await prerenderToNodeStream(tree, {
    // By default a long boundary is sent as its fallback, with the content behind it for a script to swap in: a page that is
    // stored should show its content without scripts.
    progressiveChunkSize: Infinity,
    signal: stop.signal,
    onError(error) {
      // The first one is the cause; stopping reports the rest. Thrown values may be undefined, so they are wrapped.
      failure ??= { error }
      stop.abort()
    },
  })
  if (failure) {
    prelude.resume()
    throw failure.error
  }
  const html = await text(prelude)
  return html.startsWith(DOCTYPE) ? html.slice(DOCTYPE.length) : html
}
