import type { Plugin } from 'vite'
import { nextDocumentInBrowser, nextModuleUnknown, usageErrors } from '../errors.ts'
import { toName } from './name.ts'
import { findNextModule, toNextFile } from './modules.ts'

const TYPES = '\0isr:next-types'
const DOCUMENT = 'document'

/** Has imports of Next's modules lead to this package's own, in every environment and whether Next is installed or not. */
export function nextResolvePlugin(): Plugin {
  return {
    name: 'isr:next-resolve',
    enforce: 'pre',

    resolveId: {
      filter: { id: /^next(?:\/|$)/ },
      async handler(source, importer, options) {
        const found = findNextModule(source)
        if (found.type === 'types') return TYPES
        const isScan = 'scan' in options && options.scan === true
        const place = importer === undefined ? undefined : toName(importer, this.environment.config.root)
        if (found.type === 'unknown') {
          // The scan looks at what is there, before the strip has said what is reached.
          if (isScan) return undefined
          throw usageErrors([nextModuleUnknown(source, place, found.hint)])
        }
        if (found.name === DOCUMENT && this.environment.name === 'client' && !isScan) {
          throw usageErrors([nextDocumentInBrowser(place)])
        }
        // By way of Vite, which gives the same file the same id wherever it is imported.
        return this.resolve(toNextFile(found.name), importer, { ...options, skipSelf: true })
      },
    },

    load: {
      filter: { id: /^\0isr:next-types$/ },
      handler: () => 'export {}',
    },
  }
}
