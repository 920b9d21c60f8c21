import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BENCH_ROOT } from './folders.ts'

/** The questions that bench can answer: the scripts of its package.json that run a file of their own name, `tsx hits.ts`. */
export function listQuestions(): string[] {
  const text = readFileSync(join(BENCH_ROOT, 'package.json'), 'utf8')
  const { scripts } = JSON.parse(text) as { scripts: Record<string, string> }
  const tools = new Set(['all', 'report', 'smoke'])
  return Object.keys(scripts).filter((name) => !tools.has(name) && scripts[name]?.startsWith(`tsx ${name}.ts`) === true)
}
