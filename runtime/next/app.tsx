import { Component, type ComponentType, type ReactNode } from 'react'
import type { AnyComponent } from '../client/types.ts'
import type { NextRouter } from './router-types.ts'
import type { NextPageContext } from './types.ts'

/** What `_app` is given. */
// oxlint-disable-next-line typescript/no-explicit-any -- Next.js types them so, and `_app` reads fields without a cast.
export interface AppProps<P = any> {
  Component: AnyComponent
  pageProps: P
  router: NextRouter
}

/** What `getInitialProps` of `_app` would be called with; it is refused, since with it no page could be static. */
export interface AppContext {
  Component: AnyComponent
  AppTree: AnyComponent
  ctx: NextPageContext
  router: NextRouter
}

/** An `_app` as a function. */
export type AppType<P = object> = ComponentType<AppProps<P>>

/** What `getInitialProps` of `_app` would give. */
export interface AppInitialProps<P = Record<string, unknown>> {
  pageProps: P
}

/**
 * The app of a site without `_app`, and the class that an `_app` of the older form extends.
 *
 * @see https://nextjs.org/docs/pages/building-your-application/routing/custom-app
 */
// oxlint-disable-next-line typescript/no-explicit-any -- As above.
export default class App<P = any, _Initial = object, S = object> extends Component<P & AppProps, S> {
  override render(): ReactNode {
    const { Component: Page, pageProps } = this.props as AppProps
    return <Page {...pageProps} />
  }
}
