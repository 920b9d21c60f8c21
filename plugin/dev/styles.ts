import { isCSSRequest, type EnvironmentModuleGraph, type EnvironmentModuleNode } from 'vite'

/** A stylesheet of a page as the document names it. */
export interface DevStyle {
  /** The stylesheet as CSS; Vite's module of the same file adds it by script instead. */
  readonly href: string
  /** The id that Vite's client knows the style by: it adopts an element that carries it and does not add its own. */
  readonly id: string
}

/** Imports with these queries hand over a string and style nothing. */
const NOT_APPLIED = /[?&](?:inline|raw|url|direct)\b/

/**
 * Lists the stylesheets that modules import, directly or through others, in the order of evaluation. Without links to
 * them the server's HTML would flash unstyled until the browser has run the modules. To be called after the render: only then does
 * the graph know what lazy components import.
 *
 * @param graph The ssr environment's graph
 * @param files Where to begin, global styles first: files of `_document`, `_app` and the page
 * @param options `base` is Vite's; modules that `isBoundary` names are not looked behind, such as the list of all routes
 */
export function collectStyles(
  graph: Pick<EnvironmentModuleGraph, 'getModulesByFile'>,
  files: readonly string[],
  { base, isBoundary }: { base: string; isBoundary: (id: string) => boolean },
): DevStyle[] {
  const styles = new Map<string, DevStyle>()
  const seen = new Set<EnvironmentModuleNode>()

  function visit(node: EnvironmentModuleNode): void {
    if (seen.has(node) || (node.id !== null && isBoundary(node.id))) return
    seen.add(node)
    if (isCSSRequest(node.url)) {
      // A generated stylesheet (its id begins with NUL) does not answer to an address with a query; its module adds it.
      if (node.id === null || !node.url.startsWith('/') || NOT_APPLIED.test(node.url)) return
      styles.set(node.id, {
        href: `${base}${node.url.slice(1)}${node.url.includes('?') ? '&' : '?'}direct`,
        id: node.id,
      })
      return
    }
    for (const imported of node.importedModules) visit(imported)
  }

  for (const file of files) for (const node of graph.getModulesByFile(file) ?? []) visit(node)
  return [...styles.values()]
}

/** Writes stylesheets as link elements. */
export function toStyleTags(styles: readonly DevStyle[]): string {
  return styles
    .map(
      ({ href, id }) =>
        `<link rel="stylesheet" href="${escapeAttribute(href)}" data-vite-dev-id="${escapeAttribute(id)}">`,
    )
    .join('')
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}
