import type { ComponentType, ReactNode } from 'react'
import { useRouter as usePlainRouter } from '../client/context.ts'
import { createSingleton } from './singleton.ts'
import type { NextRouter, SingletonRouter } from './router-types.ts'

export type { RouterEvents, RouterEventMap } from '../client/events.ts'
export type { Url } from '../client/types.ts'
export type { NextRouter, SingletonRouter, TransitionOptions } from './router-types.ts'

/**
 * The router, in a component of a page or `_app`.
 *
 * @throws `IsrError` with code `ISR_CLIENT` outside of those
 * @see https://nextjs.org/docs/pages/api-reference/functions/use-router
 */
export const useRouter: () => NextRouter = usePlainRouter

/** What a component gets from `withRouter`. */
export interface WithRouterProps {
  router: NextRouter
}

/** A component's props without the router that `withRouter` adds. */
export type ExcludeRouterProps<P> = Pick<P, Exclude<keyof P, keyof WithRouterProps>>

// The singleton is a part of Next's API: a module that everybody imports, in a document that has one router.
const singleton = createSingleton()

/** @internal */
export const attachRouter: (router: NextRouter) => void = singleton.attach

/**
 * The router for code outside of components.
 *
 * @example Router.events.on('routeChangeStart', (url) => progress.start(url))
 * @see https://nextjs.org/docs/pages/api-reference/functions/use-router#routerevents
 * @alias default
 */
export const Router: SingletonRouter = singleton.router
export default Router

/**
 * Gives a component the router as a prop, which a class can't get by `useRouter`.
 *
 * @example export default withRouter(Page)
 * @see https://nextjs.org/docs/pages/api-reference/functions/use-router#withrouter
 */
export function withRouter<P extends WithRouterProps>(
  Component: ComponentType<P>,
): ComponentType<ExcludeRouterProps<P>> {
  function WithRouter(props: ExcludeRouterProps<P>): ReactNode {
    const router = useRouter()
    const Composed = Component as ComponentType<unknown>
    return <Composed {...({ ...props, router } as object)} />
  }
  WithRouter.displayName = `withRouter(${Component.displayName ?? (Component.name || 'Unknown')})`
  return WithRouter
}
