import type { Pages } from '../routes/scan.ts'
import { toNextFile } from './modules.ts'

/** Next's own document and error page stand in for those that a site lacks. */
export function toServerPages(pages: Pages): Pages {
  const { document = toNextFile('document'), error = toNextFile('error') } = pages.special
  return { ...pages, special: { ...pages.special, document, error } }
}

/** `_document` never leaves the server. */
export function toBrowserPages(pages: Pages): Pages {
  const { document: _, ...special } = toServerPages(pages).special
  return { ...pages, special }
}
