import {
  Children,
  cloneElement,
  isValidElement,
  useCallback,
  useRef,
  type MouseEvent,
  type ReactElement,
  type ReactNode,
  type Ref,
} from 'react'
import { Link as PlainLink, useLink, type LinkProps as PlainLinkProps } from '../client/link.tsx'

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
function LegacyLink({ passHref, children, ...props }: PlainLinkProps & { passHref: boolean | undefined }): ReactNode {
  const element = useRef<HTMLAnchorElement>(null)
  const link = useLink(props, element)
  const child = (isValidElement(children) ? Children.only(children) : <a>{children}</a>) as ReactElement<ChildProps>
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
    ...(takesHref && { href: link.address }),
    ref: attach,
    onClick(event) {
      child.props.onClick?.(event)
      link.follow(event)
    },
    onMouseEnter(event) {
      child.props.onMouseEnter?.(event)
      link.prefetch()
    },
    onTouchStart(event) {
      child.props.onTouchStart?.(event)
      link.prefetch()
    },
  })
}

function passRef<T>(ref: Ref<T> | undefined, value: T | null): void | (() => void) {
  if (typeof ref === 'function') return ref(value)
  if (ref) ref.current = value
}
