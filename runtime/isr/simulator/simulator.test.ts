import { describe, expect, it } from 'vitest'
import { createEngine } from '../engine.ts'
import { createSchedule } from './schedule.ts'
import { explain, showFailure, simulate } from './simulate.ts'

// A moment of what `npm run faults -- simulator` does for longer: enough to find most engines that break a promise.
describe('REL-63 the engine in a simulated world, for a moment', () => {
  it.each([
    1487316490, 414039972, 5874916, 298357598, 1687636509, 1957619504, 1546407797, 810930661, 2084252367, 476028192,
    1782229634,
  ])('REL-63 schedule %i, which broke a promise once, breaks none', async (seed) => {
    const failure = await explain(createSchedule(seed), { createEngine })
    expect(failure && showFailure(failure)).toBeUndefined()
  })

  it('REL-63 P1 P2 P3 P4 P5 P7 P8 P9 P11 P12 hold in some hundred short histories', async () => {
    const { failure } = await simulate({ createEngine, seed: 63, steps: 12_000, shrinking: false })
    expect(failure && showFailure(failure)).toBeUndefined()
  })
})
