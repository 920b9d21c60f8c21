import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import isr from 'vite-plugin-isr'

export default defineConfig({
  plugins: [react(), isr({ next: true })],
})
