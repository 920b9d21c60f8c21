import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const BENCH_ROOT = fileURLToPath(new URL('..', import.meta.url))
export const BUILDS = join(BENCH_ROOT, '.builds')

export interface BuildKey {
  /** First part of the folder's name. */
  readonly name: string
  /** Files and folders relative to bench/ that the build depends on. */
  readonly sources: readonly string[]
  readonly settings: Readonly<Record<string, string>>
  /** Where the folder goes. Default: bench/.builds. */
  readonly parent?: string
}

/**
 * A build that is made once and found again for as long as its sources and settings are the same, so that a question does not
 * build ten thousand pages that the one before has built.
 *
 * @param make writes the build into the folder that it is given, which is not there yet.
 */
export async function reuseBuild(key: BuildKey, make: (folder: string) => Promise<void>): Promise<string> {
  const parent = key.parent ?? BUILDS
  const folder = join(parent, `${key.name}-${toDigest(key)}`)
  const done = join(parent, `${key.name}-${toDigest(key)}.done`)
  if (isRecent(done)) return folder
  for (const old of [folder, done]) rmSync(old, { recursive: true, force: true })
  mkdirSync(parent, { recursive: true })
  await make(folder)
  writeFileSync(done, '')
  return folder
}

/** Pages of an older build would be stale, and then a run about hits would measure regenerations. */
const MAX_AGE_MS = 6 * 3600 * 1000

function isRecent(done: string): boolean {
  return existsSync(done) && Date.now() - statSync(done).mtimeMs < MAX_AGE_MS
}

function toDigest({ sources, settings }: BuildKey): string {
  const hash = createHash('sha256').update(JSON.stringify(settings)).update(process.versions.node)
  for (const source of [...sources, 'package-lock.json']) hashTree(hash, join(BENCH_ROOT, source))
  return hash.digest('hex').slice(0, 12)
}

function hashTree(hash: ReturnType<typeof createHash>, path: string): void {
  if (!statSync(path).isDirectory()) {
    hash.update(path).update(readFileSync(path))
    return
  }
  for (const name of readdirSync(path).sort()) {
    if (name === 'node_modules' || name.startsWith('.')) continue
    hashTree(hash, join(path, name))
  }
}
