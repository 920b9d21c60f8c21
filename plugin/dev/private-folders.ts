import { realpathSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { escapePath } from 'tinyglobby'
import { normalizePath, resolveConfig, type UserConfig } from 'vite'

/** Where the parts of a build lie. Absolute. */
export interface BuildPlaces {
  readonly root: string
  /** The folder of the build, with `client`, `server` and `isr`. */
  readonly dist: string
  readonly cacheDir: string
}

/**
 * What the development server hands to nobody beside what Vite denies: the server's code, the stored pages, and the manifest
 * with the key that drafts are signed with, of a build that lies in the project. Vite has the whole project for browsers.
 *
 * @returns the value for `server.fs.deny`, which Vite adds to the user's own
 */
export async function denyPrivateFolders(user: UserConfig, places: BuildPlaces): Promise<string[]> {
  const patterns = toPatterns(places)
  if (user.server?.fs?.deny !== undefined) return patterns
  // A list replaces Vite's own, so that has to be in it: as it is in the Vite that runs.
  const { server } = await resolveConfig({ configFile: false, envDir: false, logLevel: 'silent' }, 'serve')
  return [...server.fs.deny, ...patterns]
}

function toPatterns({ root, dist, cacheDir }: BuildPlaces): string[] {
  // Built into the project's own folder, `server` may be the name of its sources.
  const built = dist === root ? [] : [join(dist, 'isr'), join(dist, 'server')]
  return [...built, cacheDir]
    .filter((folder) => !`${root}${sep}`.startsWith(`${folder}${sep}`))
    .flatMap((folder) => [...new Set([folder, toRealPath(folder, root)])])
    .map((folder) => `${escapePath(normalizePath(folder))}/**`)
}

/** The project's folder may be a link, and a request may name the place behind it. */
function toRealPath(folder: string, root: string): string {
  try {
    return resolve(realpathSync(root), relative(root, folder))
  } catch {
    return folder
  }
}
