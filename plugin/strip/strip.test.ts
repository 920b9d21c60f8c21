import { SourceMap } from 'node:module'
import { describe, expect, it } from 'vitest'
import { stripServerCode } from './strip.ts'

/** The page without its server half, one line per non-empty line. */
function strip(code: string, file = 'page.tsx'): string[] {
  const stripped = stripServerCode(code, file)
  if (stripped && 'reason' in stripped) throw new Error(stripped.reason)
  return (stripped?.code ?? code)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

const PAGE = 'export default function Page() { return null }'

/** Each: what the page says, what the browser gets (lines), beside the default export that all have. */
const cases: Record<string, [page: string, browser: string[], file?: string]> = {
  'a data function declaration': ['export async function getStaticProps() { return { props: {} } }', []],
  'an arrow function in a const': ['export const getStaticProps = async () => ({ props: {} })', []],
  'all three at once': [
    `export const getStaticProps = () => 1
     export function getStaticPaths() {}
     export async function getServerSideProps() {}`,
    [],
  ],
  'an import that only the data function uses, with all its side effects': [
    `import { query } from '../lib/db.server'
     export const getStaticProps = () => query()`,
    [],
  ],
  'an import of which the browser uses a part': [
    `import React, { query, format, type Row } from './lib'
     export const getStaticProps = () => query()
     export const Time = () => format(React)`,
    [`import React, { format } from './lib'`, 'export const Time = () => format(React)'],
  ],
  'a default import that only the server uses beside named ones': [
    `import db, { format as toText } from './lib' with { type: 'json' }
     export const getStaticProps = () => db()
     export const Time = () => toText()`,
    [`import { format as toText } from './lib' with { type: 'json' }`, 'export const Time = () => toText()'],
  ],
  'a namespace import': [
    `import * as fs from 'node:fs'
     export const getStaticProps = () => fs.readFileSync('x')`,
    [],
  ],
  'a default beside a namespace': [
    `import lib, * as all from './lib'
     export const getStaticProps = () => all.query()
     export const Time = () => lib()`,
    [`import lib from './lib'`, 'export const Time = () => lib()'],
  ],
  'a type that was imported along does not hold the module': [
    `import { query, type Row } from './db.server'
     export const getStaticProps = (): Row => query()`,
    [],
  ],
  'a name that was imported for nothing does not hold the module': [
    `import { query, unused } from './db.server'
     export const getStaticProps = () => query()`,
    [],
    'page.jsx',
  ],
  'imports for their side effect stay': [
    `import './global.css'
     import {} from './setup'
     export const getStaticProps = () => 1`,
    [`import './global.css'`, `import {} from './setup'`],
  ],
  'import type stays': [
    `import type { GetStaticProps } from 'next'
     export const getStaticProps: GetStaticProps = () => 1`,
    [`import type { GetStaticProps } from 'next'`],
  ],
  'helpers of helpers': [
    `import { pool } from './pool'
     const run = () => pool
     function load() { return run() }
     export const getStaticProps = () => load()`,
    [],
  ],
  'mutual recursion': [
    `function even(n) { return n === 0 || odd(n - 1) }
     function odd(n) { return n !== 0 && even(n - 1) }
     export const getStaticProps = () => even(4)`,
    [],
  ],
  'recursion that the browser shares': [
    `function even(n) { return n === 0 || odd(n - 1) }
     function odd(n) { return n !== 0 && even(n - 1) }
     export const getStaticProps = () => even(4)
     export const Even = () => odd(1)`,
    [
      'function even(n) { return n === 0 || odd(n - 1) }',
      'function odd(n) { return n !== 0 && even(n - 1) }',
      'export const Even = () => odd(1)',
    ],
  ],
  'a shadowed name is another name': [
    `import { query } from './db'
     export const getStaticProps = () => query()
     export function List({ query }) { return query }
     export const Other = () => { const { a: query } = props; return query; }`,
    [
      'export function List({ query }) { return query }',
      'export const Other = () => { const { a: query } = props; return query; }',
    ],
  ],
  'a name that is shadowed after its use in the same scope': [
    `import { query } from './db'
     export const getStaticProps = () => query()
     export function List() { use(() => query); function query() {} }`,
    ['export function List() { use(() => query); function query() {} }'],
  ],
  'a name that is only shadowed in a sibling scope is used': [
    `import { query } from './db'
     export const getStaticProps = () => query()
     export function List() { { let query = 1; } return query }`,
    [`import { query } from './db'`, 'export function List() { { let query = 1; } return query }'],
  ],
  'a property of that name is no use': [
    `import { query } from './db'
     export const getStaticProps = () => query()
     export const List = (p) => p.query + ({ query: 1 }).query + <a query="x" />`,
    ['export const List = (p) => p.query + ({ query: 1 }).query + <a query="x" />'],
  ],
  'a shorthand property is a use': [
    `import { query } from './db'
     export const getStaticProps = () => query()
     export const List = () => ({ query })`,
    [`import { query } from './db'`, 'export const List = () => ({ query })'],
  ],
  'export under another name': [
    `async function load() { return secret }
     const secret = 'x'
     export { load as getStaticProps }`,
    [],
  ],
  'export under a quoted name': [`const load = () => 1\n export { load as 'getStaticProps' }`, []],
  'one of several export specifiers': [
    `const load = () => 1
     const a = 2
     export { load as getStaticProps, a as b, a }`,
    ['const a = 2', 'export { a as b, a }'],
  ],
  'a function that is both exported and used by the browser stays, its export goes': [
    `const load = () => 1
     export { load as getStaticProps }
     export const Time = () => load()`,
    ['const load = () => 1', 'export const Time = () => load()'],
  ],
  'export from another module': [`export { getStaticProps } from './data.server'`, []],
  'export of some from another module': [
    `export { getStaticProps, Widget } from './data'`,
    [`export { Widget } from './data'`],
  ],
  'export of an import': [
    `import { getStaticProps } from './data.server'
     export { getStaticProps }`,
    [],
  ],
  'export of a namespace as one': [`export * as getStaticProps from './x'`, []],
  'several declarators, first, middle and last': [
    `export const getStaticProps = () => 1, a = 2, getStaticPaths = () => 3, b = 4, getServerSideProps = 5`,
    ['export const a = 2, b = 4'],
  ],
  'a property set on the data function': [
    `import { wrap } from './wrap.server'
     async function load() {}
     load.x = wrap(1)
     Object.assign(load, { y: wrap(2) })
     load.z ??= 3; delete load.z
     export { load as getStaticProps }`,
    [],
  ],
  'a property set on the component stays': [
    `Page.layout = 'wide'
     export const getStaticProps = () => Page.layout`,
    [`Page.layout = 'wide'`],
  ],
  'a variable that only the server assigns': [
    `let cache
     cache = new Map()
     export const getStaticProps = () => cache`,
    [],
  ],
  'calls on what only the server made': [
    `import Database from 'better-sqlite3'
     const db = new Database('x.db')
     db.pragma('journal_mode = WAL');
     (await db.prepare('x')).run()
     export const getStaticProps = () => db`,
    [';'],
  ],
  'calls on what was imported may be for everyone': [
    `import i18n from 'i18next'
     i18n.use(x).init()
     export const getStaticProps = () => i18n.t('x')`,
    [`import i18n from 'i18next'`, 'i18n.use(x).init()'],
  ],
  'a plain statement keeps what it uses': [
    `import { setup, query } from './lib'
     setup()
     if (query) { console.log(1) }
     export const getStaticProps = () => setup(query)`,
    [`import { setup, query } from './lib'`, 'setup()', 'if (query) { console.log(1) }'],
  ],
  'a function that runs itself stays': [
    `function main() {}
     main.call(null)
     export const getStaticProps = () => main()`,
    ['function main() {}', 'main.call(null)'],
  ],
  'code that does something though nothing refers to it stays': [
    `const tick = () => 1
     const timer = setInterval(tick)
     export const getStaticProps = () => tick()`,
    ['const tick = () => 1', 'const timer = setInterval(tick)'],
  ],
  'unused code stays as it is': [
    `import { helper } from './helper'
     function unused() { return helper }
     export const getStaticProps = () => 1`,
    [`import { helper } from './helper'`, 'function unused() { return helper }'],
  ],
  'unused code that refers to server code goes with it': [
    `import { query } from './db'
     const load = () => query()
     function unused() { return load() }
     const also = () => unused()
     export const getStaticProps = () => load()`,
    [],
  ],
  'typeof in a type is no use': [
    `import { query } from './db'
     const q = query('x')
     type Row = ReturnType<typeof q.get>
     export const getStaticProps = () => q
     export const List = (p: { a: typeof q }) => p as typeof query satisfies Row`,
    [
      'type Row = ReturnType<typeof q.get>',
      'export const List = (p: { a: typeof q }) => p as typeof query satisfies Row',
    ],
  ],
  'typeof at run time is one': [
    `import { query } from './db'
     export const getStaticProps = () => query()
     export const has = typeof query`,
    [`import { query } from './db'`, 'export const has = typeof query'],
  ],
  'type arguments, implements and generics are no use': [
    `import { Base } from './db'
     export const getStaticProps = () => new Base()
     export class List<T extends Base> extends Object implements Base { a = f<Base>(); declare b: Base }`,
    ['export class List<T extends Base> extends Object implements Base { a = f<Base>(); declare b: Base }'],
  ],
  'types stay': [
    `export interface Props { a: string }
     export type { Row } from './db.server'
     declare const version: string
     export const getStaticProps = (): Props => version`,
    ['export interface Props { a: string }', `export type { Row } from './db.server'`, 'declare const version: string'],
  ],
  'an enum that only the server uses': [
    `enum Color { Red, Green = Red + 1 }
     export const getStaticProps = () => Color.Red`,
    [],
  ],
  'an enum that both use': [
    `const base = 1
     export enum Color { Red = base }
     export const getStaticProps = () => Color.Red`,
    ['const base = 1', 'export enum Color { Red = base }'],
  ],
  'a class that only the server uses, with what it extends': [
    `import { Repository } from './repository'
     class Posts extends Repository { static all = [] }
     export const getStaticProps = () => new Posts()`,
    [],
  ],
  'a namespace': [
    `namespace Data { export const x = 1 }
     export const getStaticProps = () => Data.x`,
    [],
  ],
  'import equals': [
    `import fs = require('fs')
     import Deep = A.B
     import * as A from './a'
     export const getStaticProps = () => [fs, Deep]`,
    [],
    'page.ts',
  ],
  'overloads go with their implementation': [
    `export function getStaticProps(a: string): void
     export function getStaticProps(a: unknown) {}
     function load(a: string): void
     function load(a: unknown): void
     function load(a: unknown) {}
     export const getStaticPaths = () => load('x')`,
    [],
  ],
  'JSX is a use, of members too': [
    `import { Card, ui, motion } from './ui'
     export const getStaticProps = () => [Card, ui, motion]
     export const List = () => <Card><ui.Item /><motion.div /></Card>`,
    [`import { Card, ui, motion } from './ui'`, 'export const List = () => <Card><ui.Item /><motion.div /></Card>'],
  ],
  'JSX of the server only': [
    `import { Feed } from './feed'
     import { render } from './render'
     export const getServerSideProps = () => render(<Feed />)`,
    [],
  ],
  'the classic runtime uses React': [
    `import React, { cache } from 'react'
     export const getStaticProps = () => cache(1)
     export const List = () => <b />`,
    [`import React from 'react'`, 'export const List = () => <b />'],
  ],
  'so does another factory': [
    `/** @jsx h */
     import { h, cache } from 'preact'
     export const getStaticProps = () => cache(1)
     export const List = () => <b />`,
    ['/** @jsx h */', `import { h } from 'preact'`, 'export const List = () => <b />'],
  ],
  'hooks and what they share': [
    `import { useState, cache } from 'react'
     const initial = 1
     export const getStaticProps = () => cache(initial)
     export const Counter = () => useState(initial)`,
    [`import { useState } from 'react'`, 'const initial = 1', 'export const Counter = () => useState(initial)'],
  ],
  'a destructuring that only the server uses': [
    `import lib from './lib'
     const { a, b: [c = lib], ...rest } = lib
     export const getStaticProps = () => [a, c, rest]`,
    [],
  ],
  'a destructuring of which the browser uses a part stays whole': [
    `import lib from './lib'
     const { a, b } = lib
     export const getStaticProps = () => a
     export const List = () => b`,
    [`import lib from './lib'`, 'const { a, b } = lib', 'export const List = () => b'],
  ],
  'default parameters and computed keys are uses': [
    `import { a, b, c } from './lib'
     export const getStaticProps = () => [a, b, c]
     export const List = (x = a) => ({ [b]: 1, get [c]() {} })`,
    [`import { a, b, c } from './lib'`, 'export const List = (x = a) => ({ [b]: 1, get [c]() {} })'],
  ],
  'config and other exports stay': [
    `export const config = { amp: false }
     export const getStaticProps = () => config`,
    ['export const config = { amp: false }'],
  ],
  'directives stay': [`'use client'\n export const getStaticProps = () => 1`, [`'use client'`]],
  'a dynamic import goes with its function': [
    `export const getStaticProps = async () => (await import('./db.server')).query()`,
    [],
  ],
  'comments go with what they tell about': [
    `/** The token is 123. */
     const token = '123' // 123
     // reads the database
     // with the token
     export const getStaticProps = () => token
     /*! keep: licence */
     export const getStaticPaths = () => token

     // stays`,
    ['/*! keep: licence */', '// stays'],
  ],
  'lines without semicolons do not run together': [
    `const a = b
     export const getStaticProps = () => 1
     ;(a)()
     const c = 2, getStaticPaths = () => {}
     ;[c].map(a)
     export { getStaticPaths }
     \`x\`.at(0)`,
    ['const a = b', ';(a)()', 'const c = 2', ';[c].map(a)', ';', '`x`.at(0)'],
  ],
  'text beyond the basic plane does not shift the cuts': [
    `// 😀 é 日本
     const a = '😀'
     export const getStaticProps = () => '日本'
     export const b = a`,
    ['// 😀 é 日本', `const a = '😀'`, 'export const b = a'],
  ],
}

describe('stripServerCode', () => {
  for (const [name, [page, browser, file]] of Object.entries(cases)) {
    it(`B35 takes out: ${name}`, () => {
      expect(strip(`${page}\n${PAGE}`, file)).toEqual([...browser, PAGE])
    })

    it(`B35 has nothing more to take out: ${name}`, () => {
      const once = strip(`${page}\n${PAGE}`, file).join('\n')
      expect(stripServerCode(once, file ?? 'page.tsx')).toBeUndefined()
    })
  }

  it('B35 leaves a page without data functions alone', () => {
    expect(stripServerCode(`import { db } from './db'\nexport default () => db`, 'page.js')).toBeUndefined()
  })

  it('B35 leaves a page that does not parse to Vite', () => {
    expect(stripServerCode('export const getStaticProps = (', 'page.tsx')).toBeUndefined()
  })

  it('B35 refuses a data function from a destructuring', () => {
    const page = `export const { getStaticProps, a } = create()\n${PAGE}`
    expect(stripServerCode(page, 'page.ts')).toEqual({ reason: 'destructured', name: 'getStaticProps' })
    expect(strip(`export const { a, ...b } = create()\nexport const getStaticProps = 1`)).toHaveLength(1)
  })

  it('B35 refuses export *, which hides data functions', () => {
    expect(stripServerCode(`export * from './x'`, 'page.ts')).toEqual({ reason: 'exportAll', name: './x' })
    expect(stripServerCode(`export type * from './x'`, 'page.ts')).toBeUndefined()
  })

  it('maps what stays to where it was', () => {
    const page = `import { query } from './db'\n\nconst a = 1\nexport const getStaticProps = () => query()\n${PAGE}`
    const stripped = stripServerCode(page, '/pages/index.tsx')
    if (!stripped || 'reason' in stripped) throw new Error('not stripped')
    const map = new SourceMap(JSON.parse(stripped.map.toString()))
    const line = stripped.code.split('\n').findIndex((text) => text.startsWith('export default'))
    expect(map.findEntry(line, 0)).toMatchObject({ originalLine: 4, originalColumn: 0 })
  })
})
