import { join } from 'node:path'
import { buildIsr } from './isr-build.ts'
import { toSiteEnv, type ServerKind } from './kinds.ts'

export const isrStandalone: ServerKind = {
  name: 'isr',
  label: '**vite-plugin-isr**, own server',
  async prepare(site) {
    return { file: process.execPath, args: [join(await buildIsr(site), 'server/start.mjs')], env: toSiteEnv(site) }
  },
}
