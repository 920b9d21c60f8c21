import type { ReactNode } from 'react'
import { setAttributes, setContent } from './attributes.ts'
import type { HeadRegistry } from './head.tsx'
import { HEAD_MARK, toHeadTags, type HeadTag } from './head-tags.ts'

/**
 * Keeps the tags of `next/head` in the browser's document. The server has written those of the first page; from then on the
 * document follows what the pages render, touching only tags that differ.
 */
export function createHeadManager(document: Document): HeadRegistry {
  let heads: Array<readonly [id: string, children: ReactNode]> = []
  let changed: typeof heads = []
  let isPlanned = false

  /** Once for all elements of a commit, and before anybody looks at the new page's title. */
  function plan(): void {
    if (isPlanned) return
    isPlanned = true
    queueMicrotask(() => {
      isPlanned = false
      heads = mergeHeads(heads, changed)
      changed = []
      updateHead(document, toHeadTags(heads.map(([, children]) => children)))
    })
  }

  return {
    isServer: false,
    set(id, children) {
      changed.push([id, children])
      plan()
    },
    remove(id) {
      heads = heads.filter(([known]) => known !== id)
      changed = changed.filter(([known]) => known !== id)
      plan()
    },
  }
}

/**
 * Takes changes in, keeping the order of the tree: what changed together comes in the order of its effects, which is that of
 * the tree, and takes the place that the first known one among it had.
 */
export function mergeHeads<T>(
  heads: ReadonlyArray<readonly [string, T]>,
  changed: ReadonlyArray<readonly [string, T]>,
): Array<readonly [string, T]> {
  const latest = new Map(changed)
  const first = heads.findIndex(([id]) => latest.has(id))
  const at = first === -1 ? heads.length : first
  const isUnchanged = ([id]: readonly [string, T]) => !latest.has(id)
  return [...heads.slice(0, at).filter(isUnchanged), ...latest, ...heads.slice(at).filter(isUnchanged)]
}

function updateHead(document: Document, tags: readonly HeadTag[]): void {
  const known = [...document.head.querySelectorAll(`[${HEAD_MARK}]`)]
  for (const element of tags.map((tag) => toElement(document, tag))) {
    const index = known.findIndex((candidate) => isSame(candidate, element))
    // What stays is not moved either: a script would not run again, but a stylesheet would load again.
    if (index === -1) document.head.append(element)
    else known.splice(index, 1)
  }
  for (const element of known) element.remove()
}

/** Browsers hide the nonce of a script that is in the document. */
function isSame(known: Element, wanted: Element): boolean {
  const { nonce } = known as HTMLElement
  if (!nonce || known.getAttribute('nonce') !== '') return known.isEqualNode(wanted)
  const copy = known.cloneNode(true) as HTMLElement
  copy.setAttribute('nonce', nonce)
  return copy.isEqualNode(wanted)
}

function toElement(document: Document, { type, props }: HeadTag): Element {
  const element = document.createElement(type)
  setAttributes(element, props)
  setContent(element, props)
  return element
}
