import MagicString from 'magic-string'
import type { Plugin } from 'vite'

const SETUP =
  "import { createRequire as createNodeRequire } from 'node:module'; const require = createNodeRequire(import.meta.url); "

/** Gives server code its `require` in development, as a build does: data functions of older pages load packages by it. */
export function nextCommonJsPlugin(): Plugin {
  return {
    name: 'isr:next-commonjs',
    apply: 'serve',
    enforce: 'pre',
    applyToEnvironment: ({ name }) => name === 'ssr',
    transform: {
      filter: { id: { include: /\.[jt]sx?$/, exclude: /\/node_modules\// }, code: /\brequire\s*\(\s*['"`]/ },
      handler(code, id) {
        if (/\b(?:const|let|var|function|import)\s+(?:\{[^}]*\b)?require\b/.test(code)) return undefined
        const edited = new MagicString(code).prepend(SETUP)
        return { code: edited.toString(), map: edited.generateMap({ source: id, hires: 'boundary' }) }
      },
    },
  }
}
