import { describe, expect, it } from 'vitest'
import type { ManifestRoute } from '../types.ts'
import { createTargets } from './targets.ts'
import { createManifest } from './testing/manifest.ts'

const toRoute = (pattern: string): ManifestRoute => ({ pattern, kind: 'isr', file: '', css: [], js: [], paths: 0 })

describe('targets', () => {
  it('SEC-46 no spelling makes a page of what shapes pages or is shown with errors', () => {
    for (const patterns of [['/[slug]'], ['/404', '/[slug]'], ['/404', '/[...slug]']]) {
      const targets = createTargets(createManifest(patterns.map(toRoute)))
      expect(targets.findPage('/40%35')?.path).toBe('/405')
      for (const path of [
        '/404',
        '/%34%30%34',
        '/40%34/',
        '/%35%30%30',
        '/500',
        '/%5Ferror',
        '/_ap%70',
        '/_document',
      ]) {
        expect([path, targets.findPage(path)]).toEqual([path, undefined])
      }
    }
  })
})
