// What conformance.mjs and verdicts.mjs share: running tests, and a verdict for each row from the tests that name it.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/**
 * @param {Record<string, { title: string, reason?: string }>} rows by id; one with a reason does not apply
 * @param {Array<{ ids: string[], state: 'passed' | 'failed' | 'left out' }>} tests
 * @returns the verdict of each row: `pass`, `fail`, `left out` (all its tests need a flag), `missing` or `n/a`; and unknown ids
 */
export function judge(rows, tests) {
  const verdicts = new Map(
    Object.entries(rows).map(([id, { reason }]) => [id, reason === undefined ? 'missing' : 'n/a']),
  )
  const unknown = new Set()
  for (const { ids, state } of tests) {
    for (const id of ids) {
      const verdict = verdicts.get(id)
      if (verdict === undefined) unknown.add(id)
      else if (state === 'failed') verdicts.set(id, 'fail')
      else if (verdict !== 'fail' && state === 'passed') verdicts.set(id, 'pass')
      else if (verdict === 'missing' || verdict === 'n/a') verdicts.set(id, 'left out')
    }
  }
  return { verdicts, unknown: [...unknown] }
}

/** Runs a program of an installed package. @returns its exit code; null where a signal ended it */
export function run(packageName, bin, args, env = {}) {
  const home = dirname(createRequire(import.meta.url).resolve(`${packageName}/package.json`))
  const options = { stdio: 'inherit', cwd: root, env: { ...process.env, ...env } }
  return spawnSync(process.execPath, [join(home, bin), ...args], options).status
}

/** The arguments with which vitest writes a report besides what it prints. */
export function toReport(file) {
  return ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
}

export function readJson(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

/** Prints a line for each row, and what stands beside them; then how many there are of each verdict. */
export function printVerdicts(name, rows, { verdicts, unknown }) {
  const kinds = ['pass', 'fail', 'missing', 'left out', 'n/a']
  const width = Math.max(...[...verdicts.keys()].map((id) => id.length))
  console.log('')
  for (const [id, verdict] of verdicts) {
    const { title, reason } = rows[id]
    console.log(`${verdict.padEnd(8)}  ${id.padEnd(width)}  ${title}${verdict === 'n/a' ? ` (${reason})` : ''}`)
  }
  for (const each of unknown) console.log(`unknown   ${each}`)
  const counts = kinds.map((kind) => `${[...verdicts.values()].filter((each) => each === kind).length} ${kind}`)
  console.log(`\n${name}: ${counts.join(', ')} of ${verdicts.size}`)
}
