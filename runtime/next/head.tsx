import { createContext, useContext, useId, useLayoutEffect, type ReactNode } from 'react'
import { IsrError } from '../errors.ts'

/** Where the children of all `<Head>` elements come together. */
export interface HeadRegistry {
  /** Whether elements take part as they are rendered: on the server, where nothing is ever mounted. */
  readonly isServer: boolean
  /** Called once for each element on the server, and after each change of it in the browser. */
  set(id: string, children: ReactNode): void
  remove(id: string): void
}

export const HeadContext = createContext<HeadRegistry | undefined>(undefined)

/**
 * Puts tags into the document's head, from anywhere in a page or `_app`. Of tags with the same `key` only the last one
 * stands; the same goes for `title`, `base`, the charset and each `<meta name>`.
 *
 * @throws `IsrError` with code `ISR_CLIENT` outside of a page
 * @example <Head><title>Prices</title><meta property="og:title" content="Prices" key="title" /></Head>
 * @see https://nextjs.org/docs/pages/api-reference/components/head
 */
export default function Head({ children }: { children?: ReactNode }): null {
  const registry = useContext(HeadContext)
  // The same on a second attempt of the server to render it, which then does not count twice.
  const id = useId()
  if (!registry) {
    throw new IsrError('ISR_CLIENT', 'next/head found no page around it. Render <Head> in a component of a page.')
  }
  if (registry.isServer) registry.set(id, children)
  useLayoutEffect(() => registry.set(id, children))
  useLayoutEffect(() => () => registry.remove(id), [registry, id])
  return null
}
