import { defineConfig, devices } from 'playwright/test'
import { findBrowser } from '../../scripts/browser.mjs'

const executablePath = await findBrowser()
if (executablePath === undefined) throw new Error('No browser: run `npm run setup` first.')

export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  outputDir: '../../test-results/conformance',
  globalSetup: './setup.ts',
  fullyParallel: false,
  forbidOnly: process.env.CI !== undefined,
  retries: 0,
  workers: 2,
  // Nothing waits for these but a busy machine, or a test that has failed.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [['list'], ['json', { outputFile: '../../test-results/conformance-browser.json' }]],
  use: {
    browserName: 'chromium',
    // A headless browser calls itself one, and is treated as the bot that it is.
    userAgent: devices['Desktop Chrome'].userAgent,
    launchOptions: { executablePath },
    trace: 'retain-on-failure',
    viewport: { width: 1280, height: 800 },
  },
})
