// @vitest-environment happy-dom
import { renderToStaticMarkup } from 'react-dom/server'
import type { ReactNode } from 'react'
import { beforeEach, describe, expect, it } from 'vitest'
import { createHeadManager, mergeHeads } from './head-manager.ts'
import { toHeadTags } from './head-tags.ts'

/** As the server writes it. */
function serve(...heads: ReactNode[]): void {
  document.head.innerHTML = `<meta name="foreign">${renderToStaticMarkup(<>{toHeadTags(heads)}</>)}`
}

const tick = () => Promise.resolve()
const tags = () => [...document.head.children].map((element) => element.outerHTML.replaceAll(' data-next-head=""', ''))

beforeEach(() => {
  document.head.innerHTML = ''
})

describe('createHeadManager', () => {
  const first = (
    <>
      <title>{'One & only'}</title>
      <meta name="description" content={'"quoted"'} />
      <style media="print">{'p > b { color: red }'}</style>
      <script type="application/ld+json" dangerouslySetInnerHTML={{ __html: '{"a":"<b>"}' }} />
    </>
  )

  it('leaves alone what the server wrote', async () => {
    serve(first)
    const before = [...document.head.children]
    const manager = createHeadManager(document)
    manager.set('a', first)
    await tick()
    expect([...document.head.children]).toEqual(before)
    expect(before.every((element, index) => element === document.head.children[index])).toBe(true)
  })

  it('changes what differs and takes away what is gone, and touches nothing of others', async () => {
    serve(first)
    const script = document.head.querySelector('script')
    const manager = createHeadManager(document)
    manager.set('a', first)
    manager.set('b', <title>Two</title>)
    await tick()
    expect(document.title).toBe('Two')
    expect(document.head.querySelectorAll('title')).toHaveLength(1)
    expect(document.head.querySelector('script')).toBe(script)
    manager.remove('b')
    await tick()
    expect(document.title).toBe('One & only')
    manager.remove('a')
    await tick()
    expect(tags()).toEqual([
      '<meta name="foreign">',
      '<meta charset="utf-8">',
      '<meta name="viewport" content="width=device-width">',
    ])
  })

  it('one change for all heads of a commit', async () => {
    serve(<title>One</title>)
    const titles: string[] = []
    const observer = new MutationObserver(() => titles.push(document.title))
    observer.observe(document.head, { childList: true })
    const manager = createHeadManager(document)
    manager.set('a', <title>Two</title>)
    manager.remove('a')
    manager.set('b', <title>Three</title>)
    await tick()
    await new Promise((resolve) => setTimeout(resolve))
    observer.disconnect()
    expect(titles).toEqual(['Three'])
  })

  it('writes attributes as HTML has them', async () => {
    const manager = createHeadManager(document)
    manager.set(
      'a',
      <>
        <meta httpEquiv="x-test" content="1" />
        <link rel="preload" as="font" crossOrigin="anonymous" href="/f.woff2" className="font" />
        <script noModule defer={false} data-on data-off={false} onLoad={() => undefined} nonce="n0" />
      </>,
    )
    await tick()
    expect(tags().slice(2)).toEqual([
      '<meta http-equiv="x-test" content="1">',
      '<link rel="preload" as="font" crossorigin="anonymous" href="/f.woff2" class="font">',
      '<script nomodule="" data-on="true" data-off="false" nonce="n0"></script>',
    ])
  })
})

describe('mergeHeads', () => {
  const merge = (heads: string, changed: string) =>
    mergeHeads(
      heads.split('').map((id) => [id, 'old'] as const),
      changed.split('').map((id) => [id, 'new'] as const),
    )
      .map(([id, state]) => (state === 'new' ? id.toUpperCase() : id))
      .join('')

  it.each([
    ['', 'ab', 'AB'],
    ['ab', '', 'ab'],
    // What alone is rendered again keeps its place.
    ['abc', 'b', 'aBc'],
    // A navigation renders all of them, a new one among them.
    ['ab', 'acb', 'ACB'],
    // One that is new comes last, unless what follows it is rendered with it.
    ['ab', 'c', 'abC'],
    ['abd', 'cd', 'abCD'],
    ['abc', 'ca', 'CAb'],
  ])('%s and %s make %s', (heads, changed, merged) => {
    expect(merge(heads, changed)).toBe(merged)
  })
})
