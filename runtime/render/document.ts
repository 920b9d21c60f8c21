import { createElement } from 'react'
import { Tree, type Frame } from '../client/tree.tsx'
import type { Router } from '../client/types.ts'
import type { View } from '../client/view.ts'
import type { PageData } from '../types.ts'
import { assembleDocument, emptyPage, hasText, toBodyMarkup, toDataScript, toEntryScript } from './html.ts'
import { renderMarkup } from './markup.ts'

/** The client files of a page, as URLs with base. */
export interface PageAssets {
  readonly css: readonly string[]
  readonly js: readonly string[]
}

/** One page with all that its document is made of. */
export interface DocumentInput {
  readonly frame: Frame
  readonly view: View
  readonly router: Router
  /** What the browser is told of the page. */
  readonly data: PageData
  /** The same as JSON that may stand in a script; taken before the render. */
  readonly json: string
  /** URL of the browser's entry. */
  readonly entry: string
  /** The page's stylesheets and scripts. Asked after the render. */
  readonly assets: () => PageAssets | Promise<PageAssets>
  /** HTML for the start of the head, the links of the assets among it. Asked after the render. */
  readonly head: () => Promise<string>
  /** The page's file or pattern, for errors. */
  readonly page: string
  /** Whether nothing in the body is fine, as in a shell. */
  readonly mayBeEmpty: boolean
}

/** Makes a whole HTML document of a page. Rejects when anything in it throws. */
export type WriteDocument = (input: DocumentInput) => Promise<string>

/** The document as one tree with the page in it, which the browser takes over as a whole. */
export async function writeDocument(input: DocumentInput): Promise<string> {
  const { frame, view, router, json, entry, page, mayBeEmpty } = input
  const markup = await renderMarkup(() => createElement(Tree, { frame, view, router }))
  const insertions = { head: await input.head(), bodyEnd: toDataScript(json) + toEntryScript(entry) }
  const html = assembleDocument(markup, insertions, { page, mayBeEmpty })
  if (!mayBeEmpty && !hasText(markup) && (await isBlank(input, markup))) throw emptyPage(page)
  return html
}

/** Whether nothing of it is the page's own: with a page of nothing, `_document` and `_app` put the same around it. */
async function isBlank({ frame, view, router }: DocumentInput, markup: string): Promise<boolean> {
  try {
    const blank = await renderMarkup(() =>
      createElement(Tree, { frame, view: { ...view, Component: Nothing }, router }),
    )
    return toBare(blank) === toBare(markup)
  } catch {
    // An `_app` that needs its page to be something.
    return false
  }
}

function toBare(markup: string): string {
  return toBodyMarkup(markup).replaceAll(/\s+|<!--(?: |\/?\$)-->/g, '')
}

function Nothing(): null {
  return null
}
