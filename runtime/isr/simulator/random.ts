/** Numbers that are the same for the same seed, on every machine. */
export interface Random {
  /** A whole number from 0 up to `limit`. */
  below(limit: number): number
  /** A number from 0 up to 1, as `Math.random` gives. */
  unit(): number
}

/** Mulberry32: a counter, mixed; good enough to choose schedules and reproducible from one number. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  return {
    below: (limit) => Math.floor((next() / 2 ** 32) * limit),
    unit: () => next() / 2 ** 32,
  }
}
