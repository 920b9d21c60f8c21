import { describe, expect, it } from 'vitest'
import { createFlights, type Draft, type Flight, type FlightsOptions } from './flight.ts'
import { toPageEntry, toTarget, watch } from './testing/engine-kit.ts'
import { createVirtualClock, settle } from './testing/virtual-clock.ts'

const target = toTarget('/b/x')
const draft = (text: string): Draft => ({ entry: toPageEntry('/b/x', text), adopted: false, renderMs: 1 })

/** Generations that the test ends. */
function createKit(options: Partial<FlightsOptions> = {}) {
  const clock = createVirtualClock()
  const log: string[] = []
  const hooks: { onRun?: (() => void) | undefined } = {}
  const runs: Array<{
    flight: Flight
    isOvertaken: () => boolean
    land: (text: string) => Promise<void>
    fail: (message: string) => Promise<void>
  }> = []
  const toText = ({ entry }: Draft) =>
    entry.kind === 'page' ? /<p>(.*)<\/p>/.exec(String(entry.html.identity!))?.[1] : ''
  const flights = createFlights({
    clock,
    concurrency: 8,
    queue: 100,
    waitMs: 30_000,
    generate: (flight, isOvertaken) =>
      new Promise((resolve, reject) => {
        hooks.onRun?.()
        const land = async (text: string) => (resolve(draft(text)), settle())
        const fail = async (message: string) => (reject(new Error(message)), settle())
        runs.push({ flight, isOvertaken, land, fail })
      }),
    commit: (_flight, made) => {
      log.push(`commit ${toText(made)}`)
      return { ...made, stored: Promise.resolve(true) }
    },
    onFailed: ({ target: { path } }, error) => log.push(`failed ${path} ${String(error)}`),
    onOverload: ({ target: { path } }, priority) => log.push(`overload ${path} ${priority}`),
    ...options,
  })
  /** What somebody who waits for it gets. */
  function follow(flight: Flight) {
    const landed = watch(flight.landed)
    return {
      get text() {
        return landed.value
          ? toText(landed.value)
          : landed.error instanceof Error
            ? `Error: ${landed.error.message}`
            : landed.state
      },
    }
  }
  return { flights, clock, log, runs, hooks, follow }
}

describe('generations that overtake each other', () => {
  it('W4 one that was overtaken waits for the one after the one that failed, also when that has to wait for a slot', async () => {
    for (const concurrency of [8, 2]) {
      const { flights, runs, follow, log } = createKit({ concurrency })
      const old = follow(flights.join(target, 'visitor'))
      const first = follow(flights.overtake(target))
      const second = follow(flights.overtake(target))
      const other = follow(flights.join(toTarget('/b/other'), 'visitor'))
      expect(runs[0]?.isOvertaken()).toBe(true)
      const own = runs.find(({ flight }) => flight.reason === 'on-demand')
      await own?.fail('down')
      expect(first.text).toBe('Error: down')
      await runs[0]?.land('before')
      // It began before both calls: what the second one makes is newer.
      expect([old.text, second.text]).toEqual(['pending', 'pending'])
      await runs.find(({ flight }) => flight.target.path === '/b/other')?.land('other')
      await runs.findLast(({ flight }) => flight.target.path === '/b/x')?.land('after')
      expect([old.text, second.text, other.text]).toEqual(['after', 'after', 'other'])
      expect(log.filter((line) => line.startsWith('commit'))).not.toContain('commit before')
      await flights.idle()
    }
  })

  it('W4 P5 when there is no room for the one after it either, what was overtaken is the best there is', async () => {
    const { flights, runs, follow, log, hooks } = createKit({ concurrency: 2, queue: 1 })
    const old = follow(flights.join(target, 'visitor'))
    const first = follow(flights.overtake(target))
    const second = follow(flights.overtake(target))
    const waiting = follow(flights.join(toTarget('/b/waiting'), 'visitor'))
    // Its place in the queue is taken as soon as it is free.
    hooks.onRun = () => void flights.join(toTarget('/b/next'), 'visitor')
    await runs[1]?.fail('down')
    expect(log).toEqual(['failed /b/x Error: down', 'overload /b/x on-demand'])
    expect([first.text, second.text]).toEqual([
      'Error: down',
      'Error: /b/x was not generated: too many pages are waiting.',
    ])
    hooks.onRun = undefined
    // Somebody else may join it again meanwhile.
    const late = follow(flights.join(target, 'visitor'))
    await runs[0]?.land('before')
    expect([old.text, late.text]).toEqual(['before', 'before'])
    for (const path of ['/b/waiting', '/b/next'])
      await runs.find(({ flight }) => flight.target.path === path)?.land(path)
    expect(waiting.text).toBe('/b/waiting')
    await flights.idle()
  })

  it('W4 P5 a revalidation that is refused at once does not keep the one it would have overtaken', async () => {
    const { flights, runs, follow, log } = createKit({ concurrency: 1, queue: 0 })
    const old = follow(flights.join(target, 'visitor'))
    const call = follow(flights.overtake(target))
    await settle()
    expect(call.text).toMatch(/too many pages are waiting/)
    expect(log).toEqual(['overload /b/x on-demand'])
    await runs[0]?.land('made')
    expect(old.text).toBe('made')
    await flights.idle()
  })

  it('P4 P12 a page that failed is made anew, not shared with one that began before the last revalidation', async () => {
    const { flights, runs, follow } = createKit()
    const hung = follow(flights.join(target, 'visitor'))
    const call = follow(flights.overtake(target))
    expect(flights.isDemanded(target.key)).toBe(true)
    await runs[1]?.land('revalidated')
    expect(call.text).toBe('revalidated')
    expect([flights.isDemanded(target.key), flights.isRunning(target.key)]).toEqual([false, true])
    flights.dropBackground()
    const failing = follow(flights.join(target, 'visitor'))
    await runs[2]?.fail('down')
    expect(failing.text).toBe('Error: down')
    const next = follow(flights.join(target, 'visitor'))
    expect(runs).toHaveLength(4)
    await runs[3]?.land('newest')
    expect(next.text).toBe('newest')
    await runs[0]?.land('oldest')
    expect(hung.text).toBe('newest')
    await flights.idle()
  })

  it('W12 res.revalidate of a page that waits already needs no place of its own', async () => {
    const { flights, runs, follow, log } = createKit({ concurrency: 1, queue: 1 })
    void flights.join(toTarget('/b/busy'), 'visitor')
    const waiting = follow(flights.join(target, 'visitor'))
    const call = follow(flights.overtake(target))
    await runs[0]?.land('busy')
    expect(runs).toHaveLength(2)
    expect(runs[1]?.flight.reason).toBe('on-demand')
    await runs[1]?.land('both')
    expect([waiting.text, call.text, ...log]).toEqual(['both', 'both', 'commit busy', 'commit both'])
  })
})

