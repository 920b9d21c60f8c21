import {
  useContext,
  useEffect,
  useImperativeHandle,
  useRef,
  type ComponentPropsWithRef,
  type MouseEvent,
  type ReactNode,
  type RefObject,
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
  const element = useRef<HTMLAnchorElement>(null)
  useImperativeHandle(ref, () => element.current!, [])
  const link = useLink({ href, as, replace, scroll, shallow, prefetch, onNavigate }, element)

  return (
    <a
      {...anchor}
      href={link.address}
      ref={element}
      onClick={(event) => {
        anchor.onClick?.(event)
        link.follow(event)
      }}
      onMouseEnter={(event) => {
        anchor.onMouseEnter?.(event)
        link.prefetch()
      }}
      onTouchStart={(event) => {
        anchor.onTouchStart?.(event)
        link.prefetch()
      }}
    />
  )
}

type TargetProps = 'as' | 'replace' | 'scroll' | 'shallow' | 'prefetch' | 'onNavigate'

/** The part of a link's props that says where it leads, and how. */
type LinkTarget = Pick<LinkProps, 'href'> & { [Name in TargetProps]?: LinkProps[Name] | undefined }

/** What a link does, whoever draws it. */
interface LinkActions {
  /** For `href`: what the address bar will show. */
  readonly address: string
  /** For clicks: goes there, unless the click asks for something that is the browser's. */
  follow(event: MouseEvent<HTMLAnchorElement>): void
  /** Loads the page ahead: somebody points at the link. */
  prefetch(): void
}

/** Finds the address of a link, has it watched for prefetching, and starts its navigations. */
export function useLink(
  { href, as, replace, scroll, shallow, prefetch, onNavigate }: LinkTarget,
  element: RefObject<HTMLAnchorElement | null>,
): LinkActions {
  const tools = useContext(LinkContext)
  const page = tools ? tools.toHref(href) : formatUrl(href)
  const shown = as === undefined || !tools ? undefined : tools.toHref(as)
  const browser = tools?.browser

  useEffect(() => {
    if (!browser || prefetch === false || !element.current) return undefined
    return browser.watch(element.current, page, shown)
  }, [browser, prefetch, page, shown, element])

  return {
    address: shown ?? page,
    follow(event) {
      if (!browser || !isPlainClick(event) || !browser.isInside(shown ?? page)) return
      event.preventDefault()
      let prevented = false
      onNavigate?.({ preventDefault: () => (prevented = true) })
      if (!prevented) browser.navigate(replace ? 'replace' : 'push', page, shown, { scroll, shallow })
    },
    prefetch() {
      browser?.prefetch(page, shown)
    },
  }
}

/** Whether a click means: go there, here. */
function isPlainClick(event: MouseEvent<HTMLAnchorElement>): boolean {
  const { target } = event.currentTarget
  return (
    !event.defaultPrevented &&
    event.button === 0 &&
    !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) &&
    (target === '' || target === '_self') &&
    !event.currentTarget.hasAttribute('download')
  )
}
