import { compileProgram } from '../harness/compile.ts'
import { reuseBuild } from '../harness/folders.ts'
import { run } from '../harness/process.ts'
import { toSiteEnv, type SiteOptions } from './kinds.ts'

const PROGRAM = 'servers/programs/prerender.ts'

/** The prerendered pages as files, each beside its gzip and brotli forms: `<folder>/posts/1.html`, `.html.gz`, `.html.br`. */
export function writeStaticFiles(site: SiteOptions): Promise<string> {
  const env = toSiteEnv(site)
  return reuseBuild({ name: 'static', sources: ['site', PROGRAM], settings: env }, async (folder) => {
    await run({ file: process.execPath, args: [await compileProgram(PROGRAM), folder], env })
  })
}
