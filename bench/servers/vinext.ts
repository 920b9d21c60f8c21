import type { ServerKind } from './kinds.ts'

/** Next's API on Vite. Its line is there so that nobody misses it without a word. */
export const vinext: ServerKind = {
  name: 'vinext',
  label: 'vinext',
  findObstacle: () => 'version 1.4 wants Node 22 or later, and all servers here run on the same Node.',
  prepare: () => Promise.reject(new Error('vinext is not installed here.')),
}
