import { isIsrError, toErrorText } from '../../runtime/errors.ts'
import type { PageFailure } from './prerender.ts'
import { isWorthRetrying, TRIES } from './retry.ts'

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
  const shown = new Map<string, string>()
  const list = failures.map((failure) => {
    const cause = toCause(failure)
    const known = shown.get(cause)
    // A thousand pages with one broken data source would bury the one stack that matters.
    if (known !== undefined) return `${toHead(failure)}\n    the same error as ${known}`
    shown.set(cause, toName(failure))
    return renderFailure(failure, root)
  })
  return [
    `${toTitle(failures)}:`,
    ...list,
    'The build has no manifest, so no server will take it for a whole one.',
  ].join('\n\n')
}

function toTitle(failures: readonly PageFailure[]): string {
  const { length } = failures
  const count = length === 1 ? '1 page' : `${length} pages`
  const isListing = failures.every(({ path }) => path === undefined)
  const what = isListing ? `getStaticPaths of ${count} failed` : `${count} could not be prerendered`
  const retried = failures.filter(({ error }) => isWorthRetrying(error)).length
  if (retried === 0) return what
  const which = length === 1 ? '' : retried === length ? 'each ' : `${retried} of them `
  return `${what}, ${which}tried ${TRIES} times`
}

/** What failed, the same for all paths of a page that fail at the same place. */
function toCause({ route, path, isShell, error }: PageFailure): string {
  const cause = error instanceof Error ? error.cause : undefined
  const text = cause instanceof Error && cause.stack ? cause.stack : toErrorText(error)
  return [route.pattern, isShell, path === undefined ? text : text.replaceAll(path, '')].join('\n')
}

function toName({ route, path, isShell }: PageFailure): string {
  if (isShell) return `the fallback shell of ${route.pattern}`
  return path ?? `getStaticPaths of ${route.pattern}`
}

function toHead(failure: PageFailure): string {
  const { route, params } = failure
  const shown = Object.keys(params).length > 0 ? ` with params ${JSON.stringify(params)}` : ''
  return `  ${toName(failure)} (${route.file})${shown}`
}

function renderFailure(failure: PageFailure, root: string): string {
  const lines = [...toLines(failure.error, root), ...(failure.isShell ? [SHELL_HINT] : [])]
  return [toHead(failure), ...lines.map((line) => `    ${line}`)].join('\n')
}

function toLines(error: unknown, root: string): string[] {
  const code = isIsrError(error) ? ` (${error.code})` : ''
  const [message, ...rest] = toErrorText(error).split('\n')
  const frames = rest.filter((line) => !FOREIGN_FRAME.test(line))
  return [`${message}${code}`, ...frames.map((line) => line.replace('file://', '').replaceAll(`${root}/`, ''))]
}
