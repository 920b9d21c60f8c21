import { startTransition, useLayoutEffect, useMemo, useState, type ReactNode } from 'react'
import type { Navigator } from './navigation.ts'
import { Tree, type Frame } from './tree.tsx'
import type { Router } from './types.ts'
import { toRouter, type View } from './view.ts'

/** The document in the browser: shows the view that the router says. */
export function Root({ frame, first, navigator }: { frame: Frame; first: View; navigator: Navigator }): ReactNode {
  const [view, setView] = useState(first)
  const router = useMemo(() => createRouter(view, navigator), [view, navigator])
  useLayoutEffect(() => navigator.committed(view), [view, navigator])
  useLayoutEffect(() => navigator.attach((next) => startTransition(() => setView(next))), [navigator])
  return <Tree frame={frame} view={view} router={router} />
}

/**
 * A static page is hydrated with `isReady: false`, as the server rendered it. Only where something asks for it is the page
 * rendered a second time to say true.
 */
function createRouter(view: View, navigator: Navigator): Router {
  const router = toRouter(view, navigator.methods)
  if (view.isReady) return router
  return Object.defineProperty(router, 'isReady', {
    enumerable: true,
    get() {
      navigator.expectReady()
      return false
    },
  })
}
