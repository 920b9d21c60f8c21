import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import isr from 'vite-plugin-isr'

const workers = process.env['BENCH_WORKERS']

export default defineConfig({
  plugins: [react(), isr({ types: false, ...(workers !== undefined && { render: { workers: Number(workers) } }) })],
  // Where the pages of the build before are kept; by default with the packages.
  ...(process.env['BENCH_CACHE'] !== undefined && { cacheDir: process.env['BENCH_CACHE'] }),
  build: { outDir: process.env['BENCH_OUT'] ?? 'dist' },
})
