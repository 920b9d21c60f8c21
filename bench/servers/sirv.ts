import { compileProgram } from '../harness/compile.ts'
import type { ServerKind } from './kinds.ts'
import { writeStaticFiles } from './static-files.ts'

export const sirvFiles: ServerKind = {
  name: 'sirv',
  label: 'sirv, prerendered files',
  async prepare(site) {
    const program = await compileProgram('servers/programs/sirv.ts')
    return { file: process.execPath, args: [program, await writeStaticFiles(site)] }
  },
}
