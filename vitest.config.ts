import { defineConfig } from 'vitest/config'

const slow = '{plugin,runtime,e2e,playground,scripts}/**/*.integration.test.ts'
const suites = '**/*.{faults,threats}.test.ts'

/** A busy machine takes longer: nothing waits for these but a test that fails. */
const patience = { setupFiles: ['./scripts/patience.ts'], expect: { poll: { timeout: 15_000 } } }

export default defineConfig({
  test: {
    // Continuous integration counts the tests from this report.
    reporters: process.env.CI === undefined ? ['default'] : ['default', 'json'],
    // Not an option of the reporter, which the command line could not replace: conformance keeps a report of its own.
    outputFile: { json: 'test-results/unit.json' },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{plugin,runtime,scripts}/**/*.test.{ts,tsx}', 'playground/**/*.test.{ts,tsx}'],
          exclude: ['**/node_modules/**', '**/dist/**', slow, suites],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          ...patience,
        },
      },
      {
        // Builds real sites with the built package, and starts real servers.
        test: {
          name: 'integration',
          include: [slow],
          exclude: ['**/node_modules/**', '**/dist/**'],
          globalSetup: ['./scripts/fresh-dist.mjs'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          ...patience,
        },
      },
      {
        // What page authors rely on, over HTTP against a built site: `npm run conformance` collates it.
        test: {
          name: 'conformance',
          include: ['e2e/conformance/*.conformance.test.ts'],
          globalSetup: ['./scripts/fresh-dist.mjs'],
          testTimeout: 60_000,
          hookTimeout: 180_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          ...patience,
        },
      },
      // What goes wrong in production, and what attackers try: `npm run faults` and `npm run threats` collate them.
      ...['faults', 'threats'].map((name, index) => ({
        test: {
          name,
          include: [`{plugin,runtime,e2e}/**/*.${name}.test.ts`],
          exclude: ['**/node_modules/**', '**/dist/**'],
          globalSetup: ['./scripts/fresh-dist.mjs'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          maxWorkers: 1,
          sequence: { groupOrder: 3 + index },
          ...patience,
        },
      })),
    ],
  },
})
