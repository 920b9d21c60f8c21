import type { Rolldown } from 'vite'

const FACADE = '\0isr:next-require/'

/**
 * For Vite's dependency optimizer: a CommonJS package that requires one of Next's modules gets what an import of it gives, with
 * the mark by which compiled packages know that it has a default export.
 */
export function nextRequirePlugin(): Rolldown.Plugin {
  return {
    name: 'isr:next-require',
    resolveId: {
      filter: { id: /^next(?:\/|$)/ },
      handler(id, importer, { kind }) {
        if (kind === 'require-call') return FACADE + id
        return importer?.startsWith(FACADE) ? { id, external: 'absolute' } : undefined
      },
    },
    load: {
      // oxlint-disable-next-line no-control-regex -- the NUL marks ids of generated modules
      filter: { id: /^\0isr:next-require\// },
      handler(id) {
        const name = JSON.stringify(id.slice(FACADE.length))
        return `import * as all from ${name}\nmodule.exports = { ...all, __esModule: true }\n`
      },
    },
  }
}
