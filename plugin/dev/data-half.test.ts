import { describe, expect, it } from 'vitest'
import { readDataHalf } from './data-half.ts'

const PAGE = `
import './setup'
import type { Post } from '../lib/types'
import { query, type Row } from '../lib/db'
import { Card } from '../lib/card'
import { format } from '../lib/format'

const LIMIT = 10
const TITLE = 'Posts'

function load(): Post[] {
  return query(LIMIT)
}

export async function getStaticProps() {
  const { extra } = await import('../lib/extra')
  return { props: { posts: load().map(format), extra } }
}

export default function Page({ posts }: { posts: Post[] }) {
  return <Card title={TITLE}>{posts.map(format)}</Card>
}
`

const read = (code: string) => readDataHalf(code, '/pages/index.tsx')

describe('readDataHalf', () => {
  it('lists what the data functions import, directly or by a promise, and no component', () => {
    expect(read(PAGE)!.imports).toEqual(['./setup', '../lib/db', '../lib/format', '../lib/extra'])
  })

  it('is the same after an edit of the component, and of the place in the file', () => {
    const before = read(PAGE)!.fingerprint
    expect(read(PAGE.replace('<Card title', '<Card wide title'))!.fingerprint).toBe(before)
    expect(read(PAGE.replace("'Posts'", "'All posts'"))!.fingerprint).toBe(before)
    expect(read(`// a line more\n${PAGE}`)!.fingerprint).toBe(before)
  })

  it('changes with a data function and with all that it uses in the file', () => {
    const before = read(PAGE)!.fingerprint
    expect(read(PAGE.replace('extra }', 'more: extra }'))!.fingerprint).not.toBe(before)
    expect(read(PAGE.replace('LIMIT = 10', 'LIMIT = 20'))!.fingerprint).not.toBe(before)
    expect(read(PAGE.replace('query(LIMIT)', 'query(LIMIT).reverse()'))!.fingerprint).not.toBe(before)
  })

  it('follows data functions that another module holds', () => {
    expect(read("export { getStaticProps } from '../lib/data'\nexport default () => null")!.imports).toEqual([
      '../lib/data',
    ])
    expect(read("import { load } from '../lib/data'\nexport { load as getServerSideProps }")!.imports).toEqual([
      '../lib/data',
    ])
  })

  it('is none without data functions or with a syntax error', () => {
    expect(read("import a from 'a'\nexport default () => a")).toBeUndefined()
    expect(read('export const getStaticProps = (')).toBeUndefined()
  })
})
