import { describe, expect, it } from 'vitest'
import type { Job } from '../types.ts'
import { createStrikes } from './strikes.ts'

const job = (pattern: string, path: string, reason: 'stale' | 'on-demand' = 'stale'): Job => ({
  type: 'page',
  pattern,
  path,
  params: {},
  reason,
})
const post = (id: number | string) => job('/posts/[id]', `/posts/${id}`)

describe('createStrikes', () => {
  it('REL-10 the first strike isolates a path, further ones pause it longer and longer, up to 15 seconds', () => {
    let time = 0
    const strikes = createStrikes(() => time)
    expect(strikes.isSuspect(post(1))).toBe(false)
    const pauses = Array.from({ length: 8 }, () => {
      strikes.add(post(1))
      return strikes.toPauseMs(post(1))
    })
    expect(pauses).toEqual([0, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000])
    expect(strikes.isSuspect(post(1))).toBe(true)
    time += 15_000
    expect(strikes.toPauseMs(post(1))).toBe(0)
  })

  it('REL-10 P5 a call of res.revalidate is never paused, and a run that goes well ends it all', () => {
    const strikes = createStrikes(() => 0)
    strikes.add(post(1))
    strikes.add(post(1))
    expect(strikes.toPauseMs(job('/posts/[id]', '/posts/1', 'on-demand'))).toBe(0)
    strikes.clear(post(1))
    expect(strikes.toPauseMs(post(1))).toBe(0)
    expect(strikes.isSuspect(post(1))).toBe(false)
  })

  it('REL-10 P7 three paths of one page isolate all of them, whatever is made up, until as many have gone well', () => {
    const strikes = createStrikes(() => 0)
    for (const id of [1, 2, 3]) strikes.add(post(id))
    expect(strikes.isSuspect(post('new'))).toBe(true)
    expect(strikes.isSuspect(job('/about', '/about'))).toBe(false)
    expect(strikes.toPauseMs(post('new'))).toBe(0)
    strikes.clear(post('new'))
    expect(strikes.isSuspect(post('other'))).toBe(false)
    expect(strikes.isSuspect(post(1))).toBe(true)
  })

  it('REL-10 who was there when a worker was lost runs alone once, and is not paused', () => {
    const strikes = createStrikes(() => 0)
    strikes.doubt(post(1))
    expect(strikes.isSuspect(post(1))).toBe(true)
    expect(strikes.toPauseMs(post(1))).toBe(0)
    strikes.clear(post(1))
    expect(strikes.isSuspect(post(1))).toBe(false)
    strikes.add(post(1))
    strikes.add(post(1))
    strikes.doubt(post(1))
    expect(strikes.toPauseMs(post(1))).toBe(1000)
  })

  it('P7 remembers so many and no more; a query makes no name', () => {
    const strikes = createStrikes(() => 0, 2)
    for (const id of [1, 2, 3]) strikes.add(job(`/p${id}`, `/p${id}`))
    expect([1, 2, 3].map((id) => strikes.isSuspect(job(`/p${id}`, `/p${id}`)))).toEqual([false, true, true])
    const render = (asPath: string): Job => ({
      type: 'render',
      input: { pattern: '/s', asPath, query: {}, pageProps: {}, isFallback: false, draft: false, statusCode: 200 },
    })
    strikes.add(render('/s?q=1'))
    expect(strikes.isSuspect(render('/s?q=2'))).toBe(true)
  })
})
