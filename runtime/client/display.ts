import type { View } from './view.ts'

/** Has React show a view. */
export type ShowView = (view: View) => void

/** What is in the document, and what is about to be. */
export interface Display {
  /** The newest view, in the document or on its way there. */
  readonly view: View
  readonly isAttached: boolean
  attach(show: ShowView): void
  /** Resolves true when the view is in the document, false when another one took its place before. */
  show(view: View): Promise<boolean>
  /** To be called whenever a view is in the document. */
  committed(view: View): void
}

/** Creates the display, with the view that the document was served with. */
export function createDisplay(first: View): Display {
  let view = first
  let showView: ShowView | undefined
  let settle: ((committed: boolean) => void) | undefined

  return {
    get view() {
      return view
    },
    get isAttached() {
      return showView !== undefined
    },
    attach(show) {
      showView = show
      // A page that navigates in its first effect did so before there was anybody to show it.
      if (view !== first) show(view)
    },
    show(next) {
      settle?.(false)
      view = next
      return new Promise((resolve) => {
        settle = resolve
        showView?.(next)
      })
    },
    committed(shown) {
      if (shown !== view) return
      settle?.(true)
      settle = undefined
    },
  }
}
