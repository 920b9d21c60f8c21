// @vitest-environment happy-dom
import { describe, expect, it, vi } from 'vitest'
import { createEvents } from '../client/events.ts'
import type { NextRouter } from './router-types.ts'
import { createSingleton } from './singleton.ts'

const router = (fields: Partial<NextRouter> = {}) =>
  ({
    pathname: '/',
    query: {},
    events: createEvents(),
    push: vi.fn(async () => true),
    ...fields,
  }) as unknown as NextRouter

describe('createSingleton', () => {
  it('is of no use before there is a page, but to listen and to wait', () => {
    const { router: singleton, attach } = createSingleton()
    expect(singleton.router).toBeNull()
    expect(() => singleton.pathname).toThrow(/Router of next\/router was used before/)
    expect(() => singleton.push('/')).toThrow(expect.objectContaining({ code: 'ISR_CLIENT' }))
    const heard: string[] = []
    const forgotten = vi.fn()
    singleton.events.on('routeChangeStart', (url) => heard.push(url))
    singleton.events.on('routeChangeStart', forgotten)
    singleton.events.off('routeChangeStart', forgotten)
    singleton.ready(() => heard.push('ready'))

    const real = router()
    attach(real)
    real.events.emit('routeChangeStart', '/a', { shallow: false })
    expect(heard).toEqual(['ready', '/a'])
    expect(forgotten).not.toHaveBeenCalled()
    singleton.ready(() => heard.push('at once'))
    expect(heard.at(-1)).toBe('at once')
  })

  it('follows the router of the page in view', async () => {
    const { router: singleton, attach } = createSingleton()
    const events = createEvents()
    attach(router({ events }))
    const listener = vi.fn()
    singleton.events.on('routeChangeComplete', listener)
    const second = router({ events, pathname: '/posts/[id]', query: { id: '1' } })
    attach(second)
    expect([singleton.pathname, singleton.query, singleton.router]).toEqual(['/posts/[id]', { id: '1' }, second])
    await singleton.push('/b', undefined, { shallow: true })
    expect(second.push).toHaveBeenCalledWith('/b', undefined, { shallow: true })
    singleton.events.emit('routeChangeComplete', '/b', { shallow: true })
    expect(listener).toHaveBeenCalledTimes(1)
    singleton.events.off('routeChangeComplete', listener)
    events.emit('routeChangeComplete', '/c', { shallow: false })
    expect(listener).toHaveBeenCalledTimes(1)
  })
})
