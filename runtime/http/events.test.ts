import { describe, expect, it } from 'vitest'
import type { IsrEvent } from '../types.ts'
import { createEventListener } from './events.ts'
import { createFailures } from './failures.ts'

function listenWith(onEvent: (event: IsrEvent) => void) {
  const lines: string[] = []
  const add = (line: string) => void lines.push(line)
  const log = { info: add, warn: add, error: add }
  const now = () => 0
  const listen = createEventListener({
    failures: createFailures(log, now),
    log,
    debug: false,
    now,
    onEvent,
  })
  return { listen, lines }
}

const HIT: IsrEvent = { type: 'hit', path: '/', reason: 'fresh' }

describe('the user listener', () => {
  it('P8 fails at once: that is logged', () => {
    const { listen, lines } = listenWith(() => {
      throw new Error('metrics are down')
    })
    listen(HIT)
    expect(lines).toEqual([expect.stringContaining('metrics are down')])
  })

  it('P8 is asynchronous and fails later: that is logged and ends nothing', async () => {
    const { listen, lines } = listenWith(async () => {
      throw new Error('metrics are down')
    })
    listen(HIT)
    await new Promise((resolve) => setImmediate(resolve))
    expect(lines).toEqual([expect.stringContaining('metrics are down')])
  })
})

describe('a store that is left alone', () => {
  it('REL-45 one line when it goes and one when it is back, with what happened and what follows', () => {
    const { listen, lines } = listenWith(() => {})
    listen({ type: 'store-paused', path: '/a', reason: 'read', error: new Error('the store took longer than 250 ms') })
    listen({ type: 'store-resumed', path: '/a', reason: 'read' })
    expect(lines).toEqual([
      expect.stringMatching(
        /code=ISR_STORE .*: reads failed .* \(last: the store took longer than 250 ms\)\..* by itself/,
      ),
      expect.stringMatching(/code=ISR_STORE .*: reads work again\.$/),
    ])
  })
})