describe('generations that wait', () => {
  it('W12 who joins one with less hurry does not put it behind others', async () => {
    const { flights, runs } = createKit({ concurrency: 1 })
    void flights.join(toTarget('/b/busy'), 'visitor')
    void flights.join(target, 'visitor')
    void flights.join(toTarget('/b/call'), 'on-demand')
    void flights.join(target, 'background')
    await runs[0]?.land('busy')
    expect(runs[1]?.flight.target.path).toBe('/b/x')
  })

  it('P5 one that runs has no time limit for waiting, whoever joins it', async () => {
    const { flights, runs, clock, follow } = createKit()
    const flight = follow(flights.join(target, 'background'))
    expect(clock.timers()).toBe(0)
    void flights.join(target, 'visitor')
    expect(clock.timers()).toBe(0)
    await clock.advance(60_000)
    await runs[0]?.land('late')
    expect(flight.text).toBe('late')
  })

  it('P5 one that waits has the full time from the moment on that somebody with more hurry waits for it', async () => {
    const { flights, clock, follow, log } = createKit({ concurrency: 1 })
    void flights.join(toTarget('/b/busy'), 'visitor')
    const flight = follow(flights.join(target, 'background'))
    await clock.advance(29_000)
    void flights.join(target, 'visitor')
    void flights.join(target, 'visitor')
    await clock.advance(29_999)
    expect(flight.text).toBe('pending')
    await clock.advance(1)
    expect(flight.text).toMatch(/too many pages are waiting/)
    expect([log, clock.timers()]).toEqual([['overload /b/x visitor'], 0])
  })
})

describe('the end', () => {
  it('P8 a page that cannot be put anywhere is a failure, and holds nothing up', async () => {
    const { flights, runs, follow, log } = createKit({
      commit: () => {
        throw new Error('no room')
      },
    })
    const flight = follow(flights.join(target, 'visitor'))
    await runs[0]?.land('made')
    expect(flight.text).toBe('Error: no room')
    expect(log).toEqual(['failed /b/x Error: no room'])
    expect([flights.isRunning(target.key), flights.isDemanded(target.key)]).toEqual([false, false])
    await flights.idle()
  })

  it('R09 it is idle when all have ended, not when the first has', async () => {
    const { flights, runs } = createKit()
    void flights.join(target, 'visitor')
    void flights.join(toTarget('/b/y'), 'visitor')
    const idle = watch(flights.idle())
    await runs[0]?.land('x')
    expect(idle.state).toBe('pending')
    expect([flights.isRunning(target.key), flights.isRunning('p:/b/y')]).toEqual([false, true])
    await runs[1]?.land('y')
    expect(idle.state).toBe('resolved')
  })

  it('R09 dropping background work leaves what runs and what somebody waits for', async () => {
    const { flights, runs, follow, clock } = createKit({ concurrency: 1 })
    const texts = [
      flights.join(toTarget('/b/running'), 'background'),
      flights.join(toTarget('/b/background'), 'background'),
      flights.join(target, 'visitor'),
      flights.overtake(toTarget('/b/call')),
    ].map(follow)
    flights.dropBackground()
    await settle()
    expect(texts.map(({ text }) => text)).toEqual([
      'pending',
      expect.stringContaining('/b/background was not generated: the server is closing') as string,
      'pending',
      'pending',
    ])
    for (const index of [0, 1, 2]) await runs[index]?.land(`v${index}`)
    expect(texts.map(({ text }) => text).filter((text) => text?.startsWith('v'))).toEqual(['v0', 'v1', 'v2'])
    expect(clock.timers()).toBe(0)
  })

  it('R09 REL-53 what was given up lands nothing, however late it comes, and nothing new is begun', async () => {
    const { flights, runs, follow, log, clock } = createKit({ concurrency: 2 })
    const texts = [
      flights.join(target, 'visitor'),
      flights.overtake(target),
      flights.overtake(target),
      flights.join(toTarget('/b/waiting'), 'visitor'),
    ].map(follow)
    flights.abandon()
    await settle()
    texts.push(follow(flights.join(toTarget('/b/new'), 'visitor')), follow(flights.overtake(target)))
    await settle()
    for (const { text } of texts) expect(text).toContain('the server is closing')
    for (const { land } of runs) await land('zombie')
    expect([runs.length, log, clock.timers()]).toEqual([2, [], 0])
    await flights.idle()
  })
})
