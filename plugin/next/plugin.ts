import type { Plugin } from 'vite'
import { nextCommonJsPlugin } from './commonjs.ts'
import { nextConfigPlugin } from './config.ts'
import { nextDynamicPlugin } from './dynamic.ts'
import { nextJsConfigPlugin } from './jsconfig.ts'
import { nextJsxPlugin } from './jsx.ts'
import { nextResolvePlugin } from './resolve.ts'
import { nextStyledJsxPlugin } from './styled-jsx.ts'

/** What `isr({ next: true })` adds: pages that were written for Next.js run as they are, without Next. */
export function nextPlugins(): Plugin[] {
  return [
    nextConfigPlugin(),
    nextResolvePlugin(),
    nextJsConfigPlugin(),
    nextDynamicPlugin(),
    nextCommonJsPlugin(),
    nextStyledJsxPlugin(),
    nextJsxPlugin(),
  ]
}
