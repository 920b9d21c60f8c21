import { describe, expect, it } from 'vitest'
import { isPrivate, readValue, useCacheApp } from '../harness/cache-app.ts'
import { eventually } from '../harness/eventually.ts'
import { sendTarget, type Answer } from '../harness/http.ts'

describe('errors', () => {
  const app = useCacheApp()

  function expectFailure(answer: Answer, status = 500) {
    expect(answer.status).toBe(status)
    expect(isPrivate(answer)).toBe(true)
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
  }

  it('E01 a failing miss is a 500 and is not remembered', async () => {
    app.source.fail('minute/down')
    for (let call = 1; call <= 3; call++) {
      const answer = await app.get('/minute/down')
      expectFailure(answer)
      expect(answer.text).toContain('500: Internal Server Error.')
      expect(app.source.count('minute/down')).toBe(call)
    }
    expectFailure(await app.data('/minute/down'))
    expect(app.source.count('minute/down')).toBe(4)
    app.source.heal('minute/down')
    expect((await app.get('/minute/down')).cache).toBe('MISS')
    expect((await app.get('/minute/down')).cache).toBe('HIT')
  })

  it('E01 visitors who wait together share the call and its failure', async () => {
    app.source.fail('minute/shared')
    const hold = app.source.hold('minute/shared')
    const asked = Promise.all([
      ...Array.from({ length: 8 }, () => app.get('/minute/shared')),
      app.data('/minute/shared'),
      app.get('/minute/shared', { method: 'HEAD' }),
    ])
    await hold.waiting
    // Answered after the server has seen all of them.
    await app.get('/plain')
    hold.release()
    for (const answer of await asked) expectFailure(answer)
    expect(app.source.count('minute/shared')).toBe(1)
  })

  it.each([
    ['undefined', 'undefined'],
    ['null', 'null'],
    ['a string', "'props'"],
    ['an array', '[]'],
    ['an empty object', '{}'],
    ['unknown keys', '{ props: {}, revalidte: 1 }'],
    ['a bad revalidate', "{ props: {}, revalidate: '10' }"],
    ['a bad redirect', '{ redirect: { destination: 1, permanent: true } }'],
    ['props that are null', '{ props: null }'],
    ['props with a date', '{ props: { at: new Date(0) } }'],
    ['a rejected promise of props', "{ props: Promise.reject(new Error('late')) }"],
    ['a page whose component throws', "{ props: { broken: 'render' } }"],
  ])('E03 a miss whose result is %s is the same 500', async (label, result) => {
    const name = `any/result-${label.replaceAll(/\W/g, '')}`
    app.source.set(name, { value: 1, result })
    expectFailure(await app.get(`/${name}`))
    expectFailure(await app.data(`/${name}`))
    expect(app.source.count(name)).toBe(2)
  })

  it.each([
    ['undefined', 'undefined'],
    ['unknown keys', '{ props: { value }, more: 1 }'],
    ['a bad revalidate', '{ props: { value }, revalidate: 0 }'],
    ['a bad redirect', "{ redirect: { destination: '/x', statusCode: 200 } }"],
    ['props with a function', '{ props: { value, run() {} } }'],
  ])('E03 in the background %s leaves the last good page', async (label, result) => {
    const name = `any/background-${label.replaceAll(/\W/g, '')}`
    app.source.set(name, { value: 'good', result: '{ props: { value }, revalidate: 1 }' })
    await app.get(`/${name}`)
    await app.untilStale(`/${name}`)
    app.source.set(name, { value: 'bad', result })
    expect((await app.get(`/${name}`)).cache).toBe('STALE')
    await eventually(async () => {
      const answer = await app.get(`/${name}`)
      expect(answer.headers['cache-status']).toContain('stale-error')
      expect([answer.status, readValue(answer)]).toEqual([200, 'good'])
    })
    expect((await app.data(`/${name}`)).json()).toEqual({ pageProps: { value: 'good' } })
  })

  it('E05 error texts reach the log once, and no visitor', async () => {
    app.source.set('any/told', { value: 'hunter2', result: "(() => { throw new Error('password ' + value) })()" })
    const answers = [await app.get('/any/told'), await app.data('/any/told')]
    for (const answer of answers) {
      expectFailure(answer)
      expect(answer.text).not.toMatch(/hunter2|password|any\/\[slug\]|at getStaticProps|\.jsx|node_modules/)
    }
  })

  it('E05 the log has the error once, with page, path and mapped stack', async () => {
    app.source.fail('forever/logged', 'the database is away')
    await Promise.all(Array.from({ length: 5 }, () => app.get('/forever/logged')))
    const lines = await eventually(() => {
      const found = app.server.output().split('\n')
      expect(found.join('\n')).toContain('the database is away')
      return found
    })
    const told = lines.filter((line) => line.includes('the database is away'))
    expect(told).toHaveLength(1)
    expect(told[0]).toContain('pages/forever/[slug].jsx')
    expect(told[0]).toContain('/forever/logged')
    const stack = lines.slice(lines.indexOf(told[0]!) + 1, lines.indexOf(told[0]!) + 12).join('\n')
    // The line of the source where the page asks.
    expect(stack).toMatch(/pages\/forever\/\[slug\]\.jsx:13:\d+/)
  })

  it('E05 so it is for a page with getServerSideProps', async () => {
    app.source.fail('server', 'the server page is away')
    const answer = await app.get('/server?secret=1')
    expectFailure(answer)
    expect(answer.text).not.toContain('away')
    const lines = await eventually(() => {
      const found = app.server.output()
      expect(found).toContain('the server page is away')
      return found.split('\n')
    })
    const told = lines.filter((line) => line.includes('the server page is away'))
    expect(told).toHaveLength(1)
    expect(told[0]).toContain('page=pages/server.jsx path=/server: ')
    const stack = lines.slice(lines.indexOf(told[0]!) + 1, lines.indexOf(told[0]!) + 12).join('\n')
    expect(stack).toMatch(/pages\/server\.jsx:\d+:\d+/)
  })

  it.each(['/minute/%', '/minute/%E0%A4%A', '/%', '/minute/%zz', '/api/%', '/_isr/data/x/%.json'])(
    'E06 %s: broken percent-encoding is a 400',
    async (path) => {
      const answer = await sendTarget(app.server, path)
      expectFailure(answer, 400)
      expect(answer.text).toContain('400: Bad Request.')
    },
  )
})
