import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createQueue, isBefore, type Priority } from './queue.ts'

function createObserved(concurrency: number, limit: number) {
  const started: string[] = []
  const dropped: string[] = []
  const queue = createQueue<string>({
    concurrency,
    limit,
    start: (task) => started.push(task),
    drop: (task) => dropped.push(task),
  })
  return { queue, started, dropped }
}

describe('queue', () => {
  it('W12 starts by priority, then in the order of arrival', () => {
    const { queue, started } = createObserved(1, 10)
    queue.add('first', 'background')
    queue.add('b1', 'background')
    queue.add('d1', 'on-demand')
    queue.add('v1', 'visitor')
    queue.add('b2', 'background')
    queue.add('v2', 'visitor')
    for (let turn = 0; turn < 5; turn++) queue.release()
    expect(started).toEqual(['first', 'v1', 'v2', 'd1', 'b1', 'b2'])
  })

  it('W12 a full queue refuses, except that background work makes room', () => {
    const { queue, started, dropped } = createObserved(1, 2)
    queue.add('first', 'visitor')
    expect(queue.add('b1', 'background')).toBe(true)
    expect(queue.add('b2', 'background')).toBe(true)
    expect(queue.add('b3', 'background')).toBe(false)
    expect(queue.add('v1', 'visitor')).toBe(true)
    expect(queue.add('d1', 'on-demand')).toBe(true)
    expect(queue.add('v2', 'visitor')).toBe(false)
    expect(dropped).toEqual(['b1', 'b2'])
    queue.release()
    queue.release()
    expect(started).toEqual(['first', 'v1', 'd1'])
  })

  it('a waiting task moves and leaves, a running one does not', () => {
    const { queue, started } = createObserved(1, 10)
    queue.add('first', 'visitor')
    queue.add('b1', 'background')
    queue.add('b2', 'background')
    queue.move('b2', 'visitor')
    queue.move('first', 'background')
    expect(queue.remove('b1')).toBe(true)
    expect(queue.remove('b1')).toBe(false)
    expect(queue.remove('first')).toBe(false)
    queue.release()
    queue.release()
    expect(started).toEqual(['first', 'b2'])
    expect([isBefore('visitor', 'background'), isBefore('visitor', 'visitor')]).toEqual([true, false])
  })

  it('P7 never runs or holds more than it may, and loses nothing', () => {
    const priorities = fc.constantFrom<Priority>('visitor', 'on-demand', 'background')
    const commands = fc.array(fc.oneof(priorities, fc.constant('release' as const)), { maxLength: 200 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.nat(5), commands, (concurrency, limit, steps) => {
        const { queue, started, dropped } = createObserved(concurrency, limit)
        let released = 0
        let accepted = 0
        for (const [index, step] of steps.entries()) {
          if (step === 'release') {
            if (started.length === released) continue
            released += 1
            queue.release()
          } else if (queue.add(String(index), step)) accepted += 1
          const running = started.length - released
          const waiting = accepted - started.length - dropped.length
          expect(running).toBeLessThanOrEqual(concurrency)
          expect(waiting).toBeLessThanOrEqual(limit)
          if (waiting > 0) expect(running).toBe(concurrency)
        }
        expect(new Set([...started, ...dropped]).size).toBe(started.length + dropped.length)
      }),
    )
  })
})
