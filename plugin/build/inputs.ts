import { hash } from 'node:crypto'
import { readFile, realpath } from 'node:fs/promises'
import { createRequire, isBuiltin } from 'node:module'
import { dirname, join, sep } from 'node:path'
import type { Rolldown } from 'vite'
import type { Settings } from '../../runtime/types.ts'

/** What the pages of a build are made from beside their data. */
export interface InputSources {
  /** Stands for the code and the assets. */
  readonly buildId: string
  readonly server: Rolldown.RolldownOutput
  /** Vite's root. */
  readonly root: string
  readonly mode: string
  /** Folder of the `.env` files; `false` for none. */
  readonly envDir: string | false
  /** Whether entries have no times of their own. */
  readonly isReproducible: boolean
  readonly settings: Pick<Settings, 'expire' | 'notFoundRevalidate' | 'maxPageBytes'>
}

/** Either stands for all inputs, or says why nothing can. */
export type Inputs = { readonly hash: string } | { readonly unknown: string }

/** Each names the packages that are installed, with all that those need. */
const LOCK_FILES = [
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'yarn.lock',
  'bun.lock',
  'bun.lockb',
  // What lies in the folder, which may be something else than what is asked for.
  'node_modules/.package-lock.json',
  'node_modules/.pnpm/lock.yaml',
  'node_modules/.yarn-state.yml',
]

/** They need no lock file: React's version names all of it. */
const LONE_PACKAGES = ['react', 'react-dom']

/**
 * Finds out what the pages of a build are made from beside their data: code and assets, packages that are not bundled, Node
 * with all that text and compressed bytes depend on, options, and variables of `.env` files.
 */
export async function readInputs(sources: InputSources): Promise<Inputs> {
  const { buildId, server, root, mode, envDir, isReproducible, settings } = sources
  const folders = toAncestors(root)
  const locks = await readFiles(folders.flatMap((folder) => LOCK_FILES.map((name) => join(folder, name))))
  const packages = listPackages(server)
  const unlocked = packages.filter((name) => !LONE_PACKAGES.includes(name))
  if (locks.length === 0 && unlocked.length > 0) {
    const names = `${unlocked.slice(0, 3).join(', ')} ${unlocked.length > 1 ? 'are' : 'is'}`
    return { unknown: `there is no lock file that says what ${names}` }
  }
  for (const name of unlocked) {
    if (!(await isInstalled(name, folders))) {
      return { unknown: `${name} is not bundled, and no lock file says what is in it, as it is no installed package` }
    }
  }
  const manifests = packages.flatMap((name) =>
    folders.map((folder) => join(folder, 'node_modules', name, 'package.json')),
  )
  const variables = envDir === false ? [] : ['', '.local', `.${mode}`, `.${mode}.local`]
  const { expire, notFoundRevalidate, maxPageBytes } = settings
  const { node, v8, zlib, brotli, zstd, icu, unicode, cldr, tz } = process.versions
  return {
    hash: hash(
      'sha256',
      JSON.stringify([
        readOwnVersion(),
        buildId,
        mode,
        isReproducible,
        { expire, notFoundRevalidate, maxPageBytes },
        // A patch of Node changes no page, but what it is made of might: numbers, dates, letters, compression.
        { node: node.split('.')[0], v8, zlib, brotli, zstd, icu, unicode, cldr, tz },
        Intl.DateTimeFormat().resolvedOptions(),
        locks,
        await readFiles(manifests),
        await readFiles(variables.map((suffix) => join(envDir || root, `.env${suffix}`))),
      ]),
    ).slice(0, 32),
  }
}

function readOwnVersion(): string {
  const { version } = createRequire(import.meta.url)('vite-plugin-isr/package.json') as { version: string }
  return version
}

/** The packages that the server imports as they are installed. */
function listPackages({ output }: Rolldown.RolldownOutput): string[] {
  const own = new Set(output.map(({ fileName }) => fileName))
  const imported = output.flatMap((file) => (file.type === 'chunk' ? [...file.imports, ...file.dynamicImports] : []))
  const names = imported.filter((id) => !own.has(id) && !isBuiltin(id)).map(toPackageName)
  return [...new Set(names)].toSorted()
}

/** A link to a folder of one's own is not: what lies there changes without a word in the lock file. */
async function isInstalled(name: string, folders: readonly string[]): Promise<boolean> {
  for (const folder of folders) {
    const path = await realpath(join(folder, 'node_modules', name)).catch(() => undefined)
    if (path !== undefined) return path.split(sep).includes('node_modules')
  }
  return false
}

/** @example `@scope/name/part` → `@scope/name` */
function toPackageName(id: string): string {
  // A file, which is no package that could be found.
  if (/^[./]/.test(id)) return id
  return id.split('/', id.startsWith('@') ? 2 : 1).join('/')
}

/** The folder and all that it lies in. */
function toAncestors(folder: string): string[] {
  const parent = dirname(folder)
  return parent === folder ? [folder] : [folder, ...toAncestors(parent)]
}

/** The digests of those that are there. */
async function readFiles(paths: readonly string[]): Promise<Array<[path: string, digest: string]>> {
  const found = await Promise.all(
    paths.map(async (path): Promise<Array<[string, string]>> => {
      try {
        return [[path, hash('sha256', await readFile(path))]]
      } catch {
        return []
      }
    }),
  )
  return found.flat()
}
