import {
  useContext,
  useEffect,
  useImperativeHandle,
  useRef,
  type ComponentPropsWithRef,
  type MouseEvent,
  type ReactNode,
} from 'react'
import { LinkContext } from './context.ts'
import type { Href, Url } from './types.ts'
import { formatUrl } from './url.ts'

/**
 * What `Link` takes, besides all that an `<a>` takes.
 *
 * @example
 * // A link of your own, checked as `Link` is; with plain `LinkProps` it takes any URL.
 * function NavLink<const To extends Url>(props: LinkProps<To>) {
 *   return <Link {...props} className="nav" />
 * }
 */
export interface LinkProps<To extends Url = Url> extends Omit<ComponentPropsWithRef<'a'>, 'href'> {
  /**
   * Where it leads, without base: `/posts/1`, or the parts of a URL. What is known of it is checked against the routes of
   * the site; a `string` is not.
   */
  href: Href<To>
  /** What the address bar shows instead. Default: `href`. */
  as?: Url
  /** Take the place of the current history entry. Default false. */
  replace?: boolean
  /** Scroll to the top, or to the hash. Default true, with `shallow` false. */
  scroll?: boolean | undefined
  /** Change the URL without asking for data. Default false. */
  shallow?: boolean | undefined
  /** False: load the page ahead only when pointed at, not when in view. Default true. Only production prefetches. */
  prefetch?: boolean | null
  /** Called before the navigation; `preventDefault` stops it. */
  onNavigate?: (event: { preventDefault(): void }) => void
}

/**
 * A link to another page of the site. It is an ordinary `<a>`: it works without JavaScript, and clicks that ask for something
 * else (another tab, a download, another host) are the browser's.
 *
 * @example <Link href="/posts/1">First post</Link>
 * @example <Link href={{ pathname: '/posts/[id]', query: { id: post.id } }} prefetch={false}>Read</Link>
 * @see https://nextjs.org/docs/pages/api-reference/components/link
 */
export function Link<const To extends Url>(props: LinkProps<To>): ReactNode
export function Link({
  href,
  as,
  replace,
  scroll,
  shallow,
  prefetch,
  onNavigate,
  ref,
  ...anchor
}: LinkProps): ReactNode {
  const tools = useContext(LinkContext)
  const element = useRef<HTMLAnchorElement>(null)
  useImperativeHandle(ref, () => element.current!, [])
  const page = tools ? tools.toHref(href) : formatUrl(href)
  const shown = as === undefined || !tools ? undefined : tools.toHref(as)
  const browser = tools?.browser

  useEffect(() => {
    if (!browser || prefetch === false || !element.current) return undefined
    return browser.watch(element.current, page, shown)
  }, [browser, prefetch, page, shown])

  function prefetchNow(): void {
    browser?.prefetch(page, shown)
  }

  function follow(event: MouseEvent<HTMLAnchorElement>): void {
    if (!browser || !isPlainClick(event) || !browser.isInside(event.currentTarget.href)) return
    event.preventDefault()
    let prevented = false
    onNavigate?.({ preventDefault: () => (prevented = true) })
    if (!prevented) browser.navigate(replace ? 'replace' : 'push', page, shown, { scroll, shallow })
  }

  return (
    <a
      {...anchor}
      href={shown ?? page}
      ref={element}
      onClick={(event) => {
        anchor.onClick?.(event)
        follow(event)
      }}
      onMouseEnter={(event) => {
        anchor.onMouseEnter?.(event)
        prefetchNow()
      }}
      onTouchStart={(event) => {
        anchor.onTouchStart?.(event)
        prefetchNow()
      }}
    />
  )
}

/** Whether a click means: go there, here. */
export function isPlainClick(event: MouseEvent<HTMLAnchorElement>): boolean {
  const { target } = event.currentTarget
  return (
    !event.defaultPrevented &&
    event.button === 0 &&
    !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) &&
    (target === '' || target === '_self') &&
    !event.currentTarget.hasAttribute('download')
  )
}
