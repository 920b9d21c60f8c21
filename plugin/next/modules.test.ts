import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { findNextModule, toNextFile } from './modules.ts'

const declarations = readFileSync(new URL('../../next.d.ts', import.meta.url), 'utf8')
const names = ['app', 'document', 'dynamic', 'error', 'head', 'image', 'link', 'router', 'script']

describe('findNextModule', () => {
  it.each(names)('next/%s has a stand-in, in both spellings', (name) => {
    expect(findNextModule(`next/${name}`)).toEqual({ type: 'file', name })
    expect(findNextModule(`next/${name}.js`)).toEqual({ type: 'file', name })
  })
  it('next itself is types', () => {
    expect(findNextModule('next')).toEqual({ type: 'types' })
    expect(findNextModule('next/types')).toEqual({ type: 'types' })
  })
  it.each([
    ['next/font/google', /@fontsource/],
    ['next/navigation', /App Router.*useRouter of next\/router/],
    ['next/server', /pages\/api/],
    ['next/dist/client/router', /Available are next\/app, next\/document/],
    ['next/constructor', /Available are/],
    ['next/__proto__', /Available are/],
  ])('%s has none, and a hint', (name, hint) => {
    expect(findNextModule(name)).toEqual({ type: 'unknown', hint: expect.stringMatching(hint) })
  })
  it('every stand-in is declared for TypeScript, and the other way round', () => {
    const declared = [...declarations.matchAll(/declare module '(next\/[^']+)'/g)].map(([, name]) => name!)
    const found = declared.filter((name) => name !== 'next/types').map((name) => findNextModule(name))
    expect(found.map(({ type }) => type)).toEqual(found.map(() => 'file'))
    expect(declared).toEqual(expect.arrayContaining(names.map((name) => `next/${name}`)))
  })
  it('stand-ins are files of this package', () => {
    expect(toNextFile('link')).toMatch(/\/runtime\/next\/link\.js$/)
  })
})
