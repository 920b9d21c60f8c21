import { describe, expect, it } from 'vitest'
import { createLimit } from './limit.ts'
import { withRetry } from './retry.ts'

describe('limit', () => {
  it('runs so many at a time, in order, and goes on after failures', async () => {
    const limit = createLimit(2)
    const log: string[] = []
    let running = 0
    const work = (name: string) => async () => {
      running += 1
      expect(running).toBeLessThanOrEqual(2)
      log.push(name)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      if (name === 'b') throw new Error(name)
    }
    const results = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((name) => limit(work(name))))
    expect(log).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(results.map((result) => result.status).filter((status) => status === 'rejected')).toHaveLength(1)
    await limit(work('f'))
  })
})

describe('retry', () => {
  it('REL-24 tries again while there are no file handles, a bounded number of times', async () => {
    const waits: number[] = []
    const options = { random: () => 0.5, wait: async (ms: number) => void waits.push(ms) }
    let tries = 0
    const busy = async (until: number) => {
      tries += 1
      if (tries < until) throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' })
      return 'done'
    }
    expect(await withRetry(() => busy(4), options)).toBe('done')
    expect(waits).toEqual([10, 20, 40])
    tries = 0
    await expect(withRetry(() => busy(Infinity), options)).rejects.toThrow('EMFILE')
    expect(tries).toBe(8)
    await expect(withRetry(() => Promise.reject(new Error('EIO')), options)).rejects.toThrow('EIO')
  })
})
