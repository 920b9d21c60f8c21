import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

interface Manifest {
  readonly dependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
}

/**
 * The packages of a site that import Next's modules: those among its dependencies that name `next` as a peer.
 *
 * @param root Vite's root
 */
export function findNextPackages(root: string): string[] {
  const site = readManifest(findAbove(root, 'package.json'))
  const names = Object.keys({ ...site?.dependencies, ...site?.devDependencies })
  return names.filter((name) => {
    const own = readManifest(findAbove(root, join('node_modules', name, 'package.json')))
    return own?.peerDependencies !== undefined && Object.hasOwn(own.peerDependencies, 'next')
  })
}

function findAbove(folder: string, file: string): string | undefined {
  const path = join(folder, file)
  if (existsSync(path)) return path
  const parent = dirname(folder)
  return parent === folder ? undefined : findAbove(parent, file)
}

function readManifest(file: string | undefined): Manifest | undefined {
  if (file === undefined) return undefined
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Manifest
  } catch {
    // A damaged package.json is reported by whoever needs it.
    return undefined
  }
}
