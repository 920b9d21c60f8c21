// Compiles plugin/ and runtime/ to dist/. The result is put in place whole: a file left over from an earlier build must
// not be published, and whoever uses dist/ at this moment must not find it empty.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** @throws when the compiler reports an error; `dist/` then stays as it was. */
export function buildPackage() {
  const dist = join(root, 'dist')
  const fresh = join(root, `dist.tmp-${process.pid}`)
  const old = join(root, `dist.old-${process.pid}`)
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
  const compiler = [join(typescript, 'bin/tsc'), '-p', join(root, 'tsconfig.build.json'), '--outDir', fresh]
  try {
    const tsc = spawnSync(process.execPath, compiler, { stdio: 'inherit', cwd: root })
    if (tsc.status !== 0) throw new Error(`tsc ended with ${tsc.status ?? tsc.signal}`)
    chmodSync(join(fresh, 'runtime/node/cli.js'), 0o755)
    if (existsSync(dist)) renameSync(dist, old)
    renameSync(fresh, dist)
  } finally {
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    buildPackage()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
