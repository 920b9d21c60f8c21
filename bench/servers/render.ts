import { compileProgram } from '../harness/compile.ts'
import { toSiteEnv, type ServerKind } from './kinds.ts'

/** The least that a server can do that renders each page anew: the limit for misses. */
export const render: ServerKind = {
  name: 'render',
  label: '`renderToString` behind `node:http`',
  async prepare(site) {
    return { file: process.execPath, args: [await compileProgram('servers/programs/render.ts')], env: toSiteEnv(site) }
  },
}
