import { describe, expect, it } from 'vitest'
import type { Manifest } from 'vite'
import { collectAssets, findEntryKey } from './assets.ts'

const manifest: Manifest = {
  'virtual:isr/client': {
    file: 'assets/client-1.js',
    isEntry: true,
    imports: ['_react-1.js'],
    dynamicImports: ['pages/a.tsx', 'pages/b.tsx'],
    css: ['assets/app-1.css'],
  },
  '_react-1.js': { file: 'assets/react-1.js' },
  '_Card-1.js': { file: 'assets/Card-1.js', css: ['assets/Card-1.css'], imports: ['_cycle-1.js'] },
  '_cycle-1.js': { file: 'assets/cycle-1.js', imports: ['_Card-1.js'] },
  'pages/a.tsx': {
    file: 'assets/a-1.js',
    isDynamicEntry: true,
    imports: ['_react-1.js', '_Card-1.js'],
    dynamicImports: ['components/Chart.tsx'],
    css: ['assets/a-1.css'],
  },
  'pages/b.tsx': { file: 'assets/b é-1.js', isDynamicEntry: true, imports: ['_Card-1.js'] },
  'components/Chart.tsx': {
    file: 'assets/Chart-1.js',
    css: ['assets/Chart-1.css'],
    imports: ['_axis-1.js'],
    dynamicImports: ['components/Deep.tsx'],
  },
  'components/Deep.tsx': { file: 'assets/Deep-1.js', css: ['assets/Deep-1.css'] },
  '_axis-1.js': { file: 'assets/axis-1.js', css: ['assets/axis-1.css'] },
}
const pages = new Map([
  ['/a', 'pages/a.tsx'],
  ['/b', 'pages/b.tsx'],
])
const collect = (base = '/') => collectAssets(manifest, { base, entry: 'virtual:isr/client', pages })

describe('collectAssets', () => {
  it('follows imports to the CSS of shared chunks, the entry first and an import before its importer', () => {
    const { css } = collect().routes.get('/a')!
    expect(css.slice(0, 3)).toEqual(['/assets/app-1.css', '/assets/Card-1.css', '/assets/a-1.css'])
    expect(collect().routes.get('/b')!.css).toEqual(['/assets/app-1.css', '/assets/Card-1.css'])
  })
  it('adds the CSS but not the script of direct dynamic imports', () => {
    const { css, js } = collect().routes.get('/a')!
    expect(css.slice(3)).toEqual(['/assets/axis-1.css', '/assets/Chart-1.css'])
    expect(js.join()).not.toMatch(/Chart|axis|Deep/)
  })
  it('a page never gets the CSS of another page, although the entry imports both', () => {
    expect(collect().routes.get('/b')!.css).not.toContain('/assets/a-1.css')
    expect(collect().shared).toEqual({ css: ['/assets/app-1.css'], js: ['/assets/react-1.js'] })
  })
  it('lists each script once, without the entry itself, and ends on a cycle', () => {
    expect([...collect().routes.get('/a')!.js].sort()).toEqual(
      ['/assets/Card-1.js', '/assets/a-1.js', '/assets/cycle-1.js', '/assets/react-1.js'].sort(),
    )
  })
  it('puts the base in front and encodes names', () => {
    expect(collect('/shop/').entry).toBe('/shop/assets/client-1.js')
    expect(collect('/shop/').routes.get('/b')!.js).toContain('/shop/assets/b%20%C3%A9-1.js')
  })
  it('adds the one stylesheet of cssCodeSplit: false to every page', () => {
    const whole = { ...manifest, 'style.css': { file: 'assets/style-1.css', src: 'style.css' } }
    const { routes } = collectAssets(whole, { base: '/', entry: 'virtual:isr/client', pages })
    expect(routes.get('/b')!.css).toContain('/assets/style-1.css')
  })
  it('names what the manifest lacks', () => {
    expect(() => collectAssets({}, { base: '/', entry: 'x', pages: new Map() })).toThrow('"x"')
  })
})

describe('findEntryKey', () => {
  it('finds the entry however its id is spelled', () => {
    expect(findEntryKey({ '\u0000virtual:isr/client': { file: 'x', isEntry: true } }, 'virtual:isr/client')).toBe(
      '\u0000virtual:isr/client',
    )
    expect(findEntryKey(manifest, 'virtual:isr/other')).toBeUndefined()
  })
})
