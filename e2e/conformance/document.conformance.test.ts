import { describe, expect, it } from 'vitest'
import { BROWSER, readPageData, readRouter, readScript, readValue, useCacheApp } from '../harness/cache-app.ts'
import { eventually } from '../harness/eventually.ts'

describe('the document', () => {
  const app = useCacheApp()

  it('HD02 the page script escapes what HTML would read, the data body does not', async () => {
    const value = '</script><script>alert(1)</script> <!-- & > \u2028 \u2029 ü'
    app.source.set('minute/odd', { value })
    const html = await app.get('/minute/odd')
    const script = readScript(html)
    expect(script).not.toMatch(/[<>&\u2028\u2029]/)
    expect(script).toContain('\\u003c/script\\u003e\\u003cscript\\u003e')
    expect(script).toContain('\\u003c!-- \\u0026 \\u003e \\u2028 \\u2029 ü')
    expect(readPageData(html).pageProps).toEqual({ value })

    const data = await app.data('/minute/odd')
    expect(data.text).toBe(JSON.stringify({ pageProps: { value } }))
    expect(data.text).not.toMatch(/\\u00(?:3c|3e|26)|\\u202[89]/)
  })

  it('HD04 isFallback is false in what was prerendered, waited for and regenerated', async () => {
    app.source.set('second/again', { value: 'first' })
    const prerendered = await app.get('/shell/built')
    const waited = await app.get('/second/again')
    expect([readValue(prerendered), readValue(waited)]).toEqual(['shell/built 1', 'first'])
    await app.untilStale('/second/again')
    app.source.set('second/again', { value: 'second' })
    const regenerated = await eventually(async () => {
      const answer = await app.get('/second/again')
      expect(readValue(answer)).toBe('second')
      return answer
    })
    for (const [answer, slug] of [
      [prerendered, 'built'],
      [waited, 'again'],
      [regenerated, 'again'],
    ] as const) {
      expect(readPageData(answer)).toMatchObject({ isFallback: false, query: { slug } })
      expect(readRouter(answer).isFallback).toBe(false)
    }
  })

  it('HD04 isFallback is true in the shell, whose query is empty', async () => {
    const hold = app.source.hold('shell/new')
    const shell = await app.get('/shell/new?slug=evil&more=1', { headers: { 'user-agent': BROWSER } })
    hold.release()
    expect(readPageData(shell)).toMatchObject({ page: '/shell/[slug]', isFallback: true, query: {}, pageProps: {} })
    expect(readRouter(shell).isFallback).toBe(true)
    expect(readValue(shell)).toBe('loading')
  })
})
