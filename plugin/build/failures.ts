import { isIsrError, toErrorText } from '../../runtime/errors.ts'
import type { PageFailure } from './prerender.ts'
import { TRIES } from './retry.ts'

/**
 * The list of pages that could not be generated: for each its path, file, parameters and the stack of its error, mapped to
 * the sources. Frames of Node and of this package say nothing about the page and are left out.
 *
 * @param root Vite's root; files below it are named relative to it
 */
export function renderFailures(failures: readonly PageFailure[], root: string): string {
  const count = failures.length === 1 ? '1 page' : `${failures.length} pages`
  const list = failures.map((failure) => renderFailure(failure, root))
  return [`${count} could not be prerendered, each tried ${TRIES} times:`, ...list].join('\n\n')
}

function renderFailure({ route, path, params, error }: PageFailure, root: string): string {
  const shown = Object.keys(params).length > 0 ? ` with params ${JSON.stringify(params)}` : ''
  const head = `  ${path ?? `getStaticPaths of ${route.pattern}`} (${route.file})${shown}`
  return [head, ...toLines(error, root).map((line) => `    ${line}`)].join('\n')
}

function toLines(error: unknown, root: string): string[] {
  const code = isIsrError(error) ? ` (${error.code})` : ''
  const [message, ...rest] = toErrorText(error).split('\n')
  const frames = rest.filter((line) => !/^\s+at .*(node:|\bisr\b.*\bchunks\/|dist\/server\/)/.test(line))
  return [`${message}${code}`, ...frames.map((line) => line.replaceAll(`${root}/`, '').replace(/file:\/\/(?=[^/])/, ''))]
}
