import { describe, expect, it } from 'vitest'
import { isPrivate, readLifetime, readValue, useCacheApp, YEAR } from '../harness/cache-app.ts'
import { eventually } from '../harness/eventually.ts'

describe('notFound and redirect', () => {
  const app = useCacheApp({}, (source) => {
    source.set('built/absent', { result: '{ notFound: true, revalidate: 2 }' })
    source.set('built/moved', { result: "{ redirect: { destination: '/plain', permanent: true }, revalidate: 30 }" })
  })

  it('N01 notFound on a miss is a cached 404', async () => {
    app.source.set('any/none', { result: '{ notFound: true, revalidate: 30 }' })
    const first = await app.get('/any/none')
    expect([first.status, first.cache]).toEqual([404, 'MISS'])
    expect(first.text).toContain('404: This page could not be found.')
    expect(first.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(readLifetime(first)).toEqual({ fresh: 30, stale: YEAR - 30 })
    const next = await app.get('/any/none')
    expect([next.status, next.cache, next.text]).toEqual([404, 'HIT', first.text])
    expect(readLifetime(next).stale).toBe(YEAR - 30)
    const data = await app.data('/any/none')
    expect([data.status, data.cache, data.json()]).toEqual([404, 'HIT', { notFound: true }])
    expect(app.source.count('any/none')).toBe(1)
    // Only a 200 is confirmed by 304.
    expect((await app.get('/any/none', { headers: { 'if-none-match': '*' } })).status).toBe(404)
  })

  it('N01 a stale notFound is served while it is asked again, and a page takes its place', async () => {
    app.source.set('any/soon', { result: '{ notFound: true, revalidate: 1 }' })
    await app.get('/any/soon')
    await app.untilStale('/any/soon')
    app.source.set('any/soon', { value: 'here', result: '{ props: { value }, revalidate: 60 }' })
    const stale = await app.get('/any/soon')
    expect([stale.status, stale.cache]).toEqual([404, 'STALE'])
    const page = await eventually(async () => {
      const answer = await app.get('/any/soon')
      expect([answer.status, answer.cache]).toEqual([200, 'HIT'])
      return answer
    })
    expect(readValue(page)).toBe('here')
  })

  it('N01 a page that is gone becomes a notFound', async () => {
    app.source.set('any/gone', { value: 'here', result: '{ props: { value }, revalidate: 1 }' })
    expect((await app.get('/any/gone')).status).toBe(200)
    await app.untilStale('/any/gone')
    app.source.set('any/gone', { result: '{ notFound: true, revalidate: 60 }' })
    expect((await app.get('/any/gone')).status).toBe(200)
    await eventually(async () => {
      const answer = await app.get('/any/gone')
      expect([answer.status, answer.cache]).toEqual([404, 'HIT'])
    })
  })

  it('N04 notFound at build is a HIT with its own lifetime, and can become a page', async () => {
    expect(app.source.count('built/absent')).toBe(1)
    const answer = await app.get('/built/absent', { headers: { purpose: 'prefetch' } })
    expect(answer.status).toBe(404)
    expect(['HIT', 'STALE']).toContain(answer.cache)
    expect(readLifetime(answer).stale).toBe(YEAR - 2)
    expect(readLifetime(answer).fresh).toBeLessThanOrEqual(2)
    expect(app.source.count('built/absent')).toBe(1)

    await app.untilStale('/built/absent')
    app.source.set('built/absent', { value: 'there now' })
    const stale = await app.get('/built/absent')
    expect([stale.status, stale.cache]).toEqual([404, 'STALE'])
    const page = await eventually(async () => {
      const later = await app.get('/built/absent')
      expect([later.status, later.cache]).toEqual([200, 'HIT'])
      return later
    })
    expect(readValue(page)).toBe('there now')
    expect((await app.data('/built/absent')).json()).toEqual({ pageProps: { value: 'there now' } })
  })

  it.each([
    ['permanent: false', 307],
    ['permanent: true', 308],
    ['statusCode: 301', 301],
    ['statusCode: 302', 302],
    ['statusCode: 303', 303],
    ['statusCode: 307', 307],
    ['statusCode: 308', 308],
  ])('N05 redirect with %s is a %i', async (field, status) => {
    const name = `any/redirect-${field.replaceAll(/\W/g, '')}`
    const destination = '/minute/somewhere else?a=b c'
    const result = `{ redirect: { destination: ${JSON.stringify(destination)}, ${field} }, revalidate: 30 }`
    app.source.set(name, { result })
    const first = await app.get(`/${name}`)
    expect([first.status, first.cache, first.text]).toEqual([status, 'MISS', destination])
    expect(first.headers['location']).toBe(destination)
    expect(first.headers['refresh']).toBe(status === 308 ? `0;url=${destination}` : undefined)
    expect(readLifetime(first)).toEqual({ fresh: 30, stale: YEAR - 30 })
    const next = await app.get(`/${name}`)
    expect([next.status, next.cache, next.text, next.headers['location']]).toEqual([
      status,
      'HIT',
      destination,
      destination,
    ])
    const head = await app.get(`/${name}`, { method: 'HEAD' })
    expect([head.status, head.cache, head.headers['location'], head.text]).toEqual([status, 'HIT', destination, ''])
    expect(app.source.count(name)).toBe(1)
  })

  it('N05 a stale redirect is served while it is asked again', async () => {
    const to = (path: string) => ({
      result: `{ redirect: { destination: '${path}', permanent: false }, revalidate: 1 }`,
    })
    app.source.set('any/turning', to('/one'))
    await app.get('/any/turning')
    const stale = await app.untilStale('/any/turning')
    expect([stale.status, stale.headers['location']]).toEqual([307, '/one'])
    app.source.set('any/turning', to('/two'))
    expect((await app.get('/any/turning')).cache).toBe('STALE')
    await eventually(async () => {
      const answer = await app.get('/any/turning')
      expect([answer.cache, answer.headers['location']]).toEqual(['HIT', '/two'])
    })
  })

  it('N05 a redirect at build is a HIT', async () => {
    const answer = await app.get('/built/moved')
    expect([answer.status, answer.headers['location']]).toEqual([308, '/plain'])
    expect(answer.headers['refresh']).toBe('0;url=/plain')
    expect(app.source.count('built/moved')).toBe(1)
  })

  it('N05 an absolute URL leads away', async () => {
    const destination = 'https://example.org/a?b=c#d'
    app.source.set('any/away', { result: `{ redirect: { destination: '${destination}', permanent: false } }` })
    const answer = await app.get('/any/away')
    expect([answer.status, answer.headers['location'], answer.text]).toEqual([307, destination, destination])
    // Without revalidate it stays as it is.
    expect(readLifetime(answer)).toEqual({ fresh: YEAR, stale: undefined })
  })

  it.each([
    ['statusCode: 200', "{ redirect: { destination: '/x', statusCode: 200 } }"],
    ['permanent and statusCode', "{ redirect: { destination: '/x', permanent: true, statusCode: 307 } }"],
    ['no destination', '{ redirect: { permanent: true } }'],
    ['permanent that is no boolean', "{ redirect: { destination: '/x', permanent: 'yes' } }"],
  ])('N06 redirect with %s is an error', async (label, result) => {
    const name = `any/wrong-${label.replaceAll(/\W/g, '')}`
    app.source.set(name, { result })
    const answer = await app.get(`/${name}`)
    expect(answer.status).toBe(500)
    expect(isPrivate(answer)).toBe(true)
    expect(answer.headers).not.toHaveProperty('location')
  })

  it('N06 redirect with neither permanent nor statusCode is a 307', async () => {
    app.source.set('any/plain-redirect', { result: "{ redirect: { destination: '/x' } }" })
    const answer = await app.get('/any/plain-redirect')
    expect([answer.status, answer.headers['location']]).toEqual([307, '/x'])
  })

  it('N10 notFound and redirect together are an error', async () => {
    app.source.set('any/both', { result: "{ notFound: true, redirect: { destination: '/x', permanent: false } }" })
    const answer = await app.get('/any/both')
    expect(answer.status).toBe(500)
    expect(isPrivate(answer)).toBe(true)
    const again = await app.get('/any/both')
    expect(again.status).toBe(500)
    expect(app.source.count('any/both')).toBe(2)
  })
})
