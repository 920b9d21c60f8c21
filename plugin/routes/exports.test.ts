import { describe, expect, it } from 'vitest'
import { readPageExports } from './exports.ts'

describe('readPageExports', () => {
  it('lists the names of values and leaves types out', () => {
    const code = `
      import type { Row } from './db'
      export type Props = Row
      export interface Other {}
      export type { Row }
      export { type Row as getServerSideProps, helper as 'quoted name', helper as h }
      export declare const getStaticPaths: unknown
      export const a = 1, [b, { c = 2, ...d }, , ...e] = list
      export function getStaticProps() {}
      export async function* f() {}
      export class G {}
      export enum H { A }
      export namespace I { export const x = 1 }
      export * as ns from './ns'
      export { j } from './j'
      const helper = 1
      export default () => <p>page</p>`
    expect(readPageExports(code, 'page.tsx')?.names.toSorted()).toEqual(
      [
        'G',
        'H',
        'I',
        'a',
        'b',
        'c',
        'd',
        'default',
        'e',
        'f',
        'getStaticProps',
        'h',
        'j',
        'ns',
        'quoted name',
      ].toSorted(),
    )
  })

  it.each([
    ['export default function Page() {}', 'page.tsx'],
    ['export default class extends Component {}', 'page.tsx'],
    ['export { Page as default } from "./page"', 'page.ts'],
    ['export { default } from "./page"', 'page.js'],
    ['export default <p />', 'page.js'],
    ['export default <p />', 'page.jsx'],
    ['export default <T,>(value: T) => <p />', 'page.tsx'],
    ['export default <any>value', 'page.ts'],
  ])('finds the default export of: %s', (code, file) => {
    expect(readPageExports(code, file)?.names).toEqual(['default'])
  })

  it('B35 tells export * from named re-exports', () => {
    const code = `export * from './a'\nexport type * from './b'\nexport * as c from './c'\nexport * from './d'`
    expect(readPageExports(code, 'page.tsx')?.all).toEqual(['./a', './d'])
  })

  it('tells names that come out of a destructuring', () => {
    const code = `export const { getStaticProps, x: [y] } = create(), z = 1`
    expect(readPageExports(code, 'page.tsx')?.destructured).toEqual(['getStaticProps', 'y'])
  })

  it.each([
    `function Page() {}\nPage.getStaticProps = async () => ({})\nexport default Page`,
    `export default function Page() {}\nPage['getStaticProps'] = 1`,
    `const Page = () => null\nPage.getStaticProps = 1\nexport { Page as default }`,
    `export default class Page { static getStaticProps() {} }`,
    `export default class { static getStaticProps = 1 }`,
    `class Page { static async getStaticProps() {} }\nexport default Page`,
  ])('B20 finds a data function on the component: %s', (code) => {
    expect(readPageExports(code, 'page.tsx')?.attached).toEqual(['getStaticProps'])
  })

  it.each([
    `const other = {}\nother.getStaticProps = 1\nexport default () => null`,
    `class Other { static getStaticProps = 1 }\nexport default () => new Other()`,
    `export default class { getStaticProps() {} static [name]() {} }`,
    `export default function Page() {}\nPage.x.getStaticProps = 1\nPage[getStaticProps] = 1`,
  ])('B20 finds none elsewhere: %s', (code) => {
    expect(readPageExports(code, 'page.tsx')?.attached).not.toContain('getStaticProps')
  })

  it('knows nothing of a file that does not parse', () => {
    expect(readPageExports('export const = 1', 'page.tsx')).toBeUndefined()
    expect(readPageExports('const a: string = 1; export { a }', 'page.js')).toBeUndefined()
  })
})
