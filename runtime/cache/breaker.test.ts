import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBreaker, type Breaker } from './breaker.ts'

const noJitter = () => 0

function failTimes(breaker: Breaker, times: number, now: number): void {
  for (let index = 0; index < times; index++) breaker.enter(now)?.fail(now)
}

describe('the breaker', () => {
  it('REL-45 opens with the fifth failure in a row; a success in between starts the count anew', () => {
    const breaker = createBreaker(noJitter)
    failTimes(breaker, 4, 0)
    expect(breaker.enter(0)?.succeed(0)).toBe(false)
    failTimes(breaker, 4, 0)
    expect(breaker.isPaused()).toBe(false)
    expect(breaker.enter(0)?.fail(0)).toBe(true)
    expect(breaker.isPaused()).toBe(true)
    expect(breaker.enter(0)).toBeUndefined()
  })

  it('REL-45 P9 lets one operation through after the pause: it ends the pause, or makes the next one twice as long', () => {
    const breaker = createBreaker(noJitter)
    failTimes(breaker, 5, 0)
    let now = 0
    for (const pause of [1000, 2000, 4000, 8000, 15_000, 15_000]) {
      expect(breaker.toWaitMs(now)).toBe(pause)
      expect(breaker.enter(now + pause - 1)).toBeUndefined()
      now += pause
      const probe = breaker.enter(now)
      expect(probe?.isProbe).toBe(true)
      expect(breaker.enter(now)).toBeUndefined()
      expect(probe?.fail(now)).toBe(true)
    }
    now += 15_000
    expect(breaker.enter(now)?.succeed(now)).toBe(true)
    expect(breaker.isPaused()).toBe(false)
    expect(breaker.enter(now)?.isProbe).toBe(false)
  })

  it('a store that comes and goes is not asked more and more often', () => {
    const breaker = createBreaker(noJitter)
    failTimes(breaker, 5, 0)
    breaker.enter(1000)?.succeed(1000)
    failTimes(breaker, 5, 2000)
    expect(breaker.toWaitMs(2000)).toBe(2000)
    breaker.enter(4000)?.succeed(4000)
    failTimes(breaker, 5, 64_000)
    expect(breaker.toWaitMs(64_000)).toBe(1000)
  })

  it('what began before a pause began or ended changes nothing', () => {
    const breaker = createBreaker(noJitter)
    const early = Array.from({ length: 10 }, () => breaker.enter(0))
    failTimes(breaker, 5, 0)
    for (const pass of early.slice(0, 6)) expect(pass?.fail(500)).toBe(false)
    expect(early[6]?.succeed(500)).toBe(false)
    expect(breaker.toWaitMs(500)).toBe(500)
    breaker.enter(1000)?.succeed(1000)
    for (const pass of early.slice(5)) expect(pass?.fail(1000)).toBe(false)
    expect(breaker.isPaused()).toBe(false)
  })

  it('a success from before the last pause does not start the count anew', () => {
    const breaker = createBreaker(noJitter)
    const early = breaker.enter(0)
    failTimes(breaker, 5, 0)
    breaker.enter(1000)?.succeed(1000)
    failTimes(breaker, 4, 2000)
    expect(early?.succeed(2000)).toBe(false)
    failTimes(breaker, 1, 2000)
    expect(breaker.isPaused()).toBe(true)
  })

  it('REL-40 a clock that is set back does not make a pause longer', () => {
    const breaker = createBreaker(noJitter)
    failTimes(breaker, 5, 1e9)
    expect(breaker.enter(0)?.isProbe).toBe(true)
  })

  it('REL-40 the pause after one that has just ended is longer; after a clock that was set back it is short again', () => {
    const breaker = createBreaker(noJitter)
    failTimes(breaker, 5, 50_000)
    breaker.enter(51_000)?.succeed(51_000)
    failTimes(breaker, 5, 51_000)
    expect(breaker.toWaitMs(51_000)).toBe(2000)
    breaker.enter(53_000)?.succeed(53_000)
    failTimes(breaker, 5, 10_000)
    expect(breaker.toWaitMs(10_000)).toBe(1000)
  })

  it('pauses differ between servers', () => {
    const breaker = createBreaker(() => 0.8)
    failTimes(breaker, 5, 0)
    expect(breaker.toWaitMs(0)).toBe(800)
  })

  it('REL-45 P9 P10 whatever happens: one probe at a time, never longer than 15 s without one, open only after 5 failures', () => {
    const step = fc.record({
      waitMs: fc.integer({ min: -20_000, max: 20_000 }),
      act: fc.constantFrom('enter', 'ok', 'fail'),
    })
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (steps, jitter) => {
          const breaker = createBreaker(() => jitter)
          const passes: Array<NonNullable<ReturnType<Breaker['enter']>>> = []
          let now = 0
          let failures = 0
          let since: number | undefined
          for (const { waitMs, act } of steps) {
            now += waitMs
            if (act === 'enter') {
              const isProbing = passes.some((pass) => pass.isProbe)
              const pass = breaker.enter(now)
              // Closed: always. Open: only when nobody probes, and surely after the longest pause.
              if (!breaker.isPaused()) expect(pass?.isProbe).toBe(false)
              else if (isProbing) expect(pass).toBeUndefined()
              else if (since !== undefined && (now - since >= 15_000 || now < since)) expect(pass?.isProbe).toBe(true)
              if (pass) passes.push(pass)
              continue
            }
            const pass = passes.shift()
            if (!pass) continue
            const wasPaused = breaker.isPaused()
            const changed = act === 'ok' ? pass.succeed(now) : pass.fail(now)
            if (act === 'ok' && changed) expect(pass.isProbe && !breaker.isPaused()).toBe(true)
            if (act === 'fail') failures += 1
            if (!wasPaused && breaker.isPaused()) {
              expect(failures).toBeGreaterThanOrEqual(5)
              failures = 0
            }
            if (act === 'fail' && changed) since = now
            if (!breaker.isPaused()) since = undefined
            expect(breaker.toWaitMs(now)).toBeLessThanOrEqual(15_000)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
