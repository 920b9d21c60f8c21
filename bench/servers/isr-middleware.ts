import { compileProgram } from '../harness/compile.ts'
import { buildIsr } from './isr-build.ts'
import { toSiteEnv, type ServerKind } from './kinds.ts'

export const isrMiddleware: ServerKind = {
  name: 'isr-middleware',
  label: '**vite-plugin-isr** in `node:http`',
  async prepare(site) {
    const program = await compileProgram('servers/programs/isr-middleware.ts')
    return { file: process.execPath, args: [program, await buildIsr(site)], env: toSiteEnv(site) }
  },
}
