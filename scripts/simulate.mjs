// `npm run simulate -- --steps 10000000 --seed 7`: runs the ISR engine through random schedules of requests and faults, and
// says of each promise that breaks how to see it again. `--schedule 123` runs a single one, shrinks it and tells its story.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runnerImport } from 'vite'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

async function load(file) {
  const config = { configFile: false, root, logLevel: 'error', environments: {} }
  return (await runnerImport(join(root, file), config)).module
}

function showCounts(title, counts) {
  console.log(`\n${title}`)
  for (const [name, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`  ${String(count).padStart(9)}  ${name}`)
}

async function main() {
  const { values } = parseArgs({
    options: {
      steps: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(Date.now() % 1e9) },
      schedule: { type: 'string' },
    },
  })
  const { simulate, explain, showFailure } = await load('runtime/isr/simulator/simulate.ts')
  const { createSchedule } = await load('runtime/isr/simulator/schedule.ts')
  const { createEngine } = await load('runtime/isr/engine.ts')
  const unhandled = []
  process.on('unhandledRejection', (error) => unhandled.push(error))
  if (values.schedule !== undefined) {
    const failure = await explain(createSchedule(Number(values.schedule)), { createEngine })
    console.log(failure ? showFailure(failure) : `Schedule ${values.schedule} breaks no promise.`)
    if (failure) process.exitCode = 1
    return
  }
  const start = performance.now()
  const { steps, schedules, faults, reached, failure } = await simulate({
    createEngine,
    seed: Number(values.seed),
    steps: Number(values.steps),
  })
  const seconds = (performance.now() - start) / 1000
  showCounts('faults injected', faults)
  showCounts('situations reached', reached)
  console.log(`\nseed ${values.seed}: ${steps} steps in ${schedules} schedules, ${seconds.toFixed(1)} s`)
  for (const error of unhandled) console.log('unhandled rejection:', error)
  if (failure) console.log(`\n${showFailure(failure)}`)
  else console.log('no promise was broken')
  if (failure || unhandled.length > 0) process.exitCode = 1
}

await main()
