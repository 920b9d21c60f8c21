import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createViewportWatcher, isPrefetchWelcome } from './prefetch.ts'

describe('isPrefetchWelcome', () => {
  const chrome =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0 Safari/537.36'
  it('to people', () => {
    expect(isPrefetchWelcome({ userAgent: chrome })).toBe(true)
    expect(isPrefetchWelcome({ userAgent: chrome, connection: { saveData: false, effectiveType: '4g' } })).toBe(true)
  })
  it('not with data saving or on a slow line', () => {
    expect(isPrefetchWelcome({ userAgent: chrome, connection: { saveData: true } })).toBe(false)
    expect(isPrefetchWelcome({ userAgent: chrome, connection: { effectiveType: 'slow-2g' } })).toBe(false)
  })
  it.each([
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'Mozilla/5.0 (compatible; bingbot/2.0)',
    'facebookexternalhit/1.1',
    'Mediapartners-Google',
  ])('C01 not to %s', (userAgent) => expect(isPrefetchWelcome({ userAgent })).toBe(false))
})

describe('createViewportWatcher', () => {
  let see: (...elements: Array<[element: Element, isIntersecting: boolean]>) => void
  const observed = new Set<Element>()
  const links = Array.from({ length: 6 }, (_, index) => ({ index }) as unknown as Element)

  beforeEach(() => {
    observed.clear()
    vi.stubGlobal(
      'IntersectionObserver',
      class {
        constructor(callback: (entries: unknown[]) => void) {
          see = (...elements) => callback(elements.map(([target, isIntersecting]) => ({ target, isIntersecting })))
        }
        observe(element: Element) {
          observed.add(element)
        }
        unobserve(element: Element) {
          observed.delete(element)
        }
      },
    )
  })
  afterEach(() => vi.unstubAllGlobals())

  it('C01 prefetches what comes into view, once, four at a time', async () => {
    const done: Array<() => void> = []
    const started: number[] = []
    const watch = createViewportWatcher()
    links.forEach((link, index) =>
      watch(link, () => {
        started.push(index)
        return new Promise((resolve) => done.push(resolve))
      }),
    )
    expect(started).toEqual([])
    see(...links.map((link): [Element, boolean] => [link, true]))
    expect(started).toEqual([0, 1, 2, 3])
    expect([...observed]).toEqual([links[4], links[5]])
    // Scrolled past before its turn.
    see([links[4]!, false])
    done[0]!()
    await Promise.resolve()
    await Promise.resolve()
    expect(started).toEqual([0, 1, 2, 3, 5])
    see([links[4]!, true])
    done[1]!()
    await Promise.resolve()
    await Promise.resolve()
    expect(started).toEqual([0, 1, 2, 3, 5, 4])
    expect(observed.size).toBe(0)
  })
  it('forgets a link that is gone', () => {
    const prefetch = vi.fn(async () => undefined)
    const stop = createViewportWatcher()(links[0]!, prefetch)
    stop()
    expect(observed.size).toBe(0)
    see([links[0]!, true])
    expect(prefetch).not.toHaveBeenCalled()
  })
})
