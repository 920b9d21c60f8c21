import { createRandom } from './random.ts'
import { runSchedule, type History, type RunOptions } from './run.ts'
import { createSchedule, type Schedule } from './schedule.ts'
import { shrink } from './shrink.ts'

/** What came of many schedules. */
export interface Simulation {
  readonly steps: number
  readonly schedules: number
  readonly faults: ReadonlyMap<string, number>
  readonly reached: ReadonlyMap<string, number>
  readonly failure: Failure | undefined
}

/** A schedule that breaks a promise. */
export interface Failure {
  readonly schedule: Schedule
  /** The shortest that was found. */
  readonly shrunk: Schedule
  readonly history: History
}

/** Runs random schedules until so many steps are done, or one breaks a promise. */
export async function simulate(
  options: RunOptions & { readonly seed: number; readonly steps: number; readonly shrinking?: boolean },
): Promise<Simulation> {
  const seeds = createRandom(options.seed)
  const faults = new Map<string, number>()
  const reached = new Map<string, number>()
  let steps = 0
  let schedules = 0
  while (steps < options.steps) {
    const schedule = createSchedule(seeds.below(2 ** 31))
    const history = await runSchedule(schedule, options)
    steps += history.steps
    schedules += 1
    addUp(faults, history.faults)
    addUp(reached, history.reached)
    if (!history.violation) continue
    const failure = await explain(schedule, options)
    return { steps, schedules, faults, reached, failure }
  }
  return { steps, schedules, faults, reached, failure: undefined }
}

/** Shrinks a schedule that breaks a promise; undefined when it breaks none. */
export async function explain(
  schedule: Schedule,
  options: RunOptions & { readonly shrinking?: boolean },
): Promise<Failure | undefined> {
  const { violation } = await runSchedule(schedule, { createEngine: options.createEngine })
  if (!violation) return undefined
  const fails = async (candidate: Schedule) => {
    const history = await runSchedule(candidate, { createEngine: options.createEngine })
    return history.violation?.promise === violation.promise
  }
  const shrunk = options.shrinking === false ? schedule : await shrink(schedule, fails)
  const history = await runSchedule(shrunk, { createEngine: options.createEngine, tracing: true })
  return { schedule, shrunk, history }
}

/** What a person needs to know of a failure, and how to see it again. */
export function showFailure({ schedule, shrunk, history }: Failure): string {
  return [
    `${history.violation?.promise} is broken: ${history.violation?.text}`,
    `schedule ${schedule.seed}: ${schedule.actions.length} actions, shrunk to ${shrunk.actions.length}`,
    `again: npm run simulate -- --schedule ${schedule.seed}`,
    JSON.stringify(shrunk.setup),
    JSON.stringify(shrunk.actions),
    ...history.trace,
  ].join('\n')
}

function addUp(sums: Map<string, number>, counts: ReadonlyMap<string, number>): void {
  for (const [name, count] of counts) sums.set(name, (sums.get(name) ?? 0) + count)
}
