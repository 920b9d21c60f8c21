import type { ManifestRoute, RouteManifest, Settings } from '../../types.ts'

export const SETTINGS: Settings = {
  expire: 31_536_000,
  notFoundRevalidate: 60,
  generateTimeout: 5,
  render: { workers: 0, concurrency: 8, queue: 1000, waiters: 20_000 },
  cache: {
    dir: '.isr-cache',
    memoryBytes: 64 * 1024 ** 2,
    diskBytes: 1024 ** 3,
    diskEntries: 100_000,
    notFoundEntries: 10_000,
    customStore: false,
  },
  maxPathBytes: 1024,
  api: { bodyBytes: 1024 ** 2, totalBodyBytes: 256 * 1024 ** 2 },
  maxPageBytes: 16 * 1024 * 1024,
  logging: { fetches: false },
}

const BUILD_ID = 'build1'

export function createManifest(routes: readonly ManifestRoute[], changes: Partial<RouteManifest> = {}): RouteManifest {
  return {
    version: 1,
    buildId: BUILD_ID,
    base: '/',
    trailingSlash: false,
    routes,
    settings: SETTINGS,
    draftKey: Buffer.alloc(32, 7).toString('base64url'),
    entries: { id: '', pack: 'entries.pack', index: 'entries.index', count: 0, bytes: 0 },
    ...changes,
  }
}
