const SUFFIX = '.json'

/** Where the navigation data of a build lies, without base. */
export function toDataPrefix(buildId: string): string {
  return `/_isr/data/${buildId}/`
}

/** Whether a base-less path asks for navigation data, of whatever build. */
export function isDataPath(path: string): boolean {
  return path.startsWith('/_isr/')
}

/**
 * The page path that a data path stands for: `/_isr/data/<buildId>/posts/1.json` is `/posts/1`, `index.json` is `/`.
 * Undefined for another build's and for anything malformed: the client then loads the whole page.
 */
export function parseDataPath(path: string, prefix: string): string | undefined {
  if (!path.startsWith(prefix) || !path.endsWith(SUFFIX)) return undefined
  const name = path.slice(prefix.length, -SUFFIX.length)
  if (name === '') return undefined
  // A second spelling of the home page would be a second URL for one thing.
  if (name === 'index/index') return undefined
  return name === 'index' ? '/' : `/${name}`
}
