import { describe, expect, it } from 'vitest'
import { readLifetime, readValue, useCacheApp, YEAR } from '../harness/cache-app.ts'
import { eventually } from '../harness/eventually.ts'

describe('expire', () => {
  const app = useCacheApp()

  it('XT01 W2 is a year by default', async () => {
    expect(readLifetime(await app.get('/minute/default'))).toEqual({ fresh: 60, stale: YEAR - 60 })
    expect(readLifetime(await app.get('/second/default'))).toEqual({ fresh: 1, stale: YEAR - 1 })
  })

  it('XT01 W2 a result may have its own', async () => {
    app.source.set('any/own', { value: 'own', result: '{ props: { value }, revalidate: 60, expire: 300 }' })
    expect((await app.get('/any/own')).headers['cache-control']).toBe('s-maxage=60, stale-while-revalidate=240')
  })

  it('XT01 the stale part is left out where expire leaves no room for it', async () => {
    app.source.set('any/five', { value: 'five', result: '{ props: { value }, revalidate: 60, expire: 5 }' })
    app.source.set('any/same', { value: 'same', result: '{ props: { value }, revalidate: 60, expire: 60 }' })
    expect((await app.get('/any/five')).headers['cache-control']).toBe('s-maxage=60')
    expect((await app.get('/any/same')).headers['cache-control']).toBe('s-maxage=60')
  })

  it('XT01 past it a visitor waits for the new page', async () => {
    app.source.set('any/past', { value: 'one', result: '{ props: { value }, revalidate: 1, expire: 2 }' })
    await app.get('/any/past')
    await app.untilStale('/any/past')
    app.source.set('any/past', { value: 'two', result: '{ props: { value }, revalidate: 1, expire: 2 }' })
    // Prefetches of a stale page regenerate nothing, so it stays stale until it is past its limit.
    const answer = await eventually(async () => {
      const answer = await app.get('/any/past', { headers: { purpose: 'prefetch' } })
      expect(answer.cache).not.toBe('STALE')
      return answer
    })
    expect([answer.status, answer.cache, readValue(answer)]).toEqual([200, 'MISS', 'two'])
  })
})

describe('expire of the app', () => {
  const app = useCacheApp({ options: '{ expire: 5 }' })

  it('XT01 W2 option expire is the default of every page', async () => {
    expect((await app.get('/minute/app')).headers['cache-control']).toBe('s-maxage=60')
    expect(readLifetime(await app.get('/second/app'))).toEqual({ fresh: 1, stale: 4 })
    app.source.set('any/app', { value: 'own', result: '{ props: { value }, revalidate: 60, expire: 300 }' })
    expect(readLifetime(await app.get('/any/app'))).toEqual({ fresh: 60, stale: 240 })
  })
})
