// `npm test`: runs every part, also after one that failed, so that one run tells of all that is wrong; then says which failed.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const report = join(root, 'test-results/commands.json')
const commands = ['check', 'unit', 'conformance', 'faults -- --after-unit', 'threats -- --after-unit', 'e2e']

rmSync(report, { force: true })
const failed = []
for (const command of commands) {
  const { status, signal } = spawnSync('npm', ['run', ...command.split(' ')], {
    stdio: 'inherit',
    cwd: root,
    shell: process.platform === 'win32',
  })
  if (status !== 0) failed.push(`npm run ${command}${signal === null ? '' : ` (ended by ${signal})`}`)
}
mkdirSync(dirname(report), { recursive: true })
writeFileSync(report, `${JSON.stringify({ failed })}\n`)

for (const command of failed) console.error(`failed: ${command}`)
if (failed.length > 0) process.exitCode = 1
