import { join } from 'node:path'
import { compileProgram } from '../harness/compile.ts'
import { BENCH_ROOT, reuseBuild } from '../harness/folders.ts'
import { run } from '../harness/process.ts'
import { toSiteEnv, type ServerKind, type SiteOptions } from './kinds.ts'

/** `node dist/server/start.mjs`. */
export const isr: ServerKind = {
  name: 'isr',
  label: '**vite-plugin-isr**, own server',
  async prepare(site) {
    return { file: process.execPath, args: [join(await buildIsr(site), 'server/start.mjs')], env: toSiteEnv(site) }
  },
}

/** The same with renders on the thread that answers. */
export const isrInProcess: ServerKind = {
  name: 'isr-in-process',
  label: '**vite-plugin-isr**, `workers: 0`',
  prepare: (site) => isr.prepare({ ...site, workers: 0 }),
}

export const isrInHttp = createEmbedded('isr-http', '`node:http`')
export const isrInFastify = createEmbedded('isr-fastify', 'Fastify')
export const isrInExpress = createEmbedded('isr-express', 'Express')

/** `createIsrHandler` in a server of the user's own. */
function createEmbedded(name: string, host: string): ServerKind {
  return {
    name,
    label: `**vite-plugin-isr** in ${host}`,
    async prepare(site) {
      const program = await compileProgram(`servers/programs/${name}.ts`)
      return { file: process.execPath, args: [program, await buildIsr(site)], env: toSiteEnv(site) }
    },
  }
}

/** `vite build` of apps/isr, in a process of its own, as a user runs it. @returns its `dist`. */
export function buildIsr(site: SiteOptions): Promise<string> {
  const env = toSiteEnv(site)
  const sources = ['site', 'apps/isr', '../dist']
  return reuseBuild({ name: 'isr', sources, settings: env }, async (folder) => {
    const vite = join(BENCH_ROOT, 'node_modules/vite/bin/vite.js')
    const cwd = join(BENCH_ROOT, 'apps/isr')
    const args = [vite, 'build', '--emptyOutDir']
    await run({ file: process.execPath, args, cwd, env: { ...env, BENCH_OUT: folder } })
  })
}
