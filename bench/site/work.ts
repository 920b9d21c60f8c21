/**
 * Keeps the processor busy, the same amount of work in every server: a render that costs what real ones do. Work, not time,
 * so that a server does not gain by rendering while it is given less of the processor.
 *
 * @param units some tens of nanoseconds each; see `measureWorkUnits` for how many a millisecond takes on this machine.
 * @returns a number that depends on all of it, so that no compiler leaves it out.
 */
export function work(units: number): number {
  let value = 1
  for (let unit = 0; unit < units * 16; unit++) value = (Math.imul(value, 1_664_525) + 1_013_904_223) | 0
  return value
}

/** How many units of `work` this machine does in a millisecond, when nothing else runs. */
export function measureWorkUnits(): number {
  const units = 200_000
  work(units)
  const times = Array.from({ length: 7 }, () => {
    const begin = performance.now()
    work(units)
    return performance.now() - begin
  })
  return Math.round(units / Math.min(...times))
}
