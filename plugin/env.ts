import { loadEnv } from 'vite'

/** What of a resolved config says where variables come from. */
export interface EnvSource {
  readonly mode: string
  /** Folder of the `.env` files; `false` for none. */
  readonly envDir: string | false
  readonly envPrefix?: string | string[] | undefined
}

/** Variables that came from a file, with the value that was set: kept at the process, as that is what they were set on. */
const APPLIED = Symbol.for('vite-plugin-isr.env')

/**
 * Makes the variables of `.env` files known to server code as `process.env.NAME`, as Next.js does. What the shell set wins.
 * Variables for the client (`VITE_…`) are left to Vite, which would take ours for the shell's.
 *
 * Vite restarts when a file changes; what an earlier call set and nobody has changed since is then set anew.
 *
 * @see https://nextjs.org/docs/pages/guides/environment-variables
 */
export function applyEnvFiles(source: EnvSource): void {
  const { env } = process
  const applied = ((process as { [APPLIED]?: Map<string, string> })[APPLIED] ??= new Map())
  for (const [name, value] of applied) if (env[name] === value) delete env[name]
  applied.clear()
  if (source.envDir === false) return
  const prefixes = [source.envPrefix ?? 'VITE_'].flat()
  const shell = new Set(Object.keys(env))
  for (const [name, value] of Object.entries(loadEnv(source.mode, source.envDir, ''))) {
    if (shell.has(name) || name === 'NODE_ENV' || prefixes.some((prefix) => name.startsWith(prefix))) continue
    env[name] = value
    applied.set(name, value)
  }
}
