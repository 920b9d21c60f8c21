import { existsSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { normalizePath } from 'vite'

/** The page extensions without an option, as in Next.js. */
export const defaultPageExtensions: readonly string[] = ['tsx', 'ts', 'jsx', 'js']

/**
 * The folder of pages, absolute and with forward slashes: the option's, else `pages`, else `src/pages`. It need not exist:
 * without either, it is where the first page is expected.
 */
export function findPagesDir(root: string, pagesDir?: string): string {
  if (pagesDir !== undefined) return normalizePath(resolve(root, pagesDir))
  const candidates = [resolve(root, 'pages'), resolve(root, 'src/pages')]
  return normalizePath(candidates.find((candidate) => existsSync(candidate)) ?? candidates[0]!)
}

/**
 * The URL path that a file stands for, in Next's spelling, or undefined for a file that is no page: another extension,
 * declarations, tests, dotfiles.
 *
 * @param file Relative to the folder of pages, with forward slashes.
 * @example toRoutePath('posts/[id].tsx', ['tsx']) // '/posts/[id]'
 */
export function toRoutePath(file: string, pageExtensions: readonly string[]): string | undefined {
  // The longest wins, so that with ['tsx', 'page.tsx'] the page `a.page.tsx` is /a.
  const extension = pageExtensions
    .filter((candidate) => file.endsWith(`.${candidate}`))
    .toSorted((a, b) => b.length - a.length)[0]
  if (extension === undefined) return undefined
  const parts = file.slice(0, -extension.length - 1).split('/')
  const name = parts.at(-1)!
  if (parts.some((part) => part === '' || part.startsWith('.')) || parts.includes('__tests__')) return undefined
  // Next.js takes every file of the folder, but tests beside the code are the custom with Vite.
  if (/\.d$|\.(?:test|spec)(?:\.|$)/.test(name)) return undefined
  if (name === 'index') parts.pop()
  return `/${parts.join('/')}`
}

/** Whether a route is an API route. */
export function isApiPath(routePath: string): boolean {
  return routePath === '/api' || routePath.startsWith('/api/')
}

/** Tells pages and API routes from other modules. */
export interface PageFilter {
  /** Pages and `_app`, `_document`, `_error`: the modules with a browser half. */
  isPage(file: string): boolean
  isApi(file: string): boolean
}

/**
 * Judges by the path alone, so that it holds for a page that was added since the last scan.
 *
 * @param pagesDir Called late, because Vite's root is known late. Absolute, with forward slashes.
 */
export function createPageFilter(pagesDir: () => string, pageExtensions: readonly string[]): PageFilter {
  function read(file: string): string | undefined {
    const folder = pagesDir()
    // Vite names modules by their real path.
    for (const base of [folder, toRealPath(folder)]) {
      if (file.startsWith(`${base}/`)) return toRoutePath(file.slice(base.length + 1), pageExtensions)
    }
    return undefined
  }

  return {
    isPage(file) {
      const path = read(file)
      return path !== undefined && !isApiPath(path)
    },
    isApi(file) {
      const path = read(file)
      return path !== undefined && isApiPath(path)
    },
  }
}

/** The path with all links followed and forward slashes; the path itself when there is no such file. */
export function toRealPath(path: string): string {
  try {
    return normalizePath(realpathSync.native(path))
  } catch {
    return path
  }
}
