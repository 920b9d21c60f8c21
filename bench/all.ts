// Answers every question at full length, then writes the report. Flags go to each question: `npm run all -- --rounds 1`.
import { spawnSync } from 'node:child_process'
import { listQuestions } from './harness/questions.ts'
import { readOptions } from './harness/options.ts'

// So that a wrong flag is noticed here, and not by every question.
readOptions({ rounds: 1, seconds: 1 })
const times: string[] = []
const begin = performance.now()

for (const question of listQuestions()) run(question, process.argv.slice(2))
run('report', [])
console.log(`\n${times.join('\n')}\nall of it ${toMinutes(begin)}`)

function run(script: string, flags: readonly string[]): void {
  const from = performance.now()
  const { status } = spawnSync('npm', ['run', '--silent', script, '--', ...flags], { stdio: 'inherit' })
  times.push(`${script} ${toMinutes(from)}${status === 0 ? '' : ', failed'}`)
  if (status !== 0) process.exitCode = 1
}

function toMinutes(from: number): string {
  return `${((performance.now() - from) / 60_000).toFixed(1)} min`
}
