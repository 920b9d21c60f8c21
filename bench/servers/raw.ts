import { compileProgram } from '../harness/compile.ts'
import type { ServerKind } from './kinds.ts'
import { writeStaticFiles } from './static-files.ts'

export const raw: ServerKind = {
  name: 'raw',
  label: '`node:http` and a Map of Buffers',
  async prepare(site) {
    return {
      file: process.execPath,
      args: [await compileProgram('servers/programs/raw.ts'), await writeStaticFiles(site)],
    }
  },
}
