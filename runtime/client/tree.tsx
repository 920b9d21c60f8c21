import type { ReactNode } from 'react'
import { Boundary } from './boundary.tsx'
import { LinkContext, RouterContext, type LinkTools } from './context.ts'
import type { AnyComponent, Router } from './types.ts'
import type { View } from './view.ts'

/** The parts that all pages of a site share. */
export interface Frame {
  readonly Document: AnyComponent
  readonly App: AnyComponent
  readonly links: LinkTools
}

/** The whole document. The server renders and the browser hydrates this very tree. */
export function Tree({ frame, view, router }: { frame: Frame; view: View; router: Router }): ReactNode {
  const { Document, App, links } = frame
  return (
    <LinkContext value={links}>
      <RouterContext value={router}>
        <Document>
          <Boundary view={view}>
            <App Component={view.Component} pageProps={view.pageProps} router={router} />
          </Boundary>
        </Document>
      </RouterContext>
    </LinkContext>
  )
}
