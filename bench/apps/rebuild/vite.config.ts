import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import isr from 'vite-plugin-isr'

/** Prints how long the build took from the last byte of code to its end: that is what is done page by page. */
function timePages(): Plugin {
  let began = 0
  return {
    name: 'bench:pages',
    sharedDuringBuild: true,
    writeBundle() {
      if (this.environment.name === 'ssr') began = performance.now()
    },
    buildApp: {
      order: 'post',
      async handler() {
        console.log(`PAGES ${performance.now() - began} ms`)
      },
    },
  }
}

export default defineConfig({
  cacheDir: process.env['BENCH_CACHE'] ?? 'node_modules/.vite',
  plugins: [react(), isr({ types: false }), timePages()],
  build: { outDir: process.env['BENCH_OUT'] ?? 'dist' },
})
