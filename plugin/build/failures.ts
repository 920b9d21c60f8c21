import { isIsrError, toErrorText } from '../../runtime/errors.ts'
import type { PageFailure } from './prerender.ts'
import { TRIES } from './retry.ts'

/** Frames of Node, of React and of the generated server say nothing about the page. */
const FOREIGN_FRAME =
  /^\s+at .*(?:\(|\s|file:\/\/)(?:node:|.*\/node_modules\/(?:react|react-dom|scheduler|vite-plugin-isr)\/|.*\.mjs:)/

const SHELL_HINT =
  'With `fallback: true` the page is first rendered without props: show something else while `useRouter().isFallback` is true.'

/**
 * The list of pages that could not be generated: for each its path, file, parameters and the stack of its error, mapped to
 * the sources.
 *
 * @param root Vite's root; files below it are named relative to it
 */
export function renderFailures(failures: readonly PageFailure[], root: string): string {
  const count = failures.length === 1 ? '1 page' : `${failures.length} pages`
  return [
    `${count} could not be prerendered, each tried ${TRIES} times:`,
    ...failures.map((failure) => renderFailure(failure, root)),
    'The build has no manifest, so no server will take it for a whole one.',
  ].join('\n\n')
}

function renderFailure({ route, path, params, isShell, error }: PageFailure, root: string): string {
  const what = isShell ? `the fallback shell of ${route.pattern}` : (path ?? `getStaticPaths of ${route.pattern}`)
  const shown = Object.keys(params).length > 0 ? ` with params ${JSON.stringify(params)}` : ''
  const lines = [...toLines(error, root), ...(isShell ? [SHELL_HINT] : [])]
  return [`  ${what} (${route.file})${shown}`, ...lines.map((line) => `    ${line}`)].join('\n')
}

function toLines(error: unknown, root: string): string[] {
  const code = isIsrError(error) ? ` (${error.code})` : ''
  const [message, ...rest] = toErrorText(error).split('\n')
  const frames = rest.filter((line) => !FOREIGN_FRAME.test(line))
  return [`${message}${code}`, ...frames.map((line) => line.replace('file://', '').replaceAll(`${root}/`, ''))]
}
