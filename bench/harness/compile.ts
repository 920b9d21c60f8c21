import { mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'vite'
import { BENCH_ROOT, BUILDS } from './folders.ts'

/**
 * Makes a plain JavaScript program of a TypeScript one, so that what is measured has no compiler in its process.
 *
 * @param entry relative to bench/.
 * @returns the path of the program, for `node`.
 */
export async function compileProgram(entry: string): Promise<string> {
  const name = basename(entry).replace(/\.tsx?$/, '')
  const outDir = join(BUILDS, 'programs', name)
  mkdirSync(outDir, { recursive: true })
  await build({
    root: BENCH_ROOT,
    configFile: false,
    logLevel: 'warn',
    mode: 'production',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      ssr: entry,
      outDir,
      emptyOutDir: true,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: `${name}.mjs` } },
    },
  })
  return join(outDir, `${name}.mjs`)
}
