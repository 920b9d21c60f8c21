import { expect, it } from 'vitest'
import { createLoad, type Usage } from './load.ts'

function start(processors: number) {
  let now = 0
  let usage: Usage = { processor: 0, thread: 0 }
  let reads = 0
  const read = () => {
    reads += 1
    return usage
  }
  const isBusy = createLoad(read, processors, () => now)
  const load = (ms: number, processor: number, thread: number) => {
    now += ms
    usage = { processor: usage.processor + processor, thread: usage.thread + thread }
    return isBusy()
  }
  return Object.assign(load, { countReads: () => reads })
}

it('a process is busy when its serving thread is, or all of its processors', () => {
  const oneOfTwo = start(2)
  expect(oneOfTwo(100, 10, 5)).toBe(false)
  expect(oneOfTwo(100, 90, 80)).toBe(true)
  expect(oneOfTwo(100, 120, 20)).toBe(false)
  expect(oneOfTwo(100, 160, 20)).toBe(true)
  const only = start(1)
  expect(only(100, 80, 20)).toBe(true)
})

it('a moment says nothing: the last answer counts', () => {
  const load = start(1)
  expect(load(100, 90, 90)).toBe(true)
  const reads = load.countReads()
  expect(load(5, 0, 0)).toBe(true)
  expect(load.countReads()).toBe(reads)
  expect(load(20, 0, 0)).toBe(false)
})
