import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import isr from 'vite-plugin-isr'

export default defineConfig({
  plugins: [react(), isr({ types: false })],
  build: { outDir: process.env['BENCH_OUT'] ?? 'dist' },
})
