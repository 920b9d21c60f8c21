import type { Plugin } from 'vite'
import { buildPlugin } from './build/plugin.ts'
import { configPlugin } from './config.ts'
import { createContext } from './context.ts'
import { devPlugin } from './dev/plugin.ts'
import { guardPlugin } from './guard.ts'
import { nextPlugins } from './next/plugin.ts'
import type { IsrOptions } from './options.ts'
import { previewPlugin } from './preview.ts'
import { stripPlugin } from './strip/plugin.ts'
import { virtualPlugin } from './virtual/plugin.ts'

export type { IsrOptions } from './options.ts'
export type {
  NextApiHandler,
  NextApiRequest,
  NextApiResponse,
  NextPage,
  PageConfig,
} from '../runtime/client/next-names.ts'
export type { AppProps, DocumentProps } from '../runtime/client/types.ts'
// With a star, so that `declare module 'vite-plugin-isr'` can add to the interfaces in it.
export type * from '../runtime/routes.ts'
export type {
  ApiConfig,
  ApiHandler,
  ApiRequest,
  ApiResponse,
  CacheStore,
  CreateStore,
  EntryMeta,
  Fallback,
  GetServerSideProps,
  GetServerSidePropsContext,
  GetServerSidePropsResult,
  GetStaticPaths,
  GetStaticPathsResult,
  GetStaticProps,
  GetStaticPropsContext,
  GetStaticPropsResult,
  InferGetServerSidePropsType,
  InferGetStaticPropsType,
  Lifetime,
  PageProps,
  Params,
  ParamsSource,
  Query,
  Redirect,
  RevalidateReason,
  RevalidateResult,
  StoreContext,
} from '../runtime/types.ts'

/**
 * Incremental Static Regeneration for a Vite + React site on your own server: pages below `pages/` are prerendered by
 * `vite build`, served from a cache, refreshed in the background after `revalidate` seconds, or on demand with
 * `res.revalidate()`.
 *
 * @param options all optional, see `IsrOptions`
 * @returns plugins; Vite flattens arrays in `plugins`
 * @throws a usage error that names the option when one is unknown or has a wrong value
 *
 * @example
 * // vite.config.ts
 * import react from '@vitejs/plugin-react'
 * import isr from 'vite-plugin-isr'
 * import { defineConfig } from 'vite'
 *
 * export default defineConfig({ plugins: [react(), isr()] })
 */
export default function isr(options?: IsrOptions): Plugin[] {
  const context = createContext(options)
  const plugins = [
    configPlugin(context),
    virtualPlugin(context),
    stripPlugin(context.filter.isPage),
    guardPlugin(context.filter),
    ...(context.options.settings.next ? nextPlugins() : []),
    devPlugin(context),
    buildPlugin(context),
    previewPlugin(context),
  ]
  // Vite loads the config once more for each environment that it builds. All of them must use the plugins of the first
  // time, or the server's half would not know what the client's has found out.
  return plugins.map((plugin) => ({ ...plugin, sharedDuringBuild: true }))
}
