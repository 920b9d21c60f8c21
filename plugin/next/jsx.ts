import { transformWithOxc, type Plugin } from 'vite'
import { parsePage } from '../routes/exports.ts'

/**
 * Compiles JSX in `.js` files, where Next.js allows it and Vite does not. What comes out is JavaScript that Vite and React's
 * plugin go on with.
 */
export function nextJsxPlugin(): Plugin {
  return {
    name: 'isr:next-jsx',
    enforce: 'pre',
    transform: {
      filter: { id: { include: /\.js(?:\?|$)/, exclude: /\/node_modules\// }, code: /<[\w>]/ },
      async handler(code, id) {
        const [file, query] = id.split('?', 2) as [string, string?]
        if (query !== undefined && /(?:^|&)(?:raw|url)\b/.test(query)) return undefined
        // What does not parse as JSX either is reported by Vite, with a code frame.
        if (!parsePage(code, file)) return undefined
        const { oxc } = this.environment.config
        const jsx = oxc && typeof oxc.jsx === 'object' ? oxc.jsx : { runtime: 'automatic' as const }
        const { code: compiled, map } = await transformWithOxc(code, file, {
          lang: 'jsx',
          // Fast Refresh is added afterwards, as it is for other modules.
          jsx: { development: this.environment.mode === 'dev', ...jsx, refresh: false },
          sourcemap: true,
        })
        return { code: compiled, map: map ?? null }
      },
    },
  }
}
