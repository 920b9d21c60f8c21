/** A figure of several rounds. */
export interface Figure {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** @throws RangeError for no values: a table must not show what was not measured. */
export function toFigure(values: readonly number[]): Figure {
  const sorted = [...values].sort((one, other) => one - other)
  if (sorted.length === 0 || sorted.some((value) => !Number.isFinite(value))) {
    throw new RangeError(`No figure from [${values.join(', ')}]: measure at least one finite value.`)
  }
  return { median: toQuantile(sorted, 0.5), min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 }
}

/** @param sorted from the smallest to the largest, not empty. */
export function toQuantile(sorted: readonly number[], quantile: number): number {
  const position = (sorted.length - 1) * quantile
  const below = sorted[Math.floor(position)] ?? 0
  const above = sorted[Math.ceil(position)] ?? below
  return below + (above - below) * (position - Math.floor(position))
}
