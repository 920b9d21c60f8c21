import { IsrError } from '../errors.ts'

/** What is put into a page's HTML beside what its components render. */
export interface Insertions {
  /** For the start of `<head>`. */
  readonly head: string
  /** For the end of `<body>`. */
  readonly bodyEnd: string
}

const END = '</body></html>'

/**
 * Makes a whole document of the HTML of a tree. The parts are joined by position: whatever a page says, it is never taken for
 * a placeholder or a replacement pattern.
 *
 * @param markup What React rendered, without doctype
 * @param page The page's file or pattern, for the error
 * @param mayBeEmpty Whether nothing in the body is fine, as in a shell
 * @throws `IsrError` with code `ISR_GENERATE` when it is no document or shows nothing
 */
export function assembleDocument(
  markup: string,
  { head, bodyEnd }: Insertions,
  { page, mayBeEmpty }: { page: string; mayBeEmpty: boolean },
): string {
  const headStart = /^<html(?:\s[^>]*)?><head(?:\s[^>]*)?>/.exec(markup)?.[0].length
  if (headStart === undefined || !markup.endsWith(END)) {
    throw new IsrError(
      'ISR_GENERATE',
      `${page}: the rendered page is no whole HTML document. _document must return <html> with <head> and <body>, and put its children into <body>.`,
      { page },
    )
  }
  const bodyEndsAt = markup.length - END.length
  if (!mayBeEmpty && isEmptyBody(markup.slice(0, bodyEndsAt))) throw emptyPage(page)
  // The encoding has to stand in the first 1024 bytes.
  const charset = /^<meta charSet="[^"]*"\/>/i.exec(markup.slice(headStart, headStart + 64))?.[0].length ?? 0
  const insertAt = headStart + charset
  return `<!DOCTYPE html>${markup.slice(0, insertAt)}${head}${markup.slice(insertAt, bodyEndsAt)}${bodyEnd}${END}`
}

/** The page's own content is nothing: kept as the page, it would be a page that nobody can see. */
export function emptyPage(page: string): IsrError {
  return new IsrError(
    'ISR_GENERATE',
    `${page}: the page rendered nothing, so it is not kept. Its component returned null or an empty element, or _document or _app leaves out what it is given.`,
    { page },
  )
}

function isEmptyBody(markup: string): boolean {
  const tag = markup.indexOf('</head><body')
  return isEmpty(markup, markup.indexOf('>', tag + '</head><body'.length) + 1)
}

/** Whether there is neither an element nor text from a position on; comments are React's marks. */
export function isEmpty(markup: string, from: number): boolean {
  let at = from
  while (at < markup.length) {
    if (markup.startsWith('<!--', at)) at = markup.indexOf('-->', at) + '-->'.length
    else if (markup[at]!.trim() === '') at++
    else return false
  }
  return true
}

/** The body of a document that React rendered, its own tag included. */
export function toBodyMarkup(markup: string): string {
  return markup.slice(markup.indexOf('</head><body'))
}

/** Whether any text stands between the tags of the body. */
export function hasText(markup: string): boolean {
  return />\s*[^<\s]/.test(toBodyMarkup(markup))
}

/** Writes the links of a page's stylesheets and scripts. */
export function toAssetLinks({ css, js }: { css: readonly string[]; js: readonly string[] }): string {
  const styles = css.map((href) => `<link rel="stylesheet" href="${escapeAttribute(href)}">`)
  const scripts = js.map((href) => `<link rel="modulepreload" href="${escapeAttribute(href)}">`)
  return styles.join('') + scripts.join('')
}

/** Writes the script that holds a page's data. @param json may stand in a script */
export function toDataScript(json: string): string {
  return `<script id="__ISR_DATA__" type="application/json">${json}</script>`
}

/** Writes the script that starts the client. */
export function toEntryScript(src: string): string {
  return `<script type="module" src="${escapeAttribute(src)}"></script>`
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}
