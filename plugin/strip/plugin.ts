import type { Plugin, Rolldown } from 'vite'
import { exportProblems, usageErrors } from '../errors.ts'
import { stripServerCode, type Stripped } from './strip.ts'

/**
 * Takes the server half out of the pages in the browser's environment. It runs before JSX and Fast Refresh, so that these
 * see a module of components only.
 *
 * @param isPage Whether a file (absolute, forward slashes, no query) is a page.
 */
export function stripPlugin(isPage: (file: string) => boolean): Plugin {
  return {
    name: 'isr:strip',
    enforce: 'pre',
    applyToEnvironment: ({ name }) => name === 'client',
    transform: createTransform(isPage),
  }
}

/**
 * The same for Vite's dependency scanner, which reads pages on its own: without it, what only their server half imports is
 * prepared for the browser. It belongs in `environments.client.optimizeDeps.rolldownOptions.plugins`.
 */
export function stripScanPlugin(isPage: (file: string) => boolean): Rolldown.Plugin {
  return { name: 'isr:strip-scan', transform: createTransform(isPage) }
}

function createTransform(isPage: (file: string) => boolean) {
  return {
    order: 'pre',
    handler(code: string, id: string): Stripped | undefined {
      const [file, query] = id.split('?', 2) as [string, string?]
      // Other forms of the file (`?raw`, `?url`) are no modules of it.
      if ((query !== undefined && /(?:^|&)(?:raw|url|worker|sharedworker)\b/.test(query)) || !isPage(file))
        return undefined
      const stripped = stripServerCode(code, file)
      if (!stripped) return undefined
      if ('reason' in stripped) throw usageErrors([exportProblems[stripped.reason](file, stripped.name)])
      return stripped
    },
  } as const
}
