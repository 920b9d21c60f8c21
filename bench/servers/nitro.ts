import { join } from 'node:path'
import { BENCH_ROOT, reuseBuild } from '../harness/folders.ts'
import { run } from '../harness/process.ts'
import { toSiteEnv, type ServerKind } from './kinds.ts'

/** Nitro with the route rule `swr`: it renders a page at its first request and keeps it in memory. */
export const nitro: ServerKind = {
  name: 'nitro',
  label: 'Nitro 3, `swr`',
  async prepare(site) {
    const env = toSiteEnv(site)
    const key = { name: 'nitro', sources: ['site', 'apps/nitro'], settings: env }
    const folder = await reuseBuild(key, async (folder) => {
      const cwd = join(BENCH_ROOT, 'apps/nitro')
      const cli = join(BENCH_ROOT, 'node_modules/nitro/dist/cli/index.mjs')
      await run({ file: process.execPath, args: [cli, 'build'], cwd, env: { ...env, BENCH_OUT: folder } })
    })
    return { file: process.execPath, args: [join(folder, 'server/index.mjs')], env }
  },
}
