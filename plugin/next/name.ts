import { normalizePath } from 'vite'

/** A module's id as people know the file: relative to the root where it lies in it. */
export function toName(id: string, root: string): string {
  const file = id.split('?', 1)[0]!
  const folder = `${normalizePath(root)}/`
  return file.startsWith(folder) ? file.slice(folder.length) : file
}
