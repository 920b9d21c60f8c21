import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
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

  it('P7 a remembered path keeps nothing of the query that it was asked with', () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc') as () => void
    const targets = createTargets(createManifest([toRoute('/[slug]')]))
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < 1000; index += 1) {
      // As a request brings it: one text of its own, of which path and parameter are parts.
      const url = Buffer.from(`/a-page-with-a-name-${index}?${'x'.repeat(10_000)}`).toString('latin1')
      const path = url.slice(0, url.indexOf('?'))
      targets.remember(path, targets.findPage(path)!, 'html')
    }
    collectGarbage()
    expect(targets.recall('/a-page-with-a-name-7')?.target.params).toEqual({ slug: 'a-page-with-a-name-7' })
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(3e6)
  })

  it('SEC-99 P7 what is remembered is bounded in bytes too: made-up addresses are as long as they may be', () => {
    const targets = createTargets(createManifest([toRoute('/[slug]')]))
    const remember = (path: string) => targets.remember(path, targets.findPage(path)!, 'html')
    const toPath = (index: number, length: number) => `/${String(index).padStart(length, 'x')}`
    for (let index = 0; index < 16_000; index += 1) remember(toPath(index, 40))
    expect(targets.recall(toPath(0, 40))).toBeDefined()
    for (let index = 0; index < 8000; index += 1) remember(toPath(index, 1000))
    expect(targets.recall(toPath(15_999, 40))).toBeUndefined()
    expect(targets.recall(toPath(3999, 1000))).toBeUndefined()
    expect(targets.recall(toPath(7999, 1000))).toBeDefined()
  })
})
