// Runs every question for seconds, to see that it can be answered: nothing about its figures.
import { spawnSync } from 'node:child_process'
import { listQuestions } from './harness/questions.ts'

const failed: string[] = []
const questions = listQuestions()

for (const question of questions) {
  const begin = performance.now()
  const { status } = spawnSync('npm', ['run', '--silent', question, '--', '--smoke'], { stdio: 'inherit' })
  if (status !== 0) failed.push(question)
  console.log(`${question}: ${((performance.now() - begin) / 1000).toFixed(0)} s\n`)
}

if (failed.length > 0) {
  console.error(`bench: ${failed.join(', ')} failed`)
  process.exitCode = 1
} else {
  console.log(`bench: ${questions.length} questions work`)
}
