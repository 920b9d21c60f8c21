import { describe, expect, it } from 'vitest'
import { createRestarts } from './restarts.ts'

describe('createRestarts', () => {
  it('REL-10 P7 the first losses are free, later ones wait twice as long each, up to a limit', () => {
    let time = 0
    const restarts = createRestarts({ free: 2, longestMs: 1000, now: () => time })
    const waits = Array.from({ length: 7 }, () => {
      restarts.add()
      return restarts.toDelayMs()
    })
    expect(waits).toEqual([0, 0, 200, 400, 800, 1000, 1000])
    time += 600
    expect(restarts.toDelayMs()).toBe(400)
    time += 400
    expect(restarts.toDelayMs()).toBe(0)
  })

  it('P9 forgets what is half a minute old', () => {
    let time = 0
    const restarts = createRestarts({ free: 1, longestMs: 60_000, now: () => time })
    for (let count = 0; count < 20; count++) restarts.add()
    expect(restarts.toDelayMs()).toBe(60_000)
    time += 30_000
    expect(restarts.toDelayMs()).toBe(0)
  })

  it('P7 in a crash loop that goes on for ever a worker starts at most so often', () => {
    let time = 0
    let starts = 0
    const restarts = createRestarts({ free: 2, longestMs: 2000, now: () => time })
    for (; time < 600_000; time += 10) {
      if (restarts.toDelayMs() > 0) continue
      starts++
      restarts.add()
    }
    expect(starts).toBeLessThan(350)
  })
})
