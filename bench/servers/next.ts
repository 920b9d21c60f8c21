import { join } from 'node:path'
import { BENCH_ROOT, reuseBuild } from '../harness/folders.ts'
import { run } from '../harness/process.ts'
import { toSiteEnv, type ServerKind, type SiteOptions } from './kinds.ts'

const APP = join(BENCH_ROOT, 'apps/next')
const CLI = join(BENCH_ROOT, 'node_modules/next/dist/bin/next')
const QUIET = { NEXT_TELEMETRY_DISABLED: '1' }

/** Next.js as it comes: Pages Router, `next build`, `next start`. */
export const next: ServerKind = {
  name: 'next',
  label: 'Next.js 16, Pages Router',
  prepare: (site) => prepareNext(site, 'on'),
}

/** Its own advice for those who compress in a proxy. */
export const nextUncompressed: ServerKind = {
  name: 'next-uncompressed',
  label: 'Next.js 16, `compress: false`',
  prepare: (site) => prepareNext(site, 'off'),
}

async function prepareNext(site: SiteOptions, compress: 'on' | 'off') {
  const folder = await buildNext(site)
  const env = { ...toSiteEnv(site), ...QUIET, BENCH_OUT: toDistDir(folder), BENCH_COMPRESS: compress }
  return { file: process.execPath, args: [CLI, 'start', '--hostname', '127.0.0.1'], cwd: APP, env }
}

/** `next build` of apps/next. @returns its `distDir`, absolute. */
export function buildNext(site: SiteOptions): Promise<string> {
  const env = { ...toSiteEnv(site), ...QUIET }
  const key = { name: 'next', sources: ['site', 'apps/next'], settings: env, parent: join(APP, '.builds') }
  return reuseBuild(key, async (folder) => {
    const args = [CLI, 'build']
    await run({ file: process.execPath, args, cwd: APP, env: { ...env, BENCH_OUT: toDistDir(folder) } })
  })
}

/** Next wants it relative, and below the project. */
function toDistDir(folder: string): string {
  return folder.slice(APP.length + 1)
}
