import { expect, it } from 'vitest'
import { readOpenFilesLimit, toMaxConnections } from './open-files.ts'

it('SEC-107 connections leave a share of the files that may be open', () => {
  expect(toMaxConnections(20_000, undefined)).toBe(20_000)
  expect(toMaxConnections(20_000, 1_048_576)).toBe(20_000)
  expect(toMaxConnections(20_000, 20_000)).toBe(16_000)
  expect(toMaxConnections(20_000, 1024)).toBe(819)
  expect(toMaxConnections(20_000, 256)).toBe(156)
  expect(toMaxConnections(20_000, 100)).toBe(50)
  expect(toMaxConnections(20_000, 40)).toBe(20)
  expect(toMaxConnections(20_000, 0)).toBe(1)
  expect(toMaxConnections(10, 1024)).toBe(10)
})

it.runIf(process.platform === 'linux')('the limit of this process is a number', () => {
  expect(readOpenFilesLimit()).toBeGreaterThan(10)
})
