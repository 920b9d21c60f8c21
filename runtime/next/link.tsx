import {
  Children,
  cloneElement,
  isValidElement,
  useCallback,
  useContext,
  useEffect,
  useRef,
  type MouseEvent,
  type ReactElement,
  type ReactNode,
  type Ref,
} from 'react'
import { LinkContext } from '../client/context.ts'
import { isPlainClick, Link as PlainLink, type LinkProps as PlainLinkProps } from '../client/link.tsx'
import { formatUrl } from '../client/url.ts'

/** What `Link` takes, besides all that an `<a>` takes. */
export interface LinkProps<_Route = unknown> extends PlainLinkProps {
  /** Internationalised routing is out of scope: it is taken and changes nothing. */
  locale?: string | false
  /** The link is the child, which must take `href`, `onClick` and `ref`; else `Link` is the `<a>`. Default false. */
  legacyBehavior?: boolean
  /** With `legacyBehavior`: hand `href` to a child that is no `<a>` too. */
  passHref?: boolean
}

/**
 * A link to another page of the site.
 *
 * @example <Link href="/posts/1">First post</Link>
 * @see https://nextjs.org/docs/pages/api-reference/components/link
 */
export default function Link({ legacyBehavior, passHref, ...rest }: LinkProps): ReactNode {
  const { locale: _, ...props } = rest
  return legacyBehavior ? <LegacyLink {...props} passHref={passHref} /> : <PlainLink {...props} />
}

interface ChildProps {
  href?: string
  ref?: Ref<HTMLAnchorElement>
  onClick?: (event: MouseEvent<HTMLAnchorElement>) => void
  onMouseEnter?: (event: MouseEvent<HTMLAnchorElement>) => void
  onTouchStart?: (event: unknown) => void
}

/** The form in which the page brings its own `<a>`. */
function LegacyLink({
  href,
  as,
  replace,
  scroll,
  shallow,
  prefetch,
  onNavigate,
  passHref,
  children,
}: PlainLinkProps & { passHref: boolean | undefined }): ReactNode {
  const tools = useContext(LinkContext)
  const element = useRef<HTMLAnchorElement>(null)
  const page = tools ? tools.toHref(href) : formatUrl(href)
  const shown = as === undefined || !tools ? undefined : tools.toHref(as)
  const browser = tools?.browser
  const child = (isValidElement(children) ? Children.only(children) : <a>{children}</a>) as ReactElement<ChildProps>

  useEffect(() => {
    if (!browser || prefetch === false || !element.current) return undefined
    return browser.watch(element.current, page, shown)
  }, [browser, prefetch, page, shown])

  function follow(event: MouseEvent<HTMLAnchorElement>): void {
    if (!browser || !isPlainClick(event) || !browser.isInside(page)) return
    event.preventDefault()
    let prevented = false
    onNavigate?.({ preventDefault: () => (prevented = true) })
    if (!prevented) browser.navigate(replace ? 'replace' : 'push', page, shown, { scroll, shallow })
  }

  const { ref } = child.props
  const attach = useCallback(
    (anchor: HTMLAnchorElement | null) => {
      element.current = anchor
      return passRef(ref, anchor)
    },
    [ref],
  )
  const takesHref = passHref || (child.type === 'a' && !('href' in child.props))
  // `attach` is called after the render.
  // oxlint-disable-next-line react/refs
  return cloneElement(child, {
    ...(takesHref && { href: shown ?? page }),
    ref: attach,
    onClick(event) {
      child.props.onClick?.(event)
      follow(event)
    },
    onMouseEnter(event) {
      child.props.onMouseEnter?.(event)
      browser?.prefetch(page, shown)
    },
    onTouchStart(event) {
      child.props.onTouchStart?.(event)
      browser?.prefetch(page, shown)
    },
  })
}

function passRef<T>(ref: Ref<T> | undefined, value: T | null): void | (() => void) {
  if (typeof ref === 'function') return ref(value)
  if (ref) ref.current = value
}
