import { join } from 'node:path'
import { compileProgram } from '../harness/compile.ts'
import type { ServerKind } from './kinds.ts'
import { writeStaticFiles } from './static-files.ts'

/** The limit for a herd in Node: nothing is rendered, for as many milliseconds as a render would take. */
export function createHold(renderMs: number): ServerKind {
  return {
    name: 'hold',
    label: `\`node:http\`, a timer of ${renderMs} ms and one Buffer`,
    async prepare(site) {
      const page = join(await writeStaticFiles({ pages: site.pages }), 'posts/1.html')
      const program = await compileProgram('servers/programs/hold.ts')
      return { file: process.execPath, args: [program, page, String(renderMs)] }
    },
  }
}
