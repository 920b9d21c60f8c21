import { setup as buildPackageWhenStale } from '../scripts/fresh-dist.mjs'
import { buildTemplate, removeSites } from './site.ts'

export default async function setup(): Promise<() => Promise<void>> {
  buildPackageWhenStale()
  await buildTemplate()
  return removeSites
}
