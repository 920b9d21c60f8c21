import { defineNitroConfig } from 'nitro/config'
import { readRevalidate } from '../../site/settings.ts'

export default defineNitroConfig({
  preset: 'node-server',
  compatibilityDate: '2026-01-01',
  routeRules: { '/posts/**': { swr: readRevalidate() } },
  esbuild: { options: { jsx: 'automatic' } },
  output: { dir: process.env['BENCH_OUT'] ?? '.output' },
})
