// Test setup: builds the package when a source is newer than dist/, so that tests never pass on yesterday's code.
import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildPackage } from './build.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

function newestIn(folder) {
  let newest = 0
  for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile() || !/\.tsx?$/.test(file.name) || /\.test\.tsx?$/.test(file.name)) continue
    newest = Math.max(newest, statSync(join(file.parentPath, file.name)).mtimeMs)
  }
  return newest
}

export function setup() {
  const sources = Math.max(...['plugin', 'runtime'].map((folder) => newestIn(join(root, folder))))
  const built = statSync(join(root, 'dist/plugin/index.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (sources > built) buildPackage()
}
