import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))

export default {
  distDir: process.env.BENCH_OUT ?? '.builds/next',
  compress: process.env.BENCH_COMPRESS !== 'off',
  // The page tree is shared with the other servers, and what it extends is outside this folder.
  turbopack: { root },
  outputFileTracingRoot: root,
}
