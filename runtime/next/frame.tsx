import { useInsertionEffect, type ReactNode } from 'react'
import type { AnyComponent, AppProps, DocumentProps } from '../client/types.ts'
import { DynamicContext } from './dynamic.tsx'
import { HeadContext, type HeadRegistry } from './head.tsx'
import { attachRouter } from './router.tsx'

/** What is around `_app`: where `next/head` and `next/dynamic` report to, and the router for code outside of components. */
export interface Surroundings {
  readonly head: HeadRegistry
  /** On the server only. */
  readonly onDynamic?: (modules: readonly string[]) => void
}

/** Puts the surroundings around `_app`. They add no element, so that the browser's tree is the server's. */
export function createNextApp(App: AnyComponent, { head, onDynamic }: Surroundings): AnyComponent {
  return function NextApp(props: AppProps): ReactNode {
    const { router } = props
    // Before any effect of the page, which may use it. Never on the server.
    useInsertionEffect(() => attachRouter(router), [router])
    return (
      <DynamicContext value={onDynamic}>
        <HeadContext value={head}>
          <App {...props} />
        </HeadContext>
      </DynamicContext>
    )
  }
}

/** `_document` is not part of the tree: the server writes it around the page, and the browser takes over the page alone. */
export function NoDocument({ children }: DocumentProps): ReactNode {
  return children
}
