import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createSite } from '../testing/site.ts'
import { findNextPackages } from './packages.ts'

it('finds the packages that are made for Next.js, from a workspace too', () => {
  const root = createSite({
    'node_modules/next-seo/package.json': '{ "peerDependencies": { "next": ">=8", "react": "*" } }',
    'node_modules/@scope/bar/package.json': '{ "peerDependencies": { "next": "*" } }',
    'node_modules/plain/package.json': '{ "dependencies": { "next": "*" } }',
    'node_modules/broken/package.json': '{',
    'site/package.json':
      '{ "dependencies": { "next-seo": "1", "plain": "1", "broken": "1", "gone": "1" }, "devDependencies": { "@scope/bar": "1" } }',
  })
  expect(findNextPackages(join(root, 'site'))).toEqual(['next-seo', '@scope/bar'])
})

it('finds none where there is no package.json to read', () => {
  expect(findNextPackages(createSite({ 'package.json': 'no' }))).toEqual([])
})
