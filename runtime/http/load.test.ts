import { expect, it } from 'vitest'
import { createLoad, type Usage } from './load.ts'

function start(processors: number) {
  let usage: Usage = { at: 0, processor: 0, thread: 0 }
  const isBusy = createLoad(() => usage, processors)
  return (at: number, processor: number, thread: number) => {
    usage = { at: usage.at + at, processor: usage.processor + processor, thread: usage.thread + thread }
    return isBusy()
  }
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
  expect(load(5, 0, 0)).toBe(true)
  expect(load(20, 0, 0)).toBe(false)
})
