import { defineConfig } from 'vitest/config'

/** The unit tests of the code that is mutated. */
export default defineConfig({
  test: {
    include: ['runtime/{isr,cache,routing,http}/**/*.test.{ts,tsx}'],
    exclude: ['**/node_modules/**', '**/*.{integration,faults,threats}.test.ts'],
  },
})
