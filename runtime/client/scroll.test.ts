// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createScrollMemory } from './scroll.ts'

describe('a position that the page is too short for', () => {
  let height: number
  let top: number
  let observers: Array<() => void>

  const grow = (to: number) => {
    height = to
    for (const call of observers) call()
  }

  beforeEach(() => {
    vi.useFakeTimers()
    sessionStorage.clear()
    observers = []
    height = 5000
    top = 0
    vi.stubGlobal('scrollTo', ({ top: wanted }: ScrollToOptions) => (top = Math.min(wanted!, height)))
    vi.spyOn(window, 'scrollY', 'get').mockImplementation(() => top)
    vi.stubGlobal(
      'ResizeObserver',
      class {
        readonly #call: () => void
        constructor(call: () => void) {
          this.#call = call
        }
        observe() {
          if (!observers.includes(this.#call)) observers.push(this.#call)
        }
        disconnect() {
          observers = observers.filter((call) => call !== this.#call)
        }
      },
    )
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
    vi.unstubAllGlobals()
  })

  /** Leaves a page at 2000 and comes back to it while it is short. */
  function comeBack() {
    const memory = createScrollMemory()
    top = 2000
    memory.save('long')
    height = 100
    expect(memory.restore('long')).toBe(true)
    expect(top).toBe(100)
    return memory
  }

  it('AX06 is restored when it has grown, and then watched no more', () => {
    comeBack()
    grow(900)
    expect(top).toBe(900)
    grow(4000)
    expect(top).toBe(2000)
    expect(observers).toEqual([])
  })

  it.each(['wheel', 'touchmove', 'pointerdown', 'keydown'])('AX06 is given up on %s', (input) => {
    const memory = comeBack()
    window.dispatchEvent(new Event(input))
    grow(4000)
    expect(top).toBe(100)
    memory.save('long')
    memory.restore('long')
    expect(top).toBe(100)
  })

  it('AX06 is given up after some time', () => {
    comeBack()
    vi.advanceTimersByTime(5000)
    expect(observers).toEqual([])
  })

  it('AX07 is kept when the page is left before it has grown, and no other page is moved', () => {
    const memory = comeBack()
    memory.save('long')
    grow(4000)
    expect(top).toBe(100)
    memory.restore('long')
    expect(top).toBe(2000)
  })

  it('AX07 is left to a visitor who has scrolled since, when it is restored again', () => {
    const memory = comeBack()
    height = 4000
    top = 50
    expect(memory.restore('long')).toBe(true)
    expect(top).toBe(50)
    memory.save('long')
    top = 0
    memory.restore('long')
    expect(top).toBe(50)
  })

  it('knows nothing of other entries', () => {
    expect(comeBack().restore('other')).toBe(false)
    expect(observers).toEqual([])
  })
})
