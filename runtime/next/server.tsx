import type { ReactElement, ReactNode } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { Tree } from '../client/tree.tsx'
import type { AnyComponent } from '../client/types.ts'
import { IsrError } from '../errors.ts'
import type { DocumentInput, PageAssets, WriteDocument } from '../render/document.ts'
import { assembleDocument, emptyPage, isEmpty } from '../render/html.ts'
import { renderMarkup } from '../render/markup.ts'
import Document, {
  DocumentPartsContext,
  type DocumentContext,
  type DocumentInitialProps,
  type RenderPageOptions,
} from './document.tsx'
import { loadDynamics } from './dynamic.tsx'
import { createNextApp, NoDocument } from './frame.tsx'
import { toHeadTags } from './head-tags.ts'
import { toNextData } from './next-data.ts'
import { ROOT_ID } from './root-id.ts'

/** What the server knows of modules that `next/dynamic` loads: their files in the browser, by the name that the build gave them. */
export type DynamicAssets = Readonly<Record<string, PageAssets>>

/** What was rendered of one page. */
interface RenderedPage {
  readonly html: string
  /** What React itself put before the page: preloads, and tags that a component rendered without `next/head`. */
  readonly hoisted: string
  readonly tags: ReactElement[]
  readonly modules: ReadonlySet<string>
}

type DocumentType = AnyComponent & { getInitialProps?: (context: DocumentContext) => Promise<DocumentInitialProps> }

const START = `<div id="${ROOT_ID}">`
const END = '</div>'
const PARTS = ['Html', 'Head', 'Main', 'NextScript']

/**
 * Creates what writes documents as Next.js does: `_app` and the page are rendered for the browser to take over, `_document`
 * is rendered around them and never leaves the server.
 */
export function createNextDocument(dynamicAssets: DynamicAssets = {}): WriteDocument {
  return async function writeNextDocument(input) {
    const { frame, view, data, json, entry, page, mayBeEmpty } = input
    let rendered: RenderedPage | undefined
    const context: DocumentContext = {
      async renderPage(options) {
        rendered = await renderPage(input, options)
        return { html: rendered.html, head: rendered.tags }
      },
      async defaultGetInitialProps({ renderPage }) {
        const { html, head } = await renderPage()
        return { html, ...(head && { head }) }
      },
      pathname: view.page,
      query: view.query,
      asPath: view.asPath,
      AppTree: frame.App,
    }

    const UserDocument = frame.Document as DocumentType
    const initial = await (UserDocument.getInitialProps ?? Document.getInitialProps).call(UserDocument, context)
    if (typeof initial?.html !== 'string' || !rendered) {
      throw documentError(
        'getInitialProps returned no html. Return what Document.getInitialProps(ctx) gives, with your own fields added.',
      )
    }
    if (!mayBeEmpty && isEmpty(initial.html, 0)) throw emptyPage(page)

    const assets = addDynamicAssets(await input.assets(), rendered.modules, dynamicAssets)
    const parts = {
      html: initial.html,
      styles: initial.styles,
      ...assets,
      entry,
      data: json,
      rendered: new Set<string>(),
    }
    const markup = renderToStaticMarkup(
      <DocumentPartsContext value={parts}>
        <UserDocument {...initial} __NEXT_DATA__={toNextData(data)} />
      </DocumentPartsContext>,
    )
    const missing = PARTS.filter((name) => !parts.rendered.has(name))
    if (missing.length > 0) {
      const names = missing.map((name) => `<${name} />`).join(', ')
      throw documentError(
        `it did not render ${names} of next/document. Each of <Html>, <Head />, <Main /> and <NextScript /> is needed once.`,
      )
    }
    const head = renderToStaticMarkup(<>{initial.head as ReactNode}</>)
    return assembleDocument(markup, { head: head + rendered.hoisted, bodyEnd: '' }, { page, mayBeEmpty: true })
  }
}

async function renderPage(
  { frame, view, router }: DocumentInput,
  { enhanceApp, enhanceComponent }: RenderPageOptions = {},
): Promise<RenderedPage> {
  const App = (enhanceApp?.(frame.App) ?? frame.App) as AnyComponent
  const Component = enhanceComponent?.(view.Component) ?? view.Component
  await loadDynamics()
  let heads = new Map<string, ReactNode>()
  let modules = new Set<string>()

  const markup = await renderMarkup(() => {
    // A second attempt begins with nothing.
    heads = new Map()
    modules = new Set()
    const [ownHeads, ownModules] = [heads, modules]
    const surroundings = {
      head: {
        isServer: true,
        set: (id: string, children: ReactNode) => void ownHeads.set(id, children),
        remove: () => undefined,
      },
      onDynamic: (names: readonly string[]) => names.forEach((name) => ownModules.add(name)),
    }
    const nextFrame = { ...frame, Document: NoDocument, App: createNextApp(App, surroundings) }
    return (
      <div id={ROOT_ID}>
        <Tree frame={nextFrame} view={{ ...view, Component }} router={router} />
      </div>
    )
  })
  // React writes what it hoists first, with all text escaped: the first match is the element itself.
  const at = markup.indexOf(START)
  if (at === -1 || !markup.endsWith(END)) throw new TypeError('React wrote the page in a form that is not known.')
  return {
    html: markup.slice(at + START.length, -END.length),
    hoisted: markup.slice(0, at),
    tags: toHeadTags(heads.values()),
    modules,
  }
}

/** The files of the modules that the page shows, after its own: they are on the page from the start. */
function addDynamicAssets(assets: PageAssets, modules: Iterable<string>, known: DynamicAssets): PageAssets {
  const css = new Set(assets.css)
  const js = new Set(assets.js)
  for (const name of modules) {
    const files = Object.hasOwn(known, name) ? known[name] : undefined
    for (const file of files?.css ?? []) css.add(file)
    for (const file of files?.js ?? []) js.add(file)
  }
  return { css: [...css], js: [...js] }
}

function documentError(text: string): IsrError {
  return new IsrError('ISR_GENERATE', `_document: ${text}`, { page: '_document' })
}
