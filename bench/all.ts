// Answers every question at full length, then writes the report.
import { spawnSync } from 'node:child_process'
import { listQuestions } from './harness/questions.ts'

const times: string[] = []

for (const script of [...listQuestions(), 'report']) {
  const begin = performance.now()
  const { status } = spawnSync('npm', ['run', '--silent', script], { stdio: 'inherit' })
  times.push(`${script} ${((performance.now() - begin) / 60_000).toFixed(1)} min${status === 0 ? '' : ', failed'}`)
  if (status !== 0) process.exitCode = 1
}

console.log(`\n${times.join('\n')}`)
