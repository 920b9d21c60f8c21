import { describe, expect, it } from 'vitest'
import { isPrivate, readLifetime, useCacheApp, YEAR } from '../harness/cache-app.ts'
import { eventually } from '../harness/eventually.ts'

describe('what getStaticProps may return at run time', () => {
  const app = useCacheApp()

  it.each(['0', '-1', '1.5', "'10'", "'soon'", 'null', 'Infinity', 'NaN', '1n', '[1]', '{}'])(
    'V01 revalidate: %s is an error',
    async (revalidate) => {
      const name = `any/bad-${Buffer.from(revalidate).toString('hex')}`
      app.source.set(name, { value: 'x', result: `{ props: { value }, revalidate: ${revalidate} }` })
      const answer = await app.get(`/${name}`)
      expect(answer.status).toBe(500)
      expect(isPrivate(answer)).toBe(true)
      await app.get(`/${name}`)
      expect(app.source.count(name)).toBe(2)
    },
  )

  it.each([
    ['true', 1, YEAR - 1],
    ['false', YEAR, undefined],
    ['undefined', YEAR, undefined],
    ['1', 1, YEAR - 1],
    ['3600', 3600, YEAR - 3600],
  ])('V01 revalidate: %s is fine', async (revalidate, fresh, stale) => {
    const name = `any/good-${revalidate}`
    app.source.set(name, { value: 'x', result: `{ props: { value }, revalidate: ${revalidate} }` })
    const answer = await app.get(`/${name}`)
    expect([answer.status, answer.cache]).toEqual([200, 'MISS'])
    expect(readLifetime(answer)).toEqual({ fresh, stale })
  })

  it('V01 revalidate is checked for notFound and redirect too', async () => {
    app.source.set('any/none', { result: '{ notFound: true, revalidate: 0 }' })
    app.source.set('any/away', { result: "{ redirect: { destination: '/x', permanent: false }, revalidate: '1' }" })
    expect((await app.get('/any/none')).status).toBe(500)
    expect((await app.get('/any/away')).status).toBe(500)
  })

  it.each([
    '{ props: {}, prop: 1 }',
    '{ props: {}, unstable_revalidate: 1 }',
    '{ value: 1 }',
    '{ notFound: true, status: 404 }',
    "{ redirect: { destination: '/x', permanent: false, code: 1 } }",
  ])('V04 %s has an unknown key', async (result) => {
    const name = `any/keys-${Buffer.from(result).toString('hex').slice(-40)}`
    app.source.set(name, { value: 'x', result })
    const answer = await app.get(`/${name}`)
    expect(answer.status).toBe(500)
    expect(isPrivate(answer)).toBe(true)
    await eventually(() => expect(app.server.output()).toContain(`/${name}`))
  })

  it.each([
    ['props', '{ props: { value } }', 200],
    ['props that are a promise', '{ props: Promise.resolve({ value }) }', 200],
    ['props with notFound: false', '{ props: { value }, notFound: false }', 200],
    ['props with an expire', '{ props: { value }, revalidate: 1, expire: 10 }', 200],
    ['notFound', '{ notFound: true }', 404],
    ['redirect', "{ redirect: { destination: '/x', permanent: false } }", 307],
  ])('V04 %s is allowed', async (label, result, status) => {
    const name = `any/allowed-${label.replaceAll(/\W/g, '')}`
    app.source.set(name, { value: 'x', result })
    expect((await app.get(`/${name}`)).status).toBe(status)
  })
})
