import { readdir } from 'node:fs/promises'
import { relative } from 'node:path'
import { normalizePath } from 'vite'
import { pageBelowAssets, pageBehindFile, type Problem } from '../errors.ts'

/** What a server takes for a file before it looks for a page. */
export interface ServedFiles {
  /** Why a page or one of its paths could not be reached; undefined when it can. */
  findShadow(page: PagePlace): Problem | undefined
}

interface PagePlace {
  /** A pattern, or a path as it is in a URL but decoded. Parameters never match a file. */
  readonly path: string
  /** The page's file, for messages. */
  readonly file: string
}

export interface ServedFilesOptions {
  /** Vite's `build.assetsDir`. */
  readonly assetsDir: string
  /** Vite's `publicDir`, absolute; undefined or empty when there is none. It need not exist. */
  readonly publicDir: string | undefined
  /** Vite's root, for messages. */
  readonly root: string
  /** Whether the URL of a page ends with a slash, which puts that of a folder's own page into the folder. */
  readonly trailingSlash: boolean
}

/** Lists the public files once. */
export async function readServedFiles(options: ServedFilesOptions): Promise<ServedFiles> {
  const { publicDir, root, trailingSlash } = options
  const assetsDir = normalizePath(options.assetsDir).replace(/^(?:\.?\/)+|\/+$/g, '')
  const files = publicDir ? await listFiles(publicDir) : new Set<string>()
  return {
    findShadow({ path, file }) {
      const url = trailingSlash ? `${path}/` : path
      if (assetsDir !== '' && assetsDir !== '.' && url.startsWith(`/${assetsDir}/`))
        return pageBelowAssets(path, file, assetsDir)
      if (!files.has(path)) return undefined
      return pageBehindFile(path, file, normalizePath(relative(root, publicDir! + path)))
    },
  }
}

async function listFiles(dir: string): Promise<Set<string>> {
  try {
    const found = await readdir(dir, { withFileTypes: true, recursive: true })
    const files = found.filter((entry) => !entry.isDirectory())
    return new Set(files.map((entry) => `/${normalizePath(relative(dir, `${entry.parentPath}/${entry.name}`))}`))
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return new Set()
    throw error
  }
}
