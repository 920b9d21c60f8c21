import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import isr from 'vite-plugin-isr'

const workers = process.env['BENCH_WORKERS']

export default defineConfig({
  plugins: [react(), isr({ types: false, ...(workers !== undefined && { render: { workers: Number(workers) } }) })],
  build: { outDir: process.env['BENCH_OUT'] ?? 'dist' },
})
