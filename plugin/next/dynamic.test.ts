import { describe, expect, it } from 'vitest'
import { parsePage } from '../routes/exports.ts'
import { findDynamicCalls } from './dynamic.ts'

const find = (code: string, file = 'page.tsx') =>
  findDynamicCalls(parsePage(code, file)!.program).map(({ sources, count }) => [count, ...sources])

describe('findDynamicCalls', () => {
  it.each([
    ["import dynamic from 'next/dynamic'\nconst A = dynamic(() => import('./a'))", [[1, './a']]],
    [
      "import load from 'next/dynamic.js'\nconst A = load<Props>(() => import('./a').then((m) => m.A), { ssr: false },)",
      [[2, './a']],
    ],
    ["import { default as d } from 'next/dynamic'\nexport default d({ loader: () => import('./a') })", [[1, './a']]],
    [
      "import dynamic from 'next/dynamic'\nconst A = dynamic(async () => { await import('./x'); return import('./y') })",
      [[1, './x', './y']],
    ],
    ["import dynamic from 'next/dynamic'\nconst A = dynamic(import('./a'))", [[1, './a']]],
    // Nothing to know, or known already.
    ["import dynamic from 'next/dynamic'\nconst A = dynamic(() => import(path))", []],
    ["import dynamic from 'next/dynamic'\nconst A = dynamic(() => import('./a'), undefined, ['a'])", []],
    ["import dynamic from 'next/dynamic'\nconst A = dynamic()", []],
    ["import dynamic from 'elsewhere'\nconst A = dynamic(() => import('./a'))", []],
    ["import 'next/dynamic'\nconst A = dynamic(() => import('./a'))", []],
  ])('%s', (code, calls) => {
    expect(find(code)).toEqual(calls)
  })
  it('reads JSX in .js files', () => {
    const code =
      "import dynamic from 'next/dynamic'\nconst A = dynamic(() => import('./a'), { loading: () => <p>…</p> })"
    expect(find(code, 'page.js')).toEqual([[2, './a']])
  })
})
