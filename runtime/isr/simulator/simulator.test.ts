import { expect, it } from 'vitest'
import { createEngine } from '../engine.ts'
import { showFailure, simulate } from './simulate.ts'

// A moment of what `npm run simulate` does for longer: enough to find most engines that break a promise.
it('REL-63 P1 P2 P3 P4 P5 P7 P8 P9 P11 P12 hold in some hundred short histories', async () => {
  const { failure } = await simulate({ createEngine, seed: 63, steps: 12_000, shrinking: false })
  expect(failure && showFailure(failure)).toBeUndefined()
})
