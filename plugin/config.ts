import { resolve } from 'node:path'
import { escapePath } from 'tinyglobby'
import {
  normalizePath,
  type ConfigEnv,
  type EnvironmentOptions,
  type Plugin,
  type ResolvedConfig,
  type Rolldown,
  type UserConfig,
} from 'vite'
import type { IsrContext } from './context.ts'
import { applyEnvFiles } from './env.ts'
import { denyPrivateFolders, type BuildPlaces } from './dev/private-folders.ts'
import { configError } from './errors.ts'
import { createPageFilter, findPagesDir } from './routes/folder.ts'
import { stripScanPlugin } from './strip/plugin.ts'
import { toClientInput, toServerInput } from './virtual/plugin.ts'

/**
 * Where the client's manifest goes when the user asked for none. It names source files, so the build takes it away again.
 */
export const PRIVATE_MANIFEST = '.vite/isr-manifest.json'

/**
 * Our own package and what it needs at run time, bundled into the server so that `dist` runs without this package: the
 * names of all packages that `runtime/` reaches.
 */
const RUNTIME_PACKAGES = [
  'vite-plugin-isr',
  '@polka/url',
  'bytes',
  'content-type',
  'cookie',
  'depd',
  'fresh',
  'http-errors',
  'iconv-lite',
  'inherits',
  'isbot',
  'lru-cache',
  'mrmime',
  'negotiator',
  'picocolors',
  'raw-body',
  'safer-buffer',
  'setprototypeof',
  'sirv',
  'statuses',
  'toidentifier',
  'totalist',
  'unpipe',
]

/** Adds the two environments and all that they need to the user's config, and refuses what can't work. */
export function configPlugin(context: IsrContext): Plugin {
  return {
    name: 'isr:config',

    async config(user, env) {
      refuseImpossible(user, env)
      const config = createConfig(user, env, context)
      if (env.command === 'build' || env.isPreview) return config
      return { ...config, server: { fs: { deny: await denyPrivateFolders(user, toPlaces(user, context)) } } }
    },

    configEnvironment(name, environment, env) {
      if (env.command !== 'build') return
      if (name === 'client') setInput(environment, toClientInput())
      if (name === 'ssr') {
        setInput(environment, toServerInput(context.options))
        setServerOutput(environment)
      }
    },

    configResolved(config) {
      if (config.isWorker) return
      applyEnvFiles(config)
      context.use(config)
      if (config.plugins.filter((plugin) => plugin.name === 'isr:config').length > 1) {
        throw configError('isr() is in `plugins` more than once. Keep one.')
      }
    },
  }
}

/** Called once for each build and server. Vite resolves its config more often than that, each time with a new logger. */
export function warnWithoutReact({ plugins, logger }: ResolvedConfig): void {
  // Third-party React plugins have names of their own, so its absence is a guess and no reason to stop.
  if (plugins.some((plugin) => /react/i.test(plugin.name))) return
  logger.warn(
    '[vite-plugin-isr] No React plugin found, so JSX may not compile and Fast Refresh is off. ' +
      "Add it before isr(): import react from '@vitejs/plugin-react', plugins: [react(), isr()].",
  )
}

