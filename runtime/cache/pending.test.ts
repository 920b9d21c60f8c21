import { describe, expect, it } from 'vitest'
import type { Entry } from '../types.ts'
import { createVirtualClock } from '../isr/testing/virtual-clock.ts'
import { toRetainedBytes } from './memory.ts'
import { createPending, type WriteResult } from './pending.ts'
import { toEntryOf } from './testing/entries.ts'

/** Writes that the test ends. */
function createGated(maxBytes = 1e6) {
  const writes: Array<{ entry: Entry; isLate: boolean; finish: (result?: WriteResult) => void }> = []
  const refused: Entry[] = []
  const memory = new Map<string, Entry>()
  const forgotten: string[] = []
  const clock = createVirtualClock()
  const pending = createPending({
    clock,
    write: (entry, isLate) =>
      new Promise((resolve) =>
        writes.push({ entry, isLate, finish: (result = { state: 'stored' }) => resolve(result) }),
      ),
    toWaitMs: () => waitMs,
    maxBytes,
    refuse: (entry) => refused.push(entry),
    newest: (key) => memory.get(key),
    forget: async (key) => void forgotten.push(key),
  })
  let waitMs = 0
  return { pending, writes, refused, memory, forgotten, clock, setWait: (ms: number) => void (waitMs = ms) }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('pending writes', () => {
  it('writes of one key follow each other, and what waits is replaced', async () => {
    const { pending, writes } = createGated()
    const [first, second, third] = [1, 2, 3].map((startedAt) => toEntryOf('a', 10, { startedAt })) as [
      Entry,
      Entry,
      Entry,
    ]
    const done: string[] = []
    void pending.add(first).then(() => done.push('first'))
    void pending.add(second).then(() => done.push('second'))
    void pending.add(third).then(() => done.push('third'))
    expect(pending.get('a')).toBe(third)
    expect(writes.map((write) => write.entry)).toEqual([first])
    writes[0]?.finish()
    await turn()
    expect(done).toEqual(['first'])
    expect(writes.map((write) => write.entry)).toEqual([first, third])
    expect(pending.get('a')).toBe(third)
    writes[1]?.finish()
    await turn()
    expect(done).toEqual(['first', 'second', 'third'])
    expect(pending.get('a')).toBeUndefined()
  })

  it('writes of different keys do not wait for each other; idle waits for all', async () => {
    const { pending, writes } = createGated()
    for (const key of ['a', 'b', 'c']) void pending.add(toEntryOf(key, 10))
    expect(writes).toHaveLength(3)
    let isIdle = false
    void pending.idle().then(() => (isIdle = true))
    writes[1]?.finish()
    writes[0]?.finish()
    await turn()
    expect(isIdle).toBe(false)
    writes[2]?.finish()
    await turn()
    expect(isIdle).toBe(true)
  })

  it('P7 refuses what is too much, and takes it again once there is room', async () => {
    const { pending, writes, refused } = createGated(25_000)
    for (const key of ['a', 'b', 'c']) void pending.add(toEntryOf(key, 10_000))
    expect(refused.map((entry) => entry.key)).toEqual(['c'])
    for (const write of writes) write.finish()
    await turn()
    void pending.add(toEntryOf('c', 10_000))
    expect(writes.map((write) => write.entry.key)).toEqual(['a', 'b', 'c'])
    for (let round = 0; round < 50; round++) {
      void pending.add(toEntryOf('c', 10_000))
      writes.at(-1)?.finish()
      await turn()
    }
    expect(refused).toHaveLength(1)
  })

  it('P7 a write that was given up counts until the store has let go of its bytes', async () => {
    const { pending, writes, refused } = createGated(15_000)
    let letGo = (): void => undefined
    const rest = new Promise<void>((resolve) => (letGo = resolve))
    void pending.add(toEntryOf('a', 10_000))
    writes[0]?.finish({ state: 'failed', rest })
    // Nobody waits for it any more, but its bytes are still there.
    await pending.idle()
    void pending.add(toEntryOf('b', 10_000))
    expect(refused.map(({ key }) => key)).toEqual(['b'])
    letGo()
    await turn()
    void pending.add(toEntryOf('b', 10_000))
    expect(writes.map(({ entry }) => entry.key)).toEqual(['a', 'b'])
  })

  it('REL-28 P12 a write that was given up and lands late lands before the next of its key', async () => {
    const { pending, writes } = createGated()
    let land = (): void => undefined
    const rest = new Promise<void>((resolve) => (land = resolve))
    const [old, newer, newest] = [1, 2, 3].map((startedAt) => toEntryOf('a', 10, { startedAt })) as [
      Entry,
      Entry,
      Entry,
    ]
    const first = pending.add(old)
    const second = pending.add(newer)
    writes[0]?.finish({ state: 'failed', rest })
    // Nobody waits longer than a write may take, not even those who stand behind it.
    expect([await first, await second]).toEqual([false, false])
    expect(await pending.add(newest)).toBe(false)
    await pending.idle()
    expect(writes).toHaveLength(1)
    expect(pending.get('a')).toBe(newest)
    land()
    await turn()
    expect(writes.map(({ entry }) => entry)).toEqual([old, newest])
    writes[1]?.finish()
    await turn()
    expect(pending.get('a')).toBeUndefined()
  })

  it('P9 P12 a write that the store never lets go of ends: later ones are written, and what lands late is mended', async () => {
    const { pending, writes, memory, forgotten, clock } = createGated()
    const land: Array<() => void> = []
    const hang = () => new Promise<void>((resolve) => land.push(resolve))
    const [old, newer] = [1, 2].map((startedAt) => toEntryOf('a', 10, { startedAt })) as [Entry, Entry]
    void pending.add(old)
    writes[0]?.finish({ state: 'failed', rest: hang() })
    await turn()
    void pending.add(newer)
    await clock.advance(29_999)
    expect(writes).toHaveLength(1)
    await clock.advance(1)
    expect(writes.map(({ entry }) => entry)).toEqual([old, newer])
    writes[1]?.finish()
    await turn()
    // The old one lands over it after all.
    memory.set('a', newer)
    land[0]?.()
    await turn()
    expect(writes.map(({ entry }) => entry)).toEqual([old, newer, newer])
    writes[2]?.finish()
    await turn()

    void pending.add(newer)
    writes[3]?.finish({ state: 'failed', rest: hang() })
    await clock.advance(30_000)
    // Nobody knows the newer one any more: a page that is gone is made anew, one that is too old would stay.
    memory.clear()
    land[1]?.()
    await turn()
    expect(forgotten).toEqual(['a'])
    expect(clock.timers()).toBe(0)
  })

  it('P7 what the store never lets go of counts for good', async () => {
    const { pending, writes, refused, clock } = createGated(15_000)
    void pending.add(toEntryOf('a', 10_000))
    writes[0]?.finish({ state: 'failed', rest: new Promise(() => {}) })
    await clock.advance(30_000)
    void pending.add(toEntryOf('b', 10_000))
    expect(refused.map(({ key }) => key)).toEqual(['b'])
  })

  it('says whether the store has it', async () => {
    const { pending, writes } = createGated()
    const [stored, failed] = [pending.add(toEntryOf('a', 10)), pending.add(toEntryOf('b', 10))]
    writes[0]?.finish()
    writes[1]?.finish({ state: 'failed' })
    expect([await stored, await failed]).toEqual([true, false])
  })

  it('P9 what was put off is written when the store is back, as what may be outdated', async () => {
    const { pending, writes, clock, setWait } = createGated()
    setWait(1000)
    const added = pending.add(toEntryOf('a', 10))
    void pending.add(toEntryOf('b', 10))
    for (const write of writes.splice(0)) write.finish({ state: 'paused', isTried: false })
    expect(await added).toBe(false)
    expect(pending.get('a')).toBeDefined()
    // A newer one takes the place of the one that waits.
    const newer = toEntryOf('a', 20, { startedAt: 9 })
    expect(await pending.add(newer)).toBe(false)
    expect(writes).toEqual([])
    await clock.advance(1000)
    expect(writes.map(({ entry, isLate }) => [entry.key, isLate])).toEqual([['a', true]])
    expect(writes[0]?.entry).toBe(newer)
    writes[0]?.finish()
    await turn()
    writes[1]?.finish()
    await turn()
    expect(writes.map(({ entry }) => entry.key)).toEqual(['a', 'b'])
    expect(clock.timers()).toBe(0)
  })

  it('P9 one entry that the store never takes does not keep the others from it', async () => {
    const { pending, writes, clock } = createGated()
    for (const key of ['poison', 'good']) void pending.add(toEntryOf(key, 10))
    for (const write of writes.splice(0)) write.finish({ state: 'paused', isTried: false })
    let tries = 0
    for (let round = 0; round < 10; round++) {
      await clock.advance(250)
      for (const { entry, finish } of writes.splice(0)) {
        tries += entry.key === 'poison' ? 1 : 0
        finish({ state: entry.key === 'poison' ? 'paused' : 'stored' })
      }
      await turn()
    }
    expect(tries).toBe(3)
    expect(['poison', 'good'].map((key) => pending.get(key))).toEqual([undefined, undefined])
    expect(clock.timers()).toBe(0)
  })

  it('P7 REL-45 what is put off is bounded: the oldest goes first, and gives way to what is new', async () => {
    const { pending, writes, refused, setWait } = createGated(25_000)
    setWait(1000)
    for (const key of ['a', 'b', 'c', 'd']) {
      void pending.add(toEntryOf(key, 10_000))
      for (const write of writes.splice(0)) write.finish({ state: 'paused', isTried: false })
      await turn()
    }
    expect(refused.map(({ key }) => key)).toEqual(['a', 'b'])
    expect(['a', 'b', 'c', 'd'].map((key) => pending.get(key) !== undefined)).toEqual([false, false, true, true])
  })

  it('once closed it tries nothing again', async () => {
    const { pending, writes, clock } = createGated()
    void pending.add(toEntryOf('a', 10))
    writes.splice(0)[0]?.finish({ state: 'paused', isTried: false })
    await turn()
    pending.close()
    pending.resume()
    await clock.advance(60_000)
    expect(writes).toEqual([])
    expect(clock.timers()).toBe(0)
  })

  it('P7 an entry that takes the place of its own older one pushes others out, not itself', async () => {
    const { pending, writes, refused, setWait } = createGated(25_000)
    setWait(1000)
    for (const key of ['a', 'b']) {
      void pending.add(toEntryOf(key, 10_000))
      for (const write of writes.splice(0)) write.finish({ state: 'paused', isTried: false })
      await turn()
    }
    const larger = toEntryOf('a', 20_000, { startedAt: 2 })
    void pending.add(larger)
    expect(refused.map(({ key }) => key)).toEqual(['b'])
    expect([pending.get('a'), pending.get('b')]).toEqual([larger, undefined])
    // As much room as before: neither of both is counted twice.
    void pending.add(toEntryOf('c', 2000))
    expect(refused).toHaveLength(1)
    void pending.add(toEntryOf('a', 10_000, { startedAt: 3 }))
    void pending.add(toEntryOf('d', 8000))
    expect(refused).toHaveLength(1)
  })

  it('P9 the first that fails again keeps the others from a store that is away', async () => {
    const { pending, writes, clock } = createGated()
    for (const key of ['a', 'b', 'c']) void pending.add(toEntryOf(key, 10))
    for (const write of writes.splice(0)) write.finish({ state: 'paused', isTried: false })
    await clock.advance(249)
    expect(writes).toEqual([])
    await clock.advance(1)
    writes.splice(0)[0]?.finish({ state: 'paused', isTried: false })
    await clock.advance(249)
    expect(writes).toEqual([])
    // The others had waited for longer by then.
    await clock.advance(1)
    expect(writes.map(({ entry }) => entry.key)).toEqual(['b'])
    // Being told that the store is back, twice, starts nothing twice.
    pending.resume()
    pending.resume()
    expect(writes).toHaveLength(1)
    for (const key of ['b', 'c', 'a']) {
      expect(writes.map(({ entry, isLate }) => [entry.key, isLate])).toEqual([[key, true]])
      writes.splice(0)[0]?.finish()
      await turn()
    }
    expect(clock.timers()).toBe(0)
  })

  it('P9 a store that is back takes the next page at once, though an older one of it was put off', async () => {
    const { pending, writes, clock, setWait } = createGated()
    setWait(1000)
    void pending.add(toEntryOf('a', 10))
    writes.splice(0)[0]?.finish({ state: 'paused', isTried: false })
    await turn()
    setWait(0)
    const newer = toEntryOf('a', 10, { startedAt: 2 })
    const added = pending.add(newer)
    // It has replaced nothing that another server could know.
    expect(writes.map(({ entry, isLate }) => [entry, isLate])).toEqual([[newer, false]])
    writes[0]?.finish()
    expect(await added).toBe(true)
    await clock.advance(60_000)
    expect(writes).toHaveLength(1)
    expect(pending.get('a')).toBeUndefined()
  })

  it('P12 what lands late over nothing newer, or before what is still to be written, is left alone', async () => {
    const { pending, writes, memory, forgotten, clock } = createGated()
    const land: Array<() => void> = []
    const hang = () => new Promise<void>((resolve) => land.push(resolve))
    const [old, newer, newest] = [1, 2, 3].map((startedAt) => toEntryOf('a', 10, { startedAt })) as [
      Entry,
      Entry,
      Entry,
    ]
    void pending.add(old)
    writes[0]?.finish({ state: 'failed', rest: hang() })
    await clock.advance(30_000)
    memory.set('a', old)
    land[0]?.()
    await turn()
    expect([writes.length, forgotten]).toEqual([1, []])

    void pending.add(old)
    writes[1]?.finish({ state: 'failed', rest: hang() })
    await clock.advance(30_000)
    void pending.add(newer)
    void pending.add(newest)
    land[1]?.()
    await turn()
    writes[2]?.finish()
    await turn()
    writes[3]?.finish()
    await turn()
    expect(writes.slice(2).map(({ entry }) => entry)).toEqual([newer, newest])

    // What is being written at that moment may land before or after it: it is written once more.
    void pending.add(old)
    writes[4]?.finish({ state: 'failed', rest: hang() })
    await clock.advance(30_000)
    void pending.add(newer)
    land[2]?.()
    await turn()
    writes[5]?.finish()
    await turn()
    writes[6]?.finish()
    await turn()
    expect(writes.slice(5).map(({ entry }) => entry)).toEqual([newer, newer])

    // What is put off is written after it anyway.
    void pending.add(old)
    writes[7]?.finish({ state: 'failed', rest: hang() })
    await clock.advance(30_000)
    void pending.add(newer)
    writes[8]?.finish({ state: 'paused', isTried: false })
    await turn()
    land[3]?.()
    await turn()
    expect(writes).toHaveLength(9)
    await clock.advance(250)
    expect(writes[9]?.entry).toBe(newer)
    writes[9]?.finish()
    await turn()
    expect([writes.length, forgotten, clock.timers()]).toEqual([10, [], 0])
  })

  it('REL-53 once closed it mends nothing, and waits for no write that was given up', async () => {
    const { pending, writes, forgotten, clock } = createGated()
    const land: Array<() => void> = []
    const hang = () => new Promise<void>((resolve) => land.push(resolve))
    for (const key of ['a', 'b']) void pending.add(toEntryOf(key, 10))
    void pending.add(toEntryOf('b', 10, { startedAt: 2 }))
    for (const write of writes) write.finish({ state: 'failed', rest: hang() })
    await clock.advance(29_000)
    pending.close()
    expect(clock.timers()).toBe(0)
    await pending.idle()
    for (const each of land) each()
    await clock.advance(60_000)
    expect([writes.length, forgotten]).toEqual([2, []])
  })

  it('P7 what just fits is taken, and nothing gives way to it; what does not is said to be not stored', async () => {
    const size = toRetainedBytes(toEntryOf('a', 10_000))
    const { pending, writes, refused, setWait } = createGated(2 * size)
    setWait(1000)
    for (const key of ['a', 'b']) {
      void pending.add(toEntryOf(key, 10_000))
      for (const write of writes.splice(0)) write.finish({ state: 'paused', isTried: false })
      await turn()
    }
    expect(refused).toEqual([])
    expect(await pending.add(toEntryOf('large', 30_000))).toBe(false)
    expect(refused.map(({ key }) => key)).toEqual(['a', 'b', 'large'])
  })

  it('P7 P9 what the store lets go of in the end makes room again', async () => {
    const { pending, writes, refused, clock } = createGated(15_000)
    let letGo = (): void => undefined
    void pending.add(toEntryOf('a', 10_000))
    writes[0]?.finish({ state: 'failed', rest: new Promise<void>((resolve) => (letGo = resolve)) })
    await clock.advance(30_000)
    letGo()
    await turn()
    void pending.add(toEntryOf('b', 10_000))
    expect(refused).toEqual([])
  })

  it('nobody waits behind a write that was given up', async () => {
    const { pending, writes } = createGated()
    void pending.add(toEntryOf('a', 10))
    writes[0]?.finish({ state: 'failed', rest: new Promise(() => {}) })
    await turn()
    expect(await pending.add(toEntryOf('a', 10, { startedAt: 2 }))).toBe(false)
  })

  it('however much is put off, one timer waits for it, and none once it is closed', async () => {
    const { pending, writes, forgotten, clock } = createGated()
    for (const key of ['a', 'b', 'c']) void pending.add(toEntryOf(key, 10))
    for (const write of writes.splice(0)) write.finish({ state: 'paused', isTried: false })
    await turn()
    expect(clock.timers()).toBe(1)
    let land = (): void => undefined
    void pending.add(toEntryOf('hung', 10))
    writes.splice(0)[0]?.finish({ state: 'failed', rest: new Promise<void>((resolve) => (land = resolve)) })
    await turn()
    void pending.add(toEntryOf('late', 10))
    const [late] = writes.splice(0)
    pending.close()
    late?.finish({ state: 'paused', isTried: false })
    await turn()
    land()
    await turn()
    expect([clock.timers(), writes.length, forgotten]).toEqual([0, 0, []])
  })

  it('REL-53 what lands after the end is not mended', async () => {
    const { pending, writes, forgotten, clock } = createGated()
    let land = (): void => undefined
    void pending.add(toEntryOf('a', 10))
    writes[0]?.finish({ state: 'failed', rest: new Promise<void>((resolve) => (land = resolve)) })
    await clock.advance(30_000)
    pending.close()
    land()
    await turn()
    expect([writes.length, forgotten]).toEqual([1, []])
  })
})
