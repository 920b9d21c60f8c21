import { describe, expect, it } from 'vitest'
import { readPageData, readValue, useCacheApp } from '../harness/cache-app.ts'

describe('parallel cold requests', () => {
  const app = useCacheApp()

  it('T01 share one call and one body, all as MISS', async () => {
    const hold = app.source.hold('minute/cold')
    const asked = Promise.all(Array.from({ length: 20 }, () => app.get('/minute/cold')))
    await hold.waiting
    // Answered after the server has seen all of them.
    await app.get('/plain')
    hold.release()
    const answers = await asked
    for (const answer of answers) {
      expect([answer.status, answer.cache, answer.text]).toEqual([200, 'MISS', answers[0]!.text])
      expect(answer.headers['etag']).toBe(answers[0]!.headers['etag'])
    }
    expect(app.source.count('minute/cold')).toBe(1)
    expect((await app.get('/minute/cold')).cache).toBe('HIT')
  })

  it('T01 HTML, data, HEAD and query variants share that one call', async () => {
    const hold = app.source.hold('minute/mixed')
    const asked = Promise.all([
      app.get('/minute/mixed'),
      app.get('/minute/mixed', { method: 'HEAD' }),
      app.get('/minute/mixed?a=1'),
      app.get('/minute/mixed?slug=other&b=2'),
      app.get('/minute/mixed', { headers: { 'accept-encoding': 'gzip' } }),
      app.data('/minute/mixed'),
      app.data('/minute/mixed?slug=mixed'),
      app.data('/minute/mixed', { method: 'HEAD' }),
    ])
    await hold.waiting
    await app.get('/plain')
    hold.release()
    const answers = await asked
    for (const answer of answers) expect([answer.status, answer.cache]).toEqual([200, 'MISS'])
    const [html, , query, other, , data, dataQuery] = answers
    expect(readValue(html)).toBe('minute/mixed 1')
    expect([query.text, other.text]).toEqual([html.text, html.text])
    expect(data.json()).toEqual({ pageProps: readPageData(html).pageProps })
    expect(dataQuery.text).toBe(data.text)
    expect(app.source.count('minute/mixed')).toBe(1)
  })

  it('T01 notFound and redirect are shared too', async () => {
    app.source.set('any/cold-none', { result: '{ notFound: true, revalidate: 60 }' })
    app.source.set('any/cold-moved', { result: "{ redirect: { destination: '/x', permanent: false } }" })
    const holds = [app.source.hold('any/cold-none'), app.source.hold('any/cold-moved')]
    const asked = Promise.all(
      ['none', 'moved'].flatMap((name) => Array.from({ length: 10 }, () => app.get(`/any/cold-${name}`))),
    )
    for (const { waiting } of holds) await waiting
    await app.get('/plain')
    for (const hold of holds) hold.release()
    const answers = await asked
    expect(answers.slice(0, 10).map(({ status, cache }) => [status, cache])).toEqual(
      Array.from({ length: 10 }, () => [404, 'MISS']),
    )
    expect(answers.slice(10).map(({ status, cache }) => [status, cache])).toEqual(
      Array.from({ length: 10 }, () => [307, 'MISS']),
    )
    expect([app.source.count('any/cold-none'), app.source.count('any/cold-moved')]).toEqual([1, 1])
  })
})