function createConfig(user: UserConfig, { command }: ConfigEnv, { options }: IsrContext): UserConfig {
  const outDir = user.build?.outDir ?? 'dist'
  const root = resolve(user.root ?? process.cwd())
  const pagesDir = findPagesDir(root, options.pagesDir)
  const pages = escapePath(pagesDir.startsWith(`${normalizePath(root)}/`) ? pagesDir.slice(root.length + 1) : pagesDir)
  const isBuild = command === 'build'
  return {
    // We answer every request, so Vite must not fall back to an index.html.
    appType: 'custom',
    builder: {},
    // A second copy of React in a linked package breaks hooks.
    resolve: { dedupe: ['react', 'react-dom'] },
    environments: {
      client: {
        build: {
          outDir: `${outDir}/client`,
          manifest: user.build?.manifest || PRIVATE_MANIFEST,
        },
        optimizeDeps: {
          // Without it, React is found while the first page loads, and that page reloads.
          include: ['react', 'react-dom', 'react-dom/client', 'react/jsx-runtime', 'react/jsx-dev-runtime'],
          exclude: ['vite-plugin-isr', 'vite-plugin-isr/client'],
          entries: [`${pages}/**/*.{${options.pageExtensions.join(',')}}`, `!${pages}/api/**`],
          // The dependency scan reads the pages as they are; what only their server half imports is not for browsers.
          rolldownOptions: {
            plugins: [stripScanPlugin(createPageFilter(() => pagesDir, options.pageExtensions).isPage)],
          },
        },
      },
      ssr: {
        ...(isBuild && { define: { 'process.env.NODE_ENV': JSON.stringify(process.env['NODE_ENV'] || 'production') } }),
        resolve: {
          noExternal: options.standalone && isBuild ? true : isBuild ? RUNTIME_PACKAGES : ['vite-plugin-isr'],
        },
        build: {
          outDir: `${outDir}/server`,
          // An image that only getStaticProps imports has a URL in a page, so its file must exist.
          emitAssets: true,
          copyPublicDir: false,
          // Stacks of failing pages name the source. A hidden map would not be found.
          sourcemap: toServerSourcemap(user.build?.sourcemap),
        },
      },
    },
  }
}

/** Where a build of the site would lie, told before the config is resolved. */
function toPlaces(user: UserConfig, { options }: IsrContext): BuildPlaces {
  const root = resolve(user.root ?? process.cwd())
  const cacheDir = resolve(process.env['ISR_CACHE_DIR'] || options.settings.cache.dir)
  return { root, dist: resolve(root, user.build?.outDir ?? 'dist'), cacheDir }
}

function toServerSourcemap(sourcemap: boolean | 'inline' | 'hidden' | undefined): boolean | 'inline' {
  return sourcemap === undefined || sourcemap === 'hidden' ? true : sourcemap
}

/** Set, not merged: the user's own `input` is for a site without this plugin. */
function setInput(environment: EnvironmentOptions, input: Record<string, string>): void {
  environment.build ??= {}
  environment.build.rolldownOptions = { ...environment.build.rolldownOptions, input }
}

/** File names for Node; `assetFileNames` stays the client's, so that both sides come to the same URLs. */
function setServerOutput(environment: EnvironmentOptions): void {
  const { rolldownOptions } = environment.build!
  const output = rolldownOptions!.output as Rolldown.OutputOptions | undefined
  rolldownOptions!.output = {
    ...output,
    // `.mjs` is a module wherever the folder is copied to, with or without a package.json beside it.
    entryFileNames: '[name].mjs',
    chunkFileNames: 'chunks/[name]-[hash].mjs',
  }
}

/** Stops, with the way out, before anything is built or served. */
function refuseImpossible(user: UserConfig, { command, isSsrBuild }: ConfigEnv): void {
  const { base, build } = user
  if (base !== undefined && !/^\/(?!\/)/.test(base)) {
    throw configError(
      `\`base: ${JSON.stringify(base)}\` can't be used: the server must know the path that it answers. ` +
        "Use an absolute path such as '/' or '/shop/'.",
    )
  }
  if (command !== 'build') return
  if (isSsrBuild) {
    throw configError(
      '`vite build --ssr` builds only a part. Run `vite build`: it builds the client and the server, and prerenders.',
    )
  }
  if (build?.watch) {
    throw configError(
      '`vite build --watch` never ends, so pages can never be prerendered. Use `vite` while you work, `vite build` for production.',
    )
  }
  if (build?.lib)
    throw configError('`build.lib` makes a library, and isr() makes a site. Take one of them out of this config.')
  if (Array.isArray(build?.rolldownOptions?.output)) {
    throw configError('`build.rolldownOptions.output` is an array. Give one output: pages need one set of files.')
  }
}
