/**
 * The spelling of a base-less path that visitors see: with or without its last slash. A last segment with a dot in it is a
 * file's name, which never ends with one.
 *
 * @example applyTrailingSlash('/posts/1', true) // '/posts/1/'
 * @example applyTrailingSlash('/feed.xml', true) // '/feed.xml'
 */
export function applyTrailingSlash(path: string, trailingSlash: boolean): string {
  if (path === '/') return path
  const bare = path.endsWith('/') ? path.slice(0, -1) : path
  const isFile = bare.slice(bare.lastIndexOf('/')).includes('.')
  return trailingSlash && !isFile ? `${bare}/` : bare
}
