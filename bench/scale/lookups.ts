// A program: prints what it costs to find a page, in nanoseconds of processor time, among more and more routes and entries.
import { createTargets } from '../../dist/runtime/http/targets.js'
import { openPack } from '../../dist/runtime/cache/pack.js'
import type { ManifestRoute } from '../../dist/runtime/types.js'
import { readManifest } from './entries.ts'

const LOOKUPS = 200_000
const KEYS = 4096

const [kind, count, dist] = [process.argv[2], Number(process.argv[3]), process.argv[4] ?? '']
console.log(JSON.stringify({ nanoseconds: kind === 'routes' ? measureRoutes() : measureEntries() }))

/** Half of the routes have a parameter. */
function measureRoutes(): number {
  const create = (pattern: string): ManifestRoute => ({
    pattern,
    kind: 'isr',
    file: pattern,
    css: [],
    js: [],
    paths: 0,
  })
  const sections = count / 2
  const routes = Array.from({ length: sections }, (_, section) => [
    create(`/section-${section}/about`),
    create(`/section-${section}/[id]`),
  ]).flat()
  const targets = createTargets({ ...readManifest(dist), routes })
  const paths = pickNumbers(sections).map((section, index) => `/section-${section}/${index % 2 ? 'about' : index}`)
  if (targets.findPage(paths[0] ?? '') === undefined) throw new Error(`${paths[0]} has no page`)
  return measure((index) => targets.findPage(paths[index] ?? ''))
}

function measureEntries(): number {
  const pack = openPack(`${dist}/isr`, readManifest(dist).entries)
  const keys = pickNumbers(count).map((number) => `p:/posts/${number + 1}`)
  if (!pack.has(keys[0] ?? '')) throw new Error(`${keys[0]} is not there`)
  return measure((index) => pack.has(keys[index] ?? ''))
}

function pickNumbers(end: number): number[] {
  return Array.from({ length: KEYS }, () => Math.floor(Math.random() * end))
}

/** The best of several runs: what disturbs makes it slower only. */
function measure(look: (index: number) => unknown): number {
  const runs = Array.from({ length: 6 }, () => {
    const before = process.cpuUsage()
    for (let index = 0; index < LOOKUPS; index++) look(index % KEYS)
    const { user, system } = process.cpuUsage(before)
    return ((user + system) * 1000) / LOOKUPS
  })
  return Math.min(...runs)
}
