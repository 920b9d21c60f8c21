// Runs every question for seconds, to see that it can be answered: nothing about its figures, so none are shown.
import { spawnSync } from 'node:child_process'
import { listQuestions } from './harness/questions.ts'

const failed: string[] = []
const questions = listQuestions()

for (const question of questions) {
  const begin = performance.now()
  const { status, output } = spawnSync('npm', ['run', '--silent', question, '--', '--smoke'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status !== 0) {
    failed.push(question)
    console.error(`${output.join('\n').trim().split('\n').slice(-40).join('\n')}\n`)
  }
  console.log(`${question}: ${((performance.now() - begin) / 1000).toFixed(0)} s`)
}

if (failed.length > 0) {
  console.error(`bench: ${failed.join(', ')} failed`)
  process.exitCode = 1
} else {
  console.log(`bench: ${questions.length} questions work`)
}
