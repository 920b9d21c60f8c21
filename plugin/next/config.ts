import { resolve } from 'node:path'
import { loadEnv, type Plugin, type UserConfig } from 'vite'
import { applyEnvFiles } from '../env.ts'
import { findNextPackages } from './packages.ts'
import { nextRequirePlugin } from './require.ts'

/** What Vite must be told for pages that were written for Next.js. */
export function nextConfigPlugin(): Plugin {
  return {
    name: 'isr:next-config',
    config(user, { command, mode }): UserConfig {
      const root = resolve(user.root ?? process.cwd())
      const define = readPublicVariables(user, root, mode)
      const packages = findNextPackages(root)
      const isBuild = command === 'build'
      return {
        // Next.js takes `paths` and `baseUrl` from tsconfig.json.
        resolve: { tsconfigPaths: user.resolve?.tsconfigPaths ?? true },
        environments: {
          client: {
            // In a build Vite makes `process.env` an empty object; in development there is no `process` in browsers.
            define: isBuild ? define : { 'process.env': '{}', ...define },
            optimizeDeps: {
              // Ours stand in, and those are not prepared: they would be there twice.
              exclude: ['next'],
              // The dependency scan reads `.js` files as they are, JSX and all.
              rolldownOptions: { moduleTypes: { '.js': 'jsx' }, plugins: [nextRequirePlugin()] },
            },
          },
          ssr: {
            ...(isBuild && { define }),
            // Left to Node, their imports of Next would look for Next itself.
            resolve: { noExternal: ['next', ...packages] },
            // In development a CommonJS package runs only when it is made a module first. React stays the one that Node has.
            optimizeDeps: {
              include: packages,
              exclude: ['next', 'react', 'react-dom'],
              rolldownOptions: { plugins: [nextRequirePlugin()] },
            },
          },
        },
      }
    },
  }
}

/** `NEXT_PUBLIC_` variables as replacements: on the server too, or its HTML would differ from what browsers make of it. */
function readPublicVariables(user: UserConfig, root: string, mode: string): Record<string, string> {
  const envDir = user.envDir === false ? false : resolve(root, user.envDir ?? '')
  // First, so that values of an earlier start don't pass for the shell's.
  applyEnvFiles({ mode, envDir, envPrefix: user.envPrefix })
  const variables = loadEnv(mode, envDir, 'NEXT_PUBLIC_')
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [`process.env.${name}`, JSON.stringify(value)]),
  )
}
