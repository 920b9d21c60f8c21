import { readFile } from 'node:fs/promises'
import { writeFileAtomic } from '../../runtime/cache/atomic-write.ts'
import type { RouteRecord } from '../../runtime/types.ts'
import { renderRouteTypes } from './types.ts'

/** The name of the file, in Vite's root. */
export const ROUTE_TYPES_FILE = 'isr-env.d.ts'

/** The file that tells TypeScript the routes of a site. */
export interface RouteTypesFile {
  /** Brings it up to date. Never rejects: types are no reason to stop a build. */
  update(): Promise<void>
}

export interface RouteTypesFileOptions {
  /** Absolute. */
  readonly path: string
  /** The routes as they are when it is called. While they can't be read the file stays; who needs them reports why. */
  readonly readRoutes: () => Promise<readonly RouteRecord[]>
  /** Told when the file can't be written. */
  readonly warn: (message: string) => void
}

/**
 * Creates what keeps the file up to date. Updates follow each other and read the routes anew, so that the last one to be
 * written has the latest routes. A file that says the same already is left alone: editors and compilers would read it again.
 */
export function createRouteTypesFile({ path, readRoutes, warn }: RouteTypesFileOptions): RouteTypesFile {
  let last = Promise.resolve()

  async function write(): Promise<void> {
    const routes = await readRoutes().catch(() => undefined)
    if (!routes) return
    const text = renderRouteTypes(routes)
    try {
      if ((await readText(path)) !== text) await writeFileAtomic(path, text)
    } catch (error) {
      warn(
        `${path} can't be written, so TypeScript does not know the routes as they are now: ${String(error)}. ` +
          'Make it writable, or set the option `types: false`.',
      )
    }
  }

  return {
    update() {
      last = last.then(write)
      return last
    },
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    // Git may have given the file the line ends of the machine.
    return (await readFile(path, 'utf8')).replaceAll('\r\n', '\n')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
