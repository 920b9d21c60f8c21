import { defineConfig, type TestProjectConfiguration } from 'vitest/config'

const slow = '{plugin,runtime,e2e,playground,scripts}/**/*.integration.test.ts'
const suites = '**/*.{faults,threats}.test.ts'
const browser = 'runtime/{client,next}/**/*.test.{ts,tsx}'
const outside = ['**/node_modules/**', '**/dist/**']

/** Their subject is time: limits of parts of a second, herds of thousands. Nothing else runs beside them. */
const timed = {
  integration: ['runtime/renderer/*.integration.test.ts'],
  faults: ['e2e/faults/{redis,renders,flood,network,builds}.faults.test.ts', 'runtime/http/*.faults.test.ts'],
  threats: ['e2e/threats/{redis,renders,rejections,load,flood,network}.threats.test.ts'],
}

/** A busy machine takes longer: nothing waits for these but a test that fails. */
const patience = { setupFiles: ['./scripts/patience.ts'], expect: { poll: { timeout: 15_000 } } }

/** Two projects: `name`, whose files run two at a time, and after it `name-timed`, one at a time. */
function inTwo(
  name: keyof typeof timed,
  include: string[],
  { testTimeout, groupOrder }: { testTimeout: number; groupOrder: number },
): TestProjectConfiguration[] {
  const shared = { globalSetup: ['./scripts/fresh-dist.mjs'], testTimeout, hookTimeout: 180_000, ...patience }
  const exclude = [...outside, ...timed[name]]
  return [
    { test: { ...shared, name, include, exclude, maxWorkers: 2, sequence: { groupOrder } } },
    {
      test: {
        ...shared,
        name: `${name}-timed`,
        include: timed[name],
        exclude: outside,
        maxWorkers: 1,
        sequence: { groupOrder: groupOrder + 1 },
      },
    },
  ]
}

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
          include: ['{plugin,runtime,scripts,playground}/**/*.test.{ts,tsx}'],
          exclude: [...outside, slow, suites, browser],
          // No module keeps state of its own, so that files may share them: half of the time.
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          ...patience,
        },
      },
      {
        // A document has one router, as a page has.
        test: {
          name: 'browser',
          include: [browser],
          exclude: [suites],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          ...patience,
        },
      },
      // Build real sites with the built package, and start real servers.
      ...inTwo('integration', [slow], { testTimeout: 180_000, groupOrder: 1 }),
      {
        // What page authors rely on, over HTTP against a built site: `npm run conformance` collates it.
        test: {
          name: 'conformance',
          include: ['e2e/conformance/*.conformance.test.ts'],
          globalSetup: ['./scripts/fresh-dist.mjs'],
          testTimeout: 60_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
          ...patience,
        },
      },
      // What goes wrong in production, and what attackers try: `npm run faults` and `npm run threats` collate them.
      ...inTwo('faults', ['{plugin,runtime,e2e}/**/*.faults.test.ts'], { testTimeout: 120_000, groupOrder: 4 }),
      ...inTwo('threats', ['{plugin,runtime,e2e}/**/*.threats.test.ts'], { testTimeout: 120_000, groupOrder: 6 }),
    ],
  },
})
