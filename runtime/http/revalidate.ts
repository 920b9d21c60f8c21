import { IsrError } from '../errors.ts'
import type { Target } from '../types.ts'
import type { Revalidate } from './api-response.ts'
import type { HttpContext } from './context.ts'
import { parseRequestUrl } from './request-url.ts'

/**
 * Builds `res.revalidate`: a call into the engine, never a request to ourselves, so nothing of the caller's headers and no
 * host name has a part in it. It takes the path of one existing ISR page and nothing else.
 */
export function createRevalidate(
  context: Pick<HttpContext, 'engine' | 'manifest' | 'targets' | 'onEvent'>,
): Revalidate {
  const { trailingSlash, settings } = context.manifest
  const rules = { base: '/', trailingSlash, maxPathBytes: settings.maxPathBytes }

  function findTarget(path: unknown): Target {
    if (typeof path !== 'string' || !path.startsWith('/')) {
      throw refuse(
        path,
        `Invalid urlPath provided to revalidate(), must be a path e.g. /blog/post-1, received ${show(path)}`,
      )
    }
    // Too long for any page, or no text: half of a surrogate pair would stand for another character.
    const isText = path.length <= rules.maxPathBytes && path.isWellFormed()
    const url = isText ? parseRequestUrl(encodeText(path), rules) : undefined
    // With a query, a fragment or another spelling it is not a page's own path, and a guess could revalidate the wrong one.
    const isPath =
      url?.type === 'path' && url.query === '' && !path.includes('#') && !isMisspelt(url.path, trailingSlash)
    if (!isPath)
      throw refuse(path, `Failed to revalidate ${show(path)}: it is not the plain path of a page, such as /posts/1.`)
    // The 404 page is nobody's address, but it is cached like any other page, and its text may come from an editor.
    const target = url.path === '/404' ? context.targets.errors[404] : context.targets.findPage(url.path)
    if (!target) throw refuse(path, `Failed to revalidate ${show(path)}: no page has this path.`)
    const { kind, pattern, file } = target.route
    if (kind !== 'isr') {
      throw refuse(
        path,
        `Failed to revalidate ${show(path)}: ${file} has no getStaticProps, so there is nothing to revalidate.`,
      )
    }
    if (pattern.includes('[') && path === pattern) {
      throw refuse(
        path,
        `Failed to revalidate ${show(path)}: that is the page's pattern; name one path, such as /posts/1.`,
      )
    }
    return target
  }

  return async function revalidate(path, options) {
    let target: Target
    try {
      target = findTarget(path)
    } catch (error) {
      context.onEvent({ type: 'refused', path: show(path), reason: 'on-demand', error })
      throw error
    }
    return context.engine.revalidate(target, { onlyGenerated: options?.unstable_onlyGenerated === true })
  }
}

/** With the trailing slash rule on, the bare path is accepted too: it is what people write. */
function isMisspelt(path: string, trailingSlash: boolean): boolean {
  return path !== '/' && path.endsWith('/') && !trailingSlash
}

/** Unlike a request target, which is bytes, this is text: people write `/posts/über`. */
function encodeText(path: string): string {
  return path.replaceAll(/[\u0080-\uffff]+/g, encodeURIComponent)
}

function refuse(path: unknown, message: string): IsrError {
  return new IsrError('ISR_REVALIDATE_PATH', message, typeof path === 'string' ? { path: path.slice(0, 200) } : {})
}

function show(value: unknown): string {
  if (typeof value !== 'string') return value === null ? 'null' : typeof value
  return JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}…` : value)
}
