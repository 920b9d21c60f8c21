import { defineConfig } from 'vitest/config'

/** The unit tests of the code that is mutated. */
export default defineConfig({
  test: {
    include: ['runtime/{isr,cache,routing,http}/**/*.test.{ts,tsx}', 'runtime/cache/{codec,pack}.faults.test.ts'],
    exclude: ['**/node_modules/**', '**/!(codec|pack).faults.test.ts', '**/*.{integration,threats}.test.ts'],
  },
})
