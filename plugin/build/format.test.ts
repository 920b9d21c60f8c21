import { describe, expect, it } from 'vitest'
import { formatBytes, formatMs, formatSeconds } from './format.ts'

describe('formatSeconds', () => {
  it.each([
    [0.5, '0.5s'],
    [3, '3s'],
    [60, '1m'],
    [90, '1m 30s'],
    [3600, '1h'],
    [5400, '1h 30m'],
    [3661, '3661s'],
    [86_400, '1d'],
    [31_536_000, '1y'],
    [31_622_400, '1y 1d'],
  ])('B33 %d is %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text))
})

describe('formatMs', () => {
  it.each([
    [417.4, '417 ms'],
    [1240, '1.2 s'],
    [59_400, '59 s'],
    [125_000, '2 min 5 s'],
  ])('%d is %s', (ms, text) => expect(formatMs(ms)).toBe(text))
})

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [3456, '3.46 kB'],
    [62_140, '62.1 kB'],
    [128_400, '128 kB'],
    [2_500_000, '2.50 MB'],
  ])('%d is %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))
})
