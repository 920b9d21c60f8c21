import type { Schedule } from './schedule.ts'

/**
 * Takes actions out of a schedule for as long as it still fails (delta debugging): first halves, then smaller and smaller
 * parts, down to single ones.
 *
 * @param fails whether a schedule fails in the same way
 * @param tries schedules to run at most
 */
export async function shrink(
  schedule: Schedule,
  fails: (candidate: Schedule) => Promise<boolean>,
  tries = 2000,
): Promise<Schedule> {
  let best = schedule
  let left = tries
  let size = Math.ceil(best.actions.length / 2)
  while (left > 0) {
    let hasShrunk = false
    // From the end: what came last depends on what came first, and goes more easily.
    for (let end = best.actions.length; end > 0 && left > 0; end -= size) {
      const start = Math.max(0, end - size)
      const candidate = { ...best, actions: best.actions.toSpliced(start, end - start) }
      left -= 1
      if (!(await fails(candidate))) continue
      best = candidate
      hasShrunk = true
    }
    if (size > 1) size = Math.ceil(size / 2)
    else if (!hasShrunk) break
  }
  return best
}
