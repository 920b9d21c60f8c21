import { expect, it } from 'vitest'
import { createVirtualClock } from '../isr/testing/virtual-clock.ts'
import { createLeisure } from './leisure.ts'

function start(busy: boolean) {
  const clock = createVirtualClock()
  const state = { busy }
  const leisure = createLeisure({ clock, isBusy: () => state.busy })
  const begun: string[] = []
  const wait = async (key: string) => {
    await leisure.wait(key)
    begun.push(key)
  }
  return { clock, state, leisure, begun, wait }
}

it('what nobody waits for begins at once where there is time, a portion between two looks', async () => {
  const { clock, begun, wait } = start(false)
  const all = Array.from({ length: 20 }, (_, index) => wait(String(index)))
  await clock.advance(0)
  expect(begun).toHaveLength(8)
  await clock.advance(20)
  expect(begun).toHaveLength(16)
  await clock.advance(20)
  await Promise.all(all)
  expect(begun).toEqual(Array.from({ length: 20 }, (_, index) => String(index)))
})

it('P10 it waits while the process is busy, and begins in order when it is not', async () => {
  const { clock, state, begun, wait } = start(true)
  const all = [wait('a'), wait('b')]
  await clock.advance(5000)
  expect(begun).toEqual([])
  state.busy = false
  await clock.advance(20)
  await Promise.all(all)
  expect(begun).toEqual(['a', 'b'])
})

it('P9 after half a minute it begins on a busy process too, one at a time', async () => {
  const { clock, begun, wait } = start(true)
  const all = Array.from({ length: 3 }, (_, index) => wait(String(index)))
  await clock.advance(29_990)
  expect(begun).toEqual([])
  await clock.advance(10)
  expect(begun).toEqual(['0'])
  await clock.advance(40)
  await Promise.all(all)
})

it('one key that somebody waits for now is let through alone', async () => {
  const { clock, leisure, begun, wait } = start(true)
  const other = wait('other')
  const urgent = wait('urgent')
  leisure.hurry('urgent')
  await urgent
  expect(begun).toEqual(['urgent'])
  leisure.end()
  await other
  await clock.advance(0)
})

it('the end lets all through, and whoever comes later', async () => {
  const { leisure, begun, wait } = start(true)
  const all = [wait('a'), wait('b')]
  leisure.end()
  await Promise.all(all)
  await wait('c')
  expect(begun).toEqual(['a', 'b', 'c'])
})
