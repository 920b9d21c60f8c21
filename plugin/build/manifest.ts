import { randomBytes } from 'node:crypto'
import type { ManifestRoute, RouteManifest, RouteRecord, Settings } from '../../runtime/types.ts'
import type { AppAssets } from './assets.ts'
import type { PrerenderedRoute } from './prerender.ts'

/** What a build made, ready to be written down. */
export interface ManifestInput {
  readonly buildId: string
  readonly base: string
  readonly trailingSlash: boolean
  /** Vite's `build.assetsDir`. */
  readonly assetsDir: string
  readonly settings: Settings
  /** Pages and API routes that exist as files. */
  readonly routes: readonly RouteRecord[]
  readonly assets: AppAssets
  readonly prerendered: ReadonlyMap<string, PrerenderedRoute>
  readonly entries: RouteManifest['entries']
}

/** All that the server must know of a build before it loads any of its code. */
export function createManifest(input: ManifestInput): RouteManifest {
  const { buildId, base, trailingSlash, assetsDir, settings, entries } = input
  return {
    version: 1,
    buildId,
    base,
    trailingSlash,
    assetsDir: assetsDir.replace(/^(?:\.?\/)+|\/+$/g, ''),
    routes: input.routes.map((route) => toManifestRoute(route, input)),
    settings,
    draftKey: randomBytes(32).toString('base64url'),
    entries,
  }
}

function toManifestRoute(route: RouteRecord, { assets, prerendered }: ManifestInput): ManifestRoute {
  const { css, js } = assets.routes.get(route.pattern) ?? { css: [], js: [] }
  const made = prerendered.get(route.pattern)
  return {
    ...route,
    ...(made?.listing && { fallback: made.listing.fallback }),
    css,
    js,
    paths: made?.paths ?? 0,
  }
}
