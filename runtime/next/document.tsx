import {
  Component,
  createContext,
  useContext,
  type ComponentPropsWithRef,
  type ComponentType,
  type ReactElement,
  type ReactNode,
} from 'react'
import type { AnyComponent } from '../client/types.ts'
import { IsrError } from '../errors.ts'
import type { Query } from '../types.ts'
import type { NextData } from './next-data.ts'
import { ROOT_ID } from './root-id.ts'

/** The rendered page, as `renderPage` hands it over. */
export interface RenderPageResult {
  html: string
  head?: Array<ReactElement | null>
}

/** Wraps what is rendered, on the server only: for CSS-in-JS libraries that collect styles. */
export interface RenderPageOptions {
  // oxlint-disable-next-line typescript/no-explicit-any -- Next.js types it so.
  enhanceApp?: (App: ComponentType<any>) => ComponentType<any>
  enhanceComponent?: (Component: AnyComponent) => AnyComponent
}

export type RenderPage = (options?: RenderPageOptions) => RenderPageResult | Promise<RenderPageResult>

/** What `getInitialProps` of `_document` returns. */
export interface DocumentInitialProps extends RenderPageResult {
  styles?: ReactNode
}

/** What `getInitialProps` of `_document` is called with. Nothing of a visitor's request is in it: pages are shared. */
export interface DocumentContext {
  renderPage: RenderPage
  defaultGetInitialProps(context: DocumentContext, options?: { nonce?: string }): Promise<DocumentInitialProps>
  pathname: string
  query: Query
  asPath?: string
  AppTree: AnyComponent
  // oxlint-disable-next-line typescript/no-explicit-any -- Never there; documents ask whether it is.
  req?: any
  // oxlint-disable-next-line typescript/no-explicit-any -- As above.
  res?: any
  err?: (Error & { statusCode?: number }) | null
}

/** What `_document` is given. */
export interface DocumentProps extends DocumentInitialProps {
  __NEXT_DATA__: NextData
}

/** What the parts of a document are made of. */
export interface DocumentParts {
  readonly html: string
  readonly styles: ReactNode
  /** URLs of the page's stylesheets and scripts. */
  readonly css: readonly string[]
  readonly js: readonly string[]
  /** URL of the browser's entry. */
  readonly entry: string
  /** The page's data as JSON that may stand in a script. */
  readonly data: string
  /** The parts that were rendered. */
  readonly rendered: Set<string>
}

export const DocumentPartsContext = createContext<DocumentParts | undefined>(undefined)

function useParts(name: string): DocumentParts {
  const parts = useContext(DocumentPartsContext)
  if (!parts) {
    throw new IsrError(
      'ISR_CLIENT',
      `<${name}> of next/document was rendered outside of pages/_document. Use it only there.`,
    )
  }
  parts.rendered.add(name)
  return parts
}

/** @see https://nextjs.org/docs/pages/building-your-application/routing/custom-document */
export function Html(props: ComponentPropsWithRef<'html'>): ReactNode {
  useParts('Html')
  return <html {...props} />
}

type Origin = ComponentPropsWithRef<'script'>['crossOrigin']

/** The head that all pages share; each page adds its own by `next/head`. */
export function Head({
  children,
  nonce,
  crossOrigin,
  ...props
}: ComponentPropsWithRef<'head'> & { nonce?: string; crossOrigin?: Origin }): ReactNode {
  const { styles, css, js } = useParts('Head')
  return (
    <head {...props}>
      {children}
      {css.map((href) => (
        <link key={href} rel="stylesheet" href={href} nonce={nonce} crossOrigin={crossOrigin} />
      ))}
      {js.map((href) => (
        <link key={href} rel="modulepreload" href={href} nonce={nonce} crossOrigin={crossOrigin} />
      ))}
      {styles}
    </head>
  )
}

/** Where the page goes. */
export function Main(): ReactNode {
  const { html } = useParts('Main')
  return <div id={ROOT_ID} dangerouslySetInnerHTML={{ __html: html }} />
}

/** Where the scripts go. */
export function NextScript({ nonce, crossOrigin }: { nonce?: string; crossOrigin?: Origin }): ReactNode {
  const { data, entry } = useParts('NextScript')
  return (
    <>
      <script id="__ISR_DATA__" type="application/json" nonce={nonce} dangerouslySetInnerHTML={{ __html: data }} />
      <script type="module" src={entry} nonce={nonce} crossOrigin={crossOrigin} />
    </>
  )
}

/**
 * The document of a site without `_document`, and the class that one extends. It is rendered on the server only.
 *
 * @see https://nextjs.org/docs/pages/building-your-application/routing/custom-document
 */
export default class Document<P = object> extends Component<DocumentProps & P> {
  static getInitialProps(context: DocumentContext): Promise<DocumentInitialProps> {
    return context.defaultGetInitialProps(context)
  }

  override render(): ReactNode {
    return (
      <Html>
        <Head />
        <body>
          <Main />
          <NextScript />
        </body>
      </Html>
    )
  }
}
