import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createPortions } from './portions.ts'

it('P10 SEC-101 a crowd passes in portions, in order, and others have their turn in between', async () => {
  const portions = createPortions(10)
  const passed: number[] = []
  async function walk(number: number): Promise<void> {
    await portions.next()
    passed.push(number)
  }
  const crowd = Promise.all(Array.from({ length: 35 }, (_, number) => walk(number)))
  const seen: number[] = []
  await Promise.resolve()
  while (passed.length < 35) {
    seen.push(passed.length)
    await setImmediate()
  }
  await crowd
  expect(seen.length).toBeGreaterThanOrEqual(3)
  for (const [index, count] of seen.entries()) expect(count - (seen[index - 1] ?? 0)).toBeLessThanOrEqual(10)
  expect(passed).toEqual(Array.from({ length: 35 }, (_, number) => number))
  // Whoever comes alone does not wait at all.
  await setImmediate()
  expect(portions.next()).toBeUndefined()
})
