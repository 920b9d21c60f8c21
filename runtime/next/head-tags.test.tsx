import { renderToStaticMarkup } from 'react-dom/server'
import { Fragment, type ReactNode } from 'react'
import { describe, expect, it } from 'vitest'
import { toHeadTags } from './head-tags.ts'

const DEFAULTS = ['meta charset=utf-8', 'meta name=viewport content=width=device-width']

/** The tags as text, in their order. */
function list(...heads: ReactNode[]): string[] {
  return toHeadTags(heads).map(({ type, props }) => {
    const attributes = Object.entries(props).filter(([name]) => name !== 'children' && !name.startsWith('data-'))
    const text = typeof props['children'] === 'string' ? `>${props['children']}` : ''
    return `${type} ${attributes.map(([name, value]) => `${name.toLowerCase()}=${String(value)}`).join(' ')}${text}`
  })
}

describe('toHeadTags', () => {
  it('has a charset and a viewport where no page has one', () => {
    expect(list()).toEqual(DEFAULTS)
    expect(list(<meta name="viewport" content="width=500" />)).toEqual([
      DEFAULTS[0],
      'meta name=viewport content=width=500',
    ])
    expect(list(<meta charSet="latin1" />)).toEqual([DEFAULTS[1], 'meta charset=latin1'])
  })

  it('the later title, base and meta of one name wins, in its own place', () => {
    const app = (
      <>
        <title>App</title>
        <base href="/a" />
        <meta name="description" content="app" />
        <link rel="icon" href="/icon" />
      </>
    )
    const page = (
      <>
        <meta name="description" content="page" />
        <title>Page</title>
        <base href="/b" />
      </>
    )
    expect(list(app, page).slice(2)).toEqual([
      'link rel=icon href=/icon',
      'meta name=description content=page',
      'title >Page',
      'base href=/b',
    ])
  })

  it('tags of one key stand once; without a key, those that may repeat do', () => {
    const first = [
      <meta key="og" property="og:title" content="app" />,
      <meta key="image" property="og:image" content="1" />,
      <script key="data" type="application/ld+json" />,
    ]
    const second = [
      <meta key="og" property="og:title" content="page" />,
      <meta key="other" property="og:image" content="2" />,
      <script key="data" type="application/json" />,
    ]
    expect(list(first, second).slice(2)).toEqual([
      'meta property=og:image content=1',
      'meta property=og:title content=page',
      'meta property=og:image content=2',
      'script type=application/json',
    ])
    const unkeyed = (
      <>
        <meta property="og:image" content="1" />
        <meta property="og:image" content="2" />
      </>
    )
    expect(list(unkeyed).slice(2)).toHaveLength(2)
  })

  it('a key says more than a name, and less than nothing about another key', () => {
    const tags = (
      <>
        <meta name="theme-color" media="light" key="light" />
        <meta name="theme-color" media="dark" key="dark" />
        <meta httpEquiv="refresh" content="1" key="a" />
        <meta httpEquiv="refresh" content="2" key="b" />
      </>
    )
    expect(list(tags).slice(2)).toEqual([
      'meta name=theme-color media=light',
      'meta name=theme-color media=dark',
      'meta httpequiv=refresh content=2',
    ])
  })

  it('looks into fragments and arrays, and passes by what is no tag', () => {
    const Component = () => null
    const tags = (
      <>
        {false}
        {null}
        text
        <Component />
        {[<link key="a" rel="a" />, [<link key="b" rel="b" />]]}
        <Fragment>
          <Fragment>
            <link rel="c" />
          </Fragment>
        </Fragment>
        {new Set([<link key="d" rel="d" />])}
      </>
    )
    expect(list(tags).slice(2)).toEqual(['link rel=a', 'link rel=b', 'link rel=c', 'link rel=d'])
  })

  it('a title that was put together is one text', () => {
    const name = 'Ada & Co'
    expect(
      renderToStaticMarkup(
        <>
          {toHeadTags([
            <title key="t">
              {name} | {1}
            </title>,
          ])}
        </>,
      ),
    ).toContain('<title data-next-head="">Ada &amp; Co | 1</title>')
  })
})
