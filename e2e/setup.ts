import { setup as buildPackageWhenStale } from '../scripts/fresh-dist.mjs'
import { buildTemplates, removeSites } from './site.ts'

export default async function setup(): Promise<() => Promise<void>> {
  buildPackageWhenStale()
  await buildTemplates()
  return removeSites
}
