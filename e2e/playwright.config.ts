import { defineConfig, devices } from 'playwright/test'
import { findBrowser } from '../scripts/browser.mjs'
import { base, type Mode } from './site.ts'

const executablePath = await findBrowser()
if (executablePath === undefined) throw new Error('No browser: run `npm run setup` first.')

const notBoth = ['**/*.start.spec.ts', '**/*.base.spec.ts']

export default defineConfig<object, { mode: Mode; base: string }>({
  testDir: '.',
  testMatch: /[\\/]e2e[\\/][^\\/]+\.spec\.ts$/,
  outputDir: '../test-results/e2e',
  globalSetup: './setup.ts',
  fullyParallel: false,
  forbidOnly: process.env.CI !== undefined,
  // A test that passes at the second try is a failed test.
  retries: 0,
  workers: 2,
  // Nothing waits for these but a busy machine, or a test that has failed.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: process.env.CI === undefined ? 'list' : [['list'], ['json', { outputFile: '../test-results/e2e.json' }]],
  use: {
    browserName: 'chromium',
    // A headless browser calls itself one, and is treated as the bot that it is.
    userAgent: devices['Desktop Chrome'].userAgent,
    launchOptions: { executablePath },
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    viewport: { width: 1280, height: 800 },
  },
  // The same specs against the development server and against what was built; the name of a spec says where only one applies.
  projects: [
    { name: 'dev', testIgnore: [...notBoth, '**/*.preview.spec.ts'], use: { mode: 'dev' } },
    { name: 'preview', testIgnore: [...notBoth, '**/*.dev.spec.ts'], use: { mode: 'preview' } },
    { name: 'start', testMatch: ['**/*.start.spec.ts', '**/migrated.spec.ts'], use: { mode: 'start' } },
    { name: 'base-dev', testMatch: '**/*.base.spec.ts', use: { mode: 'dev', base } },
    { name: 'base-preview', testMatch: '**/*.base.spec.ts', use: { mode: 'preview', base } },
  ],
})
