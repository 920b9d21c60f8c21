import { describe, expect, it } from 'vitest'
import { createProgress } from './progress.ts'

function setUp({ plain = false, columns = 120 } = {}) {
  const written: string[] = []
  const lines: string[] = []
  let time = 0
  let callback: (() => void) | undefined
  let interval = 0
  const progress = createProgress({
    stream: { isTTY: !plain, columns, write: (text) => written.push(text) },
    plain,
    log: (line) => lines.push(line),
    now: () => time,
    every(ms, run) {
      interval = ms
      callback = run
      return () => (callback = undefined)
    },
  })
  const pass = (ms: number) => {
    for (let rest = ms; rest >= interval; rest -= interval) {
      time += interval
      callback?.()
    }
  }
  return { progress, written, lines, pass }
}

const advance = (progress: { advance(): void }, pages: number) => {
  for (let page = 0; page < pages; page++) progress.advance()
}

describe('createProgress', () => {
  it('says nothing on a terminal within the first second', () => {
    const { progress, written, pass } = setUp()
    progress.expect(10)
    pass(900)
    progress.stop()
    expect(written).toEqual([])
  })
  it('then draws pages done, pages per second and time left, and takes the bar away at the end', () => {
    const { progress, written, pass } = setUp()
    progress.expect(1000)
    advance(progress, 250)
    pass(1000)
    expect(written.at(-1)).toContain('██████░░░░░░░░░░░░░░░░░░ 250/1000 pages · 250 pages/s · 3 s left')
    progress.stop()
    expect(written.at(-1)).toBe('\r\u001b[K')
    pass(1000)
    expect(written.at(-1)).toBe('\r\u001b[K')
  })
  it('never wraps on a narrow terminal', () => {
    const { progress, written, pass } = setUp({ columns: 30 })
    progress.expect(1000)
    pass(1000)
    expect(written.at(-1)!.replace('\r\u001b[K', '').length).toBeLessThan(30)
  })
  it('prints a plain line now and then in a log', () => {
    const { progress, written, lines, pass } = setUp({ plain: true })
    progress.expect(100)
    advance(progress, 5)
    pass(9_000)
    expect(lines).toEqual([])
    pass(11_000)
    expect(lines).toEqual(['generating pages: 5/100 pages · 0.5 pages/s · 3 min 10 s left'])
    progress.stop()
    expect(written).toEqual([])
  })
  it('says what it waits for before the pages are known', () => {
    const { lines, pass } = setUp({ plain: true })
    pass(10_000)
    expect(lines).toEqual(['generating pages: finding the paths of pages'])
  })
  it('does not guess before the first page is done', () => {
    const { progress, lines, pass } = setUp({ plain: true })
    progress.expect(7)
    pass(10_000)
    expect(lines).toEqual(['generating pages: 0/7 pages'])
  })
})
