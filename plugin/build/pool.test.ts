import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { forEachAtMost } from './pool.ts'
import { TRIES, withRetries } from './retry.ts'

describe('forEachAtMost', () => {
  it('runs each item once and never more than the limit at a time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.array(fc.integer()), async (limit, items) => {
        let running = 0
        let most = 0
        const seen: number[] = []
        await forEachAtMost(limit, items, async (item) => {
          most = Math.max(most, ++running)
          await Promise.resolve()
          running -= 1
          seen.push(item)
        })
        expect(seen).toEqual(items)
        expect(most).toBeLessThanOrEqual(limit)
      }),
    )
  })
  it('takes items only when there is a place for them', async () => {
    let taken = 0
    function* items() {
      for (;;) yield ++taken
    }
    const failure = new Error('stop')
    const run = forEachAtMost(2, items(), async (item) => {
      if (item === 3) throw failure
      await Promise.resolve()
    })
    await expect(run).rejects.toBe(failure)
    expect(taken).toBeLessThan(7)
  })
  it('rejects only when nothing runs any more', async () => {
    let finished = false
    const run = forEachAtMost(2, ['fails', 'slow'], async (item) => {
      if (item === 'fails') throw new Error(item)
      await new Promise((resolve) => setImmediate(resolve))
      finished = true
    })
    await expect(run).rejects.toThrow('fails')
    expect(finished).toBe(true)
  })
})

describe('forEachAtMost with a limit that changes', () => {
  it('begins more tasks once more are allowed, and rejects when there is no next item', async () => {
    let limit = 1
    let running = 0
    const seen: number[] = []
    function* items() {
      yield* [1, 2, 3, 4]
      throw new Error('no more')
    }
    const run = forEachAtMost(
      () => limit,
      items(),
      async () => {
        seen.push(++running)
        await new Promise((resolve) => setImmediate(resolve))
        limit = 3
        running -= 1
      },
    )
    await expect(run).rejects.toThrow('no more')
    expect(seen).toEqual([1, 1, 2, 3])
  })
})

describe('withRetries', () => {
  it('B27 tries three times in total, with growing pauses, and throws the last error', async () => {
    const pauses: number[] = []
    let tries = 0
    const run = withRetries(
      async () => {
        throw new Error(`try ${++tries}`)
      },
      async (ms) => void pauses.push(ms),
    )
    await expect(run).rejects.toThrow(`try ${TRIES}`)
    expect(tries).toBe(3)
    expect(pauses).toEqual([200, 400])
  })
  it('W11 a second try that works is enough', async () => {
    let tries = 0
    const result = await withRetries(
      async () => {
        if (++tries < 2) throw new Error('once')
        return 'page'
      },
      async () => {},
    )
    expect(result).toBe('page')
  })
})
