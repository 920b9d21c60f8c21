import { defineConfig } from 'vitest/config'

/** The unit tests of the code that is mutated. */
export default defineConfig({
  test: {
    include: ['runtime/{isr,cache,routing,http}/**/*.test.{ts,tsx}', 'runtime/cache/{codec,pack}.faults.test.ts'],
    // No module keeps state of its own, so that the files may share them: a mutant is tried in half the time.
    isolate: false,
    // On a busy machine a slow test is no dead mutant.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    exclude: ['**/node_modules/**', '**/!(codec|pack).faults.test.ts', '**/*.{integration,threats}.test.ts'],
  },
})
