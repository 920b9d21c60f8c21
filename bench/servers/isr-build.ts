import { join } from 'node:path'
import { BENCH_ROOT, reuseBuild } from '../harness/folders.ts'
import { run } from '../harness/process.ts'
import { toSiteEnv, type SiteOptions } from './kinds.ts'

/** `vite build` of apps/isr, in a process of its own, as a user runs it. @returns its `dist`. */
export function buildIsr(site: SiteOptions): Promise<string> {
  const env = toSiteEnv(site)
  const sources = ['site', 'apps/isr', '../dist']
  return reuseBuild({ name: 'isr', sources, settings: env }, async (folder) => {
    const vite = join(BENCH_ROOT, 'node_modules/vite/bin/vite.js')
    const cwd = join(BENCH_ROOT, 'apps/isr')
    await run({
      file: process.execPath,
      args: [vite, 'build', '--emptyOutDir'],
      cwd,
      env: { ...env, BENCH_OUT: folder },
    })
  })
}
