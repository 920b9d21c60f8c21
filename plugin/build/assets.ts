import type { Manifest, ManifestChunk } from 'vite'

/** The files that a page needs, as URLs with base. */
export interface RouteAssets {
  /** Stylesheets, in the order of the cascade. */
  readonly css: readonly string[]
  /** Module scripts beside the entry: the page's own chunk and all that it imports. */
  readonly js: readonly string[]
}

/** Scripts and styles of the whole app, read from the client's manifest. */
export interface AppAssets {
  /** The URL of the client's entry script. */
  readonly entry: string
  /** By pattern. */
  readonly routes: ReadonlyMap<string, RouteAssets>
  /** Of pages that the user did not write: the entry's. */
  readonly shared: RouteAssets
  /** Of modules that are loaded later, by manifest key. */
  readonly dynamic?: ReadonlyMap<string, RouteAssets>
}

/** Which chunk of the manifest is what. */
export interface AssetSources {
  /** Vite's base. */
  readonly base: string
  /** The manifest key of the client's entry. */
  readonly entry: string
  /** Manifest key by pattern. */
  readonly pages: ReadonlyMap<string, string>
}

/**
 * Finds the scripts and styles of each page.
 *
 * The CSS of a chunk that several pages share hangs on that chunk, so imports are followed. A component loaded with
 * `lazy()` is rendered by the server, so the CSS (and only that) of direct dynamic imports is the page's too; pages are
 * dynamic imports of the entry themselves and are left out there.
 *
 * @throws `TypeError` when the manifest lacks the entry or a page
 */
export function collectAssets(manifest: Manifest, sources: AssetSources): AppAssets {
  const pageKeys = new Set(sources.pages.values())
  const toUrl = (file: string) => sources.base + encodeURI(file)

  function chunkOf(key: string): ManifestChunk {
    const chunk = manifest[key]
    if (!chunk) throw new TypeError(`the client's manifest has no "${key}"`)
    return chunk
  }

  /** Keys of a chunk and its static imports; what is imported comes first, as in the cascade. */
  function followImports(key: string, found: Set<string>, path = new Set<string>()): Set<string> {
    if (found.has(key) || path.has(key)) return found
    path.add(key)
    for (const imported of chunkOf(key).imports ?? []) followImports(imported, found, path)
    return found.add(key)
  }

  function collect(keys: readonly string[]): RouteAssets {
    const reached = new Set<string>()
    for (const key of keys) followImports(key, reached)
    const styled = new Set(reached)
    for (const key of reached) {
      for (const lazy of chunkOf(key).dynamicImports ?? []) if (!pageKeys.has(lazy)) followImports(lazy, styled)
    }
    const css = new Set([...styled].flatMap((key) => chunkOf(key).css ?? []))
    // With `build.cssCodeSplit: false` all styles are in one file that no chunk names.
    const whole = manifest['style.css']
    if (whole && !whole.isEntry) css.add(whole.file)
    const js = new Set([...reached].filter((key) => key !== sources.entry).map((key) => chunkOf(key).file))
    return { css: [...css].map(toUrl), js: [...js].map(toUrl) }
  }

  return {
    entry: toUrl(chunkOf(sources.entry).file),
    routes: new Map([...sources.pages].map(([pattern, key]) => [pattern, collect([sources.entry, key])])),
    shared: collect([sources.entry]),
    dynamic: new Map(
      Object.keys(manifest)
        .filter((key) => manifest[key]!.isDynamicEntry && !pageKeys.has(key))
        .map((key) => [key, collect([key])]),
    ),
  }
}

/** The manifest key of the entry whose id Vite may have spelled with a NUL, an underscore or nothing in front. */
export function findEntryKey(manifest: Manifest, id: string): string | undefined {
  return Object.keys(manifest).find((key) => manifest[key]!.isEntry && key.endsWith(id))
}
