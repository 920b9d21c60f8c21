import {
  Children,
  cloneElement,
  createElement,
  Fragment,
  isValidElement,
  type ReactElement,
  type ReactNode,
} from 'react'
import { toText } from './attributes.ts'

/** A tag of the document's head, as the page wrote it. */
export type HeadTag = ReactElement<Record<string, unknown>, string>

/** Tells the tags that come from `next/head` from all others in the document's head. */
export const HEAD_MARK = 'data-next-head'

/** Names whose `<meta>` stands once: the later one wins, as it does for `title` and `base`. */
const UNIQUE_META = ['name', 'httpEquiv', 'itemProp'] as const

const DEFAULT_TAGS: readonly HeadTag[] = [
  createElement('meta', { charSet: 'utf-8' }) as HeadTag,
  createElement('meta', { name: 'viewport', content: 'width=device-width' }),
]

/**
 * The head of a document, from the children of all its `<Head>` elements: tags with the same `key` stand once, and so do
 * `title`, `base`, the charset and each `<meta name>`; the later one wins, in the place that it has itself.
 *
 * @param children of each `<Head>`, in the order of the tree
 * @see https://nextjs.org/docs/pages/api-reference/components/head#avoid-duplicated-tags
 */
export function toHeadTags(children: Iterable<ReactNode>): HeadTag[] {
  const tags: HeadTag[] = []
  for (const part of children) flatten(part, tags)
  const isFirst = createFirstTest()
  // From the end, so that what is seen first is what wins; the defaults yield to everything.
  const kept = tags.toReversed().filter(isFirst)
  return [...DEFAULT_TAGS.filter(isFirst), ...kept.toReversed()].map((tag, index) => {
    // A title is one text, however it was put together.
    const title = tag.type === 'title' && { children: toText(tag.props['children']) }
    return cloneElement(tag, { key: index, [HEAD_MARK]: '', ...title }) as HeadTag
  })
}

function flatten(node: ReactNode, tags: HeadTag[]): void {
  if (Array.isArray(node)) {
    for (const item of node as readonly ReactNode[]) flatten(item, tags)
  } else if (isValidElement<{ children?: ReactNode }>(node)) {
    if (node.type === Fragment) flatten(node.props.children, tags)
    else if (typeof node.type === 'string') tags.push(node as HeadTag)
  } else if (typeof node === 'object' && node !== null && Symbol.iterator in node) {
    flatten(Children.toArray(node), tags)
  }
}

/** Creates the test whether a tag is the first of its kind that it is asked about. */
function createFirstTest(): (tag: HeadTag) => boolean {
  const seen = new Set<string>()
  const isNew = (name: string) => seen.size < seen.add(name).size

  return ({ type, key, props }) => {
    const names: string[] = key === null ? [] : [`key ${key}`]
    if (type === 'title' || type === 'base') names.push(type)
    if (type === 'meta') {
      if ('charSet' in props) names.push('charSet')
      for (const name of UNIQUE_META) {
        // A key says more than a name: several tags of one name may stand side by side with keys of their own.
        if (name in props && !(name === 'name' && key !== null)) names.push(`${name} ${String(props[name])}`)
      }
    }
    // All of them are noted, also when the first says no.
    return names.map(isNew).every(Boolean)
  }
}
